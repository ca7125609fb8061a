"""The six training settings of the thesis (section 1.3), and a verdict on its hypothesis 6 (sections 3.3.2 to 3.3.4).

One training objective (exclusive) or two (exclusive and rule-based), each with exclusive labels from random sampling,
from uncertainty sampling, or from both. Labels are collected once per seed, as people would give them, and every model
learns from the same ones.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from shelver.config import AnyObjective, Linear, NetSpec, Training
from shelver.features.split import Side
from shelver.labelling.candidates import Ints
from shelver.labelling.fitting import Fitted, Fitter
from shelver.labelling.measures import entropy
from shelver.labelling.pool import Pool
from shelver.training.examples import Examples
from shelver.training.metrics import score, score_multi_label
from shelver.training.predict import in_blocks, rank
from shelver.training.start import Encoders

SCHEDULES = ("both", "pretrain", "pretrain_both", "interleaved")
"""Ways to learn two objectives (thesis, 3.3.3)."""
SOURCES = ("random", "uncertainty", "both", "half and half")
"""Where labels come from. ``both`` puts two equal sets together, so it has twice as many labels, as in the thesis;
``half and half`` has as many as each of them alone."""
TOP = 5
LEAST_GAIN = 0.01


@dataclass(frozen=True)
class Cell:
    """One trained model.

    Attributes
    ----------
    data, model : str
        Data set and name of the model.
    objectives : tuple of str
        What it learnt.
    schedule : str
        One of `SCHEDULES`; empty with one objective.
    source : str
        One of `SOURCES`.
    budget, labels : int
        Labels bought from each source, and labels that the model learnt from.
    seed : int
        Of the choice of labels and of training.
    accuracy, macro_f1, top_5 : float
        Of the exclusive objective, on the test side.
    rule_map : float or None
        Mean average precision of the rule-based objective there.
    seconds : float
        Of training.
    """

    data: str
    model: str
    objectives: tuple[str, ...]
    schedule: str
    source: str
    budget: int
    labels: int
    seed: int
    accuracy: float
    macro_f1: float
    top_5: float
    rule_map: float | None
    seconds: float

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes it this cell and no other."""
        return (self.data, self.model, self.objectives, self.schedule, self.source, self.budget, self.seed)

    def as_dict(self) -> dict[str, Any]:
        """As JSON-like values."""
        return asdict(self)


