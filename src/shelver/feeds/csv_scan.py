"""Where the rows of a block of CSV are, found for the whole block at once.

**The naive design** looks at a file byte by byte, in Python 200 times slower than it must be, or trusts a fast parser
with all of it, which one stray quote leads astray. Here NumPy counts quotes and delimiters, line by line. A row is
*plain* if its quotes stand where RFC 4180 has them, its cells are as many as the header's, and nothing else is odd
about it: the careful reader (`csv_records`) would give the same cells, which the tests show. It gets all else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shelver.feeds.byte_signs import is_utf8
from shelver.feeds.csv_records import MAX_LINES, Dialect
from shelver.feeds.rows import MAX_CELL

Ints = np.ndarray[tuple[int], np.dtype[np.int64]]
Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]

MAX_SURPLUS = 64
"""Empty cells that are cut off the end of a plain row."""

_NEWLINE = 10


@dataclass(frozen=True)
class Rows:
    """Rows of a block under one assumption: that the block starts outside of quotes (or, the other one, inside).

    Attributes
    ----------
    first, last : ndarray of int64, shape (n,)
        First and last line of each row, from 0.
    plain : ndarray of bool, shape (n,)
        Whether the row can go through the fast parser, or is blank.
    blank : ndarray of bool, shape (n,)
        Whether the row is a line of delimiters and blanks only.
    surplus : ndarray of int64, shape (n,)
        Delimiters to cut off the end of the row.
    odd : ndarray of int64
        Rows that are not plain, rising.
    """

    first: Ints
    last: Ints
    plain: Flags
    blank: Flags
    surplus: Ints
    odd: Ints


class Scan:
    """The lines of a block, their quotes and delimiters.

    Parameters
    ----------
    text : bytes
        Whole lines, each ending with a line feed.
    dialect : Dialect
        Delimiter and quote are one byte each.
    width : int
        Cells of a plain row.

    Attributes
    ----------
    starts, ends : ndarray of int64, shape (n,)
        Places of the first byte of each line and of its line feed.
    """

    def __init__(self, text: bytes, dialect: Dialect, width: int) -> None:
        self.text = text
        self.bytes = np.frombuffer(text, np.uint8)
        self._width = width
        self._delimiter, self._quote = ord(dialect.delimiter), ord(dialect.quote)
        newline, delimiter = self.bytes == _NEWLINE, self.bytes == self._delimiter
        self.quoted = dialect.quote.encode() in text
        special = newline | delimiter
        if self.quoted:
            special |= self.bytes == self._quote
        self._places = np.flatnonzero(special)
        self._kinds = self.bytes[self._places]
        self._newlines = np.flatnonzero(self._kinds == _NEWLINE)
        self.ends = self._places[self._newlines]
        self.starts = np.concatenate([[0], self.ends[:-1] + 1])
        self._broken = self._not_utf8()
        self._escapes = self._lines_with(ord("\\")) if dialect.escaped else None
        quotes = self._kinds == self._quote
        self._seen = np.cumsum(quotes, dtype=np.int64) if self.quoted else np.zeros(len(self._kinds), np.int64)
        self.parity = np.concatenate([[0], self._seen[self._newlines] & 1])  # of quotes before each line
        self._known: dict[int, Rows] = {}

    def rows(self, parity: int) -> Rows:
        """Rows if what is before a place with an even (0) or odd (1) number of quotes is outside of them."""
        if parity not in self._known:
            self._known[parity] = self._find(parity)
        return self._known[parity]

    def cut(self, first: Ints, last: Ints, surplus: Ints) -> bytes:
        """Text of some rows, rising, without the `surplus` delimiters at their ends."""
        begin, end = self.starts[first], self.ends[last]
        cut = np.flatnonzero(surplus)
        stops = np.concatenate([end + 1, end[cut] - surplus[cut]])  # of what is kept
        begins = np.concatenate([begin, end[cut]])
        stops.sort()
        begins.sort()
        apart = np.flatnonzero(begins[1:] != stops[:-1]) + 1  # few: rows that follow one another are one piece
        pieces = zip(
            begins[np.concatenate([[0], apart])].tolist(),
            stops[np.concatenate([apart - 1, [len(stops) - 1]])].tolist(),
            strict=True,
        )
        whole = memoryview(self.text)
        return b"".join([whole[start:stop] for start, stop in pieces])

    def _blank(self, lines: Ints) -> Flags:
        """Which of `lines` consist of delimiters and blanks only."""
        found = np.zeros(len(lines), bool)
        signs = (self._delimiter, 9, 32)
        first = self.bytes[self.starts[lines]]
        maybe = np.flatnonzero(np.isin(first, [*signs, _NEWLINE]))
        if len(maybe):
            other = np.ones(256, np.int64)
            other[[*signs, _NEWLINE]] = 0
            total = np.add.reduceat(other[self.bytes], self.starts)
            found[maybe] = total[lines[maybe]] == 0
        return found

    def _trailing(self, ends: Ints) -> Ints:
        """How many delimiters stand right before each of the line feeds `ends`, up to `MAX_SURPLUS`."""
        count = np.zeros(len(ends), np.int64)
        going = np.arange(len(ends))
        for back in range(1, MAX_SURPLUS + 1):
            going = going[(ends[going] >= back)]
            going = going[self.bytes[ends[going] - back] == self._delimiter]
            if not len(going):
                break
            count[going] = back
        return count

    def _find(self, parity: int) -> Rows:
        outside = (self._seen & 1) == parity
        ends_here = outside[self._newlines]
        last = np.flatnonzero(ends_here)
        first = np.concatenate([[0], last[:-1] + 1]) if len(last) else last
        stops = self._newlines[last]  # places among the special bytes
        cells = self._between((self._kinds == self._delimiter) & outside, stops) + 1
        begin, end = self.starts[first], self.ends[last]
        plain = (end - begin <= MAX_CELL) & (last - first < MAX_LINES)
        if self.quoted:
            plain &= self._between(self._misplaced(outside), stops) == 0
        if self._broken is not None:
            plain &= self._none_of(self._broken, first, last)
        if self._escapes is not None:
            plain &= self._none_of(self._escapes, first, last)
        surplus = np.maximum(cells - self._width, 0)
        more = np.flatnonzero((surplus > 0) & plain)
        plain &= cells >= self._width
        plain[more] = surplus[more] <= self._trailing(end[more])
        blank = np.zeros(len(first), bool)
        alone = np.flatnonzero(first == last)
        blank[alone] = self._blank(first[alone])
        plain |= blank
        return Rows(first, last, plain, blank, surplus, np.flatnonzero(~plain))

    def _misplaced(self, outside: Flags) -> Flags:
        """Which quotes do not stand where the rules have them."""
        found = np.zeros(len(self._kinds), bool)
        quotes = np.flatnonzero(self._kinds == self._quote)
        places = self._places[quotes]
        before = np.where(places > 0, self.bytes[places - 1], _NEWLINE)
        after = self.bytes[places + 1]
        closing = outside[quotes]  # after it we are outside
        beside = np.where(closing, after, before)
        found[quotes] = (beside != self._delimiter) & (beside != _NEWLINE) & (beside != self._quote)
        return found

    @staticmethod
    def _between(flags: Flags, stops: Ints) -> Ints:
        """Count flags up to each of `stops`, from the one before it."""
        total = np.cumsum(flags, dtype=np.int64)[stops]
        return np.diff(total, prepend=0)

    @staticmethod
    def _none_of(lines: Flags, first: Ints, last: Ints) -> Flags:
        total = np.concatenate([[0], np.cumsum(lines)])
        none: Flags = total[last + 1] == total[first]
        return none

    def _lines_with(self, byte: int) -> Flags:
        found = np.zeros(len(self.ends), bool)
        found[np.searchsorted(self.ends, np.flatnonzero(self.bytes == byte))] = True
        return found

    def _not_utf8(self) -> Flags | None:
        """Lines that are not UTF-8; None if there are none."""
        if is_utf8(self.text):
            return None
        pairs = zip(self.starts.tolist(), self.ends.tolist(), strict=True)
        return np.array([not is_utf8(self.text[start:end]) for start, end in pairs], bool)
