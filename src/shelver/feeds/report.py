"""What happened to a feed's rows: counts, reasons, first examples, columns used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shelver.errors import FeedError
from shelver.feeds.columns import ColumnMap, columns_of
from shelver.feeds.no_rows import NoRows, warning_of
from shelver.feeds.schema import PRODUCT_SCHEMA

EXAMPLES = 3
"""Examples kept of each kind of reason."""

MAX_KINDS = 100
"""Kinds of reasons counted apart; the rest are counted together."""

CONTINUED = "continues id"
"""Start of the reason of rows that add a variant or a picture to a product above them."""

COUNTED = tuple(
    name
    for name in PRODUCT_SCHEMA.names
    if name not in ("product_id", "source", "active", "raw", "file", "line", "content_hash", "notes")
)
"""Fields of a product whose values are counted."""


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
    headers : dict of str to tuple of str
        File → its columns.
    columns : dict of str to ColumnMap
        File → columns used, and why.
    rows, products : int
        Rows read, products made.
    rejects : dict of str to ReasonCount
        Kind of reason (its values and numbers left out) → how often, and examples.
    notes : Counter
        Kind of note → how many notes of products are of this kind.
    filled : Counter
        Field → products that have a value.
    continued : int
        Rejects that are no faults: further rows of one product, as Shopify writes them.
    empty : dict of str to NoRows
        File without rows → what it is; the others were read.
    """

    feed: str
    files: dict[str, str] = field(default_factory=dict)
    headers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    columns: dict[str, ColumnMap] = field(default_factory=dict)
    rows: int = 0
    products: int = 0
    rejects: dict[str, ReasonCount] = field(default_factory=dict)
    notes: Counter[str] = field(default_factory=Counter)
    filled: Counter[str] = field(default_factory=Counter)
    continued: int = 0
    empty: dict[str, NoRows] = field(default_factory=dict)

    @property
    def warning(self) -> str:
        """What a person should look at though the feed was read; empty if there is nothing."""
        return warning_of(self.empty, len(self.files) + len(self.empty))

    @property
    def rejected(self) -> int:
        """Rows that did not become products."""
        return sum(found.count for found in self.rejects.values())

    @property
    def bad_share(self) -> float:
        """Share of faulty rows among all that should be products."""
        return (self.rejected - self.continued) / max(self.rows - self.continued, 1)

    @property
    def used(self) -> dict[str, list[str]]:
        """Field → columns that it was read from, over all files."""
        return self._read_from(later=True)

    @property
    def usual(self) -> dict[str, list[str]]:
        """The same without fields that only rows far down have: they may be gone in the next delivery."""
        return self._read_from(later=False)

    def _read_from(self, *, later: bool) -> dict[str, list[str]]:
        found: dict[str, set[str]] = {}
        for each in self.columns.values():
            for name, column in each.columns.items():
                if later or name not in each.later:
                    found.setdefault(name, set()).update(columns_of(column))
        return {name: sorted(columns) for name, columns in sorted(found.items())}

    def columns_of(self, header: Sequence[str]) -> ColumnMap | None:
        """Columns of a file read before that has the same header: all such files of a delivery are read alike."""
        return next((self.columns[file] for file, each in self.headers.items() if each == tuple(header)), None)

    def add_rows(self, products: pa.RecordBatch, rejects: pa.RecordBatch) -> None:
        """Count products and rejects that were made of some rows."""
        self.rows += products.num_rows + rejects.num_rows
        self.products += products.num_rows
        self._add_rejects(rejects)
        for name in COUNTED if products.num_rows else ():
            column = products.column(name)
            if pa.types.is_list(column.type):
                self.filled[name] += pc.sum(pc.greater(pc.list_value_length(column), 0)).as_py() or 0
            else:
                self.filled[name] += len(column) - column.null_count
        for kind, count in _counts(reason_kinds(pc.list_flatten(products.column("notes")))):
            self.notes[kind if kind in self.notes or len(self.notes) < MAX_KINDS else "other notes"] += count

    def _add_rejects(self, rejects: pa.RecordBatch) -> None:
        reasons = rejects.column("reason")
        self.continued += pc.sum(pc.starts_with(reasons, CONTINUED)).as_py() or 0
        kinds = reason_kinds(reasons).dictionary_encode()
        places = kinds.indices.to_numpy()
        for number, count in sorted(_counts(kinds.indices)):
            kind = kinds.dictionary[number].as_py()
            if kind not in self.rejects and len(self.rejects) >= MAX_KINDS:
                kind = "other reasons"
            found = self.rejects.setdefault(kind, ReasonCount())
            found.count += count
            if len(found.examples) < EXAMPLES:
                first = np.flatnonzero(places == number)[: EXAMPLES - len(found.examples)]
                rows = rejects.select(["file", "line", "reason"]).take(pa.array(first)).to_pylist()
                found.examples += [f"{row['file']} line {row['line']}: {row['reason']}" for row in rows]

    def check(self, max_rejects: float) -> None:
        """Refuse a feed of which too much is bad.

        Raises
        ------
        FeedError
            The share of faulty rows is above `max_rejects`, or there is no product at all.
        """
        if self.products + self.rejected != self.rows:
            raise AssertionError(f"{self.rows} rows, but {self.products} products and {self.rejected} rejects")
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


def reason_kinds(reasons: pa.StringArray) -> pa.StringArray:
    """Leave values and numbers out of reasons, so that equal ones can be counted; n reasons → n kinds.

    Examples
    --------
    >>> reason_kinds(pa.array(["12 cells, header has 10", "price: no digits in 'call us'"])).to_pylist()
    ['N cells, header has N', 'price: no digits in ...']
    """
    short = pc.replace_substring_regex(reasons, pattern="'.*'", replacement="...")
    return pc.replace_substring_regex(short, pattern=r"[0-9][0-9,.]*", replacement="N")


def _counts(values: pa.Array) -> list[tuple[Any, int]]:
    """Values with how often each occurs, in the order met."""
    found = values.value_counts()
    return list(zip(found.field("values").to_pylist(), found.field("counts").to_pylist(), strict=True))
