"""A number, robustly scaled; NaN is missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shelver.config import Number
from shelver.features.quantiles import Quantiles


@dataclass(frozen=True)
class NumberFeature:
    """A fitted number feature: ``asinh((x − median) / interquartile range)``.

    A few very high prices would squash all others under min-max scaling (thesis, section 3.1); the median and the
    quartiles do not notice them, and asinh is linear near 0 and logarithmic far away.

    Attributes
    ----------
    spec : Number
        Its settings.
    median, spread : float
        Median and interquartile range (1 where all values are equal) of what was seen in fitting.
    """

    spec: Number
    median: float
    spread: float

    @classmethod
    def fit(cls, spec: Number, columns: Iterable[pa.Array]) -> Self:
        """Find the quartiles."""
        learner = NumberLearner(spec)
        for values in columns:
            learner.add(values)
        return cls(spec, *learner.scale())

    def apply(self, values: pa.Array) -> pa.Array:
        """Scaled values of n numbers: float32, length n; NaN where missing or not finite."""
        numbers = _floats(values)
        numbers = np.where(np.isfinite(numbers), numbers, np.nan)
        return pa.array(np.arcsinh((numbers - self.median) / self.spread).astype(np.float32))


class NumberLearner:
    """Learns median and spread from a stream of columns; memory does not grow with the catalogue.

    Parameters
    ----------
    spec : Number
        The feature's settings.
    """

    def __init__(self, spec: Number) -> None:
        self.spec, self.quantiles, self.empty = spec, Quantiles(), True

    def add(self, values: pa.Array) -> None:
        """Note the numbers of a column."""
        seen = _floats(values)
        seen = seen[np.isfinite(seen)]
        if len(seen):
            self.quantiles.add(seen)
            self.empty = False

    def scale(self) -> tuple[float, float]:
        """Median and interquartile range; see `NumberFeature`."""
        if self.empty:
            return 0.0, 1.0
        low, median, high = self.quantiles.of((0.25, 0.5, 0.75))
        return median, high - low or 1.0

    def fitted(self) -> NumberFeature:
        """What was learnt."""
        return NumberFeature(self.spec, *self.scale())


def _floats(values: pa.Array) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.asarray(pc.fill_null(values.cast(pa.float64()), float("nan")).to_numpy(zero_copy_only=False))
