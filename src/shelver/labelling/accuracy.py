"""How good the model is on products that nobody looked at: from the share of the questions that was drawn at random.

Products that a strategy chose are the hard ones: a model looks much worse on them than it is on the catalogue. A
product drawn at random stands for all that had no label at that moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from shelver.labelling.candidates import Ints

Bools = npt.NDArray[np.bool_]
Doubles = npt.NDArray[np.float64]

ENOUGH = 30
"""Answers below which a share is not worth showing: its interval is wider than 25 points, unless all are right."""
CONFIDENCE = 0.95
"""How often an interval holds the truth."""


@dataclass(frozen=True)
class Estimate:
    """A figure that is known only so well.

    Attributes
    ----------
    value : float
        Best guess.
    low, high : float
        Interval that holds the truth in 95 of 100 cases.
    answers : int
        Answers of people that it rests on.
    """

    value: float
    low: float
    high: float
    answers: int

    @property
    def enough(self) -> bool:
        """Does it rest on enough answers to be shown?"""
        return self.answers >= ENOUGH


def wilson(share: float, answers: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Interval of a share (Wilson 1927, JASA 22:209; Brown, Cai and DasGupta 2001, section 3.1.1).

    Parameters
    ----------
    share : float
        Share that was seen, from 0 to 1.
    answers : float
        How many it was seen in; need not be whole, for weighted ones.
    confidence : float
        How often the interval shall hold the truth.

    Returns
    -------
    low, high : float
        From 0 to 1 with no answers.
    """
    if answers <= 0:
        return 0.0, 1.0
    z = float(norm.ppf((1 + confidence) / 2))
    middle = (share + z * z / (2 * answers)) / (1 + z * z / answers)
    half = z / (1 + z * z / answers) * sqrt(max(0.0, share * (1 - share)) / answers + z * z / (4 * answers * answers))
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return min(low, share), max(high, share)


def share(right: Bools) -> Estimate:
    """How many of some answers are right, where all of them were drawn at random: shape (answers,)."""
    value = float(right.mean()) if len(right) else 0.0
    return Estimate(value, *wilson(value, len(right)), len(right))


@dataclass(frozen=True)
class Accuracy:
    """How much of a catalogue is on its right shelf.

    Attributes
    ----------
    remaining : Estimate
        Share of the products without a label that the model gets right.
    catalogue : Estimate
        The same of all products, where one with a label counts as right.
    """

    remaining: Estimate
    catalogue: Estimate


def accuracy(right: Bools, believed: Doubles, left: Doubles, labels: int, products: int) -> Accuracy:
    """Accuracy on a catalogue, from answers about products drawn at random.

    Parameters
    ----------
    right : ndarray of bool, shape (draws,)
        Was the model right about each product that was drawn at random, without having seen its label (`cross_fit`)?
    believed : ndarray of float64, shape (draws,)
        Its probability for its answer, without having seen the label.
    left : ndarray of float64, shape (any,)
        Probabilities of its answers about the products without a label: all, or a uniform sample.
    labels : int
        Products that people labelled.
    products : int
        Size of the catalogue.

    Returns
    -------
    Accuracy

    Raises
    ------
    ValueError
        Shapes differ, or there are more labels than products.

    Notes
    -----
    The difference estimator (Särndal, Swensson and Wretman 1992, section 6.3; "prediction-powered" in Angelopoulos et
    al. 2023, arXiv:2301.09633): ``mean(left) + mean(right − believed)``, what the model believes of itself, put right
    by how wrong the belief was on the draws. It holds whatever the probabilities are worth; good ones make it precise.

    The plain share of right answers among the draws, ``share(right)``, is some points too low while a strategy
    chooses the other questions, for two reasons that the difference takes away. The draws include products as hard as
    those that the strategy has labelled since. And where a draw was labelled early, the strategy had no need to ask
    nearby, so that a model without it knows less there than about products that were never drawn; but such a model also
    believes less.

    The interval is Wilson's, with more or fewer answers as the differences vary less or more than a share of this size
    would. As with few answers all may be right, neither variance is taken to be less than that of a share of which two
    more answers were right and two more were wrong (Agresti and Coull 1998).
    """
    if right.shape != believed.shape or right.ndim != 1:
        raise ValueError(f"right has the shape {right.shape}, believed {believed.shape}")
    if labels > products:
        raise ValueError(f"{labels} labels of {products} products")
    n, rest = len(right), products - labels
    if rest == 0 or len(left) == 0:
        nothing = Estimate(1.0, 1.0, 1.0, n)
        return Accuracy(nothing, nothing)
    if n == 0:
        return Accuracy(Estimate(0.0, 0.0, 1.0, 0), Estimate(0.0, labels / products, 1.0, 0))
    differences = right - believed
    value = float(np.clip(left.mean() + differences.mean(), 0.0, 1.0))
    least = 2 * (n + 2) / (n + 4) ** 2
    variance = float((differences**2).sum() - n * differences.mean() ** 2) / max(1, n - 1)
    ratio = max(variance, least) / max(value * (1 - value), least)
    low, high = wilson(value, 1 / (ratio * (1 / n + 1 / rest)))
    low, high = low if right.any() else 0.0, high if not right.all() else 1.0

    def whole(x: float) -> float:
        return (labels + x * rest) / products

    return Accuracy(Estimate(value, low, high, n), Estimate(whole(value), whole(low), whole(high), n))


def macro_f1_interval(truth: Ints, guess: Ints, classes: int, rng: np.random.Generator, times: int = 200) -> Estimate:
    """Mean F1 over the classes that occur, with a percentile bootstrap interval (Efron 1979).

    Parameters
    ----------
    truth, guess : ndarray of int64, shape (answers,)
        Right classes, and the model's, of products drawn at random.
    classes : int
        Number of classes.
    rng : Generator
        Draws the samples.
    times : int
        Number of samples.
    """
    n = len(truth)

    def score(rows: Ints) -> float:
        right = np.bincount(truth[rows][truth[rows] == guess[rows]], minlength=classes)
        both = np.bincount(truth[rows], minlength=classes) + np.bincount(guess[rows], minlength=classes)
        return float((2 * right[both > 0] / both[both > 0]).mean())

    if n == 0:
        return Estimate(0.0, 0.0, 1.0, 0)
    value = score(np.arange(n))
    drawn = [score(rng.integers(0, n, n)) for _ in range(times)]
    low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Estimate(value, min(value, float(low)), max(value, float(high)), n)
