"""Typical products first, then those the model is unsure about."""

from __future__ import annotations

import numpy as np

from shelver.labelling.candidates import Candidates, Ints
from shelver.labelling.strategies.margin import margin
from shelver.labelling.strategies.typical import typical


def adaptive(candidates: Candidates, size: int, rng: np.random.Generator) -> Ints:
    """`typical` while there are fewer labels than classes, then `margin`.

    With few labels typical products teach most, with many those that the model is unsure about (Hacohen et al. 2022).
    The change comes where the average class has its one label: before that a model cannot know the classes between
    which it should waver. There is no constant to tune.

    Parameters and answer are those of every `Strategy`.
    """
    labels = 0 if candidates.labelled is None else len(candidates.labelled)
    if labels < candidates.probabilities.shape[1]:
        return typical(candidates, size, rng)
    return margin(candidates, size, rng)
