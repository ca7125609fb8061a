"""Ask about products that have most others near them: for the first labels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from shelver.labelling.candidates import Candidates, Floats, Ints
from shelver.labelling.kmeans import kmeans
from shelver.labelling.strategies.picking import filled

MOST = 15_000
"""Candidates that are looked at: a bit for each pair of them is 28 MB."""
PROBES = 1_000
"""Candidates around which the purity of balls is estimated, at most."""
PURITY = 0.95
"""Share of balls that hold one class only, as in the paper."""
ROWS = 256
"""Rows of the matrix of neighbours that are computed or unpacked at once."""

Bits = npt.NDArray[np.uint8]


def prob_cover(candidates: Candidates, size: int, rng: np.random.Generator) -> Ints:
    """ProbCover (Yehuda, Dekel, Hacohen & Weinshall 2022, "Active Learning Through a Covering Lens").

    A product covers all that are nearer to it than a radius. Products with a label cover theirs; then each question
    goes to the one that covers most that is not yet covered. What the model says is not used. Where there are more
    than `MOST` candidates, a uniform sample of so many is looked at.

    Parameters and answer are those of every `Strategy`.
    """
    if not len(candidates) or size < 1:
        return np.zeros(0, np.int64)
    looked = rng.permutation(len(candidates))[:MOST]
    vectors, groups = candidates.vectors[looked], candidates.groups[looked]
    delta = radius(vectors, candidates.probabilities.shape[1], rng)
    near, degree = _neighbours(vectors, delta)
    free = np.ones(len(looked), bool)
    uncovered = np.ones(len(looked), bool)

    def cover(more: npt.NDArray[np.bool_]) -> None:
        new = np.flatnonzero(more & uncovered)
        uncovered[new] = False
        for start in range(0, len(new), ROWS):
            block = _unpacked(near[new[start : start + ROWS]], len(looked))
            np.subtract(degree, block.sum(axis=0, dtype=np.int64), out=degree)

    if candidates.labelled is not None and len(candidates.labelled):
        cover(_covered(vectors, candidates.labelled, delta))
    picked: list[int] = []
    while len(picked) < size and free.any():
        place = int(np.where(free, degree, -len(looked) - 1).argmax())
        picked.append(place)
        free[groups == groups[place]] = False
        cover(_unpacked(near[place], len(looked)).astype(bool))
    return filled(looked[picked], candidates.groups, size, rng)


def radius(vectors: Floats, classes: int, rng: np.random.Generator, purity: float = PURITY) -> float:
    """The largest radius at which most balls are pure (Yehuda et al. 2022).

    Clusters by k-means, as many as there are classes, stand for the classes. A ball is pure if all in it are of one
    cluster: if its radius is not above the distance from its centre to the nearest vector of another cluster. So the
    radius is a quantile of these distances; nothing is searched for.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n, dims)
        n > 0.
    classes : int
        Number of classes; at most one for every two vectors is used.
    rng : numpy.random.Generator
        Draws `PROBES` centres of balls.
    purity : float
        Share of balls that must be pure.

    Returns
    -------
    float
        Euclidean; balls are open. Infinite if all vectors are equal.
    """
    n = len(vectors)
    clusters = kmeans(vectors, max(2, min(classes, n // 2)), rng, rounds=10)
    probes = np.sort(rng.choice(n, min(n, PROBES), replace=False))
    squares = np.einsum("nd,nd->n", vectors, vectors)
    apart = np.empty(len(probes), np.float32)
    for start in range(0, len(probes), ROWS):
        block = probes[start : start + ROWS]
        distances = squares[block, None] + squares - 2 * (vectors[block] @ vectors.T)
        distances[clusters[block, None] == clusters] = np.inf
        apart[start : start + ROWS] = distances.min(axis=1)
    apart.sort()
    return float(np.sqrt(max(apart[int((1 - purity) * len(apart) + 1e-9)], 0)))


def _neighbours(vectors: Floats, delta: float) -> tuple[Bits, Ints]:
    """A bit for each pair that is nearer than delta, and how many each vector has, itself included."""
    n = len(vectors)
    half = np.einsum("nd,nd->n", vectors, vectors) / 2
    bits = np.zeros((n, (n + 7) // 8), np.uint8)
    degree = np.empty(n, np.int64)
    for start in range(0, n, ROWS):
        rows = slice(start, start + ROWS)
        near = _near(vectors[rows], half[rows], vectors, half, delta)
        own = np.arange(start, min(start + ROWS, n))
        near[own - start, own] = True
        bits[rows] = np.packbits(near, axis=1)
        degree[rows] = near.sum(axis=1)
    return bits, degree


def _covered(vectors: Floats, labelled: Floats, delta: float) -> npt.NDArray[np.bool_]:
    half = np.einsum("nd,nd->n", vectors, vectors) / 2
    around = np.einsum("nd,nd->n", labelled, labelled) / 2
    found = np.zeros(len(vectors), bool)
    for start in range(0, len(labelled), ROWS):
        rows = slice(start, start + ROWS)
        found |= _near(labelled[rows], around[rows], vectors, half, delta).any(axis=0)
    return found


def _near(a: Floats, a_half: Floats, b: Floats, b_half: Floats, delta: float) -> npt.NDArray[np.bool_]:
    """‖a - b‖² < delta², written with products; halves are of squared lengths. Shape (len(a), len(b))."""
    limit = np.float32(delta**2 / 2)
    return np.asarray(a @ b.T > a_half[:, None] + b_half - limit, bool)


def _unpacked(bits: Bits, n: int) -> Bits:
    return np.unpackbits(bits, axis=-1, count=n)
