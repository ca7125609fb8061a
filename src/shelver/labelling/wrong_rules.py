"""Which rules are most often wrong: judged by people's labels and, where these are few, by a model.

**The naive design** counts the labels that contradict each rule. It blames the rules that people happened to label
most, and calls a rule with one label, that agrees, perfect. Here every rule has a precision with an interval, and the
first in the list is the one that surely does most harm: its matches times the share that is wrong at least.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import beta

from shelver.catalogue.tree import Tree
from shelver.labelling.accuracy import CONFIDENCE, Bools, Doubles, wilson
from shelver.labelling.candidates import Floats, Ints
from shelver.models.classes import Classes

Basis = Literal["labels", "model", "nothing"]

ENOUGH = 10
"""Labels of a rule's matches from which on they alone say how good it is."""
MODEL_WEIGHT = 4.0
"""How many labels the model's word about a rule is worth where labels are fewer."""
JUDGED = 20
"""Firings that people judged, from which on the model's word about others is put right by them."""
SURE = 0.8
"""Probability from which on the model's word about a product counts when words are compared."""


@dataclass(frozen=True)
class Firings:
    """Rules and products on which they fired: arrays of one length m.

    Attributes
    ----------
    rule, product : ndarray of int64, shape (m,)
        Number of the rule; number of the product.
    right : ndarray of float64, shape (m,)
        1 or 0 where a person labelled the product, else the model's probability that the rule is right; NaN: unknown.
    human : ndarray of bool, shape (m,)
        Did a person say so?
    """

    rule: Ints
    product: Ints
    right: Doubles
    human: Bools

    def of(self, rule: int) -> Firings:
        """Those of one rule."""
        own = self.rule == rule
        return Firings(self.rule[own], self.product[own], self.right[own], self.human[own])


@dataclass(frozen=True)
class RulePrecision:
    """How good one rule is.

    Attributes
    ----------
    rule : int
        Its number.
    matches : int
        Products on which it fired.
    right, wrong : int
        Of them, those whose label is in or below the rule's category, and the other labelled ones.
    basis : str
        What the precision rests on: ``labels``; ``model``, with the labels there are; or ``nothing``.
    precision, low, high : float
        Share of its matches that are right, and its 95% interval.
    """

    rule: int
    matches: int
    right: int
    wrong: int
    basis: Basis
    precision: float
    low: float
    high: float

    @property
    def wrong_products(self) -> tuple[float, float, float]:
        """Products that the rule puts in a wrong place: at least, likely, at most."""
        return self.matches * (1 - self.high), self.matches * (1 - self.precision), self.matches * (1 - self.low)


@dataclass(frozen=True)
class TellingWord:
    """A word that is in wrong matches of a rule and hardly in right ones.

    Attributes
    ----------
    word : str
        As in the titles, in lower case.
    wrong, right : int
        Wrong and right matches with it.
    score : float
        Log odds in standard deviations.
    """

    word: str
    wrong: int
    right: int
    score: float


def verdicts(tree: Tree, assigned: Ints, labels: Ints) -> Doubles:
    """Is each label in or below the category that a rule assigned?

    Parameters
    ----------
    tree : Tree
        Categories.
    assigned, labels : ndarray of int64, shape (m,)
        Places in the tree of the rules' categories and of the labels; −1: no label.

    Returns
    -------
    ndarray of float64, shape (m,)
        1 right, 0 wrong; NaN where there is no label, or one that does not decide: above the rule's category, which
        holds none that people could have assigned instead.
    """
    slices = [tree.span(category.category_id) for category in tree]
    start, stop = (np.asarray(ends, np.int64) for ends in zip(*((s.start, s.stop) for s in slices), strict=True))
    empty = np.asarray([not any(category.exclusive for category in tree.categories[each]) for each in slices])
    within = (start[assigned] <= labels) & (labels < stop[assigned])
    above = (start[labels] <= assigned) & (assigned < stop[labels])
    unknown = (labels < 0) | (above & ~within & empty[assigned])
    return np.where(unknown, np.nan, within.astype(np.float64))


