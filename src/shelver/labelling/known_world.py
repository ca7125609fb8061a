"""Products whose right answers are known, as a simulation plays with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shelver.labelling.candidates import Floats, Ints

SIBLING = 0.7
"""Share of wrong answers that name a category with the same parent, where there is one."""


@dataclass(frozen=True)
class World:
    """Products whose right answers are known. All are named by their places in one pool.

    Attributes
    ----------
    truth : ndarray of int64, shape (n,)
        Right class of each product; −1 where nobody knows it.
    asked : ndarray of int64, shape (candidates,)
        Places that people may be asked about, ascending.
    test : ndarray of int64, shape (measured,)
        Places that models are measured on; nobody is asked about them.
    vectors : ndarray of float32, shape (n, dims)
        Embeddings of unit length.
    groups : ndarray of int64, shape (n,)
        Products with the same number are near-duplicates.
    copies : ndarray of int64, shape (n,)
        Products with the same number have the same title.
    parents : ndarray of int64, shape (classes,)
        Number of the category above each class; classes with the same number are siblings.
    beliefs : ndarray of float32, shape (n, classes), optional
        Probabilities from the rules and the tree's words alone.

    Raises
    ------
    ValueError
        The shapes do not fit together, a product is on both sides, or one of unknown truth is on any.
    """

    truth: Ints
    asked: Ints
    test: Ints
    vectors: Floats
    groups: Ints
    copies: Ints
    parents: Ints
    beliefs: Floats | None = None

    def __post_init__(self) -> None:
        n = len(self.truth)
        for name in ("vectors", "groups", "copies", "beliefs"):
            values = getattr(self, name)
            if values is not None and len(values) != n:
                raise ValueError(f"{name} has {len(values)} rows, truth has {n}")
        both = np.concatenate([self.asked, self.test])
        if len(np.unique(both)) < len(both):
            raise ValueError("a product is named twice, or is both asked about and measured on")
        if len(both) and not 0 <= self.truth[both].min() <= self.truth[both].max() < self.classes:
            raise ValueError("a product that is asked about or measured on has no known class")
        if (np.diff(self.asked) <= 0).any():
            raise ValueError("places to ask about are not ascending")
        if len(np.intersect1d(self.copies[self.asked], self.copies[self.test])):
            raise ValueError("a title is both asked about and measured on")

    def __repr__(self) -> str:
        return f"World({len(self.asked):,} to ask about, {len(self.test):,} to measure on, {self.classes} classes)"

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(self.parents)

    @property
    def present(self) -> int:
        """Number of classes that at least one product to ask about has."""
        return len(np.unique(self.truth[self.asked]))


def answers_with_errors(world: World, share: float, rng: np.random.Generator) -> Ints:
    """What a person who is sometimes wrong says about each product.

    A wrong answer names a sibling of the right class with probability `SIBLING` where there is one, else any other
    class; of both only classes that some product has, since people do not choose what nothing is in.

    Parameters
    ----------
    world : World
        The products.
    share : float
        Share of the products to ask about that get a wrong answer, to the nearest product; from 0 to 1.
    rng : Generator
        Decides which and how. The answers do not depend on the order in which products are asked about, so two
        strategies that ask about the same product hear the same.

    Returns
    -------
    ndarray of int64, shape (n,)
        The truth, but for the wrong answers.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"the share of wrong answers is {share}; expected a number from 0 to 1")
    said = world.truth.copy()
    there = np.unique(world.truth[world.asked])
    wrong = rng.permutation(world.asked)[: round(share * len(world.asked))]
    if len(there) < 2:
        return said
    for place, near in zip(wrong.tolist(), (rng.random(len(wrong)) < SIBLING).tolist(), strict=True):
        others = there[there != said[place]]
        siblings = others[world.parents[others] == world.parents[said[place]]]
        said[place] = rng.choice(siblings if near and len(siblings) else others)
    return said
