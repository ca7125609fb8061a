"""What curves come to: a line for each way, with bands, areas, labels to the target and the verdict beside random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from shelver.experiments.simulation import Simulation, Standard
from shelver.experiments.simulation_settings import STANDARD, Score, Way
from shelver.labelling.learning_curves import (
    Difference,
    Interval,
    Needed,
    area,
    compare,
    interval,
    labels_to_reach,
    needed,
)
from shelver.labelling.simulate import Point

SCHEMA = "shelver.simulation.v1"
SCORES: tuple[Score, ...] = ("macro_f1", "accuracy", "top_5")
MAIN: Score = "macro_f1"
VERDICTS = {
    "better": "better than random",
    "worse": "random wins",
    "no clear difference": "no clear difference",
    "one seed": "one seed, no verdict",
}
FOR_BANDS = 4
"""Seeds from which on a band is worth drawing: with fewer, an interval of the mean covers the plot."""


@dataclass(frozen=True)
class Line:
    """What all seeds of a way come to.

    Attributes
    ----------
    way : Way
        Its settings.
    labels : tuple of int
        Numbers of labels at which every seed was measured.
    bands : dict of Score to list of Interval
        Mean and interval of each score at each of these.
    singles : dict of Score to list of list of float
        The same scores of each seed.
    areas : dict of Score to Interval
        Area under the curve, as the mean height from 0 to the last of these.
    aim : float
        Macro-F1 to reach, on average over the seeds.
    needed : Needed
        Labels that it takes.
    categories : int
        Categories among the products to ask about.
    against : Difference or None
        Area under the curve of macro-F1 beside that of random with all else equal; None for random itself.
    same : bool
        True if all seeds gave the same curve, so that intervals say nothing.
    seconds : dict of str to float
        Mean time of a round to fit, to score and to choose; and of a whole curve.
    """

    way: Way
    labels: tuple[int, ...]
    bands: dict[Score, list[Interval]]
    singles: dict[Score, list[list[float]]]
    areas: dict[Score, Interval]
    aim: float
    needed: Needed
    categories: int
    against: Difference | None
    same: bool
    seconds: dict[str, float]

    @property
    def verdict(self) -> str:
        """How it does beside random, in words."""
        return VERDICTS[self.against.word] if self.against else ""

    @property
    def few(self) -> bool:
        """Several seeds, but too few for a band: their own curves say more."""
        return 1 < len(self.needed.seeds) < FOR_BANDS

    @property
    def per_category(self) -> float | None:
        """Labels to the target for each category, on average."""
        return None if self.needed.mean is None else self.needed.mean / max(1, self.categories)

    def at(self, labels: int, score: Score = MAIN) -> Interval | None:
        """A score at a number of labels; None if it was not measured there."""
        return self.bands[score][self.labels.index(labels)] if labels in self.labels else None

    def as_dict(self) -> dict[str, Any]:
        """As JSON-like values."""
        return {
            **self.way.as_dict(),
            "labels": list(self.labels),
            "curves": {score: _columns(band) for score, band in self.bands.items()},
            "area": {score: vars(found) for score, found in self.areas.items()},
            "target": {
                "macro_f1": self.aim,
                "labels": self.needed.mean,
                "low": self.needed.low,
                "high": self.needed.high,
                "by_seed": list(self.needed.seeds),
                "reached": self.needed.reached,
                "per_category": self.per_category,
            },
            "against_random": vars(self.against) | {"verdict": self.verdict} if self.against else None,
            "same_for_all_seeds": self.same,
            "seconds": self.seconds,
        }


def lines(found: Simulation) -> list[Line]:
    """One line a way, in the order in which they were asked for."""
    return [_line(found, way) for way in found.curves]


def _line(found: Simulation, way: Way) -> Line:
    level, curves = found.wanted.level, found.curves[way]
    aims = [
        found.wanted.target * point.macro_f1 for point in found.standards[Standard(way.model, way.prior, way.rules)]
    ]
    labels = measured_by_all(curves)
    bands, singles, areas = {}, {}, {}
    for score in SCORES:
        heights = singles[score] = [_heights(curve, labels, score) for curve in curves]
        bands[score] = [interval(column, level) for column in zip(*heights, strict=True)]
        areas[score] = interval([area(labels, each) for each in heights], level)
    against = None
    if way.strategy != STANDARD:
        chance = found.curves[replace(way, strategy=STANDARD)]
        both = measured_by_all([*curves, *chance])
        against = compare(_areas(curves, both), _areas(chance, both), level)
    reach = [
        labels_to_reach([point.labels for point in curve], [point.macro_f1 for point in curve], aim)
        for curve, aim in zip(curves, aims, strict=True)
    ]
    seconds = {key: float(np.mean([getattr(p, key) for c in curves for p in c])) for key in ("fit", "score", "choose")}
    seconds["curve"] = float(np.mean([sum(p.fit + p.score + p.choose for p in curve) for curve in curves]))
    scores = [[(p.labels, p.macro_f1, p.accuracy) for p in curve] for curve in curves]
    return Line(
        way, labels, bands, singles, areas, float(np.mean(aims)), needed(reach, level), found.facts["present"], against,
        len(curves) > 1 and all(each == scores[0] for each in scores), seconds,
    )  # fmt: skip


def measured_by_all(curves: Sequence[Sequence[Point]]) -> tuple[int, ...]:
    """Numbers of labels at which every curve was measured, ascending."""
    common = set.intersection(*({point.labels for point in curve} for curve in curves))
    return tuple(sorted(common))


def _heights(curve: Sequence[Point], labels: Sequence[int], score: Score) -> list[float]:
    by_labels = {point.labels: float(getattr(point, score)) for point in curve}
    return [by_labels[each] for each in labels]


def _areas(curves: Sequence[Sequence[Point]], labels: Sequence[int]) -> list[float]:
    return [area(labels, _heights(curve, labels, MAIN)) for curve in curves]


def _columns(band: Sequence[Interval]) -> dict[str, list[float | None]]:
    return {key: [getattr(each, key) for each in band] for key in ("mean", "low", "high")}


def as_json(found: Simulation) -> dict[str, Any]:
    """The whole result of one data set; docs/labelling.md says what the keys mean."""
    wanted = found.wanted
    return {
        "name": found.name,
        **found.facts,
        "seeds": wanted.seeds,
        "splits": wanted.splits,
        "level": wanted.level,
        "target_share": wanted.target,
        "all_labels": [
            {**vars(standard), **{score: [getattr(point, score) for point in points] for score in SCORES}}
            for standard, points in found.standards.items()
        ],
        "ways": [line.as_dict() for line in lines(found)],
        "curves": [
            {**way.as_dict(), "seed": seed, "points": [point.as_dict() for point in points]}
            for way, curves in found.curves.items()
            for seed, points in enumerate(curves)
        ],
    }


def document(found: Sequence[Simulation]) -> dict[str, Any]:
    """The results of all data sets, with the version of their shape."""
    return {"schema": SCHEMA, "data_sets": [as_json(each) for each in found]}


def shown_budgets(labels: Sequence[int], most: int = 5, apart: int = 2) -> list[int]:
    """Some of the numbers of labels: 0, the last, and others that are at most a share 1 / `apart` of the next."""
    chosen = [labels[-1]] if labels else []
    while chosen and len(chosen) < most:
        under = [each for each in labels if 0 < each <= chosen[-1] / apart]
        if not under:
            break
        chosen.append(under[-1])
    return sorted({*chosen, *labels[:1]})
