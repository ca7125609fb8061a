"""A small problem with a planted answer: one huge class, many rare ones; and a learner that is quick and honest."""

import numpy as np

from shelver.labelling.known_world import World

RARE = 9


class Centres:
    """Probabilities by the distance to the mean of each class's labels; a class without labels is far away."""

    def __init__(self, vectors, classes, places, answers):
        self.vectors, self.classes = vectors, classes
        self.places, self.answers = places, answers

    def probabilities(self, places=None):
        x = self.vectors if places is None else self.vectors[places]
        scores = np.full((len(x), self.classes), -8.0, np.float32)
        for label in np.unique(self.answers):
            centre = self.vectors[self.places[self.answers == label]].mean(axis=0)
            scores[:, label] = 20 * (x @ centre / np.linalg.norm(centre) - 1)
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        return (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)

    def committee(self, members, places=None, seed=0):
        found = []
        for member in range(members):
            drawn = np.random.default_rng([seed, member]).integers(0, max(1, len(self.places)), len(self.places))
            other = Centres(self.vectors, self.classes, self.places[drawn], self.answers[drawn])
            found.append(other.probabilities(places))
        return np.stack(found)


class CentresLearner:
    """A `Learner` that notes what it was asked to learn."""

    def __init__(self, vectors, classes):
        self.vectors, self.classes, self.learnt = vectors, classes, []

    def fit(self, places, answers, seed=0, start=None):
        self.learnt.append((places.copy(), answers.copy()))
        return Centres(self.vectors, self.classes, places, answers)


def world(n=1200, dims=12, rare=RARE, share=0.85, seed=0, copies=1, known=1.0):
    """A big class and some rare ones around their own directions; every title `copies` times, all on one side."""
    rng = np.random.default_rng(seed)
    classes = rare + 1
    chances = np.r_[share, np.full(rare, (1 - share) / rare)]
    truth = rng.choice(classes, n, p=chances)
    centres = rng.normal(size=(classes, dims))
    vectors = centres[truth] / 2 + rng.normal(size=(n, dims)) * 0.55
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    title = np.arange(n) // copies
    for name in range(title.max() + 1):  # copies are the same product again
        first = name * copies
        truth[title == name], vectors[title == name] = truth[first], vectors[first]
    truth[rng.random(n) >= known] = -1
    test = title % 4 == 0
    asked, measured = np.flatnonzero(~test & (truth >= 0)), np.flatnonzero(test & (truth >= 0))
    parents = np.arange(classes) // 3
    return World(truth, asked, measured, vectors, title.astype(np.int64), title.astype(np.int64), parents)


def learner(problem):
    return CentresLearner(problem.vectors, problem.classes)
