"""Ask about the most typical product of each cluster that has no label yet: for the first labels."""

from __future__ import annotations

import heapq
from itertools import pairwise

import numpy as np

from shelver.labelling.candidates import Candidates, Floats, Ints
from shelver.labelling.kmeans import kmeans
from shelver.labelling.strategies.picking import filled

CLUSTERS = 500
"""Clusters at most, as in the code of Hacohen et al."""
NEIGHBOURS = 20
"""Neighbours that say how typical a product is, as there."""
SMALL = 5
"""Clusters with fewer products come last, as there: outliers are not typical of anything."""
COMPARED = 2_000
"""Products of its cluster that one is compared with, at most; a uniform sample where there are more."""
CELLS = 2**22
"""Distances held at once."""


def typical(candidates: Candidates, size: int, rng: np.random.Generator) -> Ints:
    """TypiClust (Hacohen, Dekel & Weinshall 2022, "Active Learning on a Budget").

    All products, with those that have a label, are put into as many clusters as there are labels and questions (at most
    `CLUSTERS`). Clusters with the fewest labels come first, of these the largest; each gives its most typical product:
    that with the smallest mean distance to its `NEIGHBOURS` nearest ones in the cluster. What the model says is not
    used.

    Parameters and answer are those of every `Strategy`.
    """
    if not len(candidates) or size < 1:
        return np.zeros(0, np.int64)
    vectors = candidates.vectors
    labelled = vectors[:0] if candidates.labelled is None else candidates.labelled
    everything = np.concatenate([vectors, labelled])
    clusters = kmeans(everything, min(len(labelled) + size, CLUSTERS), rng)
    labels = np.bincount(clusters[len(vectors) :], minlength=clusters.max() + 1)
    order = rng.permutation(len(vectors))
    order = order[np.argsort(clusters[order], kind="stable")]
    starts = np.searchsorted(clusters[order], np.arange(len(labels) + 1))
    waiting = []
    for cluster, (start, end) in enumerate(pairwise(starts.tolist())):
        if end > start:
            whole = end - start + labels[cluster]
            waiting.append((whole < SMALL, labels[cluster], -whole, cluster, order[start:end]))
    return filled(_in_turn(waiting, vectors, candidates.groups, size, rng), candidates.groups, size, rng)


def _in_turn(
    waiting: list[tuple[bool, int, int, int, Ints]], vectors: Floats, groups: Ints, size: int, rng: np.random.Generator
) -> Ints:
    """Take a product of the cluster whose turn it is; it then has a label more, and waits again."""
    heapq.heapify(waiting)
    ranked: dict[int, list[int]] = {}
    taken: set[int] = set()
    picked: list[int] = []
    while waiting and len(picked) < size:
        small, labels, whole, cluster, members = heapq.heappop(waiting)
        if cluster not in ranked:
            ranked[cluster] = members[np.argsort(typicality(vectors[members], rng), kind="stable")].tolist()
        while ranked[cluster]:
            place = ranked[cluster].pop()
            if groups[place] not in taken:
                picked.append(place)
                taken.add(groups[place])
                heapq.heappush(waiting, (small, labels + 1, whole, cluster, members))
                break
    return np.asarray(picked, np.int64)


def typicality(vectors: Floats, rng: np.random.Generator, neighbours: int = NEIGHBOURS) -> Floats:
    """One over the mean distance to the nearest other vectors (Hacohen et al. 2022).

    Parameters
    ----------
    vectors : ndarray of float32, shape (n, dims)
        Those of one cluster; n > 0.
    rng : numpy.random.Generator
        Draws the sample of `COMPARED` vectors if there are more.
    neighbours : int
        How many; at most half of the cluster, and at least one.

    Returns
    -------
    ndarray of float32, shape (n,)
        1 for a vector that is alone.
    """
    n = len(vectors)
    if n == 1:
        return np.ones(1, np.float32)
    others = np.arange(n) if n <= COMPARED else np.sort(rng.choice(n, COMPARED, replace=False))
    nearest = max(1, min(neighbours, len(others) // 2, len(others) - 1))
    squares = np.einsum("nd,nd->n", vectors, vectors)
    own = np.full(n, -1)
    own[others] = np.arange(len(others))
    found = np.empty(n, np.float32)
    step = max(1, CELLS // len(others))
    for start in range(0, n, step):
        rows = slice(start, start + step)
        apart = squares[rows, None] + squares[others] - 2 * (vectors[rows] @ vectors[others].T)
        here = np.flatnonzero(own[rows] >= 0)
        apart[here, own[rows][here]] = np.inf
        close = np.partition(apart, nearest - 1, axis=1)[:, :nearest]
        found[rows] = 1 / np.maximum(np.sqrt(np.maximum(close, 0)).mean(axis=1), 1e-7)
    return found
