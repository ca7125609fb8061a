"""What learning curves say: bands over seeds, the area under a curve, the labels it takes to reach a target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]
How = Literal["t", "bootstrap"]
"""``t``: Student's interval of a mean; ``bootstrap``: percentiles of the means of samples drawn with replacement."""
Word = Literal["better", "worse", "no clear difference", "one seed"]

DRAWS = 2000
"""Samples of a bootstrap interval."""


@dataclass(frozen=True)
class Interval:
    """A mean over seeds, and where the true one lies.

    Attributes
    ----------
    mean : float
        Of the seeds.
    low, high : float or None
        Ends of the interval; None with a single seed, which says nothing about others.
    """

    mean: float
    low: float | None
    high: float | None


def interval(values: Sequence[float], level: float = 0.95, how: How = "t", seed: int = 0) -> Interval:
    """Mean of one value a seed, with its confidence interval.

    Parameters
    ----------
    values : sequence of float
        One for each seed, at least one.
    level : float
        Confidence, between 0 and 1.
    how : How
        ``t``: ``mean ± t · s / √n``, with the quantile *t* of Student's distribution with *n* − 1 degrees of freedom;
        ``bootstrap``: Efron and Tibshirani 1993, section 13.3.
    seed : int
        Of the bootstrap.

    Examples
    --------
    >>> interval([0.5])
    Interval(mean=0.5, low=None, high=None)
    """
    found = np.asarray(values, np.float64)
    if not len(found):
        raise ValueError("an interval of no values")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; expected a number between 0 and 1")
    mean = float(found.mean())
    if len(found) == 1:
        return Interval(mean, None, None)
    if how == "t":
        half = float(stats.t.ppf((1 + level) / 2, len(found) - 1) * found.std(ddof=1) / np.sqrt(len(found)))
        return Interval(mean, mean - half, mean + half)
    drawn = np.random.default_rng(seed).choice(found, (DRAWS, len(found))).mean(axis=1)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Interval(mean, float(low), float(high))


def area(labels: Sequence[float], values: Sequence[float]) -> float:
    """Area under a curve, divided by its width: the mean height over the labels.

    Parameters
    ----------
    labels : sequence of float, length n
        Ascending.
    values : sequence of float, length n
        Heights, joined by straight lines.

    Examples
    --------
    >>> area([0, 10, 20], [0.0, 0.5, 0.5])
    0.375
    """
    if not labels or len(labels) != len(values):
        raise ValueError(f"a curve of {len(labels)} numbers of labels and {len(values)} values")
    if len(labels) == 1:
        return float(values[0])
    return float(np.trapezoid(values, labels) / (labels[-1] - labels[0]))


def labels_to_reach(labels: Sequence[float], values: Sequence[float], target: float) -> float | None:
    """How many labels it takes until a curve first has some height, on the straight line between two measured points.

    Returns
    -------
    float or None
        None: the curve does not get there.

    Examples
    --------
    >>> labels_to_reach([0, 100, 200], [0.2, 0.4, 0.8], 0.6)
    150.0
    """
    if len(labels) != len(values):
        raise ValueError(f"a curve of {len(labels)} numbers of labels and {len(values)} values")
    above = np.flatnonzero(np.asarray(values, np.float64) >= target)
    if not len(above):
        return None
    place = int(above[0])
    if place == 0:
        return float(labels[0])
    rise = (target - values[place - 1]) / (values[place] - values[place - 1])
    return float(labels[place - 1] + rise * (labels[place] - labels[place - 1]))


@dataclass(frozen=True)
class Needed:
    """Labels needed to reach a target.

    Attributes
    ----------
    seeds : tuple of float or None
        For each seed; None: not within its budget.
    mean : float or None
        Over the seeds; None unless all of them reach the target.
    low, high : float or None
        Ends of the interval of the mean.
    """

    seeds: tuple[float | None, ...]
    mean: float | None
    low: float | None
    high: float | None

    @property
    def reached(self) -> int:
        """Number of seeds that reach the target."""
        return sum(each is not None for each in self.seeds)


def needed(found: Sequence[float | None], level: float = 0.95, how: How = "t") -> Needed:
    """Put together what `labels_to_reach` says of each seed."""
    there = [each for each in found if each is not None]
    if not there or len(there) < len(found):
        return Needed(tuple(found), None, None, None)
    over = interval(there, level, how)
    low = None if over.low is None else max(0.0, over.low)
    return Needed(tuple(found), over.mean, low, over.high)


@dataclass(frozen=True)
class Difference:
    """How much higher one curve is than another, by the mean over seeds of the differences within each seed.

    Attributes
    ----------
    mean, low, high : float
        Difference with its interval; see `Interval`.
    word : str
        What it comes to: the interval does not hold 0, or it does.
    """

    mean: float
    low: float | None
    high: float | None
    word: Word


def compare(values: Sequence[float], others: Sequence[float], level: float = 0.95, how: How = "t") -> Difference:
    """Compare two ways by one value a seed, the same seeds in the same order."""
    if len(values) != len(others):
        raise ValueError(f"{len(values)} seeds beside {len(others)}")
    found = interval([mine - other for mine, other in zip(values, others, strict=True)], level, how)
    if found.low is None or found.high is None:
        return Difference(found.mean, None, None, "one seed")
    word: Word = "better" if found.low > 0 else "worse" if found.high < 0 else "no clear difference"
    return Difference(found.mean, found.low, found.high, word)
