"""What every reader gives: rows as they stand in the file, good or bad, in blocks of bounded size."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from shelver.errors import shortened

MAX_CELL = 131_072
"""Characters in one cell; more is a damaged row (the csv module has the same limit)."""

MAX_RECORD = 1_048_576
"""Characters in one row."""

MAX_RAW = 10_000
"""Characters of a bad row that are kept; the rest is in the file, at the line we name."""

MAX_COLUMNS = 10_000
"""Columns of a feed; a header with more is no header."""

BATCH_CHARS = 16 * MAX_RECORD
"""A block is handed on once its rows hold this much text, however few they are."""


class RawRow(NamedTuple):
    """One row of a feed, not yet cleaned.

    Attributes
    ----------
    line : int
        Physical line (in Parquet: row) at which the row starts, from 1.
    values : dict of str to str or None
        Text of every cell by column; empty for a bad row.
    raw : str
        The row as JSON, or the text of a bad row as it stands in the file.
    reason : str
        Why the row is bad; empty for a good one.
    """

    line: int
    values: dict[str, str | None]
    raw: str
    reason: str = ""


@dataclass(frozen=True)
class Block:
    """Some rows of a feed, column by column.

    Attributes
    ----------
    cells : pyarrow.RecordBatch
        n good rows; every column is of type string, null where the row has no such cell.
    lines : pyarrow.Int64Array, shape (n,)
        Line of each good row, as in `RawRow`; rising.
    raw : pyarrow.StringArray, shape (n,)
        Each good row as one JSON object with the feed's own names of columns.
    bad : tuple of RawRow
        Rows that cannot be read, by line.
    """

    cells: pa.RecordBatch
    lines: pa.Int64Array
    raw: pa.StringArray
    bad: tuple[RawRow, ...] = ()

    @classmethod
    def of(cls, rows: Iterable[RawRow], columns: Sequence[str] = ()) -> Block:
        """Put rows side by side; keys that are not among `columns` become further columns, in the order met.

        What goes beyond `MAX_COLUMNS` in all stays in ``raw`` only.
        """
        rows = list(rows)
        good = [row for row in rows if not row.reason]
        names = list(dict.fromkeys(columns) | dict.fromkeys(key for row in good for key in row.values))
        names = names[: max(MAX_COLUMNS, len(columns))]
        arrays = [pa.array([row.values.get(name) for row in good], pa.string()) for name in names]
        return cls(
            pa.RecordBatch.from_arrays(arrays, names),
            pa.array([row.line for row in good], pa.int64()),
            pa.array([row.raw for row in good], pa.string()),
            tuple(row for row in rows if row.reason),
        )

    def __len__(self) -> int:
        """Rows, good and bad."""
        return len(self.lines) + len(self.bad)

    def column(self, name: str) -> pa.StringArray:
        """Cells of a column; all null if the block does not have it."""
        place = self.cells.schema.get_field_index(name)
        return self.cells.column(place) if place >= 0 else pa.nulls(len(self.lines), pa.string())

    def order(self) -> np.ndarray:
        """Places of all rows by line, in good rows followed by bad ones; int64 of shape (len(self),)."""
        bad = np.fromiter((row.line for row in self.bad), np.int64, len(self.bad))
        return np.argsort(np.concatenate([self.lines.to_numpy(zero_copy_only=False), bad]), kind="stable")

    def parts(self, size: int) -> Iterator[Block]:
        """Cut the block into blocks of at most `size` rows, good and bad, in the order of lines."""
        if len(self) <= size:
            yield self
            return
        total, none = len(self.lines), self.cells.slice(0, 0)
        good = np.concatenate([[0], np.cumsum(self.order() < total)])
        for start in range(0, len(self), size):
            stop = min(start + size, len(self))
            low, count = int(good[start]), int(good[stop] - good[start])
            lines, raw = self.lines.slice(low, count), self.raw.slice(low, count)
            cells = self.cells.slice(low, count) if count else none
            yield Block(cells, lines, raw, self.bad[start - low : stop - low - count])

    def rows(self) -> Iterator[RawRow]:
        """All rows one by one, in the order of lines."""
        names = self.cells.schema.names
        lists = [column.to_pylist() for column in self.cells.columns]
        values = zip(*lists, strict=True) if names else repeat((), len(self.lines))
        made = zip(self.lines.to_pylist(), values, self.raw.to_pylist(), strict=True)
        good = [RawRow(line, dict(zip(names, cells, strict=True)), raw) for line, cells, raw in made]
        every = [*good, *self.bad]
        return (every[place] for place in self.order())


@dataclass
class Reader:
    """An open feed file: its columns and one pass over its rows.

    Attributes
    ----------
    file : str
        Name of the file, for messages.
    columns : tuple of str
        Names of the columns; in JSON and XML files those seen in the first rows: later blocks may have more.
    batches : iterator of Block
        The rows, in the order of the file; can be consumed once.
    layout : str
        How the file was understood, for reports: ``csv, delimiter ";"``.
    open_ended : bool
        Whether rows further down may have columns that the first rows lack, as in JSON and XML.
    """

    file: str
    columns: tuple[str, ...]
    batches: Iterator[Block]
    layout: str = ""
    open_ended: bool = False
    _first: Block | None = field(default=None, repr=False)

    def sample(self) -> Block:
        """Give the first block, without consuming it; one without rows if there is none."""
        if self._first is None:
            first = next(self.batches, None)
            self._first = first or Block.of([], self.columns)
            self.batches = chain([first] if first else [], self.batches)
        return self._first

    def first_rows(self, rows: int) -> Block:
        """Give the first good rows, however the file is cut into blocks, without consuming them.

        Parameters
        ----------
        rows : int
            Good rows wanted; fewer if the file has fewer.

        Returns
        -------
        Block
            No bad rows.
        """
        blocks: list[Block] = []
        found = 0
        while found < rows and (block := next(self.batches, None)) is not None:
            blocks.append(block)
            found += len(block.lines)
        self.batches = chain(blocks, self.batches)
        if not blocks:
            return Block.of([], self.columns)
        cells = pa.concat_tables(
            [pa.Table.from_batches([block.cells]) for block in blocks], promote_options="default"
        ).slice(0, rows)
        lines = pa.concat_arrays([block.lines for block in blocks]).slice(0, rows)
        raw = pa.concat_arrays([block.raw for block in blocks]).slice(0, rows)
        merged = cells.combine_chunks().to_batches()
        return Block(merged[0] if merged else blocks[0].cells.slice(0, 0), lines, raw)


def batched(rows: Iterable[RawRow], size: int, columns: Sequence[str] = ()) -> Iterator[Block]:
    """Group rows into blocks of at most `size` rows and about `BATCH_CHARS` characters of text; see `Block.of`."""
    batch: list[RawRow] = []
    chars = 0
    for row in rows:
        batch.append(row)
        chars += len(row.raw)
        if len(batch) >= size or chars >= BATCH_CHARS:
            yield Block.of(batch, columns)
            batch, chars = [], 0
    if batch:
        yield Block.of(batch, columns)


def beginning(rows: Iterator[RawRow], most: int) -> list[RawRow]:
    """The first rows, `most` of them and about `BATCH_CHARS` characters at most."""
    found, chars = [], 0
    for row in rows:
        found.append(row)
        chars += len(row.raw)
        if len(found) >= most or chars >= BATCH_CHARS:
            break
    return found


def bad_row(line: int, raw: str, reason: str) -> RawRow:
    """Make a row that could not be read, its text cut to `MAX_RAW` characters, and the reason if it quotes much."""
    return RawRow(line, {}, raw if len(raw) <= MAX_RAW else raw[:MAX_RAW] + " [cut]", shortened(reason))


def number_text(value: float) -> str | None:
    """Text of a number that was a number in the file; None for NaN.

    A float with exactly three decimals gets a fourth, because ``1.299`` as text may mean 1299 (see `price`), and a
    number never does.

    Examples
    --------
    >>> number_text(1.299), number_text(12.5), number_text(3.0)
    ('1.2990', '12.5', '3')
    """
    if math.isnan(value):
        return None
    if value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    text = repr(value)
    return text + "0" if len(text.partition(".")[2]) == 3 and "e" not in text else text
