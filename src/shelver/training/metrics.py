"""Metrics, as plain functions of predictions and truth."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from shelver.catalogue.tree import Tree
from shelver.models.classes import Classes
from shelver.training.curves import Bools, Floats, most_confident_first, reliability

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ClassScore:
    """Precision, recall, F1 and support of one class."""

    category_id: str
    path: str
    precision: float
    recall: float
    f1: float
    support: int
    predicted: int


def per_class(truth: Ints, predicted: Ints, classes: int) -> tuple[Floats, Floats, Floats, Ints, Ints]:
    """Precision, recall, F1, support and number of predictions of every class.

    Parameters
    ----------
    truth : ndarray of int64, shape (rows,)
        Right classes.
    predicted : ndarray of int64, shape (rows,)
        Answers; −1 is no answer.
    classes : int
        Number of classes.

    Returns
    -------
    five ndarrays, shape (classes,)
        0 where a quotient is undefined, as in scikit-learn with ``zero_division=0``.
    """
    support = np.bincount(truth, minlength=classes)
    answers = np.bincount(predicted[predicted >= 0], minlength=classes)
    right = np.bincount(truth[truth == predicted], minlength=classes)
    precision = right / np.maximum(answers, 1)
    recall = right / np.maximum(support, 1)
    f1 = 2 * right / np.maximum(answers + support, 1)
    return precision, recall, f1, support, answers


def macro_f1(truth: Ints, predicted: Ints, classes: int) -> float:
    """Mean F1 over the classes that occur in truth or answers (scikit-learn's default)."""
    _, _, f1, support, answers = per_class(truth, predicted, classes)
    used = (support > 0) | (answers > 0)
    return float(f1[used].mean()) if used.any() else 0.0


def top_k_accuracy(truth: Ints, ranked: Ints) -> float:
    """Share of rows whose right class is among the ranked answers: shape (rows, k), −1 is no answer."""
    return float((ranked == truth[:, None]).any(axis=1).mean()) if len(truth) else 0.0


def hierarchical_f1(truth: Ints, predicted: Ints, class_ids: tuple[str, ...], tree: Tree) -> float:
    """F1 over categories with all above them (Kiritchenko et al. 2005): near misses count in part.

    ``hP = Σ|P ∩ T| / Σ|P|``, ``hR = Σ|P ∩ T| / Σ|T|``, with *P* and *T* the answer and the truth, each with its
    ancestors.
    """
    chains = [{class_id, *(above.category_id for above in tree.ancestors(class_id))} for class_id in class_ids]
    shared = size_p = size_t = 0
    pairs, counts = np.unique(np.stack([truth, predicted], axis=1), axis=0, return_counts=True)
    for (right, answer), count in zip(pairs.tolist(), counts.tolist(), strict=True):
        answered = chains[answer] if answer >= 0 else set()
        shared += count * len(answered & chains[right])
        size_p += count * len(answered)
        size_t += count * len(chains[right])
    return 2 * shared / (size_p + size_t) if size_t else 0.0


def calibration_error(confidence: Floats, correct: Bools, bins: int = 15) -> float:
    """Expected calibration error (Guo et al. 2017, arXiv:1706.04599, eq. 3): mean gap of confidence and accuracy.

    Parameters
    ----------
    confidence : ndarray of float64, shape (rows,)
        Probability of each answer.
    correct : ndarray of bool, shape (rows,)
        Was it right?
    bins : int
        Bins of equal width.
    """
    gaps = sum(found.rows * abs(found.right - found.confidence) for found in reliability(confidence, correct, bins))
    return gaps / max(1, len(confidence))


def accepted_at_precision(confidence: Floats, correct: Bools, precision: float = 0.95) -> tuple[float, float]:
    """How much can be accepted without a look, most confident first, while staying this precise.

    Returns
    -------
    share : float
        Largest share of rows whose answers are right at this precision.
    threshold : float
        Confidence from which on; above 1 if nothing can be accepted.
    """
    sure, right, ends = most_confident_first(confidence, correct)
    good = ends[right[ends] >= precision]
    if len(good) == 0:
        return 0.0, 1.01
    return float((good[-1] + 1) / len(sure)), float(sure[good[-1]])


def average_precision(scores: Floats, truth: Bools) -> float:
    """Area under the precision-recall steps of one class (scikit-learn's ``average_precision_score``)."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(truth[order])
    last_of_its_kind = np.append(scores[order][1:] != scores[order][:-1], True)[: len(order)]
    hits, ranks = hits[last_of_its_kind], np.flatnonzero(last_of_its_kind) + 1
    gained = np.diff(np.concatenate([[0], hits]))
    return float((gained * hits / ranks).sum() / max(1, hits[-1])) if len(hits) else 0.0


@dataclass(frozen=True)
class ShelfScores:
    """How good shelves are: the deepest categories that are sure enough (`shelver.training.treewise.back_off`).

    Attributes
    ----------
    threshold : float
        Probability that a shelf needs.
    shelved : float
        Share of products with a shelf.
    right : float
        Share of these whose label is the shelf or below it.
    full : float
        Share of all products whose shelf is a category that a person can assign.
    """

    threshold: float
    shelved: float
    right: float
    full: float


@dataclass(frozen=True)
class Scores:
    """How good answers to a single-label question are, on rows whose right answer is known.

    Attributes
    ----------
    rows : int
        Number of rows.
    accuracy, macro_f1, top_5, hierarchical_f1 : float
        See the functions of this module; the last is None where classes are not categories of the tree.
    calibration_error : float or None
        None where answers come without probabilities.
    accepted_at_95 : float or None
        Share of rows that can be accepted automatically at 95% precision, measured on these rows.
    answered : float
        Share of rows with any answer.
    classes : tuple of ClassScore
        Classes that occur in truth or answers, in tree order.
    shelf : ShelfScores or None
        Only of a model's answers to the exclusive question.
    """

    rows: int
    accuracy: float
    macro_f1: float
    top_5: float
    hierarchical_f1: float | None
    calibration_error: float | None
    accepted_at_95: float | None
    answered: float
    classes: tuple[ClassScore, ...]
    shelf: ShelfScores | None = None

    def as_dict(self) -> dict[str, Any]:
        """As JSON-like values."""
        return asdict(self)


def score(
    truth: Ints, ranked: Ints, known: Classes, objective: str = "exclusive", confidence: Floats | None = None
) -> Scores:
    """All scores of ranked answers.

    Parameters
    ----------
    truth : ndarray of int64, shape (rows,)
        Right classes.
    ranked : ndarray of int64, shape (rows, k)
        Best answers first; −1 is no answer.
    known : Classes
        Classes of all objectives.
    objective : str
        Which objective is judged.
    confidence : ndarray of float64, shape (rows,), optional
        Probability of each first answer.
    """
    class_ids = known.of(objective)
    predicted = ranked[:, 0] if ranked.shape[1] else np.full(len(truth), -1)
    columns = per_class(truth, predicted, len(class_ids))
    correct = truth == predicted
    classes = _class_scores(known, objective, *columns)
    return Scores(
        rows=len(truth),
        accuracy=float(correct.mean()) if len(truth) else 0.0,
        macro_f1=macro_f1(truth, predicted, len(class_ids)),
        top_5=top_k_accuracy(truth, ranked[:, :5]),
        hierarchical_f1=hierarchical_f1(truth, predicted, class_ids, known.tree) if objective == "exclusive" else None,
        calibration_error=None if confidence is None else calibration_error(confidence, correct),
        accepted_at_95=None if confidence is None else accepted_at_precision(confidence, correct)[0],
        answered=float((predicted >= 0).mean()) if len(truth) else 0.0,
        classes=classes,
    )


@dataclass(frozen=True)
class MultiLabelScores:
    """How well rule labels are reproduced.

    Attributes
    ----------
    rows : int
        Rows with at least one rule label.
    mean_average_precision : float
        Mean over the classes that occur.
    micro_f1, macro_f1 : float
        At probability 0.5; macro over the classes that occur in truth or answers.
    classes : tuple of ClassScore
        Classes that occur in truth or answers, at probability 0.5.
    """

    rows: int
    mean_average_precision: float
    micro_f1: float
    macro_f1: float
    classes: tuple[ClassScore, ...]

    def as_dict(self) -> dict[str, Any]:
        """As JSON-like values."""
        return asdict(self)


def score_multi_label(
    truth: Bools, probabilities: Floats, known: Classes, objective: str = "rule_based"
) -> MultiLabelScores:
    """Scores of a multi-label question.

    Parameters
    ----------
    truth : ndarray of bool, shape (rows, classes)
        Right answers.
    probabilities : ndarray of float64, shape (rows, classes)
        Answers.
    known : Classes
        Classes of all objectives.
    objective : str
        Which objective is judged.
    """
    given = probabilities >= 0.5
    right, answers, support = (given & truth).sum(axis=0), given.sum(axis=0), truth.sum(axis=0)
    both = answers + support
    f1 = 2 * right / np.maximum(both, 1)
    occurs = np.flatnonzero(support)
    precisions = [average_precision(probabilities[:, i], truth[:, i]) for i in occurs]
    return MultiLabelScores(
        rows=len(truth),
        mean_average_precision=float(np.mean(precisions)) if precisions else 0.0,
        micro_f1=float(2 * right.sum() / max(1, both.sum())),
        macro_f1=float(f1[both > 0].mean()) if (both > 0).any() else 0.0,
        classes=_class_scores(
            known, objective, right / np.maximum(answers, 1), right / np.maximum(support, 1), f1, support, answers
        ),
    )


def _class_scores(
    known: Classes, objective: str, precision: Floats, recall: Floats, f1: Floats, support: Ints, answers: Ints
) -> tuple[ClassScore, ...]:
    """Scores of the classes that occur in truth or answers."""
    ids = known.of(objective)
    return tuple(
        ClassScore(
            ids[i],
            known.label(objective, int(i)),
            float(precision[i]),
            float(recall[i]),
            float(f1[i]),
            int(support[i]),
            int(answers[i]),
        )
        for i in np.flatnonzero((support > 0) | (answers > 0))
    )
