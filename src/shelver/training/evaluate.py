"""How good a model is on products it has not seen, and how good the rules alone are on the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from shelver.features.batch import Bag
from shelver.features.split import Side
from shelver.models.classes import Classes
from shelver.models.folder import SavedModel
from shelver.training.examples import PART, Examples, spread
from shelver.training.metrics import MultiLabelScores, Scores, score, score_multi_label
from shelver.training.predict import probabilities, rank
from shelver.training.treewise import back_off, node_probabilities, shelf_scores

TOP = 5
MULTI_LABEL_ROWS = 20_000
"""Rows on which the rule-based objective is judged at most: all probabilities of all classes are needed at once."""


@dataclass(frozen=True)
class Evaluation:
    """Scores of one model (or of the rules) on one side of the split.

    Attributes
    ----------
    scores : mapping of str to Scores or MultiLabelScores
        By objective; those of which nothing is known there are left out.
    """

    scores: Mapping[str, Scores | MultiLabelScores]

    @property
    def exclusive(self) -> Scores | None:
        """Scores of the exclusive objective."""
        found = self.scores.get("exclusive")
        return found if isinstance(found, Scores) else None

    @property
    def rule_based(self) -> MultiLabelScores | None:
        """Scores of the rule-based objective."""
        found = self.scores.get("rule_based")
        return found if isinstance(found, MultiLabelScores) else None


def evaluate(model: SavedModel, examples: Examples, side: Side = Side.TEST, threshold: float = 0.8) -> Evaluation:
    """Scores of a model on all labelled rows of one side; shelves need the threshold as their probability."""
    found: dict[str, Scores | MultiLabelScores] = {}
    for name in model.net.objectives:
        scores: Scores | MultiLabelScores | None
        if model.classes.kind(name) == "multi_class":
            scores = _multi_class(model, examples, side, name, threshold)
        else:
            scores = _multi_label(model, examples, side, name)
        if scores is not None:
            found[name] = scores
    return Evaluation(found)


def _multi_class(model: SavedModel, examples: Examples, side: Side, objective: str, threshold: float) -> Scores | None:
    truth, ranked, confidence, shelves = [], [], [], []
    for batch, target in examples.batches(objective, side, PART):
        probability = probabilities(model, batch, objective)
        classes, best = rank(probability, TOP)
        if objective == "exclusive":
            nodes = node_probabilities(probability, model.classes)
            shelves.append(back_off(nodes, model.classes, threshold)[0])
        truth.append(target.numpy())
        ranked.append(classes)
        confidence.append(best[:, 0].astype(np.float64))
    if not truth:
        return None
    every = np.concatenate
    found = score(every(truth), every(ranked), model.classes, objective, confidence=every(confidence))
    if not shelves:
        return found
    return replace(found, shelf=shelf_scores(every(shelves), every(truth), model.classes, threshold))


def _multi_label(model: SavedModel, examples: Examples, side: Side, objective: str) -> MultiLabelScores | None:
    rows = spread(examples.rows(objective, side), MULTI_LABEL_ROWS)
    if len(rows) == 0:
        return None
    truth = examples.target(objective, rows).numpy() > 0.5
    return score_multi_label(truth, answers_of(model, examples, rows, objective), model.classes, objective)


def answers_of(
    model: SavedModel, examples: Examples, rows: npt.NDArray[np.int64], objective: str
) -> npt.NDArray[np.float64]:
    """Probability of every class for some rows of a data set: shape (rows, classes)."""
    empty = np.empty((0, len(examples.classes.of(objective))))
    return np.concatenate([empty, *(probabilities(model, batch, objective) for batch in examples.parts(rows))])


def evaluate_rules(examples: Examples, side: Side = Side.TEST) -> Evaluation:
    """Scores of the rules alone as an answer to the exclusive question."""
    rows = examples.rows("exclusive", side)
    if len(rows) == 0:
        return Evaluation({})
    ranked = rank_hits(examples.hits.take(rows), examples.classes, TOP)
    truth = examples.target("exclusive", rows).numpy()
    return Evaluation({"exclusive": score(truth, ranked, examples.classes)})


def rank_hits(hits: Bag, classes: Classes, k: int) -> npt.NDArray[np.int64]:
    """Exclusive classes that rules assigned, deepest in the tree first, then in tree order.

    Returns
    -------
    ndarray of int64, shape (rows, k)
        −1 where the rules have no (further) answer.
    """
    place = {category_id: i for i, category_id in enumerate(classes.exclusive)}
    answer = np.full((len(hits), k), -1, np.int64)
    categories = classes.tree.categories
    for row in range(len(hits)):
        positions = hits.ids[hits.offsets[row] : hits.offsets[row + 1]].tolist()
        found = sorted((-len(categories[p].path), p) for p in positions if categories[p].exclusive)
        for column, (_, position) in enumerate(found[:k]):
            answer[row, column] = place[categories[position].category_id]
    return answer
