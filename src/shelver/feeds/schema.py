"""Columns of the tables between reading and cleaning, and of what ingest hands on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shelver.config import FIELDS, JOINED
from shelver.feeds.rows import Block

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
        ("image_urls", pa.list_(pa.string())),
        ("gtin", pa.string()),
        ("mpn", pa.string()),
        ("availability", pa.string()),
        ("item_group", pa.string()),
        ("language", pa.string()),
        ("active", pa.bool_()),
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


def raw_batch(block: Block, file: str, columns: Mapping[str, str | tuple[str, ...]]) -> pa.RecordBatch:
    """Rows as a batch of `RAW_SCHEMA`.

    Parameters
    ----------
    block : Block
        n rows of one file, good and bad.
    file : str
        Its name.
    columns : mapping of str to str or tuple of str
        Product field → column, or several (`shelver.config.JOINED`); fields not in it are null.

    Returns
    -------
    pyarrow.RecordBatch
        n rows, in the order of lines.
    """
    good, bad = len(block.lines), block.bad
    arrays = {
        "line": block.lines,
        "raw": block.raw,
        "reason": pa.nulls(good, pa.string()),
        **{name: _cells(block, name, columns[name]) for name in FIELDS if name in columns},
    }
    if bad:
        added = {name: pa.array([getattr(row, name) for row in bad], RAW_SCHEMA.field(name).type) for name in BAD}
        arrays = {
            name: _between(array, added.get(name, pa.nulls(len(bad), array.type)), block)
            for name, array in arrays.items()
        }
    rest = pa.nulls(len(block), pa.string())
    arrays["file"] = pa.repeat(pa.scalar(file, pa.string()), len(block))
    return pa.RecordBatch.from_arrays([arrays.get(name, rest) for name in RAW_SCHEMA.names], schema=RAW_SCHEMA)


def _between(good: pa.Array, bad: pa.Array, block: Block) -> pa.Array:
    """Values of good and of bad rows in the order of lines."""
    if len(bad) > FEW_BAD:
        return pa.concat_arrays([good, bad]).take(pa.array(block.order()))
    places = np.fromiter((row.line for row in block.bad), np.int64, len(bad))
    sizes = np.searchsorted(block.lines.to_numpy(zero_copy_only=False), places)
    pieces, start = [], 0
    for row, stop in enumerate(sizes.tolist()):  # slices are much cheaper than taking row by row
        pieces += [good.slice(start, stop - start), bad.slice(row, 1)]
        start = stop
    return pa.concat_arrays([*pieces, good.slice(start)])


FEW_BAD = 64
"""Bad rows of a block up to which the good ones are copied in pieces."""

BAD = ("line", "raw", "reason")
"""What is known of a bad row."""


def _cells(block: Block, name: str, columns: str | tuple[str, ...]) -> pa.StringArray:
    """Cells of a field's column; of several, those that are not empty, put together."""
    if isinstance(columns, str):
        return block.column(columns)
    parts = [block.column(column) for column in columns]
    none = pa.scalar(None, pa.string())
    filled = [pc.if_else(pc.equal(pc.utf8_trim_whitespace(part), ""), none, part) for part in parts]
    empty = pc.is_null(pc.coalesce(*filled))
    filled[0] = pc.if_else(empty, "", filled[0])  # Arrow 25 leaves rows out in which all is null
    return pc.if_else(empty, none, pc.binary_join_element_wise(*filled, JOINED[name], null_handling="skip"))
