"""Columns of the tables between reading and cleaning, and of what ingest hands on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from shelver.config import FIELDS
from shelver.feeds.rows import RawRow

RAW_SCHEMA = pa.schema(
    [("file", pa.string()), ("line", pa.int64()), ("raw", pa.string()), ("reason", pa.string())]
    + [(name, pa.string()) for name in FIELDS]
)
"""Rows as read: where they stand, their text, why they are bad (null: they are not), and the mapped columns."""

PRODUCT_SCHEMA = pa.schema(
    [
        ("product_id", pa.string()),
        ("source", pa.string()),
        ("merchant", pa.string()),
        ("merchant_id", pa.string()),
        ("title", pa.string()),
        ("brand", pa.string()),
        ("category", pa.string()),
        ("raw_category", pa.string()),
        ("description", pa.string()),
        ("gender", pa.string()),
        ("size", pa.string()),
        ("colour", pa.string()),
        ("price", pa.float64()),
        ("currency", pa.string()),
        ("url", pa.string()),
        ("image_url", pa.string()),
        ("gtin", pa.string()),
        ("raw", pa.string()),
        ("file", pa.string()),
        ("line", pa.int64()),
        ("content_hash", pa.string()),
        ("notes", pa.list_(pa.string())),
    ]
)
"""Products: `raw` is the row as JSON, `notes` the values that cleaners refused, `content_hash` that of all fields."""

CLEAN_SCHEMA = PRODUCT_SCHEMA.append(pa.field("reject", pa.string()))
"""Products and rows that cannot become one; `reject` says why, null for products."""

REJECT_SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("file", pa.string()),
        ("line", pa.int64()),
        ("reason", pa.string()),
        ("raw", pa.string()),
    ]
)
"""Rows that did not become products."""


def raw_batch(rows: Sequence[RawRow], file: str, columns: Mapping[str, str]) -> pa.RecordBatch:
    """Rows as a batch of `RAW_SCHEMA`.

    Parameters
    ----------
    rows : sequence of RawRow
        n rows of one file.
    file : str
        Its name.
    columns : mapping of str to str
        Product field → column; fields not in it are null.

    Returns
    -------
    pyarrow.RecordBatch
        n rows, in the order given.
    """
    values = [row.values for row in rows]
    arrays = [
        pa.repeat(pa.scalar(file, pa.string()), len(rows)),
        pa.array([row.line for row in rows], pa.int64()),
        pa.array([row.raw for row in rows], pa.string()),
        pa.array([row.reason or None for row in rows], pa.string()),
    ]
    for name in FIELDS:
        column = columns.get(name)
        if column is None:
            arrays.append(pa.nulls(len(rows), pa.string()))
        else:
            arrays.append(pa.array([value.get(column) for value in values], pa.string()))
    return pa.RecordBatch.from_arrays(arrays, schema=RAW_SCHEMA)
