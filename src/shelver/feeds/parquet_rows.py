"""Rows of Parquet files as texts; runs in the process of `reader_worker`, as pyarrow aborts at some damaged files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from shelver.errors import FeedError
from shelver.feeds.csv_header import column_names
from shelver.feeds.json_rows import escaped
from shelver.feeds.nested import flatten, scalar
from shelver.feeds.no_rows import NoRowsError
from shelver.feeds.rows import BATCH_CHARS, MAX_CELL, MAX_RAW, number_text

MAX_GROUP = 2 << 30
"""Bytes of one row group, unpacked."""

BUFFERS = 256 << 20
"""Bytes of the file held at a time, for all columns together."""

DICTIONARY = 2 << 20
"""Bytes of a column up to which it can be that all its values are stored once; writers stop at about half of it."""

LINE, REASON, RAW = "line", "reason", "raw"
"""What is sent before the cells of each row: see `Block`; ``reason`` is null for a good row."""


def open_rows(request: dict[str, Any]) -> tuple[dict[str, Any], Iterator[pa.RecordBatch]]:
    """Open a Parquet file.

    Parameters
    ----------
    request : dict
        ``path``; ``file``: its name for messages; ``again``: what to do with a damaged file; ``size``: rows in a batch
        at most; ``head``: rows after which a batch ends if there are structures.

    Returns
    -------
    found : dict
        ``structures``: whether a column is a structure or a map.
    batches : iterator of pyarrow.RecordBatch
        Columns `LINE`, `REASON`, `RAW`, then the cells, all string but the line; structures may have other columns in
        each batch.

    Raises
    ------
    FeedError
        Not a Parquet file, a damaged one, one without rows, or with row groups too large for the memory.
    """
    file, again = request["file"], request["again"]
    try:
        table = pq.ParquetFile(request["path"])
        meta = table.metadata
        buffer = max(1 << 16, min(1 << 20, BUFFERS // max(1, meta.num_columns)))
        table = pq.ParquetFile(
            request["path"], metadata=meta, read_dictionary=_repeated(table), buffer_size=buffer, pre_buffer=False
        )
        largest = max((meta.row_group(place).total_byte_size for place in range(meta.num_row_groups)), default=0)
        names = column_names(list(table.schema_arrow.names))
    except MemoryError:
        raise
    except _BROKEN as error:
        raise _damaged(file, error, again) from None
    if not names or meta.num_rows <= 0:
        raise NoRowsError("there are no rows in the file", where=file, expected="a row for every product")
    if largest > MAX_GROUP:
        raise FeedError(
            f"a row group of {largest >> 20:,} MiB",
            where=file,
            expected=f"at most {MAX_GROUP >> 20:,} MiB",
            hint="write smaller ones",
        )
    structures = any(_has_keys(kind) for kind in table.schema_arrow.types)
    return {"structures": structures}, _batches(table, names, request | {"head": request["head"] * structures})


_BROKEN = (pa.ArrowException, OSError, UnicodeDecodeError, OverflowError)
"""What pyarrow raises for damaged files."""


def _damaged(where: str, error: Exception, again: str) -> FeedError:
    said = (str(error).splitlines() or [""])[0]
    return FeedError(f"not a readable Parquet file: {said}", where=where, hint=again)


def _batches(table: pq.ParquetFile, names: tuple[str, ...], request: dict[str, Any]) -> Iterator[pa.RecordBatch]:
    number, said, file, head = 0, table.metadata.num_rows, request["file"], request["head"]
    try:
        for batch in table.iter_batches(batch_size=request["size"]):
            first = max(0, head - number)
            for part in chain.from_iterable(map(_bounded, (batch.slice(0, first), batch.slice(first)))):
                yield _sent(part, names, number + 1)
                number += part.num_rows
    except MemoryError:
        raise
    except _BROKEN as error:
        raise _damaged(f"{file} row {number + 1}", error, request["again"]) from None
    if number != said:
        raise FeedError(f"{number:,} rows, though it says {said:,}", where=file, hint=request["again"])


def _repeated(table: pq.ParquetFile) -> list[str]:
    """Columns whose values are stored once each: a few bytes may say a long text a million times.

    Those of many different values are none: a writer begins each with values stored once, too, but gives up.
    """
    meta = table.metadata
    chunks = [meta.row_group(0).column(place) for place in range(meta.num_columns)] if meta.num_row_groups else []
    kept = {
        chunk.path_in_schema
        for chunk in chunks
        if chunk.has_dictionary_page and chunk.total_uncompressed_size < max(DICTIONARY, 8 * chunk.num_values)
    }
    return [field.name for field in table.schema_arrow if field.name in kept and any(t(field.type) for t in _REPEATED)]


def _bounded(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The batch in parts whose texts have `BATCH_CHARS` bytes or so, whatever few bytes they are stored in."""
    sizes = np.zeros(batch.num_rows, np.int64)
    for column in batch.columns:
        if pa.types.is_dictionary(column.type):
            lengths = pc.binary_length(column.dictionary).cast(pa.int64()).take(column.indices)
        elif any(test(column.type) for test in _BYTES):
            views = pa.types.is_string_view(column.type) or pa.types.is_binary_view(column.type)
            lengths = pc.binary_length(column.cast(pa.large_binary()) if views else column)
        else:
            continue
        sizes += pc.fill_null(lengths, 0).to_numpy(zero_copy_only=False)
    ends = np.cumsum(sizes)
    start = 0
    while start < batch.num_rows:
        before = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + BATCH_CHARS, side="right")))
        yield batch.slice(start, stop - start)
        start = stop


