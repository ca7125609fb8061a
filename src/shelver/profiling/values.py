"""Which values a stream has: how many different ones, and the most frequent, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shelver.features.batch import Ints
from shelver.profiling.distinct import Sample
from shelver.profiling.hashing import Hashes, hashes

LIMIT = 1 << 16
"""Different values up to which everything is exact."""
SHOWN = 120
"""Characters of a value that are remembered; values are told apart by all of their characters."""
EXAMPLES = 5


class Counted(NamedTuple):
    """Different values: hashes (ascending), counts, and their first characters."""

    hashes: Hashes
    counts: Ints
    labels: pa.Array

    @classmethod
    def none(cls) -> Counted:
        """No value."""
        return cls(np.empty(0, np.uint64), np.empty(0, np.int64), pa.array([], pa.string()))


@dataclass(frozen=True)
class Distinct:
    """A number of different values; `error` is its relative standard error, 0 if it is exact."""

    count: int
    error: float


class Values:
    """Counts of values over a stream.

    Parameters
    ----------
    limit : int
        Different values that are counted at the same time.
    shown : int
        Characters of a value that are remembered.

    Attributes
    ----------
    rows : int
        All that was counted.
    short : int
        No count is too small by more, and none is too large; 0 up to `limit` different values.

    Notes
    -----
    Up to `limit` different values all answers are exact, whatever the batches and the order of merging. Beyond, counts
    are those of Misra and Gries (1982) with the merge of Agarwal et al. (2013, "Mergeable summaries"), so
    ``short <= rows / (limit + 1)``; the number of different values comes from `Sample`, which does not depend on
    batches or order either.
    """

    def __init__(self, limit: int = LIMIT, shown: int = SHOWN) -> None:
        self.limit, self.shown, self.rows, self.short = limit, shown, 0, 0
        self._kept = Counted.none()
        self._sample: Sample | None = None
        self._examples = Counted.none()
        self._pending: list[Counted] = []

    def __repr__(self) -> str:
        return f"Values({self.rows:,} rows, {self.distinct().count:,} different)"

    def add(self, values: pa.Array, counts: Ints) -> None:
        """Count n strings without nulls, `counts` times each: int64, shape (n,)."""
        if len(values) == 0:
            return
        labels = pc.utf8_slice_codeunits(values.cast(pa.string()), 0, self.shown)
        self._pending.append(Counted(hashes(values), np.asarray(counts, np.int64), labels))
        self.rows += int(np.sum(counts))
        if sum(len(part.hashes) for part in self._pending) > self.limit:
            self._fold()

    def merge(self, other: Values) -> None:
        """Count also what another has counted; the other stays as it is."""
        other._fold()
        self._fold()
        if self._sample is not None or other._sample is not None:
            sample = self._as_sample()
            sample.merge(other._as_sample())
            self._sample = sample
        self._examples = _first(_summed([self._examples, other._examples]))
        self.rows += other.rows
        self.short += other.short
        self._keep(_summed([self._kept, other._kept]))

    def distinct(self) -> Distinct:
        """How many different values there are."""
        self._fold()
        if self._sample is None:
            return Distinct(len(self._kept.hashes), 0.0)
        return Distinct(self._sample.distinct(), self._sample.error)

    def single(self) -> int:
        """How many values occur once; estimated where `distinct` is."""
        self._fold()
        if self._sample is None:
            return int((self._kept.counts == 1).sum())
        return self._sample.single()

    def top(self, most: int) -> list[tuple[str, int]]:
        """The most frequent values, cut to `shown` characters, and how often each occurs, at least."""
        self._fold()
        if len(self._kept.counts) == 0:
            return []
        floor = self.floor(most)
        near = np.flatnonzero(self._kept.counts >= max(1, floor - self.short))
        labels = self._kept.labels.take(pa.array(near)).to_pylist()
        found = sorted(zip(labels, self._kept.counts[near].tolist(), strict=True), key=lambda pair: (-pair[1], pair[0]))
        return found[:most]

    def floor(self, most: int) -> int:
        """How often a value that is not in `top` can occur at most."""
        self._fold()
        counts = self._kept.counts
        if len(counts) <= most:
            return self.short
        return int(np.partition(counts, len(counts) - most)[len(counts) - most]) + self.short

    def covered(self, sizes: tuple[int, ...]) -> list[tuple[int, float]]:
        """Share of all rows that have one of the n most frequent values, for each n up to the first that has all."""
        self._fold()
        sums = np.cumsum(np.sort(self._kept.counts)[::-1])
        found: list[tuple[int, float]] = []
        for size in sizes:
            if len(sums) == 0:
                break
            found.append((size, float(sums[min(size, len(sums)) - 1]) / self.rows))
            if size >= len(sums):
                break
        return found

    def examples(self) -> list[str]:
        """A few values, chosen by their hashes: always the same ones, frequent or not."""
        self._fold()
        found: list[str] = self._examples.labels.to_pylist()
        return found

    def _as_sample(self) -> Sample:
        return self._sample or Sample(self.limit, self._kept.hashes, self._kept.counts)

    def _fold(self) -> None:
        if not self._pending:
            return
        new, self._pending = _summed(self._pending), []
        self._examples = _first(_summed([self._examples, _first(new)]))
        if self._sample is not None:
            self._sample.add(new.hashes, new.counts)
        self._keep(_summed([self._kept, new]))

    def _keep(self, found: Counted) -> None:
        surplus = len(found.counts) - self.limit
        if surplus > 0:
            if self._sample is None:
                self._sample = Sample(self.limit, found.hashes, found.counts)
            less = int(np.partition(found.counts, surplus - 1)[surplus - 1])
            alive = found.counts > less
            labels = found.labels.filter(pa.array(alive))
            found = Counted(found.hashes[alive], found.counts[alive] - less, labels)
            self.short += less
        self._kept = found


def _summed(parts: list[Counted]) -> Counted:
    """Counts of equal values added up."""
    every = np.concatenate([part.hashes for part in parts])
    different, first, inverse = np.unique(every, return_index=True, return_inverse=True)
    counts = np.zeros(len(different), np.int64)
    np.add.at(counts, inverse, np.concatenate([part.counts for part in parts]))
    labels = pa.concat_arrays([part.labels for part in parts]).take(pa.array(first))
    return Counted(different, counts, labels)


def _first(found: Counted) -> Counted:
    return Counted(found.hashes[:EXAMPLES], found.counts[:EXAMPLES], found.labels.slice(0, EXAMPLES))
