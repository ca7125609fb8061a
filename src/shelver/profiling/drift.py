"""What is different from an earlier profile, in words, the most serious first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from shelver.profiling.describe import is_free_text
from shelver.profiling.phrasing import amount, count, cut, named, share
from shelver.profiling.profile import Column, Part, Profile, Spread
from shelver.profiling.roles import PATH_FIELDS
from shelver.profiling.shift import LARGE, SMALL, differs, stability
from shelver.profiling.suggest import LEAST_FILLED

FILL, FILL_LARGE = 0.05, 0.25
"""Change of a fill rate, in shares of the products, that is told, and that is serious."""
UNIQUE, UNIQUE_LARGE = 0.1, 0.4
"""The same of the share of different values."""
ROWS, ROWS_LARGE = 0.2, 0.5
"""Share of a feed's products by which their number changes."""
VALUE, VALUE_LARGE = 0.01, 0.2
"""Share of the products of a value that is new or gone."""
LISTED, SHOWN = 3, 40
SPREADS = (("words", "words"), ("characters", "characters"), ("numbers", "values"), ("items", "entries"))


@dataclass(frozen=True)
class Change:
    """One thing that is different.

    Attributes
    ----------
    feed, field : str
        Where; the field is empty if it is about the feed as a whole.
    kind : str
        ``feed``, ``rows``, ``fill``, ``unique``, ``spread``, ``values``, ``new`` or ``gone``.
    serious : bool
        Large by the thresholds of this file.
    size : float
        How much has changed, from 0 to 1, to sort by.
    words : str
        The change, without feed and field.
    """

    feed: str
    field: str
    kind: str
    serious: bool
    size: float
    words: str

    def sentence(self, several: bool = True) -> str:
        """The change in words; `several`: there is more than one feed, so it is named."""
        if not self.field:
            return f"feed {self.feed}: {self.words}"
        return f"{self.field}: {self.words}" + (f" in feed {self.feed}" if several and self.feed else "")

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self) | {"sentence": self.sentence()}


def drift(before: Profile, after: Profile) -> list[Change]:
    """Changes from one profile to another, feed by feed; what may be chance is left out.

    Returns
    -------
    list of Change
        Serious ones first, then by size, each weighted with the feed's share of the products.
    """
    old, new = ({part.name: part for part in profile.parts()} for profile in (before, after))
    total = max(1, after.whole.rows)
    found: list[tuple[float, Change]] = []
    for name in dict.fromkeys([*new, *old]):
        if name not in old or name not in new:
            part, words = (new[name], "new") if name in new else (old[name], "gone")
            change = Change(name, "", "feed", True, 1.0, f"{words}, {named(part.rows, 'product')}")
            found.append((part.rows / total, change))
            continue
        weight = max(old[name].rows, new[name].rows) / total
        found += [(weight * change.size, change) for change in _feed(old[name], new[name])]
    found.sort(key=lambda pair: (not pair[1].serious, -pair[0], pair[1].feed, pair[1].field))
    return [change for _, change in found]


def _feed(before: Part, after: Part) -> Iterator[Change]:
    name = after.name
    gap = after.rows / max(1, before.rows) - 1
    if abs(gap) >= ROWS:
        words = f"{count(before.rows)} → {named(after.rows, 'product')}"
        yield Change(name, "", "rows", abs(gap) >= ROWS_LARGE, min(1.0, abs(gap)), words)
    for column in after.columns:
        known = before.column(column.name)
        if known is not None:
            yield from _column(name, known, column)
        elif column.fill >= LEAST_FILLED:
            yield Change(name, column.name, "fill", False, column.fill, f"new column, filled {share(column.fill)}")
    for known in before.columns:
        if after.column(known.name) is None and known.fill >= LEAST_FILLED:
            words = f"column gone, was filled {share(known.fill)}"
            yield Change(name, known.name, "fill", True, known.fill, words)


def _column(feed: str, before: Column, after: Column) -> Iterator[Change]:
    gap = after.fill - before.fill
    if abs(gap) >= FILL and differs(before.filled, before.rows, after.filled, after.rows):
        words = f"filled {share(before.fill)} → {share(after.fill)}"
        yield Change(feed, after.name, "fill", abs(gap) >= FILL_LARGE, abs(gap), words)
    if not before.filled or not after.filled:
        return
    gap = after.unique - before.unique
    if abs(gap) >= UNIQUE and differs(before.distinct, before.entries, after.distinct, after.entries):
        words = f"different values {share(before.unique)} → {share(after.unique)} of all"
        if after.unique < before.unique:
            words += f" ({count(before.distinct)} → {count(after.distinct)})"
        yield Change(feed, after.name, "unique", abs(gap) >= UNIQUE_LARGE, abs(gap), words)
    yield from _spreads(feed, before, after)
    if after.kind != "number" and not (is_free_text(before) or is_free_text(after)):
        yield from _values(feed, before, after)


