"""k-means for many vectors and many clusters."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from shelver.labelling.candidates import Floats, Ints

CELLS = 2**22
"""Distances held at once."""
FIT_FROM = 20
"""Vectors for each cluster from which centres are computed, at most ..."""
AT_LEAST = 5_000
"""... but this many in any case."""
PASSES, DRAWN = 4, 3
"""Passes over the vectors in which candidates for seeds are drawn, and candidates for each cluster in all of them."""
TRIALS = 12
"""Of so many candidates, each drawn with a probability proportional to its squared distance, the best is a seed."""
FEW = 50
"""As many candidates are drawn as for so many clusters, where there are fewer."""


def kmeans(vectors: Floats, clusters: int, rng: np.random.Generator, rounds: int = 20) -> Ints:
    """Put every vector into the cluster whose centre is nearest (Lloyd 1982).

    Centres are computed from a uniform sample of at most `FIT_FROM` vectors for each cluster. In a step, only distances
    to centres that moved are computed again.

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
    scores = _scores(centres, sample)  # (clusters, sample)
    assigned = scores.argmax(axis=0)
    moved = np.arange(len(centres))
    for _ in range(rounds):
        counts = np.bincount(assigned, minlength=len(centres))
        moved = moved[counts[moved] > 0]
        rows = np.flatnonzero(np.isin(assigned, moved))
        member = csr_array(
            (np.ones(len(rows), np.float32), (np.searchsorted(moved, assigned[rows]), rows)),
            shape=(len(moved), len(sample)),
        )
        centres[moved] = (member @ sample) / counts[moved, None].astype(np.float32)
        scores[moved] = _scores(centres[moved], sample)
        before, assigned = assigned, scores.argmax(axis=0)
        other = before != assigned
        if not other.any():
            break
        moved = np.union1d(before[other], assigned[other])
    return assigned if len(sample) == len(vectors) else nearest_of(vectors, centres)


def nearest_of(vectors: Floats, centres: Floats) -> Ints:
    """Number of the nearest centre of each vector: int64, shape (n,)."""
    found = np.empty(len(vectors), np.int64)
    step = max(1, CELLS // max(1, len(centres)))
    for start in range(0, len(vectors), step):
        rows = slice(start, start + step)
        found[rows] = _scores(centres, vectors[rows]).argmax(axis=0)
    return found


def _scores(centres: Floats, vectors: Floats) -> Floats:
    """The higher, the nearer: (‖x‖² - ‖x - c‖²) / 2, shape (centres, vectors)."""
    scores: Floats = centres @ vectors.T
    scores -= np.einsum("kd,kd->k", centres, centres)[:, None] / 2
    return scores


def _seeds(sample: Floats, clusters: int, rng: np.random.Generator) -> Floats:
    """k-means|| (Bahmani, Moseley, Vattani, Kumar & Vassilvitskii 2012): shape (at most clusters, dims).

    In a few passes, many vectors at once are drawn that lie far from those drawn before. Of these, each weighing as
    much as there are vectors nearest to it, the seeds are drawn one by one.
    """
    half = np.einsum("nd,nd->n", sample, sample) / 2
    drawn = rng.integers(len(sample), size=1)
    owner = np.zeros(len(sample), np.int64)
    score = _scores(sample[drawn], sample)[0]
    passes = 0
    while passes < PASSES or len(drawn) < clusters:
        apart = np.maximum(half - score, 0)
        apart[drawn] = 0
        total = apart.sum(dtype=np.float64)
        if not total > 0:
            break
        more = np.flatnonzero(rng.random(len(sample)) * total < apart * (max(clusters, FEW) * DRAWN / PASSES))
        if len(more):
            scores = _scores(sample[more], sample)
            nearest = scores.argmax(axis=0)
            here = scores[nearest, np.arange(len(sample))]
            closer = here > score
            owner[closer], score[closer] = len(drawn) + nearest[closer], here[closer]
            drawn = np.concatenate([drawn, more])
        passes += 1
    return sample[drawn[_spread(sample[drawn], np.bincount(owner, minlength=len(drawn)), clusters, rng)]]


def _spread(few: Floats, weights: Ints, clusters: int, rng: np.random.Generator) -> Ints:
    """Greedy k-means++ (Arthur & Vassilvitskii 2007): of some drawn vectors, that which leaves the others nearest."""
    squares = np.einsum("nd,nd->n", few, few)
    apart = squares[:, None] + squares - 2 * (few @ few.T)
    np.maximum(apart, 0, out=apart)
    np.fill_diagonal(apart, 0)
    apart *= weights.astype(np.float32)  # (from, to)
    drawn = [int(rng.choice(len(few), p=weights / weights.sum()))]
    nearest = apart[drawn[0]]
    while len(drawn) < clusters:
        total = np.cumsum(nearest, dtype=np.float64)
        if not total[-1] > 0:
            break
        tried = np.searchsorted(total, rng.random(TRIALS) * total[-1], side="right")
        tried = np.minimum(tried, np.flatnonzero(nearest)[-1])
        left = np.minimum(nearest, apart[tried])
        best = int(left.sum(axis=1).argmin())
        drawn.append(int(tried[best]))
        nearest = left[best]
    return np.asarray(drawn)


def _some(n: int, wanted: int, rng: np.random.Generator) -> Ints:
    """A uniform sample of places, ascending, or all if there are no more than wanted."""
    wanted = max(wanted, AT_LEAST)
    return np.arange(n) if n <= wanted else np.sort(rng.choice(n, wanted, replace=False))
