"""What is thought of labelled products by a model that has not seen their labels, and by the words of the tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from shelver.labelling.candidates import Floats, Ints
from shelver.labelling.crossfit import Learner, cross_fit, parts_of

PARTS = 5
"""Parts in which labels are held out in turn."""
NOISE = 0.05
"""Share of labels that may name any class, so that wrong ones do not make the model look unsure of the others."""
_FITTED = 5000  # labels that the temperature is fitted to


@dataclass(frozen=True)
class SecondOpinion:
    """Another view of n labelled products.

    Attributes
    ----------
    probabilities : ndarray of float32, shape (n, classes)
        By models that saw neither the product's label nor those of its twins; as sure as they are right (`tempered`).
    learnt : ndarray of int64, shape (n,)
        How many labels of the class given those models had learnt.
    words : ndarray of float32, shape (n, classes), optional
        By the words of the tree and the rules, without any label; None where the model knows no words.
    """

    probabilities: Floats
    learnt: Ints
    words: Floats | None


def second_opinion(
    learner: Learner, places: Ints, answers: Ints, groups: Ints, *, words: bool, parts: int = PARTS, seed: int = 0
) -> SecondOpinion:
    """Ask for another view.

    Parameters
    ----------
    learner : Learner
        Trains the models.
    places, answers : ndarray of int64, shape (n,)
        Labels.
    groups : ndarray of int64, shape (n,)
        Labels with the same number are held out together.
    words : bool
        Does a model without any label know something?
    parts : int
        Models trained.
    seed : int
        Of the parts and the models.

    Raises
    ------
    ValueError
        There is no label.
    """
    everything = np.ones(len(places), bool)
    _, sources = np.unique(groups, return_inverse=True)
    held = parts_of(everything, sources, min(parts, int(sources.max(initial=0)) + 1), np.random.default_rng(seed))
    probabilities = tempered(answers, cross_fit(learner, places, answers, held, everything, seed=seed))
    counts = np.zeros((int(held.max(initial=0)) + 1, probabilities.shape[1]), np.int64)
    np.add.at(counts, (held, answers), 1)
    learnt = counts.sum(axis=0)[answers] - counts[held, answers]
    told = learner.fit(places[:0], answers[:0], seed).probabilities(places) if words else None
    return SecondOpinion(probabilities, learnt, told)


def tempered(answers: Ints, probabilities: Floats) -> Floats:
    """Probabilities as sure as they are right: one temperature for all (Guo et al. 2017, eq. 9), by the given labels.

    Of a model that learnt from few labels the best class is often right though it gets a small probability.

    Parameters
    ----------
    answers : ndarray of int64, shape (n,)
        Labels; a share of `NOISE` is taken to be of any class.
    probabilities : ndarray of float32, shape (n, classes)
        Of the same products, by models that have not seen these labels.
    """
    step = max(1, len(answers) // _FITTED)
    some, given = np.log(np.maximum(probabilities[::step], 1e-12)), answers[::step]
    likelihoods = []
    temperatures: list[float] = np.geomspace(0.25, 4, 17).tolist()
    for temperature in temperatures:
        own = _softmax(some / temperature)[np.arange(len(given)), given]
        likelihoods.append(np.log((1 - NOISE) * own + NOISE / probabilities.shape[1]).mean())
    best = temperatures[int(np.argmax(likelihoods))]
    return _softmax(np.log(np.maximum(probabilities, 1e-12)) / best)


def _softmax(scores: npt.NDArray[np.floating[Any]]) -> Floats:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    found: Floats = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return found