@dataclass(frozen=True)
class Bought:
    """Labels of one seed, in the order in which they were bought.

    Attributes
    ----------
    random : ndarray of int64, shape (any,)
        Places in the pool in random order: more than the budget, to make up for those that the other source has, too.
    uncertainty : ndarray of int64, shape (budget,)
        Places chosen in rounds by the entropy of a model's predictions (eq. 2.5); the first round by what the model
        says before any label.
    """

    random: Ints
    uncertainty: Ints

    def of(self, source: str, budget: int) -> Ints:
        """Places that a source gives for a budget, each once; fewer than it says only if there are no more products."""
        drawn, doubted = {
            "random": (budget, 0),
            "uncertainty": (0, budget),
            "both": (budget, budget),
            "half and half": (budget - budget // 2, budget // 2),
        }[source]
        unsure = self.uncertainty[:doubted]
        others = self.random[~np.isin(self.random, unsure)]
        return np.union1d(unsure, others[:drawn])


class Study:
    """The six settings on one prepared run.

    Parameters
    ----------
    name : str
        Name of the data set.
    examples : Examples
        The run, with all known categories as labels.
    objectives : mapping of str to AnyObjective
        Settings of the objectives ``exclusive`` and ``rule_based``.
    training : Training
        How models are trained; schedule, objectives and seed are set by the study.
    encoders : callable, optional
        Text encoders by name.
    round_size : int
        Labels in a round of uncertainty sampling.
    """

    def __init__(
        self,
        name: str,
        examples: Examples,
        objectives: Mapping[str, AnyObjective],
        training: Training,
        encoders: Encoders | None,
        round_size: int = 100,
    ) -> None:
        self.name, self.examples, self.round_size = name, examples, round_size
        self.objectives, self.training, self.encoders = dict(objectives), training, encoders
        self.pool = Pool(examples, np.flatnonzero(examples.known["exclusive"] & ~examples.propagated))
        self.truth = np.asarray(examples.answers["exclusive"])[self.pool.rows].astype(np.int64)
        on_test = examples.side[self.pool.rows] == Side.TEST
        self.askable, self.test = np.flatnonzero(~on_test), np.flatnonzero(on_test)

    @cached_property
    def _chooser(self) -> Fitter:
        """The model that uncertainty is judged by: logistic regression on the exclusive objective alone."""
        only = {"exclusive": self.objectives["exclusive"]}
        return Fitter(self.pool, Linear(), only, self.training, self.encoders)

    def buy(self, budget: int, seed: int) -> Bought:
        """Collect labels from both sources."""
        rng = np.random.default_rng(seed)
        drawn = rng.permutation(self.askable)
        bought = np.empty(0, np.int64)
        while len(bought) < min(budget, len(self.askable)):
            left = np.setdiff1d(self.askable, bought)
            found = self._chooser.fit(bought, self.truth[bought], seed)
            doubt = entropy(found.probabilities(left))
            order = np.lexsort((rng.random(len(left)), -doubt))
            bought = np.concatenate([bought, left[order[: min(self.round_size, budget - len(bought))]]])
        return Bought(drawn, bought)

    def cells(
        self,
        models: Mapping[str, NetSpec],
        budgets: Sequence[int],
        seeds: Sequence[int],
        known: Mapping[tuple[Any, ...], Cell] | None = None,
        told: Callable[[Cell], None] | None = None,
    ) -> Iterator[Cell]:
        """Train everything that is not known yet.

        Parameters
        ----------
        models : mapping of str to NetSpec
            Models by name. Those whose objectives share nothing (logistic regression) learn one objective only, as a
            second one cannot change them.
        budgets : sequence of int
            Labels bought from each source.
        seeds : sequence of int
            Of the choice of labels and of training.
        known : mapping, optional
            Cells by their keys that need not be made again.
        told : callable, optional
            Told of each new cell.
        """
        for seed in seeds:
            bought: Bought | None = None
            for model, spec in models.items():
                for objectives, schedule in ways(spec):
                    for budget in sorted(budgets):
                        for source in SOURCES:
                            key = (self.name, model, objectives, schedule, source, budget, seed)
                            if known and key in known:
                                yield known[key]
                                continue
                            bought = bought or self.buy(max(budgets), seed)
                            places = bought.of(source, budget)
                            cell = self._cell(model, spec, objectives, schedule, source, budget, places, seed)
                            if told:
                                told(cell)
                            yield cell

    def _cell(
        self,
        model: str,
        spec: NetSpec,
        objectives: tuple[str, ...],
        schedule: str,
        source: str,
        budget: int,
        places: Ints,
        seed: int,
    ) -> Cell:
        training = self.training.model_copy(update={"objectives": objectives, "schedule": schedule or "both"})
        learnt = {name: self.objectives[name] for name in objectives}
        begun = time.perf_counter()
        fitted = Fitter(self.pool, spec, learnt, training, self.encoders).fit(places, self.truth[places], seed)
        seconds = time.perf_counter() - begun
        ranked, _ = rank(fitted.probabilities(self.test), TOP)
        found = score(self.truth[self.test], ranked, self.examples.classes)
        rule_map = None
        if "rule_based" in objectives:
            rows = self.pool.rows[self.test]
            right = self.examples.target("rule_based", rows).numpy() > 0.5
            said = _rule_probabilities(fitted, self.test)
            rule_map = score_multi_label(right, said, self.examples.classes).mean_average_precision
        return Cell(
            self.name, model, objectives, schedule, source, budget, len(places), seed,
            found.accuracy, found.macro_f1, found.top_5, rule_map, seconds,
        )  # fmt: skip


@torch.no_grad()
def _rule_probabilities(fitted: Fitted, places: Ints) -> npt.NDArray[np.float64]:
    net, pool = fitted.net, fitted.fitter.pool
    width = len(pool.examples.classes.of("rule_based"))
    found = in_blocks(lambda block: torch.sigmoid(net(block, "rule_based")), pool.batch.take(places), width)
    return found.astype(np.float64)


def ways(spec: NetSpec) -> list[tuple[tuple[str, ...], str]]:
    """Objectives and schedules that a model is trained with."""
    alone: list[tuple[tuple[str, ...], str]] = [(("exclusive",), "")]
    if isinstance(spec, Linear):
        return alone
    return alone + [(("exclusive", "rule_based"), schedule) for schedule in SCHEDULES]


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
    spread: float
    top_5: float
    rule_map: float | None
    seconds: float
    seeds: int


def means(cells: Sequence[Cell]) -> list[Mean]:
    """Means over seeds; `spread` is the standard error of macro-F1 (0 for one seed)."""
    groups: dict[tuple[Any, ...], list[Cell]] = {}
    for cell in cells:
        groups.setdefault(cell.key[:-1], []).append(cell)
    found = []
    for key, group in groups.items():
        macro = np.array([cell.macro_f1 for cell in group])
        maps = [cell.rule_map for cell in group if cell.rule_map is not None]
        mean = {name: float(np.mean([getattr(cell, name) for cell in group])) for name in
                ("labels", "accuracy", "top_5", "seconds")}  # fmt: skip
        spread = float(macro.std(ddof=1) / np.sqrt(len(macro))) if len(macro) > 1 else 0.0
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
    saved : bool or None
        Does uncertainty sampling need substantially fewer labels: as good with half of them?
    poor_start : bool or None
        Is it behind random sampling at the smallest budget?
    second_objective : float
        Macro-F1 gained by the rule-based objective with the best schedule, over all sources and budgets.
    schedule : str
        That schedule.
    seen : str
        The figures.
    """

    data: str
    saved: bool | None
    poor_start: bool | None
    second_objective: float
    schedule: str
    seen: str


def verdicts(found: Sequence[Mean]) -> list[SixthVerdict]:
    """A verdict for each data set, over all its models.

    ``saved`` compares uncertainty labels at a budget with random labels at twice that budget, for every such pair of
    budgets and model; it holds if the mean of the differences in macro-F1 is not below −1 point. None: no budget is
    twice another.
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
            seen += f"; the second objective ({schedule}) {100 * gain:+.1f}"
        saved = bool(np.mean(half) > -LEAST_GAIN) if half else None
        answer.append(SixthVerdict(data, saved, gaps[budgets[0]] < 0, gain, schedule, seen))
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
