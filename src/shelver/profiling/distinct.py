"""How many different values a stream has, by a sample of them."""

from __future__ import annotations

import numpy as np

from shelver.features.batch import Ints
from shelver.profiling.hashing import Hashes

BITS = 64


class Sample:
    """All values whose hash is below a limit, each with its exact count.

    Parameters
    ----------
    capacity : int
        Values kept; the limit is halved whenever there are more.
    hashes : ndarray of uint64, shape (n,)
        Values to begin with, each once.
    counts : ndarray of int64, shape (n,)
        How often each occurs.

    Notes
    -----
    Wegman's adaptive sampling (Flajolet 1990, "On adaptive sampling", Computing 43): the estimate is unbiased with a
    relative standard error of ``1.20 / sqrt(capacity)``, 0.5% for 65,536. What is kept depends on the set of values
    alone, not on their order, on batches or on how samples are merged.
    """

    def __init__(self, capacity: int, hashes: Hashes, counts: Ints) -> None:
        self.capacity, self.halvings = capacity, 0
        self._hashes, self._counts = np.asarray(hashes, np.uint64), np.asarray(counts, np.int64)
        self._thin()

    @property
    def error(self) -> float:
        """Relative standard error of `distinct`; 0 while every value is kept."""
        return 1.20 / float(np.sqrt(self.capacity)) if self.halvings else 0.0

    def add(self, hashes: Hashes, counts: Ints) -> None:
        """Count values; each may be given once or several times."""
        below = self._below(hashes)
        every = np.concatenate([self._hashes, hashes[below]])
        self._hashes, inverse = np.unique(every, return_inverse=True)
        summed = np.zeros(len(self._hashes), np.int64)
        np.add.at(summed, inverse, np.concatenate([self._counts, counts[below]]))
        self._counts = summed
        self._thin()

    def merge(self, other: Sample) -> None:
        """Count also what another has counted."""
        self.halvings = max(self.halvings, other.halvings)
        kept = self._below(self._hashes)
        self._hashes, self._counts = self._hashes[kept], self._counts[kept]
        self.add(other._hashes, other._counts)

    def distinct(self) -> int:
        """Estimate of the number of different values."""
        return len(self._hashes) << self.halvings

    def single(self) -> int:
        """Estimate of the number of values that occur once."""
        return int((self._counts == 1).sum()) << self.halvings

    def _below(self, hashes: Hashes) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        if not self.halvings:
            return np.ones(len(hashes), bool)
        return np.asarray(hashes >> np.uint64(BITS - self.halvings) == 0)

    def _thin(self) -> None:
        while len(self._hashes) > self.capacity:
            self.halvings += 1
            kept = self._below(self._hashes)
            self._hashes, self._counts = self._hashes[kept], self._counts[kept]
