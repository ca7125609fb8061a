"""Ask where the members of a committee are far from what they say together."""

from __future__ import annotations

from shelver.labelling import measures
from shelver.labelling.candidates import Candidates, Floats
from shelver.labelling.strategies.picking import by_score


def _measure(candidates: Candidates) -> Floats:
    return measures.consensus_kl(candidates.committee, candidates.kind)


consensus_kl = by_score(_measure)
"""Strategy: see `shelver.labelling.measures.consensus_kl` (thesis, eq. 2.7-2.9)."""
