"""A catalogue with known answers, a model that trains in a moment, and people who label it by the model's doubts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class World:
    """Products as points, each class made of three heaps; some heaps are easy, some lie among those of others."""

    points: np.ndarray  # (products, dims)
    truth: np.ndarray  # (products,)
    classes: int

    def __len__(self):
        return len(self.points)


def make_world(products=1200, classes=6, dims=8, seed=0) -> World:
    rng = np.random.default_rng(seed)
    middles = rng.normal(size=(classes, 3, dims)) * np.asarray([2.2, 1.2, 0.6])[:, None]
    truth = rng.choice(classes, products, p=rng.dirichlet(np.full(classes, 4.0)))
    heap = rng.choice(3, products, p=[0.6, 0.25, 0.15])
    return World(middles[truth, heap] + rng.normal(size=(products, dims)), truth, classes)


class Centroids:
    """A `Learner`: Gaussian classes with one variance, shrunk towards a middle known beforehand."""

    def __init__(self, world: World, sharpness=0.35):
        self.world, self.sharpness = world, sharpness

    def fit(self, places, answers, seed=0):
        world = self.world
        counts = np.bincount(answers, minlength=world.classes)
        sums = np.zeros((world.classes, world.points.shape[1]))
        np.add.at(sums, answers, world.points[places])
        means = sums / (counts[:, None] + 1.0)
        prior = np.log((counts + 1.0) / (counts.sum() + world.classes))
        return Told(world, means, prior, self.sharpness)


@dataclass(frozen=True)
class Told:
    world: World
    means: np.ndarray
    prior: np.ndarray
    sharpness: float

    def probabilities(self, places=None):
        points = self.world.points if places is None else self.world.points[places]
        far = ((points[:, None, :] - self.means) ** 2).sum(2)
        logits = self.prior - self.sharpness * far
        odds = np.exp(logits - logits.max(1, keepdims=True))
        return (odds / odds.sum(1, keepdims=True)).astype(np.float32)


@dataclass(frozen=True)
class Story:
    """What happened: places in the order labelled, which were drawn at random, what the model guessed before."""

    places: np.ndarray
    drawn: np.ndarray
    guessed: np.ndarray
    truth: float  # share of the products without a label that the last model gets right
    catalogue: float


def label(world: World, learner: Centroids, labels: int, share: float, seed: int, batch: int = 10) -> Story:
    """Ask about the products with the smallest margin, and a share drawn at random."""
    rng = np.random.default_rng(seed)
    left = np.ones(len(world), bool)
    places, drawn, guessed = [], [], []
    while len(places) < labels:
        model = learner.fit(np.asarray(places, np.int64), world.truth[np.asarray(places, np.int64)])
        told = model.probabilities()
        margin = np.partition(told, -2, axis=1)[:, -2:] @ np.asarray([-1.0, 1.0])
        for _ in range(min(batch, labels - len(places))):
            free = np.flatnonzero(left)
            by_chance = rng.random() < share
            place = int(rng.choice(free) if by_chance else free[margin[free].argmin()])
            left[place] = False
            places.append(place)
            drawn.append(by_chance)
            guessed.append(told[place].argmax())
    chosen = np.asarray(places, np.int64)
    right = learner.fit(chosen, world.truth[chosen]).probabilities().argmax(1) == world.truth
    catalogue = (left & right).sum() + labels
    return Story(
        chosen,
        np.asarray(drawn),
        np.asarray(guessed, np.int64),
        float(right[left].mean()),
        float(catalogue / len(world)),
    )
