"""Reader of Parquet files: columns go straight into blocks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from shelver.config import Feed
from shelver.feeds.json_reader import HEAD_ROWS
from shelver.feeds.local_copy import local_copy
from shelver.feeds.no_rows import NoRowsError
from shelver.feeds.read_apart import Task, read_apart
from shelver.feeds.rows import BATCH_CHARS, MAX_COLUMNS, Block, Reader, bad_row

SECONDS = 20
"""Processor time until a file must be open, which is to have read its footer."""


def read_parquet(stream: BinaryIO, file: str, feed: Feed, size: int) -> Reader:
    """Open a Parquet file; parameters as in `read_csv`. A row's line is its number, from 1.

    Structures become columns as in JSON: ``price.amount``; see `nested`. Later rows may have more of them. The file is
    read in a process of its own; see `parquet_rows`.

    Raises
    ------
    FeedError
        Not a Parquet file, a damaged one, one without rows, or with row groups too large for the memory.
    """
    settings: dict[str, object] = {"size": size, "head": HEAD_ROWS}
    task = Task("parquet", "Parquet file", file, SECONDS, "have it exported or copied once more", settings)
    with local_copy(stream, file) as path:
        found, batches = read_apart(task, path)
    blocks = map(_block, batches)
    head = _head(blocks, HEAD_ROWS if found["structures"] else 1)
    if not head:
        raise NoRowsError("there are no rows in the file", where=file, expected="a row for every product")
    columns = tuple(dict.fromkeys(name for block in head for name in block.cells.schema.names))[:MAX_COLUMNS]
    return Reader(file, columns, chain(head, blocks), "parquet", open_ended=found["structures"])


def _head(blocks: Iterator[Block], most: int) -> list[Block]:
    """The first blocks, until they have `most` rows or about `BATCH_CHARS` bytes."""
    found, rows, size = [], 0, 0
    for block in blocks:
        found.append(block)
        rows += len(block)
        size += block.raw.nbytes
        if rows >= most or size >= BATCH_CHARS:
            break
    return found


def _block(batch: pa.RecordBatch) -> Block:
    """Rows as `parquet_rows` sends them."""
    lines, reasons, raw = batch.columns[:3]
    cells = batch.select(range(3, batch.num_columns))
    if reasons.null_count == len(reasons):
        return Block(cells, lines, raw)
    bad = batch.select(range(3)).filter(pc.is_valid(reasons))
    good = pc.is_null(reasons)
    refused = tuple(
        bad_row(line, text, reason) for line, reason, text in zip(*(column.to_pylist() for column in bad), strict=True)
    )
    return Block(cells.filter(good), lines.filter(good), raw.filter(good), refused)
