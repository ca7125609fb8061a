"""What every reader gives: rows as they stand in the file, good or bad, in batches of bounded size."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

MAX_CELL = 131_072
"""Characters in one cell; more is a damaged row (the csv module has the same limit)."""

MAX_RECORD = 1_048_576
"""Characters in one row."""

MAX_RAW = 10_000
"""Characters of a bad row that are kept; the rest is in the file, at the line we name."""

MAX_COLUMNS = 10_000
"""Columns of a feed; a header with more is no header."""

BATCH_CHARS = 16 * MAX_RECORD
"""A batch is handed on once its rows hold this much text, however few they are."""


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


@dataclass
class Reader:
    """An open feed file: its columns and one pass over its rows.

    Attributes
    ----------
    file : str
        Name of the file, for messages.
    columns : tuple of str
        Names of the columns; in JSON files those seen in the first rows.
    batches : iterator of list of RawRow
        The rows; can be consumed once.
    layout : str
        How the file was understood, for reports: ``csv, delimiter ";"``.
    """

    file: str
    columns: tuple[str, ...]
    batches: Iterator[list[RawRow]]
    layout: str = ""
    _first: list[RawRow] | None = field(default=None, repr=False)

    def sample(self) -> list[RawRow]:
        """Rows of the first batch, without consuming them."""
        if self._first is None:
            self._first = next(self.batches, [])
            self.batches = chain([self._first] if self._first else [], self.batches)
        return self._first


def batched(rows: Iterator[RawRow], size: int) -> Iterator[list[RawRow]]:
    """Group rows, at most `size` of them and about `BATCH_CHARS` characters of text at a time."""
    batch: list[RawRow] = []
    chars = 0
    for row in rows:
        batch.append(row)
        chars += len(row.raw)
        if len(batch) >= size or chars >= BATCH_CHARS:
            yield batch
            batch, chars = [], 0
    if batch:
        yield batch


def bad_row(line: int, raw: str, reason: str) -> RawRow:
    """Make a row that could not be read, its text cut to `MAX_RAW` characters."""
    return RawRow(line, {}, raw if len(raw) <= MAX_RAW else raw[:MAX_RAW] + " [cut]", reason)


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
