"""Categories whose products fall into two kinds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from shelver.labelling.accuracy import Bools, Doubles
from shelver.labelling.candidates import Floats, Ints

LEAST = 20
"""Labelled products that a category needs to be looked at."""
SMALLER = 0.2
"""Share of the products that the smaller kind has at least."""
APART = 0.2
"""Mean silhouette of two kinds that lie well apart."""
AXES = 8
"""Principal axes looked at."""
DRAWS = 200
"""Samples of a single kind that two kinds are held against."""
STARTS = 4


@dataclass(frozen=True)
class Kinds:
    """A category whose labelled products fall into two kinds.

    Attributes
    ----------
    place : int
        Its class.
    sizes : (int, int)
        Products of each kind, the larger first.
    apart : float
        Mean silhouette, from 0 (touching) to 1 (far apart).
    p : float
        How likely so clear a gap is in a category of one kind.
    examples : (ndarray of int64, ndarray of int64)
        Numbers of the products nearest to the middle of each kind, among the products given.
    """

    place: int
    sizes: tuple[int, int]
    apart: float
    p: float
    examples: tuple[Ints, Ints]


def two_kinds(
    vectors: Floats, answers: Ints, classes: int, rng: np.random.Generator, level: float = 0.05
) -> list[Kinds]:
    """Categories that may be two: their labelled products fall into two clusters that lie well apart.

    Parameters
    ----------
    vectors : ndarray of float32, shape (labels, dims)
        Embeddings of labelled products.
    answers : ndarray of int64, shape (labels,)
        Their classes.
    classes : int
        Number of classes.
    rng : Generator
        Starts the clusters, and draws the samples of the test.
    level : float
        Largest p over the number of categories that are looked at (Bonferroni).

    Returns
    -------
    list of Kinds
        The clearest first.

    Notes
    -----
    2-means on the first principal axes; the share of the spread that is left within the clusters is held against
    samples of one Gaussian with the same variances (SigClust: Liu, Hayes, Nobel and Marron 2008, JASA 103:1281, section
    2.2). Named are those that pass this test, with a mean silhouette (Rousseeuw 1987) of 0.2 and a fifth of the
    products in the smaller kind.
    """
    sizes = np.bincount(answers, minlength=classes)
    wanted = np.flatnonzero(sizes >= LEAST) if vectors.shape[1] else np.empty(0, np.int64)
    found = []
    for place in wanted.tolist():
        rows = np.flatnonzero(answers == place)
        axes = _axes(vectors[rows].astype(np.float64))
        within, kind = two_means(axes, rng)
        small = min(int(kind.sum()), int((~kind).sum()))
        if small < SMALLER * len(rows):
            continue
        apart = silhouette(axes, kind)
        if apart < APART:
            continue
        spread = axes.std(0)
        null = [two_means(rng.normal(size=axes.shape) * spread, rng)[0] for _ in range(DRAWS)]
        # a normal curve through the samples: the smallest p is not bound to 1 / DRAWS
        p = _normal_below((within - float(np.mean(null))) / max(1e-9, float(np.std(null))))
        if p > level / len(wanted):
            continue
        if kind.sum() * 2 < len(rows):
            kind = ~kind
        examples = (_middle(axes, rows, kind), _middle(axes, rows, ~kind))
        found.append(Kinds(place, (int(kind.sum()), int((~kind).sum())), apart, p, examples))
    return sorted(found, key=lambda each: -each.apart)


def two_means(points: Doubles, rng: np.random.Generator, rounds: int = 25) -> tuple[float, Bools]:
    """Two clusters (Lloyd 1982), the best of a few starts.

    Parameters
    ----------
    points : ndarray of float64, shape (n, dims)
        With mean 0.
    rng : Generator
        Chooses the starts.
    rounds : int
        Steps at most.

    Returns
    -------
    within : float
        Share of the sum of squares that is left within the clusters.
    kind : ndarray of bool, shape (n,)
        Which cluster.
    """
    total = float((points**2).sum())
    best, chosen = np.inf, np.zeros(len(points), np.bool_)
    for start in range(STARTS):
        way = rng.normal(size=points.shape[1]) if start else np.eye(1, points.shape[1])[0]
        kind = points @ way > 0
        for _ in range(rounds):
            if kind.all() or not kind.any():
                break
            one, other = points[kind].mean(0), points[~kind].mean(0)
            now = points @ (one - other) > (one @ one - other @ other) / 2
            if (now == kind).all():
                break
            kind = now
        left = sum(float(((part - part.mean(0)) ** 2).sum()) for part in (points[kind], points[~kind]) if len(part))
        if left < best:
            best, chosen = left, kind
    return best / max(total, 1e-12), chosen


def silhouette(points: Doubles, kind: Bools) -> float:
    """Mean silhouette of two clusters (Rousseeuw 1987): points of shape (n, dims), kinds of shape (n,)."""
    squares = (points**2).sum(1)
    distance = np.sqrt(np.maximum(squares[:, None] + squares - 2 * points @ points.T, 0.0))  # (n, n)
    np.fill_diagonal(distance, 0.0)
    own, sums = np.zeros(len(points)), np.stack([distance[:, ~kind].sum(1), distance[:, kind].sum(1)])
    count = np.asarray([(~kind).sum(), kind.sum()])
    mine = kind.astype(np.int64)
    rows = np.arange(len(points))
    own = sums[mine, rows] / np.maximum(count[mine] - 1, 1)
    rest = sums[1 - mine, rows] / np.maximum(count[1 - mine], 1)
    value = (rest - own) / np.maximum(np.maximum(own, rest), 1e-12)
    return float(np.where(count[mine] > 1, value, 0.0).mean())


def _axes(vectors: Doubles) -> Doubles:
    """Positions on the first principal axes: shape (n, axes), mean 0."""
    centred = vectors - vectors.mean(0)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    positions: Doubles = (left * values)[:, :AXES]
    return positions


def _normal_below(z: float) -> float:
    return float(norm.cdf(z))


def _middle(points: Doubles, rows: Ints, kind: Bools, examples: int = 3) -> Ints:
    own = points[kind]
    near = ((own - own.mean(0)) ** 2).sum(1).argsort(kind="stable")[:examples]
    nearest: Ints = rows[kind][near]
    return nearest
