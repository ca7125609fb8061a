"""Reader of Parquet files: columns go straight into blocks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from shelver.config import Feed
from shelver.errors import FeedError
from shelver.feeds.csv_header import column_names
from shelver.feeds.json_rows import escaped
from shelver.feeds.nested import flatten, scalar
from shelver.feeds.rows import BATCH_CHARS, MAX_CELL, Block, Reader, bad_row, number_text
from shelver.feeds.unpack import Unpacked, spooled

MAX_GROUP = 2 << 30
"""Bytes of one row group, unpacked: a reader must hold one in memory."""


def read_parquet(stream: BinaryIO, file: str, feed: Feed, size: int) -> Reader:
    """Open a Parquet file; parameters as in `read_csv`. A row's line is its number, from 1.

    Structures become columns as in JSON: ``price.amount``; see `nested`.

    Raises
    ------
    FeedError
        Not a Parquet file, a damaged one, one without rows, or with row groups too large for the memory.
    """
    try:
        source = spooled(stream) if isinstance(stream, Unpacked) else stream
        table = pq.ParquetFile(source)
        meta = table.metadata
        table = pq.ParquetFile(source, metadata=meta, read_dictionary=_repeated(table))
        largest = max((meta.row_group(place).total_byte_size for place in range(meta.num_row_groups)), default=0)
        names = column_names(list(table.schema_arrow.names))
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise _damaged(file, error) from None
    if not names or meta.num_rows <= 0:
        raise FeedError("there are no rows in the file", where=file, expected="a row for every product")
    if largest > MAX_GROUP:
        raise FeedError(
            f"a row group of {largest >> 20:,} MiB",
            where=file,
            expected=f"at most {MAX_GROUP >> 20:,} MiB",
            hint="write smaller ones",
        )
    blocks = _blocks(table, names, file, size)
    first = next(blocks, None)
    if first is None:
        raise FeedError("there are no rows in the file", where=file, expected="a row for every product")
    return Reader(file, tuple(first.cells.schema.names), chain([first], blocks), "parquet")


def _blocks(table: pq.ParquetFile, names: tuple[str, ...], file: str, size: int) -> Iterator[Block]:
    number = 0
    try:
        for batch in table.iter_batches(batch_size=size):
            for part in _bounded(batch):
                yield _block(part, names, number + 1)
                number += part.num_rows
    except (pa.ArrowException, OSError, UnicodeDecodeError, OverflowError) as error:
        raise _damaged(f"{file} row {number + 1}", error) from None
    if number != table.metadata.num_rows:
        raise FeedError(f"{number:,} rows, though it says {table.metadata.num_rows:,}", where=file, hint=_AGAIN)


def _repeated(table: pq.ParquetFile) -> list[str]:
    """Columns whose values are stored once each: a few bytes may say a long text a million times."""
    meta = table.metadata
    chunks = [meta.row_group(0).column(place) for place in range(meta.num_columns)] if meta.num_row_groups else []
    kept = {chunk.path_in_schema for chunk in chunks if chunk.has_dictionary_page}
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
    return [field.name for field in table.schema_arrow if field.name in kept and any(t(field.type) for t in tests)]


def _bounded(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The batch in parts whose texts have `BATCH_CHARS` bytes or so, whatever few bytes they are stored in."""
    sizes = np.zeros(batch.num_rows, np.int64)
    for column in batch.columns:
        if pa.types.is_dictionary(column.type):
            lengths = pc.binary_length(column.dictionary).cast(pa.int64()).take(column.indices)
            sizes += pc.fill_null(lengths, 0).to_numpy(zero_copy_only=False)
    ends = np.cumsum(sizes)
    start = 0
    while start < batch.num_rows:
        before = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + BATCH_CHARS, side="right")))
        yield batch.slice(start, stop - start)
        start = stop


