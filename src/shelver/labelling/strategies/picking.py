"""What all strategies share: the best by a score, at most one of each group of near-duplicates."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from shelver.labelling.candidates import Candidates, Floats, Ints, Strategy

Measure = Callable[[Candidates], Floats]
"""How much is to be learnt from each candidate: float32, shape (n,)."""


def by_score(measure: Measure) -> Strategy:
    """The strategy that asks about the products with the highest scores.

    Parameters
    ----------
    measure : callable
        Gives a score for each candidate. It sees each for itself: two products that are alike, but in no common group,
        may both be asked about.

    Returns
    -------
    Strategy
        Equal scores come in random order.
    """

    def strategy(candidates: Candidates, size: int, rng: np.random.Generator) -> Ints:
        return best(measure(candidates), candidates.groups, size, rng)

    return strategy


def best(scores: Floats, groups: Ints, size: int, rng: np.random.Generator) -> Ints:
    """Places of the highest scores, one of each group, equal ones in random order.

    Parameters
    ----------
    scores : ndarray of float, shape (n,)
        More is better.
    groups : ndarray of int64, shape (n,)
        Near-duplicates have the same number.
    size : int
        How many at most.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray of int64, shape (at most size,)
        Best first.

    Raises
    ------
    ValueError
        Scores that are no numbers, or not one for each candidate.
    """
    if scores.shape != groups.shape:
        raise ValueError(f"scores have the shape {scores.shape}, not {groups.shape}")
    if np.isnan(scores).any():
        raise ValueError(f"{np.isnan(scores).sum()} of {len(scores)} scores are no numbers")
    shuffled = rng.permutation(len(scores))
    order = shuffled[np.argsort(-scores[shuffled], kind="stable")]
    return one_of_each(order, groups)[:size]


def one_of_each(places: Ints, groups: Ints) -> Ints:
    """The first place of each group, in the order given."""
    _, first = np.unique(groups[places], return_index=True)
    return np.asarray(places[np.sort(first)], np.int64)


def filled(places: Ints, groups: Ints, size: int, rng: np.random.Generator) -> Ints:
    """The same places, and random ones of other groups until there are as many as asked for."""
    if len(places) >= size:
        return places[:size]
    free = np.flatnonzero(~np.isin(groups, groups[places]))
    more = one_of_each(rng.permutation(free), groups)
    return np.asarray(np.concatenate([places, more[: size - len(places)]]), np.int64)
