"""Reader of Parquet files, streamed in batches."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from shelver.config import Feed
from shelver.errors import FeedError
from shelver.feeds.csv_reader import column_names
from shelver.feeds.rows import MAX_CELL, RawRow, Reader, bad_row, batched, number_text


def read_parquet(stream: BinaryIO, file: str, feed: Feed, size: int) -> Reader:
    """Open a Parquet file; parameters as in `read_csv`. A row's line is its number, from 1.

    Raises
    ------
    FeedError
        Not a Parquet file, a damaged one, or one without rows.
    """
    try:
        table = pq.ParquetFile(stream)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(file, error) from None
    columns = column_names(list(table.schema_arrow.names))
    if not columns or not table.metadata.num_rows:
        raise FeedError("there are no rows in the file", where=file, expected="a row for every product")
    return Reader(file, columns, batched(_rows(table, columns, file, size), size), "parquet")


def _rows(table: pq.ParquetFile, columns: tuple[str, ...], file: str, size: int) -> Iterator[RawRow]:
    encode = json.JSONEncoder(ensure_ascii=False).encode
    number = 0
    try:
        for batch in table.iter_batches(batch_size=size):
            for cells in zip(*(_texts(column) for column in batch.columns), strict=True):
                number += 1
                values = dict(zip(columns, cells, strict=True))
                raw = encode(values)
                if len(raw) > MAX_CELL and any(len(cell or "") > MAX_CELL for cell in cells):
                    yield bad_row(number, raw, f"a value has more than {MAX_CELL:,} characters")
                else:
                    yield RawRow(number, values, raw)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(f"{file} row {number + 1}", error) from None


def _texts(column: pa.Array) -> list[str | None]:
    """Every value as text; nested ones as JSON, bytes as UTF-8, NaN as None."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        column = column.cast(pa.large_binary())  # a writer may have put bytes there that are no UTF-8
        kind = column.type
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return [None if value is None else value.decode("utf-8", "replace") for value in column.to_pylist()]
    if pa.types.is_floating(kind):
        return [None if value is None else number_text(float(value)) for value in column.to_pylist()]
    if pa.types.is_nested(kind):
        found = column.to_pylist()
        return [None if v is None else json.dumps(v, ensure_ascii=False, default=str) for v in found]
    texts: list[str | None] = pc.cast(column, pa.string()).to_pylist()
    return texts


def _damaged(where: str, error: Exception) -> FeedError:
    said = (str(error).splitlines() or [""])[0]
    return FeedError(f"not a readable Parquet file: {said}", where=where, hint="have it exported or copied once more")
