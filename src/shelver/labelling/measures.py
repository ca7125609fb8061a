"""How much is to be learnt from the answer about each product; more is better in every measure here.

Sources: Settles, "Active Learning Literature Survey" (2009); Settles & Craven, "An Analysis of Active Learning
Strategies for Sequence Labeling Tasks" (2008); thesis, section 2.5.

Where classes do not exclude each other (``multi_label``), every class is a yes-no question of its own, and a measure is
the *sum* over classes of the measure of these questions. For entropy this is the entropy of all answers together, for
least confidence the expected number of wrong answers. Margin is then twice least confidence: they ask the same.

Logarithms are natural. Everything is computed in float32, a block of rows at a time: beside its answer a measure needs
a few megabytes, whatever the size of its input.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from shelver.config.objectives import Kind
from shelver.labelling.candidates import Floats

CELLS = 2**18
"""Numbers of a block, so that it stays in the cache of a processor."""
TINY = np.float32(1e-30)
"""Stands for 0 in logarithms: 0 log 0 is 0."""


def least_confidence(probabilities: Floats, kind: Kind = "multi_class") -> Floats:
    """One minus the probability of the likeliest answer (Settles 2009, section 3.1).

    Parameters
    ----------
    probabilities : ndarray of float32, shape (n, classes)
        What the model says.
    kind : str
        ``multi_class``: rows add up to 1. ``multi_label``: each class for itself; the sum of min(p, 1 - p).

    Returns
    -------
    ndarray of float32, shape (n,)
    """
    if kind == "multi_label":
        return _by_rows(lambda p: np.minimum(p, 1 - p).sum(axis=1), probabilities)
    return 1 - _by_rows(lambda p: p.max(axis=1), probabilities)


def margin(probabilities: Floats, kind: Kind = "multi_class") -> Floats:
    """One minus the distance between the two likeliest answers (Scheffer et al. 2001; Settles 2009, section 3.1).

    Parameters
    ----------
    probabilities : ndarray of float32, shape (n, classes)
        What the model says.
    kind : str
        For ``multi_label`` the answers of a class are p and 1 - p: the sum of 1 - abs(2p - 1).

    Returns
    -------
    ndarray of float32, shape (n,)
    """
    if kind == "multi_label":
        return 2 * least_confidence(probabilities, kind)
    return _by_rows(_margin, probabilities)


def entropy(probabilities: Floats, kind: Kind = "multi_class") -> Floats:
    """Entropy of the answer (thesis, eq. 2.5).

    Parameters
    ----------
    probabilities : ndarray of float32, shape (n, classes)
        What the model says.
    kind : str
        For ``multi_label`` the sum of the entropies of the classes.

    Returns
    -------
    ndarray of float32, shape (n,)
        In nats.
    """
    return _by_rows(_entropy_of(kind), probabilities)


def vote_entropy(committee: Floats, kind: Kind = "multi_class") -> Floats:
    """Entropy of the votes of a committee (Engelson & Dagan 1996; thesis, eq. 2.6).

    Parameters
    ----------
    committee : ndarray of float32, shape (members, n, classes)
        What each member says; it votes for its likeliest answer, of equal ones the first.
    kind : str
        For ``multi_label`` a member votes for each class with a probability above one half; sum over classes.

    Returns
    -------
    ndarray of float32, shape (n,)
        In nats.
    """
    members = len(committee)
    share: Floats = np.arange(members + 1, dtype=np.float32) / np.float32(members)
    if kind == "multi_label":
        of_count = _binary(share)

        def split(block: Floats) -> Floats:
            counts = (block > 0.5).sum(axis=0, dtype=np.intp)
            return np.asarray(of_count[counts].sum(axis=1), np.float32)

        return _by_rows(split, committee)
    votes = committee.argmax(axis=2)
    # The mean over members of -log(share of my own vote) is the sum over classes of -V/C log(V/C).
    found = np.zeros(votes.shape[1], np.float32)
    for own in votes:
        found -= np.log(share[(votes == own).sum(axis=0)])
    return np.asarray(found / members, np.float32)


def consensus_kl(committee: Floats, kind: Kind = "multi_class") -> Floats:
    """Mean Kullback-Leibler divergence between members of a committee and their mean (thesis, eq. 2.7-2.9).

    This equals the entropy of the mean less the mean of the entropies, which is how it is computed.

    Parameters
    ----------
    committee : ndarray of float32, shape (members, n, classes)
        What each member says.
    kind : str
        For ``multi_label`` the sum of the divergences of the classes.

    Returns
    -------
    ndarray of float32, shape (n,)
        In nats, not below 0.
    """
    of = _entropy_of(kind)

    def block(rows: Floats) -> Floats:
        own = sum(of(member) for member in rows) / np.float32(len(rows))
        return np.asarray(np.maximum(of(rows.mean(axis=0)) - own, 0), np.float32)

    return _by_rows(block, committee)


def gradient_length(probabilities: Floats, vectors: Floats, kind: Kind = "multi_class") -> Floats:
    """Expected length of the gradient of a last layer, over the answers that may come (Settles & Craven 2008).

    For a layer with bias over the input x the gradient of cross entropy for the answer y is (p - e_y) ⊗ (x, 1): its
    length is ‖p - e_y‖ √(‖x‖² + 1), and ‖p - e_y‖² = ‖p‖² - 2 p_y + 1.

    Parameters
    ----------
    probabilities : ndarray of float32, shape (n, classes)
        What the model says.
    vectors : ndarray of float32, shape (n, dims)
        Input of the last layer, or what stands for it.
    kind : str
        For ``multi_label`` the length of each class's own gradient, 2 p (1 - p) √(‖x‖² + 1), summed over classes.

    Returns
    -------
    ndarray of float32, shape (n,)

    Raises
    ------
    ValueError
        Not as many vectors as rows of probabilities.
    """
    if len(vectors) != len(probabilities):
        raise ValueError(f"{len(vectors)} vectors for {len(probabilities)} rows of probabilities")

    def softmax(p: Floats) -> Floats:
        rows, first = np.arange(len(p)), p.argmax(axis=1)
        largest, rest = p[rows, first], p.copy()
        rest[rows, first] = 0
        squares = np.einsum("nk,nk->n", rest, rest)
        lengths = np.sqrt((squares + largest**2)[:, None] + 1 - 2 * rest)
        # That of the likeliest answer is apart: near 1 the formula takes nearly equal numbers from each other.
        own = np.sqrt((1 - largest) ** 2 + squares)
        return np.asarray(np.einsum("nk,nk->n", rest, lengths) + largest * own, np.float32)

    def sigmoid(p: Floats) -> Floats:
        return np.asarray(2 * np.einsum("nk,nk->n", p, 1 - p), np.float32)

    inputs = np.sqrt(_by_rows(lambda x: np.einsum("nd,nd->n", x, x), vectors) + 1)
    return _by_rows(sigmoid if kind == "multi_label" else softmax, probabilities) * inputs


def density(vectors: Floats) -> Floats:
    """Mean cosine between each product and all (the bracket of thesis, eq. 2.10).

    The mean of products is the product with the mean, so this is linear in n.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n, dims)
        Of unit length, or zero.

    Returns
    -------
    ndarray of float32, shape (n,)
        From -1 to 1.
    """
    if not len(vectors):
        return np.zeros(0, np.float32)
    return np.asarray(vectors @ vectors.mean(axis=0, dtype=np.float64).astype(np.float32), np.float32)


def information_density(base: Floats, vectors: Floats, beta: float = 1.0) -> Floats:
    """A measure times density to the power of beta (Settles & Craven 2008; thesis, eq. 2.10).

    Parameters
    ----------
    base : ndarray of float32, shape (n,)
        Any measure that is not negative.
    vectors : ndarray of float32, shape (n, dims)
        Of unit length, or zero. If all are zero, nothing is known of density, and the measure is left as it is.
    beta : float
        Weight of density; 0: none.

    Returns
    -------
    ndarray of float32, shape (n,)
        A density below 0 counts as 0.
    """
    if not vectors.any():
        return base
    return np.asarray(base * np.maximum(density(vectors), 0) ** np.float32(beta), np.float32)


def conflict(beliefs: Floats, probabilities: Floats, kind: Kind = "multi_class") -> Floats:
    """How much a model contradicts beliefs that were there before it.

    The Jensen-Shannon divergence (Lin 1991) of the two, times how sure the beliefs are: one minus their entropy as a
    share of the largest possible. Without the factor, beliefs that say nothing would contradict every sure model.

    Parameters
    ----------
    beliefs : ndarray of float32, shape (n, classes)
        Probabilities without any label.
    probabilities : ndarray of float32, shape (n, classes)
        What the model says.
    kind : str
        For ``multi_label`` the sum over classes of this product.

    Returns
    -------
    ndarray of float32, shape (n,)
        In nats: at most log 2, for ``multi_label`` at most as much for each class.

    Raises
    ------
    ValueError
        The shapes differ.
    """
    if beliefs.shape != probabilities.shape:
        raise ValueError(f"beliefs have the shape {beliefs.shape}, probabilities {probabilities.shape}")

    def classes(both: Floats) -> Floats:
        b, p = both
        apart = _binary((b + p) / 2) - (_binary(b) + _binary(p)) / 2
        return np.asarray((np.maximum(apart, 0) * (1 - _binary(b) / np.float32(np.log(2)))).sum(axis=1), np.float32)

    def whole(both: Floats) -> Floats:
        b, p = both
        own = _entropy(b)
        apart = np.maximum(_entropy((b + p) / 2) - (own + _entropy(p)) / 2, 0)
        largest = np.float32(max(np.log(b.shape[1]), 1e-9))
        return np.asarray(apart * np.clip(1 - own / largest, 0, 1), np.float32)

    function = classes if kind == "multi_label" else whole
    found = np.empty(len(beliefs), np.float32)
    for rows in _blocks(len(beliefs), beliefs.shape[1]):
        found[rows] = function(np.stack([beliefs[rows], probabilities[rows]]))
    return found


def _margin(p: Floats) -> Floats:
    first = p.argmax(axis=1)
    rest = p.copy()
    rest[np.arange(len(p)), first] = 0
    return np.asarray(1 - (p[np.arange(len(p)), first] - rest.max(axis=1)), np.float32)


def _entropy(p: Floats) -> Floats:
    return np.asarray(-np.einsum("...k,...k->...", p, np.log(np.maximum(p, TINY))), np.float32)


def _binary(p: Floats) -> Floats:
    """Entropy of yes and no: element by element."""
    no = 1 - p
    return np.asarray(-p * np.log(np.maximum(p, TINY)) - no * np.log(np.maximum(no, TINY)), np.float32)


def _entropy_of(kind: Kind) -> Callable[[Floats], Floats]:
    if kind == "multi_label":
        return lambda p: np.asarray(_binary(p).sum(axis=-1), np.float32)
    return _entropy


def _blocks(n: int, width: int) -> list[slice]:
    step = max(1, CELLS // max(1, width))
    return [slice(start, start + step) for start in range(0, n, step)]


def _by_rows(function: Callable[[Floats], Any], array: Floats) -> Floats:
    """Apply a function of (..., rows, width) to all rows, a block at a time: shape (n,)."""
    n = array.shape[-2]
    found = np.empty(n, np.float32)
    for rows in _blocks(n, array.size // max(1, n)):
        found[rows] = function(array[..., rows, :])
    return found
