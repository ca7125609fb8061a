"""A number, robustly scaled; NaN is missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shelver.config import Number


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
    def fit(cls, spec: Number, columns: Iterable[pa.Array]) -> NumberFeature:
        """Find the quartiles."""
        parts = [_floats(values) for values in columns]
        seen = np.concatenate(parts) if parts else np.empty(0)
        seen = seen[np.isfinite(seen)]
        if len(seen) == 0:
            return cls(spec, 0.0, 1.0)
        low, median, high = np.percentile(seen, [25, 50, 75])
        return cls(spec, float(median), float(high - low) or 1.0)

    def apply(self, values: pa.Array) -> pa.Array:
        """Scaled values of n numbers: float32, length n; NaN where missing or not finite."""
        numbers = _floats(values)
        numbers = np.where(np.isfinite(numbers), numbers, np.nan)
        return pa.array(np.arcsinh((numbers - self.median) / self.spread).astype(np.float32))


def _floats(values: pa.Array) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.asarray(pc.fill_null(values.cast(pa.float64()), float("nan")).to_numpy(zero_copy_only=False))
