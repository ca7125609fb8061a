"""Lines that are shown together: those that differ in nothing but the strategy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from shelver.experiments.simulation import Simulation
from shelver.experiments.simulation_results import MAIN, Line, lines
from shelver.experiments.simulation_settings import STANDARD, Way

SHOWN = 5
"""Strategies beside random that get a colour of their own in a plot."""


@dataclass(frozen=True)
class Group:
    """Lines of all strategies with everything else equal.

    Attributes
    ----------
    title : str
        What they have in common, as far as other groups differ in it; empty if there is but one.
    lines : tuple of Line
        Random first, then the largest area under the curve of macro-F1 first.
    """

    title: str
    lines: tuple[Line, ...]

    @property
    def random(self) -> Line:
        """What the others are compared with."""
        return self.lines[0]

    @property
    def shown(self) -> tuple[Line, ...]:
        """The best strategies, which get colours."""
        return self.lines[1 : 1 + SHOWN]

    @property
    def others(self) -> tuple[Line, ...]:
        """The rest."""
        return self.lines[1 + SHOWN :]

    @property
    def best(self) -> Line:
        """The strategy with the largest area, which may be random."""
        return max(self.lines, key=lambda line: line.areas[MAIN].mean)


def groups(found: Simulation) -> list[Group]:
    """All groups of a data set, in the order in which they were asked for."""
    by_rest: dict[Way, list[Line]] = {}
    for line in lines(found):
        by_rest.setdefault(replace(line.way, strategy=STANDARD), []).append(line)
    varied = varied_settings(list(by_rest))
    return [
        Group(
            ", ".join(in_words(way, varied)),
            tuple(sorted(own, key=lambda line: (line.way.strategy != STANDARD, -line.areas[MAIN].mean))),
        )
        for way, own in by_rest.items()
    ]


def varied_settings(ways: Sequence[Way]) -> list[str]:
    """Settings in which some ways differ."""
    names = ("model", "batch", "noise", "random_share", "prior", "rules")
    return [name for name in names if len({getattr(way, name) for way in ways}) > 1]


def in_words(way: Way, names: Sequence[str]) -> list[str]:
    """Some settings of a way in words."""
    words = {
        "model": way.model,
        "batch": f"batches of {way.batch}",
        "noise": f"{100 * way.noise:g}% wrong answers" if way.noise else "no wrong answers",
        "random_share": f"{100 * way.random_share:g}% at random",
        "prior": "with cold start" if way.prior else "without cold start",
        "rules": "with rules" if way.rules else "without rules",
    }
    return [words[name] for name in names]


def label_words(line: Line) -> str:
    """Labels to the target in words."""
    found = line.needed
    if found.mean is not None:
        return f"{found.mean:,.0f}"
    reached = f" ({found.reached} of {len(found.seeds)} did)" if found.reached else ""
    return f"not in {line.labels[-1]:,}{reached}"
