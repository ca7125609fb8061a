"""Ask where the model is unsure about products that many others are like."""

from __future__ import annotations

from shelver.labelling import measures
from shelver.labelling.candidates import Candidates, Floats, Strategy
from shelver.labelling.strategies.picking import Measure, by_score


def entropy_of(candidates: Candidates) -> Floats:
    """Entropy of the model's answers: the base measure of Settles & Craven (2008)."""
    return measures.entropy(candidates.probabilities, candidates.kind)


def density_of(base: Measure = entropy_of, beta: float = 1.0) -> Strategy:
    """The strategy that weighs a measure by density.

    Parameters
    ----------
    base : callable
        Any measure that is not negative.
    beta : float
        Weight of density, as an exponent.

    Returns
    -------
    Strategy
        See `shelver.labelling.measures.information_density` (thesis, eq. 2.10). The mean cosine is taken over the
        candidates: where these are a sample of the pool, it is an estimate of that of the pool.
    """

    def measure(candidates: Candidates) -> Floats:
        return measures.information_density(base(candidates), candidates.vectors, beta)

    return by_score(measure)


density = density_of()
"""Strategy: entropy times density."""
