"""Settings of training."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from shelver.config.section import Section


class Training(Section):
    """How models are trained."""

    model: str = Field("linear", description="Which of [models] to train.")
    objectives: tuple[str, ...] = Field(
        ("exclusive", "rule_based"), min_length=1, description="What to learn; the first is the main one."
    )
    schedule: Literal["both", "pretrain", "pretrain_both", "interleaved"] = Field(
        "both",
        description="both: all objectives in every step; pretrain: first the others, then the main one alone; "
        "pretrain_both: first the others, then all; interleaved: one batch is shared out by `shares`.",
    )
    pretrain_epochs: int = Field(5, ge=1, description="Passes over the data before the main objective joins in.")
    shares: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(
        default_factory=dict, description="Objective = share of a batch for interleaved; not named: equal parts."
    )
    epochs: int = Field(10, ge=0, description="Passes over the training data at most; 0: the prior alone.")
    batch_size: int = Field(
        0, ge=0, description="Rows in a step; 0: 512, up to 2,048 with hundreds of thousands of labels."
    )
    patience: int = Field(3, ge=1, description="Stop after this many epochs without a better validation loss.")
    min_steps: int = Field(60, ge=1, description="Steps in an epoch at least; with few labels they are seen again.")
    solver: Literal["auto", "adam", "exact"] = Field(
        "auto",
        description="exact: a linear model with plain cross-entropy is solved at once, to its optimum; adam: all are "
        "trained step by step; auto: exact with at most 4,000 labels.",
    )
    seed: int = Field(0, description="Same seed, same model.")
    propagated: bool = Field(
        True, description="Also learn from labels taken over from look-alikes and clusters, not only from people's own."
    )
    device: str = Field("auto", pattern=r"^(auto|cpu|cuda(:\d+)?|mps)$", description="auto: a GPU if there is one.")

    @model_validator(mode="after")
    def _something_to_learn(self) -> Training:
        if len(set(self.objectives)) < len(self.objectives):
            raise ValueError("training.objectives names an objective twice")
        foreign = [name for name in self.shares if name not in self.objectives]
        if foreign:
            raise ValueError(f'training.shares has "{foreign[0]}", which is not among training.objectives')
        total = sum(self.shares.values())
        if total > 1 or (total == 0 and set(self.shares) == set(self.objectives)):
            raise ValueError(f"training.shares add up to {total:g}; expected more than 0 and at most 1")
        return self
