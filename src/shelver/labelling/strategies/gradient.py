"""Ask where the answer would change the model most."""

from __future__ import annotations

from shelver.labelling import measures
from shelver.labelling.candidates import Candidates, Floats
from shelver.labelling.strategies.picking import by_score


def _measure(candidates: Candidates) -> Floats:
    return measures.gradient_length(candidates.probabilities, candidates.vectors, candidates.kind)


gradient = by_score(_measure)
"""Strategy: see `shelver.labelling.measures.gradient_length` (Settles & Craven 2008); embeddings stand for the input
of the last layer. As all are of unit length, they change the order only where some products have none."""
