"""Curves of confidence: is it to be believed, and how much can be accepted without a look."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Bin:
    """Answers whose confidence is in ``low <= confidence < high``, of a reliability diagram."""

    low: float
    high: float
    rows: int
    confidence: float
    right: float


def reliability(confidence: Floats, correct: Bools, bins: int = 15) -> tuple[Bin, ...]:
    """Reliability diagram (Guo et al. 2017, arXiv:1706.04599, section 2); empty bins are left out.

    Parameters
    ----------
    confidence : ndarray of float64, shape (rows,)
        Probability of each answer.
    correct : ndarray of bool, shape (rows,)
        Was it right?
    bins : int
        Bins of equal width. The mean of ``|right − confidence|``, weighted by `rows`, is the expected calibration error
        (`shelver.training.metrics.calibration_error`).
    """
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    counts = np.bincount(place, minlength=bins)
    sums = np.bincount(place, confidence, bins)
    right = np.bincount(place, correct, bins)
    return tuple(
        Bin(i / bins, (i + 1) / bins, int(counts[i]), float(sums[i] / counts[i]), float(right[i] / counts[i]))
        for i in range(bins)
        if counts[i]
    )


@dataclass(frozen=True)
class Accepted:
    """What happens if all answers from a confidence on are accepted without a look.

    Attributes
    ----------
    threshold : float
        The confidence.
    coverage : float
        Share of all products that are accepted.
    precision : float
        Share of these that are right.
    """

    threshold: float
    coverage: float
    precision: float


def precision_coverage(confidence: Floats, correct: Bools, points: int = 100) -> tuple[Accepted, ...]:
    """Precision against coverage, most confident answers first; equal confidences are accepted together.

    Parameters
    ----------
    confidence : ndarray of float64, shape (rows,)
        Probability of each answer.
    correct : ndarray of bool, shape (rows,)
        Was it right?
    points : int
        Points given at most, spread evenly over coverage; the last one, coverage 1, is always among them.
    """
    if len(confidence) == 0:
        return ()
    sure, precision, steps = most_confident_first(confidence, correct)
    if len(steps) > points:
        wanted = np.linspace(0, len(sure) - 1, points)
        steps = np.unique(steps[np.minimum(np.searchsorted(steps, wanted), len(steps) - 1)])
    return tuple(Accepted(float(sure[i]), float((i + 1) / len(sure)), float(precision[i])) for i in steps)


def most_confident_first(confidence: Floats, correct: Bools) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    """Answers in the order in which they would be accepted.

    Returns
    -------
    sure : ndarray of float64, shape (rows,)
        Confidence, descending.
    precision : ndarray of float64, shape (rows,)
        Share that is right of all answers so far.
    ends : ndarray of int64
        Where equal confidences end: these are accepted together or not at all.
    """
    order = np.argsort(-confidence, kind="stable")
    sure = confidence[order]
    precision = np.cumsum(correct[order]) / np.arange(1, len(order) + 1)
    return sure, precision, np.flatnonzero(np.append(sure[1:] != sure[:-1], True)[: len(sure)])
