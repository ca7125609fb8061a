"""Ask about any product: what all other strategies are measured by."""

from __future__ import annotations

import numpy as np

from shelver.labelling.candidates import Candidates, Ints
from shelver.labelling.strategies.picking import filled


def random(candidates: Candidates, size: int, rng: np.random.Generator) -> Ints:
    """Products drawn uniformly, without putting any back; one that has a near-duplicate in the batch is left out."""
    return filled(np.zeros(0, np.int64), candidates.groups, size, rng)
