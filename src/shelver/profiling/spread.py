"""How numbers and lengths are spread: quantiles, and a histogram whose bins are the same for every catalogue."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from shelver.features.batch import Ints
from shelver.features.quantiles import Quantiles
from shelver.profiling.profile import Bin, Spread

SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
LONGEST = 1 << 17
"""Longer texts count as so long."""
STEPS = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)
"""Edges of bins within a power of ten."""
POWERS = range(-2, 10)
NUMBER_EDGES = np.array([0.0, *(float(f"{step}e{power}") for power in POWERS for step in STEPS)])
"""Edges of bins of numbers; what is below 0 has a bin of its own."""
LENGTH_EDGES = np.unique([*range(10), *(round(step * 10.0**power) for power in range(1, 6) for step in STEPS)])


class Lengths:
    """Whole numbers from 0 to `LONGEST`, every one counted: exact, and merging is adding."""

    def __init__(self) -> None:
        self._counts = np.zeros(1, np.int64)

    def add(self, lengths: Ints, counts: Ints) -> None:
        """Count n lengths, `counts` times each."""
        if len(lengths):
            found = np.bincount(np.minimum(lengths, LONGEST), weights=counts).astype(np.int64)
            self._counts = _added(self._counts, found)

    def merge(self, other: Lengths) -> None:
        """Count also what another has counted."""
        self._counts = _added(self._counts, other._counts)

    def summary(self) -> Spread | None:
        """The spread; None of nothing. Quantiles are lengths that occur."""
        ends = np.cumsum(self._counts)
        total = int(ends[-1])
        if not total:
            return None
        seen = np.flatnonzero(self._counts)
        places = np.ceil(np.asarray(SHARES) * total).clip(1)
        quantiles = np.searchsorted(ends, places).astype(float).tolist()
        mean = float(np.arange(len(self._counts)) @ self._counts) / total
        bins = histogram(seen.astype(float), self._counts[seen], LENGTH_EDGES.astype(float))
        return Spread(
            low=float(seen[0]), high=float(seen[-1]), mean=mean, quantiles=tuple(quantiles), bins=bins, count=total
        )


class Numbers(Quantiles):
    """Numbers of a stream; see `Quantiles` for what is exact."""

    def __init__(self) -> None:
        super().__init__()
        self.count, self.total, self.low, self.high = 0, 0.0, float("inf"), float("-inf")
        self._bins = np.zeros(len(NUMBER_EDGES) + 1, np.int64)

    def add(self, values: npt.NDArray[np.float64]) -> None:
        """Add numbers; those that are not finite are left out."""
        finite = np.asarray(values, np.float64)
        finite = finite[np.isfinite(finite)]
        if len(finite) == 0:
            return
        super().add(finite)
        self.count += len(finite)
        self.total += float(finite.sum())
        self.low, self.high = min(self.low, float(finite.min())), max(self.high, float(finite.max()))
        places = np.searchsorted(NUMBER_EDGES, finite, side="right")
        self._bins += np.bincount(places, minlength=len(self._bins))

    def merge(self, other: Numbers) -> None:
        """Add also what another has."""
        self._merge()
        other._merge()
        self.dropped = max(self.dropped, other.dropped)
        self._values = np.concatenate([self._values, other._values])
        self._counts = np.concatenate([self._counts, other._counts])
        self._merge()
        self.count, self.total = self.count + other.count, self.total + other.total
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)
        self._bins += other._bins

    def summary(self) -> Spread | None:
        """The spread; None of nothing."""
        if not self.count:
            return None
        quantiles = self.of(SHARES)
        used = np.flatnonzero(self._bins)
        bins = [_bin(NUMBER_EDGES, place, int(self._bins[place])) for place in range(used[0], used[-1] + 1)]
        return Spread(
            low=self.low, high=self.high, mean=self.total / self.count, quantiles=quantiles, bins=tuple(bins),
            count=self.count,
        )  # fmt: skip


def histogram(values: npt.NDArray[np.float64], counts: Ints, edges: npt.NDArray[np.float64]) -> tuple[Bin, ...]:
    """Bins from the first to the last that is not empty; bin *i* holds ``edges[i] <= value < edges[i + 1]``."""
    places = np.searchsorted(edges, values, side="right")
    found = np.bincount(places, weights=counts, minlength=len(edges) + 1).astype(np.int64)
    used = np.flatnonzero(found)
    return tuple(_bin(edges, place, int(found[place])) for place in range(used[0], used[-1] + 1))


def _bin(edges: npt.NDArray[np.float64], place: int, count: int) -> Bin:
    low = float(edges[place - 1]) if place else None
    high = float(edges[place]) if place < len(edges) else None
    return Bin(low=low, high=high, count=count)


def _added(left: Ints, right: Ints) -> Ints:
    if len(left) < len(right):
        left, right = right, left
    total = left.copy()
    total[: len(right)] += right
    return total
