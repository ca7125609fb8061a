"""Ask about products that have most others near them: for the first labels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from shelver.labelling.candidates import Candidates, Floats, Ints
from shelver.labelling.kmeans import kmeans
from shelver.labelling.strategies.picking import filled

MOST = 8_000
"""Candidates that are looked at: a byte for each pair of them is 64 MB."""
PROBES = 1_000
"""Candidates around which the purity of balls is estimated, at most."""
PURITY = 0.95
"""Share of balls that hold one class only, as in the paper."""
ROWS = 512
"""Rows of a matrix of distances that are computed at once."""

Mask = npt.NDArray[np.bool_]


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
    near = _neighbours(vectors, delta)
    uncovered = np.ones(len(looked), bool)
    if candidates.labelled is not None and len(candidates.labelled):
        uncovered &= ~_covered(vectors, candidates.labelled, delta)
    degree = near[uncovered].sum(axis=0, dtype=np.int32)
    free = np.ones(len(looked), bool)
    picked: list[int] = []
    while len(picked) < size and free.any():
        place = int(np.where(free, degree, -1).argmax())
        picked.append(place)
        free[groups == groups[place]] = False
        new = np.flatnonzero(near[place] & uncovered)
        uncovered[new] = False
        for start in range(0, len(new), ROWS):
            degree -= near[new[start : start + ROWS]].sum(axis=0, dtype=np.int32)
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
    clusters = kmeans(vectors, max(2, min(classes, n // 2)), rng, rounds=5)
    probes = np.sort(rng.choice(n, min(n, PROBES), replace=False))
    left, right = _factors(vectors)
    apart = np.empty(len(probes), np.float32)
    for start in range(0, len(probes), ROWS):
        block = probes[start : start + ROWS]
        nearness = left[block] @ right.T
        nearness[clusters[block, None] == clusters] = -np.inf
        apart[start : start + ROWS] = -2 * nearness.max(axis=1)
    apart.sort()
    return float(np.sqrt(max(apart[int((1 - purity) * len(apart) + 1e-9)], 0)))


def _neighbours(vectors: Floats, delta: float) -> Mask:
    """Which pairs are nearer than delta: shape (n, n); each vector is near to itself."""
    n = len(vectors)
    left, right = _factors(vectors)
    near = np.empty((n, n), bool)
    for start in range(0, n, ROWS):
        rows = slice(start, start + ROWS)
        near[rows, start:] = left[rows] @ right[start:].T > -(delta**2) / 2
        near[start + ROWS :, rows] = near[rows, start + ROWS :].T
    np.fill_diagonal(near, True)
    return near


def _covered(vectors: Floats, labelled: Floats, delta: float) -> Mask:
    left, right = _factors(labelled)[0], _factors(vectors)[1]
    found = np.zeros(len(vectors), bool)
    for start in range(0, len(left), ROWS):
        found |= (left[start : start + ROWS] @ right.T).max(axis=0) > -(delta**2) / 2
    return found


def _factors(vectors: Floats) -> tuple[Floats, Floats]:
    """Two matrices of shape (n, dims + 2); a row of the first times one of the second is -‖a - b‖² / 2."""
    half = np.einsum("nd,nd->n", vectors, vectors)[:, None] / 2
    one = np.ones_like(half)
    return np.hstack([vectors, -half, -one]), np.hstack([vectors, one, half])
