"""The six training settings of the thesis (section 1.3; its hypothesis 6: sections 3.3.2 to 3.3.4).

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
