"""What a run is made of: products on offer, and those gone that people labelled; see `shelver.catalogue.on_offer`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from shelver.catalogue.label_events import EXCLUSIVE, NODE
from shelver.catalogue.on_offer import ACTIVE, GONE, counting
from shelver.engine import KEY, Aligned, read_aligned
from shelver.features.transform import Transform
from shelver.pipeline.base import Base
from shelver.stage import digest
from shelver.table import Table


def labelled_though_gone(workspace: Base, products: Table) -> pa.Array:
    """Ids of products that no feed delivers now, but that have a label; ascending."""
    gone = products.read([KEY], GONE)[KEY].combine_chunks().cast(pa.string())
    if not len(gone):
        return gone
    labels = [workspace.control.current_labels(objective)[KEY] for objective in (EXCLUSIVE, NODE)]
    said = pa.chunked_array([chunk.cast(pa.string()) for column in labels for chunk in column.chunks], pa.string())
    kept = gone.filter(pc.is_in(gone, value_set=said.combine_chunks()))
    return kept.take(pc.sort_indices(kept))


def counted_batches(tables: list[Table], columns: Sequence[str], labelled: pa.Array) -> Iterator[pa.RecordBatch]:
    """Some columns of row-aligned tables, of products that count alone.

    Parameters
    ----------
    tables : list of Table
        At fixed versions, the products among them.
    columns : sequence of str
        Columns wanted.
    labelled : pyarrow.Array of string
        From `labelled_though_gone`.
    """
    source = Aligned(tables, tuple(dict.fromkeys([*columns, KEY, ACTIVE])))
    for batch in read_aligned(source, 0, source.rows):
        yield counting(batch, labelled).select(list(columns))


def features_id_of(transform: Transform, inputs: Sequence[str], labelled: pa.Array) -> str:
    """Name of prepared features.

    Parameters
    ----------
    transform : Transform
        With its settings; need not be fitted.
    inputs : sequence of str
        What the tables hold that it is applied to (`shelver.engine.identity`).
    labelled : pyarrow.Array of string
        Products that count though they are gone: vocabularies are made of them, too.
    """
    gone = [labelled.to_pylist()] if len(labelled) else []
    return "features-" + digest(transform.settings(), list(inputs), *gone)[:10]
