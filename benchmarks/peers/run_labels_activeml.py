"""scikit-activeml: its wrapper around logistic regression, and strategies of its own.

Variants: ``margin`` (a random start, then margin sampling), ``typiclust-margin`` (TypiClust chooses the first batch,
margin sampling the others), ``badge`` (random start, BADGE over 500 random candidates: over all it holds
products × categories × dimensions numbers, several GB). Its arrays are dense, so TF-IDF is brought to 256 dimensions by
a truncated SVD and stands beside the sentence vectors, on which alone TypiClust clusters.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from label_adapter import Ints, Player, Task, play
from label_inputs import inputs, vectors
from skactiveml.classifier import SklearnClassifier
from skactiveml.pool import Badge, SubSamplingWrapper, TypiClust, UncertaintySampling
from sklearn.decomposition import TruncatedSVD
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize

DIMS = 256
CANDIDATES = 500


def strategy(name: str, seed: int) -> Any:
    """A strategy by its name."""
    if name == "margin":
        return UncertaintySampling(method="margin_sampling", random_state=seed)
    if name == "typiclust":
        return TypiClust(random_state=seed)
    return SubSamplingWrapper(
        Badge(random_state=seed), max_candidates=CANDIDATES, exclude_non_subsample=True, random_state=seed
    )


class Learner:
    """Its classifier and a strategy.

    Parameters
    ----------
    task : Task
        With the variant.
    """

    def __init__(self, task: Task) -> None:
        words, test_words = inputs(task, "words")
        small = TruncatedSVD(min(DIMS, words.shape[1] - 1), random_state=task.seed).fit(words)
        self.vectors = vectors(task.pool)
        self.pool = np.hstack([normalize(small.transform(words)), self.vectors])
        self.test = np.hstack([normalize(small.transform(test_words)), vectors(task.test)])
        self.start, _, later = task.variant.rpartition("-")
        self.strategy, self.seed = strategy(later, task.seed), task.seed
        self.classifier = SklearnClassifier(LogisticRegression(C=100.0, max_iter=1000), random_state=task.seed)
        self.labels = np.full(len(self.pool), np.nan)

    def first(self, size: int) -> Ints | None:
        """By clusters, or at random."""
        if not self.start:
            return None
        chosen = strategy(self.start, self.seed).query(self.vectors, self.labels, batch_size=size)
        return np.asarray(chosen, np.int64)

    def learn(self, places: Ints, answers: Ints) -> None:
        """Fit on all that is labelled."""
        self.labels[places] = answers
        self.classifier.fit(self.pool, self.labels)

    def choose(self, size: int) -> Ints:
        """Query, with the classifier as it is."""
        chosen = self.strategy.query(self.pool, self.labels, clf=self.classifier, fit_clf=False, batch_size=size)
        return np.asarray(chosen, np.int64)

    def answer(self) -> Ints:
        """Best class."""
        return np.asarray(self.classifier.predict(self.test), np.int64)


def make(task: Task) -> Player:
    """The contestant."""
    return Learner(task)


if __name__ == "__main__":
    play(make, "scikit-activeml", "scikit-learn")
