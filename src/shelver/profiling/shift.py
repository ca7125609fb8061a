"""Have shares or distributions changed, or may the difference be chance?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import chi2

CHANCE = 1e-6
"""Probability of a false alarm in one comparison; a profile of 40 feeds makes about 5,000 of them."""
NORMAL = 4.89
"""Standard deviations that a normal variable exceeds, up or down, with the probability `CHANCE`."""
SMALL, LARGE = 0.1, 0.25
"""Population stability index below which a distribution counts as unchanged, and from which it has changed much.

The thresholds of credit scoring: Siddiqi 2006, "Credit Risk Scorecards"; Lewis 1994, "An Introduction to
Credit Scoring".
"""


@dataclass(frozen=True)
class Shift:
    """Population stability index of two histograms, and whether it is more than chance."""

    index: float
    sure: bool


def stability(before: Sequence[int], after: Sequence[int]) -> Shift:
    """Population stability index ``sum((q - p) ln(q / p))`` of two histograms over the same bins.

    Without a change, the index of samples of n and m is about ``(1/n + 1/m)`` times a chi-squared variable with one
    degree of freedom fewer than there are bins (Yurdakul 2018, "Statistical properties of population stability index"),
    so few products cannot cry wolf.

    Parameters
    ----------
    before, after : sequence of int, length bins
        Counts. Half a count is added to each bin, as an empty one would make the index infinite.
    """
    n, m = sum(before), sum(after)
    used = [(a, b) for a, b in zip(before, after, strict=True) if a or b]
    if not n or not m or len(used) < 2:
        return Shift(0.0, sure=False)
    index = 0.0
    for a, b in used:
        p, q = (a + 0.5) / (n + len(used) / 2), (b + 0.5) / (m + len(used) / 2)
        index += (q - p) * math.log(q / p)
    return Shift(index, index > float(chi2.isf(CHANCE, len(used) - 1)) * (1 / n + 1 / m))


def differs(before: int, rows_before: int, after: int, rows_after: int) -> bool:
    """Do two shares differ by more than chance? The pooled two-proportion z-test, with half a count of continuity."""
    if not rows_before or not rows_after:
        return False
    pooled = (before + after) / (rows_before + rows_after)
    error = math.sqrt(pooled * (1 - pooled) * (1 / rows_before + 1 / rows_after))
    gap = abs(before / rows_before - after / rows_after) - (1 / rows_before + 1 / rows_after) / 2
    return gap > NORMAL * error if error else False
