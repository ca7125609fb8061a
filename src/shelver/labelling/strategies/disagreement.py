"""Ask where the model contradicts the rules and the words of the tree: one of the two is wrong."""

from __future__ import annotations

from shelver.errors import ShelverError
from shelver.labelling import measures
from shelver.labelling.candidates import Candidates, Floats
from shelver.labelling.strategies.picking import by_score


def _measure(candidates: Candidates) -> Floats:
    if candidates.beliefs is None:
        raise ShelverError(
            "there are no rules and no words of a tree that a model could contradict",
            where="labelling.strategy",
            hint='write strategy = "margin", or give the catalogue a tree or rules',
        )
    return measures.conflict(candidates.beliefs, candidates.probabilities, candidates.kind)


disagreement = by_score(_measure)
"""Strategy: see `shelver.labelling.measures.conflict`. Nothing contradicts a model that only repeats the beliefs: it
then asks at random, so let it begin after some labels.

Raises
------
ShelverError
    The candidates come without beliefs.
"""
