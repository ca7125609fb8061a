"""Ask where the model wavers between two answers."""

from __future__ import annotations

from shelver.labelling import measures
from shelver.labelling.candidates import Candidates, Floats
from shelver.labelling.strategies.picking import by_score


def _measure(candidates: Candidates) -> Floats:
    return measures.margin(candidates.probabilities, candidates.kind)


margin = by_score(_measure)
"""Strategy: see `shelver.labelling.measures.margin` (Scheffer et al. 2001)."""
