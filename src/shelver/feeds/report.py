"""What happened to a feed's rows: counts, reasons, first examples, columns used."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from shelver.errors import FeedError
from shelver.feeds.columns import ColumnMap

EXAMPLES = 3
"""Examples kept of each kind of reason."""

MAX_KINDS = 100
"""Kinds of reasons counted apart; the rest are counted together."""

CONTINUED = "continues id"
"""Start of the reason of rows that add a variant or a picture to a product above them."""


@dataclass
class ReasonCount:
    """How often a kind of reason occurred, and where first."""

    count: int = 0
    examples: list[str] = field(default_factory=list)


@dataclass
class FeedReport:
    """What became of a feed; `rows` is always `products` + the sum of `rejects`.

    Attributes
    ----------
    feed : str
        Name of the feed.
    files : dict of str to str
        File → how it was understood (``csv, delimiter ";"``).
    columns : dict of str to ColumnMap
        File → columns used, and why.
    rows, products : int
        Rows read, products made.
    rejects : dict of str to ReasonCount
        Kind of reason (its values and numbers left out) → how often, and examples.
    notes : Counter
        Kind of note → products that have it.
    continued : int
        Rejects that are no faults: further rows of one product, as Shopify writes them.
    """

    feed: str
    files: dict[str, str] = field(default_factory=dict)
    columns: dict[str, ColumnMap] = field(default_factory=dict)
    rows: int = 0
    products: int = 0
    rejects: dict[str, ReasonCount] = field(default_factory=dict)
    notes: Counter[str] = field(default_factory=Counter)
    continued: int = 0

    @property
    def rejected(self) -> int:
        """Rows that did not become products."""
        return sum(found.count for found in self.rejects.values())

    @property
    def bad_share(self) -> float:
        """Share of faulty rows among all that should be products."""
        return (self.rejected - self.continued) / max(self.rows - self.continued, 1)

    def add_reject(self, reason: str, file: str, line: int) -> None:
        """Count a reject."""
        kind = reason_kind(reason)
        if kind not in self.rejects and len(self.rejects) >= MAX_KINDS:
            kind = "other reasons"
        found = self.rejects.setdefault(kind, ReasonCount())
        found.count += 1
        self.continued += reason.startswith(CONTINUED)
        if len(found.examples) < EXAMPLES:
            found.examples.append(f"{file} line {line}: {reason}")

    def add_notes(self, notes: list[str]) -> None:
        """Count the notes of one product."""
        for note in notes:
            kind = reason_kind(note)
            self.notes[kind if kind in self.notes or len(self.notes) < MAX_KINDS else "other notes"] += 1

    def check(self, max_rejects: float) -> None:
        """Refuse a feed of which too much is bad.

        Raises
        ------
        FeedError
            The share of faulty rows is above `max_rejects`, or there is no product at all.
        """
        if self.bad_share <= max_rejects and (self.products or max_rejects >= 1):
            return
        faults = [(kind, found) for kind, found in self.rejects.items() if not kind.startswith(CONTINUED)]
        faults.sort(key=lambda item: -item[1].count)
        top = [f"{found.count:,} × {kind}; first: {found.examples[0]}" for kind, found in faults[:3]]
        raise FeedError(
            f"{self.rejected - self.continued:,} of {self.rows - self.continued:,} rows are bad; nothing was written",
            where=f"feed {self.feed}",
            expected=f"at most {max_rejects:.0%} (max_rejects)",
            hint="\n  ".join([*top, "mend the feed, or map its columns, or raise max_rejects"]),
        )


def reason_kind(reason: str) -> str:
    """Leave values and numbers out of a reason, so that equal ones can be counted.

    Examples
    --------
    >>> reason_kind("12 cells, header has 10"), reason_kind("price: no digits in 'call us'")
    ('N cells, header has N', 'price: no digits in ...')
    """
    return re.sub(r"\d[\d,.]*", "N", re.sub(r"'.*'", "...", reason))