def _block(batch: pa.RecordBatch, names: tuple[str, ...], line: int) -> Block:
    columns: dict[str, pa.Array] = {}
    for name, column in zip(names, batch.columns, strict=True):
        for each, texts in _texts(name, column).items():
            columns[each] = texts
    cells = pa.RecordBatch.from_arrays(list(columns.values()), list(columns))
    raw = _raw(cells)
    lines = pa.array(np.arange(line, line + batch.num_rows))
    longest = max((pc.max(pc.binary_length(column)).as_py() or 0 for column in cells.columns), default=0)
    if longest <= MAX_CELL:
        return Block(cells, lines, raw)
    return _without_long(cells, lines, raw)


def _raw(cells: pa.RecordBatch) -> pa.StringArray:
    """Rows as JSON objects; a cell that is not there is null."""
    parts: list[pa.Scalar | pa.StringArray] = []
    before = "{"
    for name, column in zip(cells.schema.names, cells.columns, strict=True):
        value = pc.binary_join_element_wise(pa.scalar('"'), escaped(column), pa.scalar('"'), pa.scalar(""))
        parts += [pa.scalar(f"{before}{json.dumps(name, ensure_ascii=False)}: "), pc.fill_null(value, "null")]
        before = ", "
    return pc.binary_join_element_wise(*parts, pa.scalar("}"), pa.scalar(""))


def _without_long(cells: pa.RecordBatch, lines: pa.Array, raw: pa.Array) -> Block:
    """Refuse rows with a value that is too long."""
    long = np.zeros(cells.num_rows, bool)
    for column in cells.columns:
        long |= pc.fill_null(pc.greater(pc.utf8_length(column), MAX_CELL), False).to_numpy(zero_copy_only=False)
    reason = f"a value has more than {MAX_CELL:,} characters"
    bad = tuple(bad_row(lines[place].as_py(), raw[place].as_py(), reason) for place in np.flatnonzero(long).tolist())
    good = pa.array(~long)
    return Block(cells.filter(good), lines.filter(good), raw.filter(good), bad)


def _texts(name: str, column: pa.Array) -> dict[str, pa.StringArray]:
    """Columns of text that a column becomes: bytes are UTF-8, NaN is null, structures are several columns."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _texts(name, column.cast(kind.value_type))
    if pa.types.is_struct(kind) or pa.types.is_map(kind):
        rows = [flatten({name: _plain(value)}) for value in column.to_pylist()]
        keys = dict.fromkeys(key for row in rows for key in row)
        keys = dict.fromkeys(key for key in keys if key != name) or dict.fromkeys([name])
        return {key: pa.array([row.get(key) for row in rows], pa.string()) for key in keys}
    if pa.types.is_nested(kind):
        return {name: pa.array([scalar(_plain(value)) for value in column.to_pylist()], pa.string())}
    if pa.types.is_floating(kind):
        found = [None if value is None else number_text(float(value)) for value in column.to_pylist()]
        return {name: pa.array(found, pa.string())}
    if any(test(kind) for test in _BYTES):
        return {name: _decoded(column)}
    return {name: pc.cast(column, pa.string())}


_BYTES = (
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_string_view,
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_binary_view,
    pa.types.is_fixed_size_binary,
)


def _decoded(column: pa.Array) -> pa.StringArray:
    """Text of bytes; a writer may have put some there that are no UTF-8."""
    kind = pa.large_binary() if not pa.types.is_fixed_size_binary(column.type) else pa.binary()
    column = column.cast(kind)
    try:
        return column.cast(pa.large_string()).cast(pa.string())
    except pa.ArrowInvalid:
        found = [None if value is None else value.decode("utf-8", "replace") for value in column.to_pylist()]
        return pa.array(found, pa.string())


def _plain(value: object) -> object:
    """Values as JSON has them; pairs of a map are an object."""
    if isinstance(value, list) and value and all(isinstance(each, tuple) and len(each) == 2 for each in value):
        return {str(key): _plain(item) for key, item in value}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return (
        value
        if value is None or isinstance(value, (str, int, float, bool))
        else json.loads(json.dumps(value, default=str))
    )


_AGAIN = "have it exported or copied once more"


def _damaged(where: str, error: Exception) -> FeedError:
    said = (str(error).splitlines() or [""])[0]
    return FeedError(f"not a readable Parquet file: {said}", where=where, hint=_AGAIN)