def _sent(batch: pa.RecordBatch, names: tuple[str, ...], line: int) -> pa.RecordBatch:
    """Rows as they are sent."""
    columns: dict[str, pa.Array] = {}
    for name, column in zip(names, batch.columns, strict=True):
        columns |= _texts(name, column)
    cells = pa.RecordBatch.from_arrays(list(columns.values()), list(columns))
    raw, reasons = _raw(cells), pa.nulls(len(batch), pa.string())
    if any((pc.max(pc.binary_length(column)).as_py() or 0) > MAX_CELL for column in cells.columns):
        cells, raw, reasons = _without_long(cells, raw)
    lines = pa.array(np.arange(line, line + len(batch)))
    return pa.RecordBatch.from_arrays([lines, reasons, raw, *cells.columns], [LINE, REASON, RAW, *cells.schema.names])


def _raw(cells: pa.RecordBatch) -> pa.StringArray:
    """Rows as JSON objects; a cell that is not there is null."""
    parts: list[pa.Scalar | pa.StringArray] = []
    before = "{"
    for name, column in zip(cells.schema.names, cells.columns, strict=True):
        value = pc.binary_join_element_wise(pa.scalar('"'), escaped(column), pa.scalar('"'), pa.scalar(""))
        parts += [pa.scalar(f"{before}{json.dumps(name, ensure_ascii=False)}: "), pc.fill_null(value, "null")]
        before = ", "
    return pc.binary_join_element_wise(*parts, pa.scalar("}"), pa.scalar(""))


def _without_long(cells: pa.RecordBatch, raw: pa.StringArray) -> tuple[pa.RecordBatch, pa.Array, pa.Array]:
    """Refuse rows with a value that is too long: cells, raw, reasons."""
    long = np.zeros(cells.num_rows, bool)
    for column in cells.columns:
        long |= pc.fill_null(pc.greater(pc.utf8_length(column), MAX_CELL), False).to_numpy(zero_copy_only=False)
    bad = pa.array(long)
    none = pa.scalar(None, pa.string())
    cells = pa.RecordBatch.from_arrays([pc.if_else(bad, none, each) for each in cells.columns], cells.schema.names)
    reasons = pc.if_else(bad, f"a value has more than {MAX_CELL:,} characters", none)
    return cells, pc.if_else(bad, pc.utf8_slice_codeunits(raw, 0, MAX_RAW + 1), raw), reasons


def _texts(name: str, column: pa.Array) -> dict[str, pa.StringArray]:
    """Columns of text that a column becomes: bytes are UTF-8, NaN is null, structures are several columns."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _texts(name, column.cast(kind.value_type))
    if _has_keys(kind):
        rows = [flatten({name: _plain(value)}) for value in column.to_pylist()]
        keys = dict.fromkeys(key for row in rows for key in row)
        keys = dict.fromkeys(key for key in keys if key != name) or dict.fromkeys([name])
        return {key: pa.array([row.get(key) for row in rows], pa.string()) for key in keys}
    if pa.types.is_nested(kind):
        return {name: pa.array([scalar(_plain(value)) for value in column.to_pylist()], pa.string())}
    if pa.types.is_floating(kind):
        distinct = column.cast(pa.float64()).dictionary_encode()
        found = pa.array([number_text(value) for value in distinct.dictionary.to_pylist()], pa.string())
        return {name: found.take(distinct.indices)}
    if any(test(kind) for test in _BYTES):
        return {name: _decoded(column)}
    return {name: pc.cast(column, pa.string())}


def _has_keys(kind: pa.DataType) -> bool:
    """Whether a column becomes several, by what its rows have."""
    return bool(pa.types.is_struct(kind) or pa.types.is_map(kind))


_REPEATED = (
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_string_view,
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_binary_view,
)
"""Kinds of column that pyarrow can read with values stored once."""

_BYTES = (*_REPEATED, pa.types.is_fixed_size_binary)


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
