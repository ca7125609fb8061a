"""Quantiles of a stream of numbers in bounded memory."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

MOST = 1 << 16
"""Distinct values remembered."""


class Quantiles:
    """Quantiles of all numbers added; exact while there are few distinct ones.

    Attributes
    ----------
    dropped : int
        Lowest bits of the 52 of a mantissa that are not remembered; 0: quantiles are exact.

    Notes
    -----
    A histogram of distinct values. When there are more than `MOST`, as many low bits of all mantissas are dropped as
    are needed to have at most `MOST` again: as with logarithmic bins (DDSketch, Masson et al. 2019, arXiv:1908.10693),
    a quantile is then wrong by a share of ``2^(dropped - 53)`` of its size at most, some 0.01 % for prices. What is
    remembered does not depend on the order of the numbers, nor on how they are divided into batches: dropping bits
    twice is dropping them once, and more numbers never have fewer distinct values.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._values, self._counts = np.empty(0), np.empty(0, np.int64)
        self._pending: list[Numbers] = []

    def __repr__(self) -> str:
        return f"Quantiles({len(self._values)} distinct values, {self.dropped} bits dropped)"

    def add(self, values: Numbers) -> None:
        """Add finite numbers."""
        self._pending.append(np.array(values, np.float64))
        if sum(map(len, self._pending)) > MOST:
            self._merge()

    def of(self, shares: tuple[float, ...]) -> tuple[float, ...]:
        """Values below which these shares of the numbers lie, interpolated linearly as ``numpy.quantile`` does.

        Raises
        ------
        ValueError
            No numbers were added.
        """
        self._merge()
        ends = np.cumsum(self._counts)
        if len(ends) == 0:
            raise ValueError("quantiles of no numbers")
        places = (ends[-1] - 1) * np.asarray(shares)
        below, above = (
            self._middles()[np.searchsorted(ends, rank, side="right")] for rank in (np.floor(places), np.ceil(places))
        )
        return tuple((below + (above - below) * (places - np.floor(places))).tolist())

    def _merge(self) -> None:
        values = np.concatenate([self._values, *self._pending])
        counts = np.concatenate([self._counts, *(np.ones(len(part), np.int64) for part in self._pending)])
        self._pending = []
        while True:
            self._values, inverse = np.unique(_without(values, self.dropped), return_inverse=True)
            self._counts = np.bincount(inverse, counts, len(self._values)).astype(np.int64)
            if len(self._values) <= MOST:
                return
            values, counts, self.dropped = self._values, self._counts, self.dropped + 1

    def _middles(self) -> Numbers:
        """Middle of what each remembered value stands for."""
        if not self.dropped:
            return self._values
        return (self._values.view(np.uint64) | np.uint64(1 << self.dropped - 1)).view(np.float64)


def _without(values: Numbers, bits: int) -> Numbers:
    """Numbers with the lowest bits of their mantissas set to 0; there is one zero."""
    mask = ~np.uint64((1 << bits) - 1)
    return ((values + 0.0).view(np.uint64) & mask).view(np.float64)
