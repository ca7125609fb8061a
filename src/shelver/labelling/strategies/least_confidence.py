"""Ask where the likeliest answer is least likely."""

from __future__ import annotations

from shelver.labelling import measures
from shelver.labelling.candidates import Candidates, Floats
from shelver.labelling.strategies.picking import by_score


def _measure(candidates: Candidates) -> Floats:
    return measures.least_confidence(candidates.probabilities, candidates.kind)


least_confidence = by_score(_measure)
"""Strategy: see `shelver.labelling.measures.least_confidence` (Settles 2009, section 3.1)."""