def _spreads(feed: str, before: Column, after: Column) -> Iterator[Change]:
    """The first of the spreads of a column that both profiles have."""
    for key, thing in SPREADS:
        old, new = getattr(before, key), getattr(after, key)
        if old is None or new is None:
            continue
        shift = stability(*_aligned(old, new))
        if shift.sure and shift.index >= SMALL:
            words = f"{_typical(thing, old, new)} (stability index {shift.index:.2f})"
            yield Change(feed, after.name, "spread", shift.index >= LARGE, _size(shift.index), words)
        return


def _typical(thing: str, old: Spread, new: Spread) -> str:
    if old.median != new.median:
        return f"{thing}, median {amount(old.median)} → {amount(new.median)}"
    low, high = ((spread.quantiles[1], spread.quantiles[3]) for spread in (old, new))
    if low != high:
        return f"{thing}, middle half {amount(low[0])}–{amount(low[1])} → {amount(high[0])}–{amount(high[1])}"
    return f"{thing}, mean {amount(old.mean)} → {amount(new.mean)}"


def _aligned(old: Spread, new: Spread) -> tuple[list[int], list[int]]:
    """Counts over the bins of both, in the same order."""
    counts = [{found.low: found.count for found in spread.bins} for spread in (old, new)]
    edges = list(dict.fromkeys([*counts[0], *counts[1]]))
    return [counts[0].get(edge, 0) for edge in edges], [counts[1].get(edge, 0) for edge in edges]


def _values(feed: str, before: Column, after: Column) -> Iterator[Change]:
    old, new = dict(before.top), dict(after.top)
    thing = "category" if after.name in PATH_FIELDS else "value"
    appeared = _only_in(new, after, old, before)
    lost = _only_in(old, before, new, after)
    for kind, rows, values in (("new", after, appeared), ("gone", before, lost)):
        if values:
            part = sum(number for _, number in values) / rows.entries
            yield Change(feed, after.name, kind, part >= VALUE_LARGE, part, _told(kind, thing, values, rows))
    both = [value for value in new if value in old]
    if len(both) < 2 or appeared or lost:
        return
    counts = [[table[value] for value in both] for table in (old, new)]
    rest = [max(0, column.entries - sum(numbers)) for column, numbers in zip((before, after), counts, strict=True)]
    shift = stability([*counts[0], rest[0]], [*counts[1], rest[1]])
    if shift.sure and shift.index >= SMALL:
        moved = max(both, key=lambda value: abs(new[value] / after.entries - old[value] / before.entries))
        words = (
            f"values are mixed otherwise, “{cut(moved, SHOWN)}” {share(old[moved] / before.entries)} → "
            f"{share(new[moved] / after.entries)} (stability index {shift.index:.2f})"
        )
        yield Change(feed, after.name, "values", shift.index >= LARGE, _size(shift.index), words)


def _only_in(here: dict[str, int], column: Column, there: dict[str, int], other: Column) -> list[tuple[str, int]]:
    """Values that are frequent on one side and cannot be on the other, by the most they may be there unseen."""
    found = []
    for value, number in here.items():
        unseen = other.floor if len(other.top) < other.distinct else 0
        if value in there or number < VALUE * column.entries or unseen >= VALUE / 2 * other.entries:
            continue
        if differs(number, column.entries, unseen, other.entries):
            found.append((value, number))
    return found


def _told(kind: str, thing: str, values: Sequence[tuple[str, int]], column: Column) -> str:
    names = ", ".join(f"“{cut(value, SHOWN)}” {share(number / column.entries)}" for value, number in values[:LISTED])
    things = thing if len(values) == 1 else {"category": "categories", "value": "values"}[thing]
    more = f" and {len(values) - LISTED} more" if len(values) > LISTED else ""
    return f"{kind} {things}: {names}{more}"


def _size(index: float) -> float:
    """A stability index as a number from 0 to 1; 0.25 becomes a half."""
    return index / (index + LARGE)
