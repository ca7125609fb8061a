"""What a simulation crosses: models × strategies × batch sizes × noise × seeds, and the settings of one curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any, Literal

from shelver.config import Labelling, StrategyName
from shelver.errors import ConfigError, nearest
from shelver.labelling.simulate import Play
from shelver.labelling.strategies import STRATEGIES

STANDARD: StrategyName = "random"
"""Strategy that all others are compared with; it is always played."""

Score = Literal["macro_f1", "accuracy", "top_5"]
"""What curves show."""


@dataclass(frozen=True)
class Way:
    """All settings of a curve but its seed.

    Attributes
    ----------
    model : str
        One of [models].
    strategy : str
        How the products to ask about are chosen.
    batch : int
        Labels between two choices.
    noise : float
        Share of wrong answers.
    random_share : float
        Share of questions drawn at random all the same.
    prior, rules : bool
        Does the model start from the words of the tree and the rules; do rules say anything at all?
    budget, propagate, once
        As in `shelver.labelling.simulate.Play`.
    """

    model: str
    strategy: StrategyName
    batch: int
    noise: float
    random_share: float
    prior: bool
    rules: bool
    budget: int
    propagate: bool
    once: bool

    def play(self, seed: int) -> Play:
        """How labelling is played."""
        return Play(self.budget, self.batch, self.noise, self.propagate, self.once, seed)

    def choice(self, settings: Labelling) -> Labelling:
        """How products are chosen; what a way does not say is as in some settings."""
        return settings.model_copy(update={"strategy": self.strategy, "random_share": self.random_share})

    def as_dict(self) -> dict[str, Any]:
        """As JSON-like values."""
        return asdict(self)


@dataclass(frozen=True)
class Wanted:
    """What is to be simulated: every combination of these.

    Attributes
    ----------
    strategies, models, batches, noises, random_shares : sequences
        No model: the one that the settings of labelling name.
    starts : sequence of (bool, bool)
        With or without the cold start; with or without rules. A model without cold start takes nothing from the rules.
    seeds : int
        Curves of each combination: seeds 0, 1, ...
    splits : bool
        Does each seed also measure on other products?
    budget, propagate, once
        As in `shelver.labelling.simulate.Play`.
    level : float
        Confidence of all intervals.
    target : float
        Share of the macro-F1 with all labels that is to be reached.

    Raises
    ------
    ConfigError
        A strategy that is not known, or numbers that cannot be.
    """

    strategies: Sequence[StrategyName]
    models: Sequence[str] = ()
    batches: Sequence[int] = (100,)
    noises: Sequence[float] = (0.0,)
    random_shares: Sequence[float] = (0.0,)
    starts: Sequence[tuple[bool, bool]] = ((True, True),)
    seeds: int = 5
    splits: bool = False
    budget: int = 1600
    propagate: bool = False
    once: bool = True
    level: float = 0.95
    target: float = 0.95

    def __post_init__(self) -> None:
        for name in self.strategies:
            if name not in STRATEGIES:
                raise ConfigError(f'no strategy "{name}"', where="--strategy", hint=nearest(name, STRATEGIES))
        for option, values, low, high in (
            ("--batch", self.batches, 1, None), ("--noise", self.noises, 0, 1),
            ("--random-share", self.random_shares, 0, 1), ("--seeds", (self.seeds,), 1, None),
            ("--budget", (self.budget,), 1, None),
        ):  # fmt: skip
            for value in values:
                if value < low or (high is not None and value > high):
                    expected = f"at least {low}" + (f" and at most {high}" if high is not None else "")
                    raise ConfigError(f"{value} cannot be", where=option, expected=expected)

    def ways(self, model: str) -> list[Way]:
        """Every combination, that of `STANDARD` first of each group that it is compared with; `model`: the default."""
        crossed = product(
            dict.fromkeys(self.models or (model,)), dict.fromkeys(self.batches), dict.fromkeys(self.noises),
            dict.fromkeys(self.random_shares), dict.fromkeys(self.starts),
            dict.fromkeys([STANDARD, *self.strategies]),
        )  # fmt: skip
        return [
            Way(m, strategy, batch, noise, share, prior, rules, self.budget, self.propagate, self.once)
            for m, batch, noise, share, (prior, rules), strategy in crossed
        ]
