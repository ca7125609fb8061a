"""A column with few distinct values as an integer; 0 is missing or unknown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc

from shelver.config import Categorical
from shelver.features.counts import CAPACITY, TokenCounts


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
    def fit(cls, spec: Categorical, columns: Iterable[pa.Array]) -> Self:
        """Count the values and keep the most frequent."""
        learner = CategoricalLearner(spec)
        for values in columns:
            learner.add(values)
        return cls(spec, learner.values())

    def apply(self, values: pa.Array) -> pa.Array:
        """Numbers of n values: int32, length n."""
        places = pc.index_in(tidy(values), value_set=self._lookup, skip_nulls=True)  # type: ignore[attr-defined]
        return pc.add(pc.fill_null(places, -1), pa.scalar(1, pa.int32()))


class CategoricalLearner:
    """Learns the values of a categorical feature from a stream of columns.

    Memory does not grow with the catalogue, unless all values are to be kept.

    Parameters
    ----------
    spec : Categorical
        The feature's settings.
    """

    def __init__(self, spec: Categorical) -> None:
        self.spec, self.counts = spec, TokenCounts(spec.max_values and max(CAPACITY, 8 * spec.max_values))

    def add(self, values: pa.Array) -> None:
        """Count the values of a column."""
        for window in self.counts.windows(values):
            found = pc.value_counts(tidy(window))
            filled = found.filter(pc.fill_null(pc.not_equal(found.field("values"), ""), False))
            self.counts.add(filled.field("values"), filled.field("counts").to_numpy())

    def values(self) -> tuple[str, ...]:
        """Values kept; see `CategoricalFeature`."""
        return self.counts.most_frequent(self.spec.max_values)[0]

    def fitted(self) -> CategoricalFeature:
        """What was learnt."""
        return CategoricalFeature(self.spec, self.values())
