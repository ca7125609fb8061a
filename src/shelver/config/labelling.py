"""Settings of labelling: what is asked next, and of whom."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from shelver.config.section import Section

StrategyName = Literal[
    "random",
    "least_confidence",
    "margin",
    "entropy",
    "vote_entropy",
    "consensus_kl",
    "gradient",
    "density",
    "typical",
    "prob_cover",
    "badge",
    "disagreement",
    "adaptive",
]


class Labelling(Section):
    """What people are asked next."""

    strategy: StrategyName = Field("badge", description="How the products to ask about are chosen.")
    model: str = Field("", description="Model that the choice goes by; empty: training.model.")
    random_share: float = Field(
        0.1, ge=0, le=1, description="Share of questions drawn at random: accuracy is estimated from their answers."
    )
    batch: int = Field(50, ge=1, description="Products chosen at once; after so many labels the choice is made anew.")
    overlap: float = Field(0.0, ge=0, le=1, description="Share of questions that a second person is asked, too.")
    lease: int = Field(600, ge=1, description="Seconds for which a question is one person's own.")
    candidates: int = Field(100_000, ge=100, description="Products looked at for a choice at most.")
    committee: int = Field(5, ge=2, description="Members of the committee, for strategies that ask one.")
    beta: float = Field(1.0, ge=0, description="Weight of density, as an exponent (Settles and Craven 2008).")
    seed: int = Field(0, description="Another number gives other random choices.")
