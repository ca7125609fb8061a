"""Settings of `shelver tune`."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from shelver.config.section import Section


class Range(Section):
    """Numbers that a setting may have."""

    low: int | float = Field(description="Least value.")
    high: int | float = Field(description="Greatest value.")
    log: bool = Field(False, description="Try orders of magnitude instead of equal steps.")
    step: int | float | None = Field(
        None, gt=0, description="Distance of neighbouring values; not together with `log`."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Range:
        if self.low > self.high:
            raise ValueError(f"low = {self.low} is more than high = {self.high}")
        if self.log and (self.low <= 0 or self.step is not None):
            raise ValueError("log needs low above 0 and no step")
        return self


class Tune(Section):
    """What `shelver tune` tries."""

    space: dict[str, Any] = Field(
        default_factory=dict,
        description="Setting = what to try: `models.linear.l2 = { low = 0.001, high = 1.0, log = true }`, or a list of "
        'values: `training.schedule = ["both", "pretrain"]`. Empty: a range for the configured model.',
    )