def sample_firings(product: Ints, rule: Ints, wanted: Bools, size: int) -> Bools:
    """At most `size` firings of each rule among the wanted ones, at random but the same every time: shape (m,)."""
    chance = (product.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(11)  # Fibonacci hashing
    places = np.flatnonzero(wanted)
    order = places[np.lexsort((chance[places], rule[places]))]
    first = np.searchsorted(rule[order], rule[order])
    kept = np.zeros(len(rule), bool)
    kept[order[np.arange(len(order)) - first < size]] = True
    return kept


def calibrated(believed: Doubles, judged: Doubles, right: Doubles) -> Doubles:
    """Probabilities put right by firings that people judged: logistic in their log odds (Platt 1999).

    Parameters
    ----------
    believed : ndarray of float64, shape (m,)
        The model's probabilities that rules are right.
    judged, right : ndarray of float64, shape (k,)
        Its probabilities where people decided, without having seen their labels; and what they decided, 1 or 0.

    Returns
    -------
    ndarray of float64, shape (m,)
        As they were if fewer than `JUDGED` were judged, or all alike.
    """
    if len(right) < JUDGED or right.min() == right.max():
        return believed
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  (takes a second to import)

    scale = LogisticRegression().fit(_log_odds(judged)[:, None], right.astype(np.int64))
    found: Doubles = scale.predict_proba(_log_odds(believed)[:, None])[:, 1] if len(believed) else believed
    return found


def _log_odds(share: Doubles) -> Doubles:
    sure = np.clip(share, 1e-4, 1 - 1e-4)
    odds: Doubles = np.log(sure / (1 - sure))
    return odds


def inside(classes: Classes, categories: Ints, probabilities: Floats) -> Doubles:
    """Probability that each product belongs in or below a category.

    Parameters
    ----------
    classes : Classes
        Classes and tree.
    categories : ndarray of int64, shape (n,)
        Places in the tree.
    probabilities : ndarray of float32, shape (n, classes)
        Of the exclusive classes.

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    sums = np.zeros((len(probabilities), probabilities.shape[1] + 1))
    np.cumsum(probabilities, axis=1, dtype=np.float64, out=sums[:, 1:])
    rows, spans = np.arange(len(categories)), classes.spans[categories]
    found: Doubles = np.clip(sums[rows, spans[:, 1]] - sums[rows, spans[:, 0]], 0.0, 1.0)
    return found


def judge_rules(firings: Firings, matches: Ints) -> list[RulePrecision]:
    """Precision of every rule, the most harmful first.

    With `ENOUGH` labels or more it is the share of them that are right, with Wilson's interval. With fewer, the mean of
    the model's probabilities counts as `MODEL_WEIGHT` labels beside them: the Beta posterior's mean and quantiles.

    Parameters
    ----------
    firings : Firings
        All with a label, and a sample of the others.
    matches : ndarray of int64, shape (rules,)
        Products on which each rule fired.

    Returns
    -------
    list of RulePrecision
        By the number of wrong products at least, then by the likely number, then by the number of the rule.
    """
    rules = len(matches)
    human, told = firings.human, ~firings.human & ~np.isnan(firings.right)
    labels = np.bincount(firings.rule[human], minlength=rules)
    right = np.bincount(firings.rule[human], firings.right[human], rules)
    sampled = np.bincount(firings.rule[told], minlength=rules)
    believed = np.bincount(firings.rule[told], firings.right[told], rules)
    found = []
    for rule in range(rules):
        n, hits = int(labels[rule]), int(right[rule])
        basis: Basis = "labels"
        if n >= ENOUGH or (n and not sampled[rule]):
            precision = hits / n
            low, high = wilson(precision, n)
        elif sampled[rule]:
            basis, mean = "model", float(believed[rule] / sampled[rule])
            a, b = hits + MODEL_WEIGHT * mean, n - hits + MODEL_WEIGHT * (1 - mean)
            precision, tail = a / (a + b), (1 - CONFIDENCE) / 2
            low, high = (float(np.nan_to_num(beta.ppf(q, max(a, 1e-3), max(b, 1e-3)))) for q in (tail, 1 - tail))
        else:
            basis, precision, low, high = "nothing", 1.0, 0.0, 1.0
        found.append(RulePrecision(rule, int(matches[rule]), hits, n - hits, basis, precision, low, high))
    return sorted(found, key=lambda one: (-one.wrong_products[0], -one.wrong_products[1], one.rule))


def telling_words(
    words: Sequence[frozenset[str]], right: Doubles, without: frozenset[str] = frozenset(), most: int = 3
) -> list[TellingWord]:
    """Words that tell a rule's wrong matches from its right ones: candidates for its ``not``.

    Log odds ratio of a match with the word being wrong, one half added to every cell (Haldane 1956), over its standard
    error.

    Parameters
    ----------
    words : sequence of frozenset of str, length m
        Words of each match.
    right : ndarray of float64, shape (m,)
        1 right, 0 wrong; probabilities between are rounded where they are sure (`SURE`) and left out elsewhere.
    without : frozenset of str
        Words not to name: those the rule looks for.
    most : int
        How many.

    Returns
    -------
    list of TellingWord
        Clear cases only: in 3 wrong matches or more, at least 9 of 10 matches with the word are wrong, and the log odds
        are beyond 1.96 standard deviations. The best first.
    """
    bad = [words[i] for i in np.flatnonzero(right <= 1 - SURE).tolist()]
    good = [words[i] for i in np.flatnonzero(right >= SURE).tolist()]
    vocabulary = sorted(frozenset[str]().union(*bad) - without)
    if not vocabulary or not good:
        return []
    y_bad = np.asarray([sum(word in own for own in bad) for word in vocabulary], float)
    y_good = np.asarray([sum(word in own for own in good) for word in vocabulary], float)
    cells = np.stack([y_bad, len(bad) - y_bad, y_good, len(good) - y_good]) + 0.5  # (4, words)
    score = (np.log(cells[0] / cells[1]) - np.log(cells[2] / cells[3])) / np.sqrt((1 / cells).sum(axis=0))
    clear = (y_bad >= 3) & (y_bad >= 9 * y_good) & (score > 1.96)
    order = [int(i) for i in np.lexsort((-y_bad, -score)) if clear[i]][:most]
    return [TellingWord(vocabulary[i], int(y_bad[i]), int(y_good[i]), float(score[i])) for i in order]
