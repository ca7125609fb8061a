"""k-means for many vectors and many clusters."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from shelver.labelling.candidates import Floats, Ints

CELLS = 2**22
"""Distances held at once."""
SEED_FROM, FIT_FROM = 4, 50
"""Points for each cluster from which seeds are drawn, and from which centres are computed, at most ..."""
AT_LEAST = 5_000
"""... but this many in any case."""


def kmeans(vectors: Floats, clusters: int, rng: np.random.Generator, rounds: int = 20) -> Ints:
    """Put every vector into the cluster whose centre is nearest (Lloyd 1982).

    Centres are computed from a uniform sample of at most `FIT_FROM` vectors for each cluster.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n, dims)
        n > 0.
    clusters : int
        How many, at most; there are fewer where vectors are equal.
    rng : numpy.random.Generator
        Source of randomness.
    rounds : int
        Steps at most.

    Returns
    -------
    ndarray of int64, shape (n,)
        From 0; a number may be without any vector.
    """
    sample = vectors[_some(len(vectors), clusters * FIT_FROM, rng)]
    centres = _seeds(sample, clusters, rng)
    before = np.full(len(sample), -1)
    for _ in range(rounds):
        assigned = nearest_of(sample, centres)
        if np.array_equal(assigned, before):
            break
        before = assigned
        counts = np.bincount(assigned, minlength=len(centres))
        member = csr_array(
            (np.ones(len(sample), np.float32), (assigned, np.arange(len(sample)))), shape=(len(centres), len(sample))
        )
        used = counts > 0
        centres[used] = (member @ sample)[used] / counts[used, None].astype(np.float32)
    return nearest_of(vectors, centres)


def nearest_of(vectors: Floats, centres: Floats) -> Ints:
    """Number of the nearest centre of each vector: int64, shape (n,)."""
    half = np.einsum("kd,kd->k", centres, centres) / 2
    found = np.empty(len(vectors), np.int64)
    step = max(1, CELLS // max(1, len(centres)))
    for start in range(0, len(vectors), step):
        rows = slice(start, start + step)
        found[rows] = (vectors[rows] @ centres.T - half).argmax(axis=1)
    return found


def _seeds(sample: Floats, clusters: int, rng: np.random.Generator) -> Floats:
    """Greedy k-means++ (Arthur & Vassilvitskii 2007): of some drawn vectors, that which leaves the others nearest."""
    few = sample[_some(len(sample), clusters * SEED_FROM, rng)]
    squares = np.einsum("nd,nd->n", few, few)
    trials = 2 + int(np.log(max(clusters, 1)))
    drawn = [int(rng.integers(len(few)))]
    nearest = np.maximum(squares + squares[drawn[0]] - 2 * (few @ few[drawn[0]]), 0)
    nearest[drawn[0]] = 0
    while len(drawn) < clusters:
        total = np.cumsum(nearest, dtype=np.float64)
        if not total[-1] > 0:
            break
        tried = np.searchsorted(total, rng.random(trials) * total[-1], side="right")
        tried = np.minimum(tried, np.flatnonzero(nearest)[-1])
        apart = squares[tried, None] + squares - 2 * (few[tried] @ few.T)
        left = np.minimum(nearest, np.maximum(apart, 0))
        best = int(left.sum(axis=1, dtype=np.float64).argmin())
        drawn.append(int(tried[best]))
        nearest = left[best]
        nearest[drawn[-1]] = 0
    return few[drawn]


def _some(n: int, wanted: int, rng: np.random.Generator) -> Ints:
    """A uniform sample of places, ascending, or all if there are no more than wanted."""
    wanted = max(wanted, AT_LEAST)
    return np.arange(n) if n <= wanted else np.sort(rng.choice(n, wanted, replace=False))
