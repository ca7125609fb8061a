"""Rows of delimited text, robust against quotes that never close.

**The naive design** hands the file to `csv.reader`: one stray quote then swallows every line up to the next quote,
and thousands of products vanish without a word. Here a row may span lines only if what comes out is well-formed;
otherwise its first line alone is bad and reading goes on with the next line.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from shelver.feeds.rows import MAX_CELL, MAX_RECORD

MAX_LINES = 1_000
"""Lines that one row may span."""

MAX_ATTEMPTS = 8
"""Times that a row spanning lines is tried with one more line."""

_TOO_LONG = f"a cell has more than {MAX_CELL:,} characters"


class Dialect(NamedTuple):
    """What separates cells, what encloses them, and what else writers do.

    Attributes
    ----------
    delimiter, quote : str
        One character each.
    escaped : bool
        Whether a backslash makes the next sign an ordinary one.
    spaced : bool
        Whether there may be blanks between a delimiter and a quote.
    """

    delimiter: str = ","
    quote: str = '"'
    escaped: bool = False
    spaced: bool = False

    @property
    def blank(self) -> str:
        """Signs that a line without a row is made of."""
        return self.delimiter + " \t"


class Record(NamedTuple):
    """One row: its first line (from 1), its cells, its text, and what is wrong with it (empty: nothing)."""

    line: int
    cells: list[str]
    text: str
    reason: str = ""


class Source(Protocol):
    """Lines that can be looked at before they are taken."""

    def take(self, count: int) -> None:
        """Go past the next `count` lines."""

    def peek(self, place: int) -> str | None:
        """Give the line that is `place` lines further on (0: the next), without taking it; None beyond the end."""


def read_records(lines: Iterator[str], dialect: Dialect | str = ",", width: int = 0) -> Iterator[Record]:
    """Split lines into rows.

    Parameters
    ----------
    lines : iterator of str
        Physical lines without their ends.
    dialect : Dialect or str
        How cells are written, or what separates them.
    width : int
        Cells that a row must have: surplus empty cells at its end are dropped, anything else makes the row bad.
        0: any number.

    Yields
    ------
    Record
        In order. Lines with nothing but delimiters and blanks are skipped.
    """
    dialect = Dialect(dialect) if isinstance(dialect, str) else dialect
    source = _Lines(lines)
    number = 1
    while (line := source.peek(0)) is not None:
        source.take(1)
        record = read_record(number, line, source, dialect, width)
        if record is not None:
            number += record.text.count("\n")
            yield record
        number += 1


def read_record(number: int, line: str, source: Source, dialect: Dialect, width: int = 0) -> Record | None:
    """Read the row that starts on a line, taking further lines that belong to it; None if the line is blank.

    Parameters
    ----------
    number : int
        Number of the line.
    line : str
        The line itself, already taken from `source`.
    source : Source
        The lines after it.
    dialect : Dialect
        How cells are written.
    width : int
        As in `read_records`.
    """
    if not line.strip(dialect.blank):
        return None
    if len(line) > MAX_RECORD:
        return Record(number, [], line, f"the line has more than {MAX_RECORD:,} characters")
    if dialect.quote in line or (dialect.escaped and "\\" in line):
        return _quoted(number, line, source, dialect, width)
    cells = _cut(line.split(dialect.delimiter), width)
    reason = misfit(cells, width)
    if len(line) > MAX_CELL and max(map(len, cells)) > MAX_CELL:
        reason = reason or _TOO_LONG
    return Record(number, cells, line, reason)


def misfit(cells: list[str], width: int) -> str:
    """Say that a row has too many or too few cells; empty if it fits."""
    if not width or len(cells) == width:
        return ""
    return f"{len(cells)} {'cell' if len(cells) == 1 else 'cells'}, header has {width}"


class _Lines:
    """A source of any lines."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._ahead: deque[str] = deque()

    def take(self, count: int) -> None:
        for _ in range(count):
            self._ahead.popleft()

    def peek(self, place: int) -> str | None:
        while place >= len(self._ahead):
            line = next(self._lines, None)
            if line is None:
                return None
            self._ahead.append(line)
        return self._ahead[place]


