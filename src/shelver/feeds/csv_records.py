"""Rows of delimited text, robust against quotes that never close.

**The naive design** hands the file to `csv.reader`: one stray quote then swallows every line up to the next quote,
and thousands of products vanish without a word. Here a row may span lines only if what comes out is well-formed;
otherwise its first line alone is bad and reading goes on with the next line.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from shelver.feeds.rows import MAX_CELL, MAX_RECORD

MAX_LINES = 1_000
"""Lines that one row may span."""

MAX_ATTEMPTS = 8
"""Times that a row spanning lines is tried with one more line."""

_TOO_LONG = f"a cell has more than {MAX_CELL:,} characters"


class Record(NamedTuple):
    """One row: its first line (from 1), its cells, its text, and what is wrong with it (empty: nothing)."""

    line: int
    cells: list[str]
    text: str
    reason: str = ""


def read_records(lines: Iterator[str], delimiter: str, width: int = 0) -> Iterator[Record]:
    """Split lines into rows.

    Parameters
    ----------
    lines : iterator of str
        Physical lines without their ends.
    delimiter : str
        One character.
    width : int
        Cells that a row must have: surplus empty cells at its end are dropped, anything else makes the row bad.
        0: any number.

    Yields
    ------
    Record
        In order. Lines with nothing but delimiters and blanks are skipped.
    """
    source = _Lines(lines)
    blank = delimiter + " \t"
    number = 0
    while True:
        line = source.take()
        if line is None:
            return
        number += 1
        if not line.strip(blank):
            continue
        if len(line) > MAX_RECORD:
            yield Record(number, [], line, f"the line has more than {MAX_RECORD:,} characters")
        elif '"' not in line:
            cells = line.split(delimiter)
            if width and len(cells) != width:
                cells = _cut(cells, width)
            reason = misfit(cells, width)
            if len(line) > MAX_CELL and max(map(len, cells)) > MAX_CELL:
                reason = reason or _TOO_LONG
            yield Record(number, cells, line, reason)
        else:
            record, used = _quoted(number, line, source, delimiter, width)
            number += used
            yield record


def misfit(cells: list[str], width: int) -> str:
    """Say that a row has too many or too few cells; empty if it fits."""
    if not width or len(cells) == width:
        return ""
    return f"{len(cells)} {'cell' if len(cells) == 1 else 'cells'}, header has {width}"


class _Lines:
    """Lines that can be looked at before they are taken."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._ahead: deque[str] = deque()

    def take(self, count: int = 1) -> str | None:
        """Give the next line (with `count`, the last of the next ones); None at the end."""
        line = None
        for _ in range(count):
            line = self._ahead.popleft() if self._ahead else next(self._lines, None)
        return line

    def peek(self, place: int) -> str | None:
        """Give the line that is `place` lines further on (0: the next), without taking it; None beyond the end."""
        while place >= len(self._ahead):
            line = next(self._lines, None)
            if line is None:
                return None
            self._ahead.append(line)
        return self._ahead[place]


def _quoted(number: int, line: str, source: _Lines, delimiter: str, width: int) -> tuple[Record, int]:
    """Read a row that has quotes; gives it and the number of further lines it took."""
    cells, state = _strict(line, delimiter)
    if state == "ok":
        cells = _cut(cells, width)
        return Record(number, cells, line, misfit(cells, width)), 0
    if state == "too long":
        return Record(number, [], line, _TOO_LONG), 0
    if state == "open":
        found = _spanning(number, line, source, delimiter, width)
        if found is not None:
            return found
    if '\\"' in line:  # some databases escape quotes by a backslash
        cells, state = _strict(line, delimiter, escape="\\")
        if state == "ok" and not misfit(_cut(cells, width), width):
            return Record(number, _cut(cells, width), line), 0
    lenient = _lenient(line, delimiter)
    if lenient is None:
        return Record(number, [], line, "a quote opens on this line and is not closed as it should be"), 0
    lenient = _cut(lenient, width)
    return Record(number, lenient, line, misfit(lenient, width)), 0


def _spanning(number: int, line: str, source: _Lines, delimiter: str, width: int) -> tuple[Record, int] | None:
    """Read a row that goes on over further lines; None if it does not close well."""
    parts, quotes, size, attempts = [line], line.count('"'), len(line), 0
    while len(parts) < MAX_LINES and size < MAX_RECORD and attempts < MAX_ATTEMPTS:
        following = source.peek(len(parts) - 1)
        if following is None:
            return None
        parts.append(following)
        size += len(parts[-1]) + 1
        quotes += parts[-1].count('"')
        if quotes % 2 or size > MAX_RECORD:
            continue
        attempts += 1
        text = "\n".join(parts)
        cells, state = _strict(text, delimiter)
        if state == "open":
            continue
        if state == "malformed":
            return None
        cells = _cut(cells, width)
        reason = _TOO_LONG if state == "too long" else misfit(cells, width)
        if reason and any(part.count(delimiter) == width - 1 for part in parts[1:]):
            return None  # it swallowed lines that are rows of their own
        source.take(len(parts) - 1)
        return Record(number, cells, text, reason), len(parts) - 1
    return None


def _strict(text: str, delimiter: str, escape: str | None = None) -> tuple[list[str], str]:
    """Cells by the rules of RFC 4180, and ``ok``, ``open`` (a quote is not closed), ``malformed`` or ``too long``."""
    try:
        cells = next(csv.reader([text], delimiter=delimiter, strict=True, doublequote=not escape, escapechar=escape))
    except csv.Error as error:
        message = str(error)
    else:  # the limit of the csv module is one for the whole process: others may have changed it
        return (cells, "ok") if max(map(len, cells), default=0) <= MAX_CELL else ([], "too long")
    if "end of data" in message:
        return [], "open"
    return [], "too long" if "field limit" in message else "malformed"


def _lenient(line: str, delimiter: str) -> list[str] | None:
    """Cells of one line in which a quote closes only before a delimiter or the end; None if one never closes."""
    cells: list[str] = []
    start, size = 0, len(line)
    while True:
        if line.startswith('"', start):
            end = line.find('"', start + 1)
            while end >= 0 and end + 1 < size and line[end + 1] != delimiter:
                end = line.find('"', end + (2 if line[end + 1] == '"' else 1))
            if end < 0:
                return None
            cells.append(line[start + 1 : end].replace('""', '"'))
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
