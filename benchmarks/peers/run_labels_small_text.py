"""small-text: its pool-based active learner over scikit-learn classifiers; its transformers and SetFit want a GPU.

Variants: ``ties`` (logistic regression on TF-IDF and sentence vectors, breaking ties), ``svc`` (its own linear SVM with
confidences on the same, breaking ties), ``contrastive`` and ``coreset`` (logistic regression on the sentence vectors,
which are also what its strategies for embeddings are given). Its own loop of ``query`` and ``update`` runs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from label_adapter import Ints, Player, Task, play
from label_inputs import inputs
from sklearn.linear_model import LogisticRegression
from small_text import (
    BreakingTies,
    ConfidenceEnhancedLinearSVC,
    ContrastiveActiveLearning,
    EmbeddingMixin,
    GreedyCoreset,
    PoolBasedActiveLearner,
    SklearnClassifier,
    SklearnClassifierFactory,
    SklearnDataset,
)
from small_text.base import LABEL_UNLABELED


class WithVectors(SklearnClassifier, EmbeddingMixin):  # type: ignore[misc]
    """A classifier whose inputs are the embeddings."""

    def embed(self, data_set: Any, return_proba: bool = False, pbar: Any = None) -> Any:
        """The inputs as they are."""
        return (data_set.x, self.predict_proba(data_set)) if return_proba else data_set.x


class VectorFactory(SklearnClassifierFactory):  # type: ignore[misc]
    """Makes them."""

    def new(self) -> Any:
        """A new one."""
        return WithVectors(super().new().model, self.num_classes)


STRATEGIES: dict[str, Any] = {
    "ties": BreakingTies,
    "svc": BreakingTies,
    "contrastive": lambda: ContrastiveActiveLearning(pbar=None),
    "coreset": GreedyCoreset,
}


class Learner:
    """Its active learner.

    Parameters
    ----------
    task : Task
        With the variant.
    """

    def __init__(self, task: Task) -> None:
        np.random.seed(task.seed)  # noqa: NPY002 - its strategies draw from the global generator
        kind = "both" if task.variant in ("ties", "svc") else "vectors"
        pool, self.test = inputs(task, kind)
        classes = np.arange(len(task.classes))
        model = ConfidenceEnhancedLinearSVC() if task.variant == "svc" else LogisticRegression(C=100.0, max_iter=1000)
        factory = (SklearnClassifierFactory if kind == "both" else VectorFactory)(model, len(classes))
        nothing = np.full(len(task.pool), LABEL_UNLABELED)
        data = SklearnDataset(pool, nothing, target_labels=classes)
        self.learner = PoolBasedActiveLearner(factory, STRATEGIES[task.variant](), data)
        self.labels = 0

    def first(self, size: int) -> Ints | None:
        """At random."""
        return None

    def learn(self, places: Ints, answers: Ints) -> None:
        """Initialise, then update with the answers to the last query."""
        if self.labels:
            self.learner.update(answers[self.labels :])
        else:
            self.learner.initialize_data(places, answers)
        self.labels = len(places)

    def choose(self, size: int) -> Ints:
        """Query."""
        return np.asarray(self.learner.query(num_samples=size), np.int64)

    def answer(self) -> Ints:
        """Best class. Its own ``predict`` numbers the classes that it has seen from 0, so the model is asked."""
        return np.asarray(self.learner.classifier.model.predict(self.test), np.int64)


def make(task: Task) -> Player:
    """The contestant."""
    return Learner(task)


if __name__ == "__main__":
    play(make, "small-text", "scikit-learn")
