"""Ask where the answer is least certain on the whole."""

from __future__ import annotations

from shelver.labelling import measures
from shelver.labelling.candidates import Candidates, Floats
from shelver.labelling.strategies.picking import by_score


def _measure(candidates: Candidates) -> Floats:
    return measures.entropy(candidates.probabilities, candidates.kind)


entropy = by_score(_measure)
"""Strategy: see `shelver.labelling.measures.entropy` (thesis, eq. 2.5)."""
