"""Strategies: which products people are asked about next, each a plain function of what is known about them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from shelver.config.labelling import Labelling, StrategyName
from shelver.labelling.candidates import Strategy
from shelver.labelling.strategies.adaptive import adaptive
from shelver.labelling.strategies.badge import badge
from shelver.labelling.strategies.consensus_kl import consensus_kl
from shelver.labelling.strategies.density import density, density_of
from shelver.labelling.strategies.disagreement import disagreement
from shelver.labelling.strategies.entropy import entropy
from shelver.labelling.strategies.gradient import gradient
from shelver.labelling.strategies.least_confidence import least_confidence
from shelver.labelling.strategies.margin import margin
from shelver.labelling.strategies.prob_cover import prob_cover
from shelver.labelling.strategies.random import random
from shelver.labelling.strategies.typical import typical
from shelver.labelling.strategies.vote_entropy import vote_entropy

STRATEGIES: Mapping[StrategyName, Strategy] = MappingProxyType(
    {
        "random": random,
        "least_confidence": least_confidence,
        "margin": margin,
        "entropy": entropy,
        "vote_entropy": vote_entropy,
        "consensus_kl": consensus_kl,
        "gradient": gradient,
        "density": density,
        "typical": typical,
        "prob_cover": prob_cover,
        "badge": badge,
        "disagreement": disagreement,
        "adaptive": adaptive,
    }
)
"""Every strategy that settings can name."""


def strategy_of(settings: Labelling) -> Strategy:
    """The strategy that the settings name, with its settings."""
    if settings.strategy == "density":
        return density_of(beta=settings.beta)
    return STRATEGIES[settings.strategy]
