"""Labels that are likely wrong, the likeliest first.

**The naive design** flags every label that a model contradicts. Where a category has one or two labels, the model has
hardly seen it and contradicts nearly all of them; where the same title is in two categories, the model may repeat one
of them with great confidence. So three witnesses are heard: a model that has not seen the label (confident learning,
Northcutt, Jiang and Chuang 2021, JAIR 70), the words of the tree where the model knows too little, and the other
labels of the same product.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from shelver.labelling.accuracy import Bools, Doubles
from shelver.labelling.candidates import Floats, Ints

Reason = Literal["", "model", "words", "twins"]
"""Why a label is in doubt: the model says otherwise; it knows too little of the category, but the words of the tree say
otherwise, too; the same product was given another category."""
REASONS: tuple[Reason, ...] = get_args(Reason)

ENOUGH = 3
"""Labels of a category that a model must have learnt for its word to count against another one."""
EVEN = 0.5
"""The model must be surer of one other class than of all the rest: a weak model contradicts half of all labels."""
RANKED = 5
"""A category is not doubted for want of labels if the words of the tree rank it among so many."""
SURE = 3.0
"""How many votes a label counts that somebody looked at twice."""


@dataclass(frozen=True)
class Votes:
    """More answers about labelled products: of other people, or before they were changed.

    Attributes
    ----------
    row, answer : ndarray of int64, shape (votes,)
        Which label they are about, and the class they name.
    """

    row: Ints
    answer: Ints


@dataclass(frozen=True)
class Doubts:
    """What is to be thought of n labels.

    Attributes
    ----------
    wrong : ndarray of float64, shape (n,)
        How likely each is wrong, from 0 to 1; good for an order, and no better calibrated than the model.
    flagged : ndarray of bool, shape (n,)
        Should somebody look?
    suggested : ndarray of int64, shape (n,)
        Best other class; −1 where nobody knows one.
    probability : ndarray of float64, shape (n,)
        Of the best other class.
    reason : ndarray of int64, shape (n,)
        Place in `REASONS`.
    order : ndarray of int64, shape (open,)
        Labels worth a look, the likeliest wrong first: the flagged ones, then the others; without settled ones.
    """

    wrong: Doubles
    flagged: Bools
    suggested: Ints
    probability: Doubles
    reason: Ints
    order: Ints


def doubts(
    answers: Ints,
    groups: Ints,
    probabilities: Floats | None = None,
    learnt: Ints | None = None,
    words: Floats | None = None,
    settled: Bools | None = None,
    votes: Votes | None = None,
) -> Doubts:
    """Judge labels.

    Parameters
    ----------
    answers : ndarray of int64, shape (n,)
        Class given to each product.
    groups : ndarray of int64, shape (n,)
        Labels with the same number are about the same thing, such as products with one title.
    probabilities : ndarray of float32, shape (n, classes), optional
        By models that have not seen the label (`shelver.labelling.crossfit`).
    learnt : ndarray of int64, shape (n,), optional
        How many other labels of the given class that model had seen; needed with `probabilities`.
    words : ndarray of float32, shape (n, classes), optional
        Probabilities from the words of the tree alone.
    settled : ndarray of bool, shape (n,), optional
        Labels that somebody looked at twice; they are not asked about again.
    votes : Votes, optional
        More answers about the same products.
    """
    n = len(answers)
    wrong, flagged, reason = np.zeros(n), np.zeros(n, bool), np.zeros(n, np.int64)
    suggested, probability = np.full(n, -1, np.int64), np.zeros(n)
    if probabilities is not None and n:
        if learnt is None:
            raise ValueError("probabilities need to come with how many labels of each class were learnt")
        wrong, flagged, reason = _by_model(answers, probabilities, learnt, words)
        suggested, probability = best_other(answers, probabilities)
    known = np.zeros(n, bool) if settled is None else settled
    _by_twins(answers, groups, probabilities, known, votes, wrong, flagged, reason, suggested, probability)
    ranked = np.lexsort((-wrong, ~flagged))
    return Doubts(wrong, flagged & ~known, suggested, probability, reason, ranked[~known[ranked]])


def best_other(answers: Ints, probabilities: Floats) -> tuple[Ints, Doubles]:
    """Likeliest class but the one given, and its probability; −1 and 0 if there is only one class."""
    rows = np.arange(len(answers))
    if probabilities.shape[1] < 2:
        return np.full(len(answers), -1, np.int64), np.zeros(len(answers))
    others = probabilities.copy()
    others[rows, answers] = -1
    best = others.argmax(axis=1)
    return best, others[rows, best].astype(np.float64)


def confident_learning(answers: Ints, probabilities: Floats) -> Bools:
    """Labels that confident learning would prune, both by class and by noise rate: shape (n,).

    Only classes that occur among the labels are looked at; the probabilities of the others are left out.
    """
    from cleanlab.filter import find_label_issues  # noqa: PLC0415  (brings pandas along, which takes a second)

    used, codes = np.unique(answers, return_inverse=True)
    if len(used) < 2:
        return np.zeros(len(answers), bool)
    seen = np.maximum(probabilities[:, used].astype(np.float64), 1e-12)
    seen /= seen.sum(axis=1, keepdims=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # it says of classes with few labels that it spares them
        found: Bools = find_label_issues(codes, seen, filter_by="both", n_jobs=1)
    return found


def _by_model(answers: Ints, probabilities: Floats, learnt: Ints, words: Floats | None) -> tuple[Doubles, Bools, Ints]:
    """The model's word; where it has learnt too little of the class, the words of the tree must say the same."""
    rows = np.arange(len(answers))
    given = probabilities[rows, answers].astype(np.float64)
    best, other = best_other(answers, probabilities)
    wrong = (1 - given + other) / 2  # 1 − normalised margin (Northcutt et al. 2021, section 3.2)
    common = learnt >= ENOUGH
    flagged = np.zeros(len(answers), bool)
    if common.any():
        flagged[common] = confident_learning(answers[common], probabilities[common])
    flagged &= other > EVEN
    reason = np.where(flagged, REASONS.index("model"), 0)
    rare = np.flatnonzero(~common)
    if words is None:
        wrong[rare] = np.minimum(wrong[rare], 0.5)
        return wrong, flagged, reason
    told = words[rare]
    own = told[np.arange(len(rare)), answers[rare]]
    rank = (told > own[:, None]).sum(axis=1)
    against = told[np.arange(len(rare)), best[rare]]
    doubted = (rank >= RANKED) & (other[rare] > EVEN) & (against > own)
    wrong[rare] = np.minimum(wrong[rare], (1 - own + against) / 2)
    flagged[rare], reason[rare] = doubted, np.where(doubted, REASONS.index("words"), 0)
    return wrong, flagged, reason


