"""What more labels will bring: a curve through the accuracy at fewer labels, carried on."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from shelver.labelling.accuracy import CONFIDENCE, ENOUGH, Bools, Doubles, Estimate

EXPONENTS = np.geomspace(0.05, 2.0, 40)
"""Exponents that are tried."""
USUAL, SPREAD = 0.5, 0.5
"""Exponent to expect, and standard deviation of its logarithm: Hestness et al. 2017 (arXiv:1712.00409, table 1) saw
0.07 to 0.35 on large data sets, learning theory says 0.5 to 1."""
POINTS = 4
"""Numbers of labels that a curve needs at least: it has three unknowns."""
SAMPLES = 300
"""Bootstrap samples."""


@dataclass(frozen=True)
class Curve:
    """Errors by the number of labels: ``e(n) = a + b n^-c``, as many curves as samples.

    Attributes
    ----------
    a, b, c : ndarray of float64, shape (samples,)
        Errors that stay whatever is labelled, size, and steepness; none is negative.
    """

    a: Doubles
    b: Doubles
    c: Doubles

    def errors(self, labels: float) -> Doubles:
        """Share of wrong products after so many labels: shape (samples,)."""
        return np.minimum(1.0, self.a + self.b * labels**-self.c)

    def labels(self, error: float) -> Doubles:
        """Labels after which errors are so few: shape (samples,); infinite where they never are."""
        with np.errstate(divide="ignore", over="ignore"):
            found = np.where(error > self.a, (self.b / np.maximum(error - self.a, 1e-300)) ** (1 / self.c), np.inf)
        return np.where(self.a + self.b <= error, 1.0, found)


def fit_curve(labels: Doubles, errors: Doubles, answers: int) -> Curve:
    """Fit a power law with an offset (Cortes et al. 1993, NIPS 6, eq. 1; Hestness et al. 2017) to measured errors.

    Parameters
    ----------
    labels : ndarray of float64, shape (sizes,)
        Numbers of labels, ascending, above 0.
    errors : ndarray of float64, shape (samples, sizes)
        Share of wrong products after so many labels.
    answers : int
        Products that they were measured on.

    Returns
    -------
    Curve

    Notes
    -----
    Minimises ``Σ_j (n_j / n_J) (e_j − a − b n_j^-c)² m / v + (ln c − ln 0.5)² / 0.5²`` over a, b ≥ 0 and a grid of c, m
    being the answers and v the variance of one of them: larger sizes weigh more, as the curve is to be carried on from
    there, and where the points say little about c, it stays near 0.5.
    """
    samples = len(errors)
    weight = labels / labels[-1]
    variance = np.maximum(errors.mean(1) * (1 - errors.mean(1)), 0.01) / max(1, answers)  # (samples,)
    best = np.full(samples, np.inf)
    a, b, c = np.zeros(samples), np.zeros(samples), np.full(samples, USUAL)
    total = weight.sum()
    mean_e = errors @ weight / total  # (samples,)
    for exponent in EXPONENTS:
        basis = (labels / labels[-1]) ** -exponent  # (sizes,)
        mean_u = basis @ weight / total
        slope = (errors - mean_e[:, None]) @ (weight * (basis - mean_u)) / (weight @ (basis - mean_u) ** 2)
        slope = np.maximum(slope, 0.0)
        through = errors @ (weight * basis) / (weight @ basis**2)  # the slope with no offset
        offset = mean_e - slope * mean_u
        slope, offset = np.where(offset < 0, through, slope), np.maximum(offset, 0.0)
        missed = (errors - offset[:, None] - slope[:, None] * basis) ** 2 @ weight
        cost = missed / variance + (math.log(exponent / USUAL) / SPREAD) ** 2
        better = cost < best
        best[better] = cost[better]
        a[better], b[better], c[better] = offset[better], slope[better] * labels[-1] ** exponent, exponent
    return Curve(a, b, c)


@dataclass(frozen=True)
class Gain:
    """What more labels are expected to bring.

    Attributes
    ----------
    points : Estimate
        Share of the products without a label that `more` labels will put right besides those that are right now.
    more : int
        That many labels.
    labels : float
        Labels of today.
    measured : tuple of (float, Estimate)
        Share of right products at fewer labels: what the curve goes through.
    curve, samples : Curve
        The best one, and one for each bootstrap sample.
    """

    points: Estimate
    more: int
    labels: float
    measured: tuple[tuple[float, Estimate], ...]
    curve: Curve
    samples: Curve

    def right(self, labels: float) -> Estimate:
        """Share of right products after so many labels."""
        return _estimate(1 - self.curve.errors(labels), 1 - self.samples.errors(labels), self.points.answers)

    def labels_for(self, right: float) -> Estimate | None:
        """Labels after which this share of the products is right, all in all; None if as things go it never is.

        The upper end is infinite if it may never be.
        """
        found = self.curve.labels(1 - right)
        if not np.isfinite(found[0]):
            return None
        return _estimate(found, self.samples.labels(1 - right), self.points.answers)


def gain(labels: Doubles, right: Bools, rng: np.random.Generator, more: int = 100) -> Gain | None:
    """What more labels will bring, if things go on as they did.

    Parameters
    ----------
    labels : ndarray of float64, shape (sizes,)
        Numbers of labels learnt from, ascending, above 0; the last is today's.
    right : ndarray of bool, shape (answers, sizes)
        Was the model right about products drawn at random, after so many labels?
    rng : Generator
        Draws the samples for the interval: products with replacement (Efron 1979), so that what the sizes have in
        common, being measured on the same products, does not blur the difference between them.
    more : int
        Number of labels to look ahead.

    Returns
    -------
    Gain or None
        None where that cannot be told yet: fewer than 30 answers or 4 sizes.
    """
    answers, sizes = right.shape
    if sizes != len(labels):
        raise ValueError(f"{sizes} columns for {len(labels)} sizes")
    if answers < ENOUGH or sizes < POINTS:
        return None
    wrong = 1.0 - right
    counts = rng.multinomial(answers, np.full(answers, 1 / answers), SAMPLES)  # (samples, answers)
    drawn = counts @ wrong / answers  # (samples, sizes)
    curve = fit_curve(labels, wrong.mean(0)[None], answers)
    samples = fit_curve(labels, drawn, answers)
    now = float(labels[-1])
    points = _estimate(
        curve.errors(now) - curve.errors(now + more), samples.errors(now) - samples.errors(now + more), answers
    )
    measured = [_estimate(1 - wrong.mean(0)[j : j + 1], 1 - drawn[:, j], answers) for j in range(sizes)]
    return Gain(points, more, now, tuple(zip(labels.tolist(), measured, strict=True)), curve, samples)


def _estimate(value: Doubles, samples: Doubles, answers: int) -> Estimate:
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(samples, [tail, 1 - tail], method="closest_observation")
    return Estimate(float(value[0]), min(float(low), float(value[0])), max(float(high), float(value[0])), answers)
