"""Ask where the members of a committee vote for different answers."""

from __future__ import annotations

from shelver.labelling import measures
from shelver.labelling.candidates import Candidates, Floats
from shelver.labelling.strategies.picking import by_score


def _measure(candidates: Candidates) -> Floats:
    return measures.vote_entropy(candidates.committee, candidates.kind)


vote_entropy = by_score(_measure)
"""Strategy: see `shelver.labelling.measures.vote_entropy` (thesis, eq. 2.6)."""
