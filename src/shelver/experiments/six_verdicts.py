"""What the cells of the six training settings come to: means over seeds, a verdict on hypothesis 6 of the thesis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shelver.experiments.six_settings import Cell

LEAST_GAIN = 0.01


@dataclass(frozen=True)
class Mean:
    """A setting over all seeds: what the tables of the report show."""

    data: str
    model: str
    objectives: tuple[str, ...]
    schedule: str
    source: str
    budget: int
    labels: float
    accuracy: float
    macro_f1: float
    spread: float | None
    top_5: float
    rule_map: float | None
    seconds: float
    seeds: int


def means(cells: Sequence[Cell]) -> list[Mean]:
    """Means over seeds; `spread` is the standard error of macro-F1 (None for one seed)."""
    groups: dict[tuple[Any, ...], list[Cell]] = {}
    for cell in cells:
        groups.setdefault(cell.key[:-1], []).append(cell)
    found = []
    for key, group in groups.items():
        macro = np.array([cell.macro_f1 for cell in group])
        maps = [cell.rule_map for cell in group if cell.rule_map is not None]
        mean = {name: float(np.mean([getattr(cell, name) for cell in group])) for name in
                ("labels", "accuracy", "top_5", "seconds")}  # fmt: skip
        spread = float(macro.std(ddof=1) / np.sqrt(len(macro))) if len(macro) > 1 else None
        data, model, objectives, schedule, source, budget = key
        found.append(Mean(
            data, model, objectives, schedule, source, budget, mean["labels"], mean["accuracy"],
            float(macro.mean()), spread, mean["top_5"], float(np.mean(maps)) if maps else None, mean["seconds"],
            len(group),
        ))  # fmt: skip
    return found


@dataclass(frozen=True)
class SixthVerdict:
    """What one data set says about hypothesis 6.

    "Active learning substantially decreases label complexity, however uncertainty sampling might give poor results on
    the first round."

    Attributes
    ----------
    data : str
        Data set.
    seeds : int
        Seeds that every setting has at least.
    saved : bool or None
        Does uncertainty sampling need substantially fewer labels: as good with half of them? None: one seed, or no
        budget is twice another.
    poor_start : bool or None
        Is it behind random sampling at the smallest budget? None: one seed.
    second_objective : float
        Macro-F1 gained by the rule-based objective with the best schedule, over all sources and budgets. The schedule
        is chosen by the same scores of the test side, so this is what it gains at best.
    schedule : str
        That schedule.
    seen : str
        The figures.
    """

    data: str
    seeds: int
    saved: bool | None
    poor_start: bool | None
    second_objective: float
    schedule: str
    seen: str


def verdicts(found: Sequence[Mean]) -> list[SixthVerdict]:
    """A verdict for each data set, over all its models.

    ``saved`` compares uncertainty labels at a budget with random labels at twice that budget, for every such pair of
    budgets and model; it holds if the mean of the differences in macro-F1 is not below −1 point. None: no budget is
    twice another, or there is but one seed.
    """
    answer = []
    for data in dict.fromkeys(mean.data for mean in found):
        own = {(m.model, m.objectives, m.schedule, m.source, m.budget): m for m in found if m.data == data}
        budgets = sorted({key[-1] for key in own})
        settings = sorted({key[:3] for key in own})
        half = [
            own[(*setting, "uncertainty", budget)].macro_f1 - own[(*setting, "random", 2 * budget)].macro_f1
            for setting in settings
            for budget in budgets
            if 2 * budget in budgets
        ]
        gaps = {
            budget: float(np.mean([
                own[(*s, "uncertainty", budget)].macro_f1 - own[(*s, "random", budget)].macro_f1 for s in settings
            ]))
            for budget in budgets
        }  # fmt: skip
        schedule, gain = _best_schedule(own)
        seen = "uncertainty against random at " + ", ".join(f"{b} labels {100 * g:+.1f}" for b, g in gaps.items())
        if half:
            seen += f"; against twice as many random labels {100 * float(np.mean(half)):+.1f} points"
        if schedule:
            seen += f"; the second objective at best {100 * gain:+.1f} ({schedule}: the best schedule by test scores)"
        seeds = min(mean.seeds for mean in own.values())
        saved = bool(np.mean(half) > -LEAST_GAIN) if half and seeds > 1 else None
        poor_start = gaps[budgets[0]] < 0 if seeds > 1 else None
        answer.append(SixthVerdict(data, seeds, saved, poor_start, gain, schedule, seen))
    return answer


def _best_schedule(own: Mapping[tuple[Any, ...], Mean]) -> tuple[str, float]:
    gains: dict[str, list[float]] = {}
    for (model, objectives, schedule, source, budget), mean in own.items():
        alone = own.get((model, ("exclusive",), "", source, budget))
        if len(objectives) > 1 and alone is not None:
            gains.setdefault(schedule, []).append(mean.macro_f1 - alone.macro_f1)
    if not gains:
        return "", 0.0
    best = max(gains, key=lambda schedule: float(np.mean(gains[schedule])))
    return best, float(np.mean(gains[best]))
