"""What the rules said of each product, as positions in the tree."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shelver.features.batch import Bag, Ints


def hit_positions(labels: pa.Array, category_ids: pa.Array) -> tuple[Ints, Ints]:
    """Categories that rules assigned.

    Parameters
    ----------
    labels : pyarrow.Array of list<struct<category_id: string, ...>>, length n
        Column of the table ``rule_labels``.
    category_ids : pyarrow.Array of string
        Ids of the tree's categories in depth-first order.

    Returns
    -------
    rows, positions : ndarray of int64, shape (hits,)
        Distinct pairs, in ascending order; categories that are not in the tree are left out.
    """
    offsets = labels.offsets.to_numpy()
    rows = np.repeat(np.arange(len(labels)), np.diff(offsets))
    found = pc.index_in(labels.flatten().field("category_id").cast(pa.string()), value_set=category_ids)
    positions = pc.fill_null(found, -1).to_numpy().astype(np.int64)
    return distinct(rows[positions >= 0], positions[positions >= 0], len(category_ids))


def distinct(rows: Ints, positions: Ints, size: int) -> tuple[Ints, Ints]:
    """Distinct pairs in ascending order, for ``0 <= positions < size``."""
    pairs = np.unique(rows * size + positions)
    return pairs // max(1, size), pairs % max(1, size)


def as_bag(rows: Ints, positions: Ints, n: int, size: int) -> Bag:
    """Pairs as a bag of n rows, all weights 1."""
    offsets = np.searchsorted(rows, np.arange(n + 1)).astype(np.int64)
    return Bag(offsets, positions, np.ones(len(positions), np.float32), size)


def as_lists(rows: Ints, positions: Ints, n: int) -> pa.ListArray:
    """Pairs as an Arrow column: list<int32>, length n."""
    offsets = np.searchsorted(rows, np.arange(n + 1)).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(positions.astype(np.int32)))


def read_lists(column: pa.Array, size: int) -> Bag:
    """A list<int32> column as a bag, all weights 1; null is an empty bag."""
    counts = pc.fill_null(pc.list_value_length(column), 0).to_numpy()
    ids = column.flatten().to_numpy().astype(np.int64)  # leaves nulls out
    return Bag(np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), ids, np.ones(len(ids), np.float32), size)