def _quoted(number: int, line: str, source: Source, dialect: Dialect, width: int) -> Record:
    """Read a row that has quotes, and the further lines that it goes on over."""
    cells, state = _strict(line, dialect)
    escaped = "\\" + dialect.quote in line
    cells = _cut(cells, width)
    reason = _TOO_LONG if state == "too long" else misfit(cells, width)
    if state == "too long" or (state == "ok" and not (reason and escaped)):
        return Record(number, cells, line, reason)
    found = _spanning(number, line, source, dialect, width) if state == "open" else None
    if found is not None:
        return found
    if escaped:  # some databases escape quotes by a backslash
        others, other_state = _strict(line, dialect._replace(escaped=not dialect.escaped))
        if other_state == "ok" and not misfit(_cut(others, width), width):
            return Record(number, _cut(others, width), line)
    if state == "ok":
        return Record(number, cells, line, reason)
    lenient = _lenient(line, dialect)
    if lenient is None:
        return Record(number, [], line, "a quote opens on this line and is not closed as it should be")
    lenient = _cut(lenient, width)
    return Record(number, lenient, line, misfit(lenient, width))


def _spanning(number: int, line: str, source: Source, dialect: Dialect, width: int) -> Record | None:
    """Read a row that goes on over further lines; None if it does not close well."""
    parts, quotes, size, attempts = [line], _count(line, dialect), len(line), 0
    while len(parts) < MAX_LINES and size < MAX_RECORD and attempts < MAX_ATTEMPTS:
        following = source.peek(len(parts) - 1)
        if following is None:
            return None
        parts.append(following)
        size += len(parts[-1]) + 1
        quotes += _count(parts[-1], dialect)
        if quotes % 2 or size > MAX_RECORD:
            continue
        attempts += 1
        text = "\n".join(parts)
        cells, state = _strict(text, dialect)
        if state == "open":
            continue
        if state == "malformed":
            return None
        cells = _cut(cells, width)
        reason = _TOO_LONG if state == "too long" else misfit(cells, width)
        if reason and any(part.count(dialect.delimiter) == width - 1 for part in parts[1:]):
            return None  # it swallowed lines that are rows of their own
        source.take(len(parts) - 1)
        return Record(number, cells, text, reason)
    return None


def _count(line: str, dialect: Dialect) -> int:
    """Quotes of a line that are not escaped."""
    found = line.count(dialect.quote)
    return found - line.count("\\" + dialect.quote) if dialect.escaped and found else found


def _strict(text: str, dialect: Dialect) -> tuple[list[str], str]:
    """Cells by the rules of RFC 4180, and ``ok``, ``open`` (a quote is not closed), ``malformed`` or ``too long``."""
    rules = csv.reader(
        [text],
        delimiter=dialect.delimiter,
        quotechar=dialect.quote,
        strict=True,
        skipinitialspace=dialect.spaced,
        escapechar="\\" if dialect.escaped else None,
    )
    try:
        cells = next(rules)
    except csv.Error as error:
        message = str(error)
    else:  # the limit of the csv module is one for the whole process: others may have changed it
        return (cells, "ok") if max(map(len, cells), default=0) <= MAX_CELL else ([], "too long")
    if "end of data" in message:
        return [], "open"
    return [], "too long" if "field limit" in message else "malformed"


def _lenient(line: str, dialect: Dialect) -> list[str] | None:
    """Cells of one line in which a quote closes only before a delimiter or the end; None if one never closes."""
    delimiter, quote = dialect.delimiter, dialect.quote
    cells: list[str] = []
    start, size = 0, len(line)
    while True:
        if line.startswith(quote, start):
            end = line.find(quote, start + 1)
            while end >= 0 and end + 1 < size and line[end + 1] != delimiter:
                end = line.find(quote, end + (2 if line[end + 1] == quote else 1))
            if end < 0:
                return None
            cells.append(line[start + 1 : end].replace(quote * 2, quote))
            start = end + 1
        else:
            end = line.find(delimiter, start)
            end = size if end < 0 else end
            cells.append(line[start:end])
            start = end
        if start >= size:
            return cells if max(map(len, cells)) <= MAX_CELL else None
        start += 1


def _cut(cells: list[str], width: int) -> list[str]:
    """Drop surplus empty cells at the end."""
    return cells[:width] if width and len(cells) > width and not any(map(str.strip, cells[width:])) else cells
