"""The header of a table of text: on which row it is, whether there is one, and names for all columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from shelver.feeds.column_names import normalise
from shelver.feeds.networks import table

MAX_PREAMBLE = 20
"""Rows above the header: titles, dates, notes."""

SAMPLE = 50
"""Rows below the first that it is compared with."""

MIN_WIDE = 8
"""Cells of a header from which on rows may agree on fewer: a narrow one is more likely right."""

LEAST_KNOWN = 3
"""Known names of columns in a row of names for machines."""

MOST = 0.9
"""Share of a column's values that must be of one kind."""

_IDENTIFIER = re.compile(r"[a-z][a-z0-9_:.\-\[\]]*")
_KINDS = {
    "url": re.compile(r"(?:https?:)?//\S+|www\.\S+", re.IGNORECASE),
    "date": re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ][\d:.+Z-]+)?"),
    "number": re.compile(r"[A-Z]{0,3}[-+€$£¥ ]*\d[\d.,' \u00a0]*(?:%|€|\$|£|¥|[A-Za-z]{2,3}|zł|Kč)?"),
}


def kind(cell: str) -> str:
    """Kind of a value that no column would be named by: ``url``, ``date`` or ``number`` (a price too), or none.

    Examples
    --------
    >>> [kind(each) for each in ("https://shop.example/1", "12,90 EUR", "2024-05-01", "Price", "")]
    ['url', 'number', 'date', '', '']
    """
    text = cell.strip()[:200]
    return next((name for name, pattern in _KINDS.items() if pattern.fullmatch(text)), "")


def find_header(rows: Sequence[Sequence[str]], width: int, header: bool | Literal["auto"] = "auto") -> tuple[int, bool]:
    """Find the row that names the columns.

    Rows above it have values in at most half of the columns, and only count as such if the row below them looks like
    names. Of a row of names for people and one of names for machines below it (``item_sku``), the second counts. The
    first row is data if it has a value of the same kind as all below it in every column where they are of
    one kind: where names stand above numbers or addresses, one of them would not be a number or an address.

    Parameters
    ----------
    rows : sequence of sequence of str
        Cells of the first rows, at least one; an empty sequence for a row that cannot be read.
    width : int
        Cells that most rows have.
    header : bool or "auto"
        Whether there is one, if the user said so.

    Returns
    -------
    place : int
        Of the row with the names, or of the first row of data.
    named : bool
        Whether that row has the names.

    Examples
    --------
    >>> find_header([["Our products"], ["id", "name"], ["1", "Hat"]], 2)
    (1, True)
    >>> find_header([["1", "Hat"], ["2", "Cap"]], 2)
    (0, False)
    >>> find_header([["SKU", "Name", "Price"], ["item_sku", "item_name", "standard_price"], ["1", "Hat", "2"]], 3)
    (1, True)
    """
    start = next((place for place, row in enumerate(rows[:MAX_PREAMBLE]) if _filled(row) > width // 2), 0)
    if start and (_filled(rows[start]) < width or not _like_names(rows[start])):
        start = 0
    if header is False:
        return start, False
    if start + 1 < len(rows) and _for_machines(rows[start + 1]) and not _for_machines(rows[start]):
        return start + 1, True
    if header is True:
        return start, True
    return start, not _like_data(rows[start], rows[start + 1 : start + 1 + SAMPLE])


def column_names(cells: Sequence[str]) -> tuple[str, ...]:
    """Names of the columns, each once: blank ones are numbered, repeated ones counted.

    Examples
    --------
    >>> column_names(["id", " Price ", "Price", ""])
    ('id', 'Price', 'Price (2)', 'column 4')
    """
    taken: dict[str, int] = {}  # name → times that it was asked for
    for number, cell in enumerate(cells, start=1):
        name = base = cell.replace("\x00", "").strip().strip('"').strip() or f"column {number}"
        while name in taken:
            taken[base] += 1
            name = f"{base} ({taken[base]})"
        taken[name] = 1
    return tuple(taken)


def usual_width(width: int, below: Sequence[int]) -> int:
    """Cells of a row: as many as the header's, unless the rows agree on fewer: empty ones were left out.

    Parameters
    ----------
    width : int
        Cells of the header.
    below : sequence of int
        Cells of the first rows.

    Examples
    --------
    >>> usual_width(50, [38, 38, 38]), usual_width(50, [38, 50, 50]), usual_width(3, [2, 2])
    (38, 50, 3)
    """
    if width < MIN_WIDE or not below:
        return width
    usual = max(set(below), key=lambda each: (below.count(each), each))
    return usual if width // 2 < usual < width and below.count(usual) >= MOST * len(below) else width


def _for_machines(row: Sequence[str]) -> bool:
    """Are these names as programs use them, several of them known ones? No row of values is."""
    names = [cell.strip() for cell in row if cell.strip()]
    if len(set(names)) < len(names) or not all(map(_IDENTIFIER.fullmatch, names)):
        return False
    known = sum(normalise(name) in table().by_name for name in names)
    return known >= max(LEAST_KNOWN, len(names) // 8) and any("_" in name for name in names)


def _filled(row: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _like_names(row: Sequence[str]) -> bool:
    names = [cell.strip() for cell in row if cell.strip()]
    return len(set(names)) == len(names) and not any(kind(name) or len(name) > 100 for name in names)


def _like_data(first: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    same = 0
    for place, cell in enumerate(first):
        found = kind(cell)
        if not below:
            same += found == "url"
            continue
        values = [row[place] for row in below if place < len(row) and row[place].strip()]
        if not cell.strip() or not values:
            continue
        kinds = [kind(value) for value in values]
        common = max(set(kinds), key=lambda each: (kinds.count(each), each))
        if common and kinds.count(common) >= MOST * len(kinds):
            if found != common:
                return False
            same += 1
    return same > 0
