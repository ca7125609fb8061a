"""Figures of one checkup of the labels, in the words of the tree."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from shelver.catalogue.label_events import EXCLUSIVE
from shelver.labelling.accuracy import ENOUGH, Accuracy, Bools, Doubles, Estimate, accuracy, macro_f1_interval, share
from shelver.labelling.advice import answers_of, categories, confused
from shelver.labelling.candidates import Floats, Ints
from shelver.labelling.checkup import Checkup
from shelver.labelling.fitting import Fitter
from shelver.models.classes import Classes
from shelver.pipeline.second_look import Labelled
from shelver.pipeline.standing_items import CategoryStanding, NodeStanding, Pair, ShelfStanding
from shelver.training.treewise import back_off, node_probabilities

PART = 4096
PER_CATEGORY = 5
"""Answers for each category that occurs, on average, from which on the mean F1 of categories is told."""


class View:
    """What people labelled, and what a model made of these labels says of the others.

    Parameters
    ----------
    classes : Classes
        Of the run.
    given : Labelled
        Labels of people.
    drawn : ndarray of bool, shape (labels,)
        Which of them are about products drawn at random.
    found : Checkup
        What models said of them without having seen them.
    fitter : Fitter
        With the pool.
    left : ndarray of int64
        Places in the pool without a label.
    products : int
        In the whole run.
    """

    def __init__(
        self,
        classes: Classes,
        given: Labelled,
        drawn: Bools,
        found: Checkup,
        fitter: Fitter,
        left: Ints,
        products: int,
    ) -> None:
        self.classes, self.given, self.found, self.products = classes, given, found, products
        self.pool, self.left = fitter.pool, left
        self.truth = given.answers[drawn]
        self.guess, self.confidence = found.judged()
        told = [answers_of(part, found.temperature) for _, part in self._parts()]
        self.left_guess = np.concatenate([guess for guess, _ in told] or [np.empty(0, np.int64)])
        self.left_confidence = np.concatenate([sure for _, sure in told] or [np.empty(0)])

    def _parts(self) -> Iterator[tuple[slice, Floats]]:
        for start in range(0, len(self.left), PART):
            part = slice(start, start + PART)
            yield part, self.found.model.probabilities(self.left[part])

    def accuracy(self) -> Accuracy:
        """Accuracy of the products without a label, and of all."""
        right = self.guess == self.truth
        return accuracy(right, self.confidence, self.left_confidence, len(self.given), self.products)

    def believed(self) -> float:
        """Accuracy on the products without a label as the model itself believes it."""
        return float(self.left_confidence.mean()) if len(self.left) else 1.0

    def macro_f1(self, rng: np.random.Generator) -> Estimate | None:
        """Mean F1 of the categories; None where draws are too few."""
        classes = len(self.classes.exclusive)
        seen = len(np.union1d(self.truth, self.guess))
        if len(self.truth) < max(ENOUGH, PER_CATEGORY * seen):
            return None
        return macro_f1_interval(self.truth, self.guess, classes, rng)

    def shelves(self, threshold: float) -> ShelfStanding:
        """How many products find a shelf, and how many of these are right."""
        shelved = 0
        for _, part in self._parts():
            nodes = node_probabilities(scaled(part, self.found.temperature), self.classes)
            shelved += int((back_off(nodes, self.classes, threshold)[0] >= 0).sum())
        drawn = node_probabilities(scaled(self.found.drawn, self.found.temperature), self.classes)
        positions = back_off(drawn, self.classes, threshold)[0]
        there = positions >= 0
        spans = self.classes.spans[positions[there]]
        right = (spans[:, 0] <= self.truth[there]) & (self.truth[there] < spans[:, 1])
        estimate = share(right)
        return ShelfStanding(threshold, shelved / max(1, len(self.left)), estimate if estimate.enough else None)

    def nodes(self) -> tuple[NodeStanding, ...]:
        """Nodes, above the categories that people assign, for which there are enough draws."""
        wanted = []
        for position, category in enumerate(self.classes.tree.categories):
            start, stop = self.classes.spans[position]
            put = (start <= self.guess) & (self.guess < stop)
            if stop - start > 1 and put.sum() >= ENOUGH:
                wanted.append((str(category), category.category_id, start, stop, put))
        if not wanted:
            return ()
        sure: list[list[Doubles]] = [[] for _ in wanted]
        for where, part in self._parts():
            values, guess = scaled(part, self.found.temperature), self.left_guess[where]
            for k, (_, _, start, stop, _) in enumerate(wanted):
                there = (start <= guess) & (guess < stop)
                sure[k].append(values[there, start:stop].sum(1).astype(np.float64))
        drawn = scaled(self.found.drawn, self.found.temperature)
        answer = []
        for (path, category_id, start, stop, put), parts in zip(wanted, sure, strict=True):
            left = np.concatenate([np.empty(0), *parts])
            right = (start <= self.truth[put]) & (self.truth[put] < stop)
            believed = drawn[put, start:stop].sum(1).astype(np.float64)
            rest = round(len(left) * self._scale())
            found = accuracy(right, believed, left, 0, max(1, rest)).remaining if rest else share(right)
            answer.append(NodeStanding(category_id, path, rest, found))
        return tuple(sorted(answer, key=lambda each: -each.products))

    def _scale(self) -> float:
        return (self.products - len(self.given)) / max(1, len(self.left))

    def categories(self) -> tuple[CategoryStanding, ...]:
        """Labels, products and expected errors of each category."""
        found = categories(
            self.left_guess, self.left_confidence, self.given.answers, len(self.classes.exclusive), self._scale()
        )
        return tuple(
            CategoryStanding(
                self.classes.exclusive[each.place],
                self.classes.label(EXCLUSIVE, each.place),
                each.labels,
                round(each.products),
                each.right if each.products else None,
                each.wrong,
            )
            for each in found
        )

    def confused(self) -> tuple[Pair, ...]:
        """Pairs of categories that are taken for each other."""
        found = confused(self.given.answers, self.found.every.argmax(1).astype(np.int64), len(self.classes.exclusive))
        name = self.classes.label
        return tuple(
            Pair(
                (self.classes.exclusive[each.one], self.classes.exclusive[each.other]),
                (name(EXCLUSIVE, each.one), name(EXCLUSIVE, each.other)),
                (each.one_as_other, each.other_as_one),
                each.wrong,
                each.p,
            )
            for each in found
        )


def scaled(probabilities: Floats, temperature: float) -> Floats:
    """Probabilities of one class of several after temperature scaling: float32, shape (n, classes)."""
    logs = np.log(np.maximum(probabilities, 1e-30)) / np.float32(temperature)
    odds = np.exp(logs - logs.max(axis=1, keepdims=True))
    found: Floats = (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)
    return found
