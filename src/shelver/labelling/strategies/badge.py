"""Ask about products that would change the model much, each in a different way."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from shelver.labelling.candidates import Candidates, Floats, Ints
from shelver.labelling.strategies.picking import filled

WORK = 10**10
"""Multiplications for one batch, at most; 100,000 candidates × 1,300 classes × 50 questions are 8.4 × 10⁹."""


def badge(candidates: Candidates, size: int, rng: np.random.Generator) -> Ints:
    """BADGE (Ash, Zhang, Krishnamurthy, Langford & Agarwal 2020): k-means++ seeding over gradient embeddings.

    The gradient embedding of a product is (p - e_ŷ) ⊗ x, for the answer ŷ that the model thinks likeliest (for
    ``multi_label``: all classes above one half) and its embedding x. It has classes × dims numbers and is never made:
    its squared length is ‖p - e_ŷ‖² ‖x‖², and products of two of them multiply in the same way, so that all distances
    are exact. The first question goes to the longest. Where the work would be above `WORK`, a uniform sample of
    candidates is looked at. Products without an embedding come last; where no product has one, only the errors p - e_ŷ
    are used.

    Parameters and answer are those of every `Strategy`.
    """
    if not len(candidates) or size < 1:
        return np.zeros(0, np.int64)
    width = candidates.probabilities.shape[1] + candidates.vectors.shape[1]
    looked = rng.permutation(len(candidates))
    affordable = max(10 * size, WORK // (size * width))
    if len(looked) > affordable:
        looked = looked[:affordable]
    errors, vectors = _errors(candidates, looked), candidates.vectors[looked]
    if not vectors.any():
        vectors = np.ones((len(looked), 1), np.float32)
    lengths, distances = gradients(errors, vectors)
    drawn = spread(distances, int(lengths.argmax()), size, candidates.groups[looked], rng)
    return filled(looked[drawn], candidates.groups, size, rng)


def gradients(errors: Floats, vectors: Floats) -> tuple[Floats, Callable[[int], Floats]]:
    """Squared lengths of a ⊗ x, and a function that gives their squared distances to one of them.

    Parameters
    ----------
    errors : ndarray of float32, shape (n, classes)
        a.
    vectors : ndarray of float32, shape (n, dims)
        x.

    Returns
    -------
    tuple of ndarray of float32, shape (n,), and callable
        The function takes a number below n, and gives float32, shape (n,).
    """
    lengths: Floats = np.einsum("nk,nk->n", errors, errors) * np.einsum("nd,nd->n", vectors, vectors)

    def distances(place: int) -> Floats:
        products = (errors @ errors[place]) * (vectors @ vectors[place])
        return np.asarray(lengths + lengths[place] - 2 * products, np.float32)

    return lengths, distances


def spread(distances: Callable[[int], Floats], first: int, size: int, groups: Ints, rng: np.random.Generator) -> Ints:
    """Draw points far from each other: k-means++ seeding (Arthur & Vassilvitskii 2007).

    Every next point is drawn with a probability proportional to its squared distance to the nearest one drawn before.

    Parameters
    ----------
    distances : callable
        Gives the squared distances of all points to one of them: float32, shape (n,).
    first : int
        The point to begin with.
    size : int
        How many to draw at most.
    groups : ndarray of int64, shape (n,)
        At most one of each group is drawn.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray of int64, shape (at most size,)
        In the order drawn; fewer where no other point is at any distance.
    """
    drawn = [first]
    nearest = np.maximum(distances(first), 0)
    nearest[groups == groups[first]] = 0
    while len(drawn) < size:
        total = np.cumsum(nearest, dtype=np.float64)
        if not total[-1] > 0:
            break
        place = int(np.searchsorted(total, rng.random() * total[-1], side="right"))
        place = min(place, int(np.flatnonzero(nearest)[-1]))
        drawn.append(place)
        np.minimum(nearest, np.maximum(distances(place), 0), out=nearest)
        nearest[groups == groups[place]] = 0
    return np.asarray(drawn, np.int64)


def _errors(candidates: Candidates, looked: Ints) -> Floats:
    """Errors p - e_ŷ: float32, shape (n, classes)."""
    errors: Floats = candidates.probabilities[looked]
    if candidates.kind == "multi_label":
        errors -= errors > 0.5
    else:
        errors[np.arange(len(errors)), errors.argmax(axis=1)] -= 1
    return errors