def _by_twins(
    answers: Ints,
    groups: Ints,
    probabilities: Floats | None,
    settled: Bools,
    votes: Votes | None,
    wrong: Doubles,
    flagged: Bools,
    reason: Ints,
    suggested: Ints,
    probability: Doubles,
) -> None:
    """Where one product was given several classes, weigh each by its votes times the model's probability; in place."""
    place = np.concatenate([np.arange(len(answers)), votes.row if votes else answers[:0]])
    named = np.concatenate([answers, votes.answer if votes else answers[:0]])
    weight = np.concatenate([np.where(settled, SURE, 1.0), np.ones(len(named) - len(answers))])
    order = np.argsort(groups[place], kind="stable")
    _, starts = np.unique(groups[place][order], return_index=True)
    for own in np.split(order, starts[1:]) if len(order) else ():
        classes, code = np.unique(named[own], return_inverse=True)
        if len(classes) < 2:
            continue
        counts = np.bincount(code, weight[own])
        for row in own[own < len(answers)].tolist():
            belief = counts if probabilities is None else counts * np.maximum(probabilities[row, classes], 1e-6)
            belief = belief / belief.sum()
            mine = int(np.searchsorted(classes, answers[row]))
            doubt = 1 - float(belief[mine])
            if doubt < 0.5 - 1e-9 or (flagged[row] and doubt <= wrong[row]):
                continue
            rest = np.where(np.arange(len(classes)) == mine, -1, belief)
            wrong[row], flagged[row], reason[row] = doubt, True, REASONS.index("twins")
            suggested[row], probability[row] = classes[rest.argmax()], rest.max()
