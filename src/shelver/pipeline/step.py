"""What a step of the pipeline reports, while it runs and when it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Report = Callable[[str, int, int], None]
"""Told ``(step, rows done, rows in all)`` while a step runs; rows in all is 0 where it is not known."""


def silent(step: str, done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Step:
    """What a step did.

    Attributes
    ----------
    name : str
        Name of the step.
    rows : int
        Rows of what it made.
    fresh : bool
        True if everything was up to date and nothing was done.
    seconds : float
        Wall time.
    details : dict
        Figures that belong to the step.
    """

    name: str
    rows: int
    fresh: bool
    seconds: float
    details: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """As JSON-like values."""
        return {"step": self.name, "rows": self.rows, "fresh": self.fresh, "seconds": self.seconds, **self.details}
