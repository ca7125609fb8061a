"""How good a model is on products it has not seen, and how good the rules alone are on the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shelver.features.batch import Bag
from shelver.features.split import Side
from shelver.models.classes import Classes
from shelver.models.folder import SavedModel
from shelver.training.examples import Examples
from shelver.training.metrics import MultiLabelScores, Scores, score, score_multi_label
from shelver.training.predict import probabilities, rank

TOP = 5
MULTI_LABEL_ROWS = 20_000
"""Rows on which the rule-based objective is judged at most: all probabilities of all classes are needed at once."""


@dataclass(frozen=True)
class Evaluation:
    """Scores of one model (or of the rules) on one side of the split; None where nothing is known to compare with."""

    exclusive: Scores | None
    rule_based: MultiLabelScores | None


def evaluate(model: SavedModel, examples: Examples, side: Side = Side.TEST) -> Evaluation:
    """Scores of a model on all labelled rows of one side."""
    return Evaluation(_exclusive(model, examples, side), _rule_based(model, examples, side))


def _exclusive(model: SavedModel, examples: Examples, side: Side) -> Scores | None:
    truth, ranked, confidence = [], [], []
    if "exclusive" not in model.net.objectives:
        return None
    for batch, target in examples.batches("exclusive", side, 4096):
        classes, best = rank(probabilities(model, batch, "exclusive"), TOP)
        truth.append(target.numpy())
        ranked.append(classes)
        confidence.append(best[:, 0].astype(np.float64))
    if not truth:
        return None
    every = np.concatenate
    return score(every(truth), every(ranked), model.classes.exclusive, model.classes.tree, confidence=every(confidence))


def _rule_based(model: SavedModel, examples: Examples, side: Side) -> MultiLabelScores | None:
    rows = examples.rows("rule_based", side)
    rows = rows[:: max(1, -(-len(rows) // MULTI_LABEL_ROWS))]  # spread over all feeds
    if "rule_based" not in model.net.objectives or len(rows) == 0:
        return None
    answers = [
        probabilities(model, examples.batch(rows[start : start + 4096]), "rule_based").astype(np.float64)
        for start in range(0, len(rows), 4096)
    ]
    return score_multi_label(examples.target("rule_based", rows).numpy() > 0.5, np.concatenate(answers))


def evaluate_rules(examples: Examples, side: Side = Side.TEST) -> Evaluation:
    """Scores of the rules alone as an answer to the exclusive question."""
    rows = examples.rows("exclusive", side)
    if len(rows) == 0 or examples.hits is None:
        return Evaluation(None, None)
    ranked = rank_hits(examples.hits.take(rows), examples.classes, TOP)
    truth = examples.exclusive[rows].astype(np.int64)
    return Evaluation(score(truth, ranked, examples.classes.exclusive, examples.classes.tree), None)


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
