"""What a strategy sees of a workspace, and what it may choose.

Questions that a strategy chose are never about products of the test side: what is measured there stays what a random
sample gives; nor about products whose label was taken over. Random questions are about any product.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from shelver.catalogue.queue_items import RANDOM
from shelver.config.labelling import Labelling
from shelver.features.split import Side
from shelver.labelling.candidates import Candidates, Floats, Ints
from shelver.labelling.choose import Chosen, choose
from shelver.labelling.fitting import Fitted
from shelver.labelling.strategies import strategy_of

RESERVE = 2
"""The queue is filled with so many batches: while the next choice is made, people answer what is left of this one."""


def choose_next(
    fitted: Fitted,
    groups: Ints,
    labelled: Ints,
    taken: Ints,
    settings: Labelling,
    rng: np.random.Generator,
    taken_over: Ints | None = None,
) -> Chosen:
    """Choose questions for the products of a pool.

    Parameters
    ----------
    fitted : Fitted
        A model of the labels there are.
    groups : ndarray of int64, shape (pool,)
        Near-duplicates have the same number.
    labelled, taken : ndarray of int64, shape (any,)
        Places of products with labels that the model learnt, and of those not to be asked about.
    settings : Labelling
        How to choose.
    rng : numpy.random.Generator
        Source of randomness.
    taken_over : ndarray of int64, shape (any,), optional
        Places of products whose label was taken over from others: only random questions are about them.

    Returns
    -------
    Chosen
        `RESERVE` batches, or fewer if there are not so many products; ``by`` is ``random`` or the strategy's name.
    """
    pool = fitted.fitter.pool
    closed = pool.examples.side[pool.rows] == Side.TEST
    if taken_over is not None:
        closed[taken_over] = True
    allowed: list[npt.NDArray[np.bool_]] = []

    def look(places: Ints) -> Candidates:
        allowed.append(~closed[places])
        return candidates_of(fitted, places, labelled, settings)

    def strategy(candidates: Candidates, size: int, rng: np.random.Generator) -> Ints:
        kept = np.flatnonzero(allowed[-1])
        if not len(kept):
            return kept
        return np.asarray(kept[strategy_of(settings)(some_of(candidates, kept), size, rng)], np.int64)

    own = None if settings.strategy == RANDOM else strategy
    found = choose(look, groups, taken, settings, rng, size=settings.batch * RESERVE, strategy=own)
    return Chosen(found.places, tuple(RANDOM if by == RANDOM else settings.strategy for by in found.by))


def candidates_of(fitted: Fitted, places: Ints, labelled: Ints, settings: Labelling) -> Candidates:
    """What is known about some products; beliefs without labels only for the strategy that asks for them."""
    pool = fitted.fitter.pool
    beliefs: Floats | None = None
    if settings.strategy == "disagreement":
        none = np.zeros(0, np.int64)
        beliefs = fitted.fitter.fit(none, none).probabilities(places)
    return Candidates(
        fitted.probabilities(places),
        pool.vectors[places],
        np.arange(len(places)),  # `choose` puts the groups of the pool in their place
        labelled=pool.vectors[labelled],
        beliefs=beliefs,
        ask_committee=lambda: fitted.committee(settings.committee, places, settings.seed),
    )


def some_of(candidates: Candidates, kept: Ints) -> Candidates:
    """The same for some of the products only."""
    return Candidates(
        candidates.probabilities[kept],
        candidates.vectors[kept],
        candidates.groups[kept],
        candidates.kind,
        candidates.labelled,
        None if candidates.beliefs is None else candidates.beliefs[kept],
        lambda: candidates.committee[:, kept],
    )
