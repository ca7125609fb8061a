"""Where labels are missed most, and which categories want to be merged, split or looked at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import binom

from shelver.labelling.accuracy import Bools, Doubles, Estimate, wilson
from shelver.labelling.candidates import Floats, Ints

BACKGROUND = 0.1
"""Share of mistakes between two categories that is nothing to worry about."""
SURE = 0.05
"""Expected share of false findings among all pairs of categories that are named (Benjamini and Hochberg 1995)."""
MISTAKES = 2
"""Mistakes needed in each direction."""


@dataclass(frozen=True)
class Category:
    """What is known about one category.

    Attributes
    ----------
    place : int
        Its number among the exclusive classes.
    labels : int
        Products that people put there.
    products : float
        Products without a label that the model puts there.
    right : float
        Share of these that are expected to be right: their mean probability.
    """

    place: int
    labels: int
    products: float
    right: float

    @property
    def wrong(self) -> float:
        """Products that are expected to be wrong there."""
        return self.products * (1 - self.right)


def categories(guess: Ints, confidence: Doubles, labelled: Ints, classes: int, scale: float = 1.0) -> list[Category]:
    """Size and expected accuracy of every category.

    Parameters
    ----------
    guess : ndarray of int64, shape (products,)
        Class that the model gives each product without a label.
    confidence : ndarray of float64, shape (products,)
        Its calibrated probability.
    labelled : ndarray of int64, shape (labels,)
        Classes that people gave.
    classes : int
        Number of classes.
    scale : float
        Products of the catalogue for each product here.
    """
    size = np.bincount(guess, minlength=classes)
    sure = np.bincount(guess, weights=confidence, minlength=classes)
    labels = np.bincount(labelled, minlength=classes)
    mean = sure / np.maximum(size, 1)
    return [
        Category(place, int(labels[place]), float(size[place] * scale), float(mean[place])) for place in range(classes)
    ]


@dataclass(frozen=True)
class Confused:
    """Two categories that the model takes for each other in both directions.

    Attributes
    ----------
    one, other : int
        Their classes.
    one_as_other, other_as_one : int
        Labelled products of the first that the model puts in the second, and the other way round.
    labels : int
        Labelled products of the two that the model puts in either.
    wrong : Estimate
        Share of these that it takes for the other.
    p : float
        How likely so many mistakes are if 10% are usual.
    """

    one: int
    other: int
    one_as_other: int
    other_as_one: int
    labels: int
    wrong: Estimate
    p: float


def confused(truth: Ints, guess: Ints, classes: int) -> list[Confused]:
    """Pairs of categories that may be one: confused in both directions more often than usual.

    Parameters
    ----------
    truth : ndarray of int64, shape (labels,)
        Classes that people gave.
    guess : ndarray of int64, shape (labels,)
        Classes of the model, which has not seen these labels (`cross_fit`).
    classes : int
        Number of classes.

    Returns
    -------
    list of Confused
        Worst first. Each has at least two mistakes in either direction, and more than 10% of them by a binomial test,
        with the false discovery rate over all pairs held at 5% (Benjamini and Hochberg 1995, p. 293).
    """
    pairs, counts = np.unique(truth * classes + guess, return_counts=True)
    count = dict(zip(pairs.tolist(), counts.tolist(), strict=True))
    found, tested = [], 0
    for pair, there in count.items():
        one, other = divmod(pair, classes)
        back = count.get(other * classes + one, 0)
        if one >= other:
            tested += one > other and other * classes + one not in count
            continue
        tested += 1
        if min(there, back) < MISTAKES:
            continue
        labels = there + back + count.get(one * classes + one, 0) + count.get(other * classes + other, 0)
        share = (there + back) / labels
        wrong = Estimate(share, *wilson(share, labels), labels)
        found.append(
            Confused(one, other, there, back, labels, wrong, float(binom.sf(there + back - 1, labels, BACKGROUND)))
        )
    found.sort(key=lambda each: (each.p, -each.labels))
    passed = [rank for rank, each in enumerate(found, 1) if each.p <= SURE * rank / tested]
    return found[: max(passed, default=0)]


@dataclass(frozen=True)
class Unsure:
    """A category for which people often had no answer: its class, questions, and the share without an answer."""

    place: int
    questions: int
    unsure: Estimate


def unsure(guess: Ints, answered: Bools, classes: int, least: int = 5, limit: int = 5) -> list[Unsure]:
    """Categories for which people said most often that they are not sure.

    Parameters
    ----------
    guess : ndarray of int64, shape (questions,)
        Class that the model guessed when the question was asked.
    answered : ndarray of bool, shape (questions,)
        False: the person was not sure.
    classes : int
        Number of classes.
    least : int
        Questions that a category needs to be named.
    limit : int
        Categories named at most.

    Returns
    -------
    list of Unsure
        Those whose share is above that of all questions, by its lower end.
    """
    asked = np.bincount(guess, minlength=classes)
    gave_up = np.bincount(guess[~answered], minlength=classes)
    usual = gave_up.sum() / max(1, asked.sum())
    found = []
    for place in np.flatnonzero((asked >= least) & (gave_up > 0)).tolist():
        share = gave_up[place] / asked[place]
        low, high = wilson(float(share), int(asked[place]))
        if low > usual:
            found.append(Unsure(place, int(asked[place]), Estimate(float(share), low, high, int(asked[place]))))
    return sorted(found, key=lambda each: -each.unsure.low)[:limit]


Places = npt.NDArray[np.int64]


def answers_of(probabilities: Floats, temperature: float = 1.0) -> tuple[Places, Doubles]:
    """The most probable class of each product and its probability, after temperature scaling (Guo et al. 2017, eq. 9).

    Parameters
    ----------
    probabilities : ndarray of float32, shape (n, classes)
        Of one class of several.
    temperature : float
        Above 1: less sure.
    """
    guess = probabilities.argmax(1).astype(np.int64)
    logs = np.log(np.maximum(probabilities.astype(np.float64), 1e-30))
    top = logs[np.arange(len(guess)), guess][:, None]
    return guess, 1 / np.exp((logs - top) / temperature).sum(1)
