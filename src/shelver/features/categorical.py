"""A column with few distinct values as an integer; 0 is missing or unknown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from shelver.config import Categorical


def tidy(values: pa.Array) -> pa.Array:
    """Lower case, without space around; "NIKE " and "Nike" are one value."""
    return pc.utf8_trim_whitespace(pc.utf8_lower(values.cast(pa.string())))


@dataclass(frozen=True)
class CategoricalFeature:
    """A fitted categorical feature.

    Attributes
    ----------
    spec : Categorical
        Its settings.
    values : tuple of str
        Values kept, most frequent first (ties in alphabetical order); the value at place *i* has the number ``i + 1``.
    """

    spec: Categorical
    values: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "_lookup", pa.array(self.values, pa.string()))

    @property
    def size(self) -> int:
        """Number of values kept, and one for missing or unknown."""
        return len(self.values) + 1

    @classmethod
    def fit(cls, spec: Categorical, columns: Iterable[pa.Array]) -> CategoricalFeature:
        """Count the values and keep the most frequent."""
        found: Counter[str] = Counter()
        for values in columns:
            for item in pc.value_counts(tidy(values)).to_pylist():
                if item["values"]:
                    found[item["values"]] += item["counts"]
        kept = sorted((-count, value) for value, count in found.items())[: spec.max_values or None]
        return cls(spec, tuple(value for _, value in kept))

    def apply(self, values: pa.Array) -> pa.Array:
        """Numbers of n values: int32, length n."""
        places = pc.index_in(tidy(values), value_set=self._lookup, skip_nulls=True)  # type: ignore[attr-defined]
        return pc.add(pc.fill_null(places, -1), pa.scalar(1, pa.int32()))
