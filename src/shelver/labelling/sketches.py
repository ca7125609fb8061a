"""Find vectors that are close to each other without comparing all pairs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from shelver.labelling.candidates import Floats, Ints

WORDS = 3
"""Length of a sketch, in words of 64 bits."""
ORDERS = 16
"""How often the sketches are sorted, each time by other bits."""
WINDOW = 16
"""Neighbours in an order that a vector is compared with."""
DEVIATIONS = 4
"""Sketches of vectors that are just close enough differ in more bits than are allowed for once in 30,000 times."""
ROWS = 16_384
"""Vectors held at once beside those given."""

Words = npt.NDArray[np.uint64]


def close_pairs(vectors: Floats, places: Ints, cosine: float, seed: int = 0) -> Ints:
    """Pairs that connect vectors that are close to each other, (nearly) all that there are.

    A bit of a sketch says on which side of a random plane through the middle a vector is; close vectors agree in most
    bits (Charikar 2002). The sketches are sorted several times, each time by other bits, and a vector is compared
    with its next neighbours in every order (Manku, Jain & Das Sarma 2007): by sketch, and if these are alike by cosine.
    Work grows with n log n, memory with n.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n, dims)
        Of unit length.
    places : ndarray of int64, shape (m,)
        Which of them are looked at; m > 0.
    cosine : float
        How close.
    seed : int
        Another number gives other planes.

    Returns
    -------
    ndarray of int64, shape (pairs, 2)
        Two of a pair are close, or a chain of close vectors leads from one to the other. Fewer than m pairs.
    """
    rng = np.random.default_rng(seed)
    bits, limit = _sketches(vectors, places, cosine, rng)
    words = np.ascontiguousarray(np.packbits(bits, axis=1).view(np.uint64).T)
    m = len(places)
    label = np.arange(m)
    tree = np.zeros((0, 2), np.int64)
    for _ in range(ORDERS):
        chosen = rng.permutation(64 * WORDS)[:64]
        key = np.packbits(np.ascontiguousarray(bits[:, chosen]), axis=1).view(">u8")[:, 0]
        order = np.argsort(key, kind="stable")
        sorted_words = words[:, order]
        new = [tree]
        for step in range(1, min(WINDOW, m - 1) + 1):
            differ = np.zeros(m - step, np.uint8)
            for word in sorted_words:
                differ += np.bitwise_count(word[:-step] ^ word[step:])
            at = np.flatnonzero(differ <= limit)
            pairs = np.stack([order[at], order[at + step]], axis=1)
            pairs = pairs[label[pairs[:, 0]] != label[pairs[:, 1]]]
            new.append(_verified(vectors, places, pairs, cosine))
        tree, label = _thinned(m, np.concatenate(new))
    return np.asarray(places[tree], np.int64)


def _sketches(
    vectors: Floats, places: Ints, cosine: float, rng: np.random.Generator
) -> tuple[npt.NDArray[np.bool_], int]:
    """Bits, shape (m, 64 × WORDS), and in how many of them close vectors differ at most."""
    size = 64 * WORDS
    planes = rng.standard_normal((vectors.shape[1], size)).astype(np.float32)
    sample = vectors[places[np.sort(rng.choice(len(places), min(len(places), ROWS), replace=False))]]
    middle = np.median(sample @ planes, axis=0)
    bits = np.empty((len(places), size), bool)
    for start in range(0, len(places), ROWS):
        rows = slice(start, start + ROWS)
        bits[rows] = vectors[places[rows]] @ planes > middle
    # Seen from the middle vectors are closer than from 0, so the angle between two of them is larger.
    length = float(np.median(np.linalg.norm(sample - sample.mean(axis=0), axis=1)))
    angle = 2 * np.arcsin(min(1.0, np.sqrt(max(2 - 2 * cosine, 0)) / 2 / max(length, 1e-6)))
    share = angle / np.pi
    return bits, int(np.ceil(size * share + DEVIATIONS * np.sqrt(size * share * (1 - share))))


def _verified(vectors: Floats, places: Ints, pairs: Ints, cosine: float) -> Ints:
    keep = np.empty(len(pairs), bool)
    for start in range(0, len(pairs), ROWS):
        rows = slice(start, start + ROWS)
        a, b = vectors[places[pairs[rows, 0]]], vectors[places[pairs[rows, 1]]]
        keep[rows] = np.einsum("nd,nd->n", a, b) >= cosine
    return pairs[keep]


def _thinned(m: int, pairs: Ints) -> tuple[Ints, Ints]:
    """Pairs that connect the same things, fewer than there are things; and the label of each thing's component."""
    graph = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(m, m))
    _, label = connected_components(graph, directed=False)
    first = np.unique(label, return_index=True)[1][label]
    other = np.flatnonzero(first != np.arange(m))
    return np.stack([first[other], other], axis=1).astype(np.int64), label.astype(np.int64)
