"""Intervals of figures that have no formula for it: products are drawn again and again."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from shelver.labelling.accuracy import Doubles, Estimate

REPLICATES = 1000
"""Samples drawn for a bootstrap interval."""
_HELD = 2_000_000  # weights in memory at once


def bootstrap(statistic: Callable[[Doubles], Doubles], products: int, of: int, seed: int = 0) -> Estimate | None:
    """A statistic of products with its percentile interval (Efron 1979): products are drawn with replacement.

    Parameters
    ----------
    statistic : callable
        From how often each product counts, float64 of shape (samples, products), to the statistic of each sample:
        shape (samples,), NaN where it is not defined.
    products : int
        How many there are.
    of : int
        Number of answers that the estimate is said to rest on.
    seed : int
        Of the draws.

    Returns
    -------
    Estimate or None
        None where the statistic of the products as they are is not defined.
    """
    if products == 0:
        return None
    value = float(statistic(np.ones((1, products)))[0])
    if math.isnan(value):
        return None
    rng = np.random.default_rng(seed)
    block = max(1, min(REPLICATES, _HELD // products))
    even = np.full(products, 1 / products)
    sizes = [min(block, REPLICATES - start) for start in range(0, REPLICATES, block)]
    drawn = np.concatenate([statistic(rng.multinomial(products, even, size).astype(np.float64)) for size in sizes])
    drawn = drawn[~np.isnan(drawn)]
    low, high = np.quantile(drawn, [0.025, 0.975]) if len(drawn) else (value, value)
    return Estimate(value, min(float(low), value), max(float(high), value), of)
