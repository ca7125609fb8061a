"""When to stop labelling: when more labels bring too little, or when answers no longer change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from shelver.labelling.accuracy import Estimate
from shelver.labelling.candidates import Ints

LEAST_GAIN = 0.005
"""Share of the products that 100 labels should put right at least, for labelling to be worth while."""
AGREEMENT = 0.99
"""Mean kappa of successive models from which on answers count as settled (Bloodgood and Vijay-Shanker 2009)."""
ROUNDS = 3
"""Pairs of successive models that have to agree."""


def kappa(one: Ints, other: Ints, classes: int) -> float:
    """Agreement of two sets of answers beyond chance (Cohen 1960, Educational and Psychological Measurement 20:37).

    Parameters
    ----------
    one, other : ndarray of int64, shape (products,)
        Classes from 0.
    classes : int
        Number of classes.

    Returns
    -------
    float
        1 if all are the same, also where chance alone would do that; 0 for no products.
    """
    n = len(one)
    if n == 0:
        return 0.0
    agreed = float((one == other).mean())
    chance = float(np.bincount(one, minlength=classes) @ np.bincount(other, minlength=classes)) / n**2
    return 1.0 if agreed == 1.0 else (agreed - chance) / (1 - chance)


def agreements(answers: Sequence[Ints], classes: int) -> list[float]:
    """Kappa of each model with the next, on the same products (the stop set).

    Parameters
    ----------
    answers : sequence of ndarray of int64, shape (products,)
        Answers of successive models, oldest first.
    classes : int
        Number of classes.
    """
    return [kappa(one, other, classes) for one, other in pairwise(answers)]


@dataclass(frozen=True)
class Stopping:
    """Is more labelling worth while?

    Attributes
    ----------
    stop : bool
        True: it is not.
    known : bool
        False: that cannot be told yet.
    reason : str
        Why, in a sentence.
    agreements : tuple of float
        Kappa of each of the last models with the next.
    """

    stop: bool
    known: bool
    reason: str
    agreements: tuple[float, ...]


def stopping(
    gain: Estimate | None, more: int, kappas: Sequence[float], least: float = LEAST_GAIN, agreement: float = AGREEMENT
) -> Stopping:
    """Decide whether to go on.

    Parameters
    ----------
    gain : Estimate or None
        Share of the products that the next labels will put right; None if that cannot be told.
    more : int
        Number of these labels.
    kappas : sequence of float
        Agreement of successive models, oldest first; the last three count.
    least : float
        Share of the products that 100 labels should put right: stop if even the upper end of the interval is below.
    agreement : float
        Stop if successive models agreed this well on average three times running (Bloodgood and Vijay-Shanker 2009,
        section 3.2). That says that answers are settled, not that they are right.
    """
    last = tuple(kappas)[-ROUNDS:]
    mean = sum(last) / len(last) if len(last) == ROUNDS else None
    per_100 = None if gain is None else (100 * gain.value * 100 / more, 100 * gain.high * 100 / more)
    if per_100 is not None and per_100[1] < 100 * least:
        reason = f"100 more labels put at most {per_100[1]:.1f} of 100 products right, fewer than {100 * least:g}"
        return Stopping(True, True, reason, last)
    if mean is not None and mean >= agreement:
        reason = f"the last {ROUNDS} rounds of labels changed almost no answer (agreement {mean:.3f})"
        return Stopping(True, True, reason, last)
    if per_100 is None:
        return Stopping(False, False, "it cannot be told yet what more labels bring", last)
    if per_100[0] < 100 * least:
        reason = (
            f"100 more labels will probably put fewer than {100 * least:g} of 100 products right, but it may be up to "
            f"{per_100[1]:.1f}"
        )
        return Stopping(False, True, reason, last)
    reason = f"100 more labels put about {per_100[0]:.1f} of 100 products right"
    return Stopping(False, True, reason, last)
