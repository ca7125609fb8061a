"""How a file of delimited text is written, found by its first lines: what separates cells and what encloses them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from shelver.feeds.csv_records import Dialect, Record, read_records

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
"""What a delimiter may be when the feed does not say, and what to call it."""

RARE = {"^": 2, "~": 2, "\x01": 2, ":": 3}
"""Delimiters that are taken only where no common one is in sight, and the cells that rows must then have."""

CLEAR = 0.9
"""Share of rows that must have the same number of cells for a rare delimiter."""

_SEP = re.compile(r'"?sep=(\\t|.)"?[,;\t ]*', re.IGNORECASE)


@dataclass(frozen=True)
class Layout:
    """What the first lines say.

    Attributes
    ----------
    dialect : Dialect
        How cells are written.
    records : tuple of Record
        The first rows.
    width : int
        Cells that most of them have.
    skip : int
        Lines before the rows: 1 if the first line only says what the delimiter is.
    """

    dialect: Dialect
    records: tuple[Record, ...]
    width: int
    skip: int = 0


def find_layout(head: Sequence[str], delimiter: str = "", whole: bool = False) -> Layout:
    """Find how the first lines are written.

    Under each delimiter and quote the lines are split into rows; the one counts under which most rows agree on most
    cells.

    Parameters
    ----------
    head : sequence of str
        First lines of the file.
    delimiter : str
        What the user gave; empty: find it.
    whole : bool
        Whether these are all lines; otherwise the last row may be cut off.
    """
    skip = 0
    said = _SEP.fullmatch(head[0].strip(" \ufeff")) if head else None
    if said:
        skip = 1
        head = head[1:]
        delimiter = delimiter or said[1].replace("\\t", "\t")
    best, best_score, best_share = Layout(Dialect(delimiter or ","), (), 1, skip), -1.0, 0.0
    for sign in [delimiter] if delimiter else [*DELIMITERS, *RARE]:
        for quote in _quotes(head, sign):
            found, share = _tried(head, Dialect(sign, quote), whole, skip)
            score = (found.width - 1) * (0.01 + share) ** 2
            clear = share >= CLEAR and found.width >= RARE.get(sign, 1) and (best.width == 1 or best_share < CLEAR)
            if score > best_score and (clear or delimiter or sign in DELIMITERS):
                best, best_score, best_share = found, score, share
    text = "\n".join(head)
    plain = best.dialect
    for sign, custom in (("\\", plain._replace(escaped=True)), (plain.delimiter + " ", plain._replace(spaced=True))):
        if sign + plain.quote in text:
            other, _ = _tried(head, custom, whole, skip)
            best = other if _good(other) > _good(best) else best
    return best


def find_delimiter(head: list[str]) -> str:
    """Find what separates the cells.

    Examples
    --------
    >>> find_delimiter(["id;title", "1;Sandal, red", "2;Hat"])
    ';'
    """
    return find_layout(head, whole=True).dialect.delimiter


def fits(record: Record, width: int) -> bool:
    """Whether a row can be read and has `width` cells, but for empty ones at its end."""
    cells = len(record.cells)
    return not record.reason and cells >= width and not any(map(str.strip, record.cells[width:]))


def _tried(head: Sequence[str], dialect: Dialect, whole: bool, skip: int) -> tuple[Layout, float]:
    """Rows under a dialect, and the share of them that have the commonest number of cells."""
    records = list(read_records(iter(head), dialect))
    sure = records if whole or len(records) < 3 else records[:-1]
    widths = Counter(len(record.cells) for record in sure if not record.reason)
    width = max(widths, key=lambda each: (widths[each] * (each > 1), each), default=1)
    share = sum(fits(record, width) for record in sure) / max(len(sure), 1)
    return Layout(dialect, tuple(records), width, skip), share


def _quotes(head: Sequence[str], delimiter: str) -> list[str]:
    """Quotes worth trying: the single one only where it encloses cells and the double one does not."""
    text = "\n".join(head)
    edge = re.escape(delimiter)
    if not text.count("'"):
        return ['"']
    single, double = (
        min(len(re.findall(f"(?:^|{edge}){quote}", text, re.M)), len(re.findall(f"{quote}(?:$|{edge})", text, re.M)))
        for quote in ("'", '"')
    )
    return ["'"] if single > max(len(head) / 2, 1) and not double else ['"']


def _good(layout: Layout) -> int:
    """Rows that agree with the first."""
    width = len(layout.records[0].cells) if layout.records else 0
    return sum(fits(record, width) for record in layout.records)
