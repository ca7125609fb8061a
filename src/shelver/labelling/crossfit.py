"""What the model says about labelled products if it has not seen their label."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from shelver.labelling.accuracy import Bools
from shelver.labelling.candidates import Floats, Ints

NEVER = -1
"""Part of a label that is never held out."""


class Model(Protocol):
    """A trained model; `shelver.labelling.fitting.Fitted` is one."""

    def probabilities(self, places: Ints | None = None) -> Floats:
        """Probabilities of products by their places: shape (n, classes)."""


class Learner(Protocol):
    """What trains a model; `shelver.labelling.fitting.Fitter` is one."""

    def fit(self, places: Ints, answers: Ints, seed: int = 0) -> Model:
        """Learn labels: places and classes, shape (labels,)."""


def parts_of(held: Bools, sources: Ints, parts: int, rng: np.random.Generator) -> Ints:
    """Part in which each label is held out.

    Parameters
    ----------
    held : ndarray of bool, shape (labels,)
        Labels that the model is to be judged by.
    sources : ndarray of int64, shape (labels,)
        Number of the label that each was made of, its own if a person gave it. Labels of one source are held out
        together: a model that has seen a copy has seen the answer.
    parts : int
        Number of parts, of nearly equal size.
    rng : Generator
        Deals them out.

    Returns
    -------
    ndarray of int64, shape (labels,)
        From 0; −1 for labels that are never held out.
    """
    wanted = np.unique(sources[held])
    dealt = rng.permutation(len(wanted)) % max(1, parts)
    if len(wanted) == 0:
        return np.full(len(held), NEVER, np.int64)
    place = np.minimum(np.searchsorted(wanted, sources), len(wanted) - 1)
    return np.where(wanted[place] == sources, dealt[place], NEVER).astype(np.int64)


def cross_fit(
    learner: Learner, places: Ints, answers: Ints, parts: Ints, judged: Bools, first: int | None = None, seed: int = 0
) -> Floats:
    """Probabilities of labelled products by models that have not seen their labels (Stone 1974).

    Parameters
    ----------
    learner : Learner
        Trains the models, one for each part.
    places, answers : ndarray of int64, shape (labels,)
        Labels, in the order in which they came.
    parts : ndarray of int64, shape (labels,)
        From `parts_of`.
    judged : ndarray of bool, shape (labels,)
        Labels to give probabilities for; each belongs to a part.
    first : int, optional
        Learn only from so many of the first labels: how things were then. All labels are judged nevertheless, so that
        figures of different sizes are about the same products.
    seed : int
        Seed of the models.

    Returns
    -------
    ndarray of float32, shape (judged labels, classes)
    """
    there = np.arange(len(places)) < (len(places) if first is None else first)
    found: Floats | None = None
    rows = np.flatnonzero(judged)
    for part in range(int(parts.max(initial=NEVER)) + 1):
        learnt = there & (parts != part)
        wanted = parts[rows] == part
        if not wanted.any():
            continue
        told = learner.fit(places[learnt], answers[learnt], seed).probabilities(places[rows[wanted]])
        if found is None:
            found = np.zeros((len(rows), told.shape[1]), np.float32)
        found[wanted] = told
    if found is None:
        raise ValueError("no label is to be judged")
    return found


def sizes_of(labels: int, least: int = 20, points: int = 6) -> list[int]:
    """Numbers of first labels at which a learning curve is measured: in equal ratios, from an eighth of all to all."""
    start = max(least, labels // 8)
    if start >= labels:
        return [labels] if labels else []
    return sorted({round(size) for size in np.geomspace(start, labels, points)})


def steps_back(labels: int, batch: int, times: int) -> Iterator[int]:
    """Numbers of labels after each of the last rounds, oldest first, the present last."""
    for back in range(times, -1, -1):
        if labels - back * batch >= batch:
            yield labels - back * batch
