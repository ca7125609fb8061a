"""Addresses of pictures: all that a row names, in two columns of which each may hold several."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shelver.errors import Reject
from shelver.feeds.clean_urls import clean_urls
from shelver.feeds.columnar import Cleaner, IsClean, Notes, clean_column

BETWEEN = "\n"
"""Between addresses while they are one text; no clean address has it."""


def picture_urls(first: pa.Array, more: pa.Array, is_url: IsClean) -> tuple[pa.Array, pa.Array, list[Notes]]:
    """Clean the columns with pictures.

    Parameters
    ----------
    first, more : pyarrow.StringArray, shape (n,)
        ``image_url`` and ``image_urls`` as read; each cell may hold several addresses.
    is_url : callable
        Finds cells that hold one clean address.

    Returns
    -------
    urls : pyarrow.ListArray of string, shape (n,)
        Every address once, those of `first` before those of `more`; empty lists where there is none.
    best : pyarrow.StringArray, shape (n,)
        The first of each list; null if there is none.
    notes : list of Notes
        Cells that hold no address.
    """
    cleaner = Cleaner(_joined, is_url)
    front, refused = clean_column(first, cleaner, "image_url")
    back, also_refused = clean_column(more, cleaner, "image_urls")
    lists = _distinct(pc.split_pattern(_both(front, back), BETWEEN))
    there = pc.greater(pc.list_value_length(lists), 0)
    best = pc.list_element(lists.filter(there), 0)
    best = pc.replace_with_mask(pa.nulls(len(lists), pa.string()), there, best)
    return lists, best, [each for each in (refused, also_refused) if each is not None]


def _both(front: pa.Array, back: pa.Array) -> pa.Array:
    """Texts of both columns; empty where both are null."""
    return pc.coalesce(pc.binary_join_element_wise(front, back, BETWEEN), front, back, "")


def _distinct(lists: pa.ListArray) -> pa.ListArray:
    """Lists of strings in which each stands where it stood first, and empty ones do not."""
    lengths = pc.list_value_length(lists).to_numpy(zero_copy_only=False)
    values = lists.flatten()
    kept = pc.not_equal(values, "").to_numpy(zero_copy_only=False)
    starts = np.cumsum(lengths) - lengths
    pairs = starts[lengths == 2]
    kept[pairs + 1] &= pc.not_equal(values.take(pa.array(pairs)), values.take(pa.array(pairs + 1))).to_numpy(False)
    rows = np.repeat(np.arange(len(lists)), lengths)
    long = np.flatnonzero(np.repeat(lengths > 2, lengths))
    if len(long):
        codes = values.take(pa.array(long)).dictionary_encode().indices.to_numpy()
        first = np.unique(rows[long] * (len(values) + 1) + codes, return_index=True)[1]
        kept[np.delete(long, first)] = False
    offsets = np.concatenate([[0], np.cumsum(np.bincount(rows[kept], minlength=len(lists)))]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), values if kept.all() else values.filter(pa.array(kept)))


def _joined(text: str) -> str | Reject | None:
    found = clean_urls(text)
    return BETWEEN.join(found) if isinstance(found, list) else found
