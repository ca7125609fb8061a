"""Labels given little by little by known categories, and what they are worth."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from shelver.catalogue.label_events import EXCLUSIVE, LabelEvent
from shelver.catalogue.origins import SIMULATED
from shelver.pipeline.step import Step
from shelver.pipeline.workspace import Workspace
from shelver.training.metrics import Scores

PLAYED = "known categories"
"""Person in whose name the demo labels."""


@dataclass(frozen=True)
class Stage:
    """One row of the demo's table.

    Attributes
    ----------
    name : str
        How much was labelled, in words.
    labels : int
        Labels given to training and validation.
    scores : Scores
        How good the shelves are then.
    seconds : float
        From choosing what to label to the scores.
    """

    name: str
    labels: int
    scores: Scores
    seconds: float


Choose = Callable[[Mapping[str, str], int], list[str]]
"""Ids of products to label, in order: from the right answers and how many; more begins with less."""


class Playing:
    """Known categories in the place of the people who label.

    Every stage is measured by what `Workspace.evaluate` says of a model that `Workspace.train` made of the labels in
    the control database. There, the batch of an event says which stage it was given for; what the products drawn at
    random were called is taken back before others are asked about.

    Parameters
    ----------
    workspace : Workspace
        With products, a tree and rules.
    say : callable
        Told in words what is going on.

    Attributes
    ----------
    stages : list of Stage
        In the order in which they were played.
    steps : list of Step
        What was done, with times.
    memory : list of (str, int)
        Peak memory of the process in bytes after each step.
    """

    def __init__(self, workspace: Workspace, say: Callable[[str], None]) -> None:
        self.workspace, self.say = workspace, say
        self.stages: list[Stage] = []
        self.steps: list[Step] = []
        self.memory: list[tuple[str, int]] = []
        self._given: set[str] = set()

    def __repr__(self) -> str:
        return f"Playing({len(self._given):,} labels given, {len(self.stages)} stages)"

    def done(self, *made: Step) -> None:
        """Note steps, and the peak of memory after the last of them."""
        self.steps.extend(made)
        self.memory.append((made[-1].name, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024))

    def give(self, labels: Mapping[str, str], batch: str) -> None:
        """Store the labels of some products."""
        events = (
            LabelEvent(product_id, category_id, person=PLAYED, how=SIMULATED, batch=f"demo {batch}")
            for product_id, category_id in labels.items()
        )
        self.workspace.add_labels(events)

    def measure(self, name: str, begun: float | None = None, *, everything: bool = False) -> None:
        """Train on the labels given so far, and score.

        Parameters
        ----------
        name : str
            What the stage is called.
        begun : float, optional
            When it began, by `time.perf_counter`; now if not given.
        everything : bool
            Train also on what the rules say, as `shelver train` does.
        """
        begun = time.perf_counter() if begun is None else begun
        self.done(*self.workspace.prepare())
        with _exclusive_alone(self.workspace, not everything):
            self.done(self.workspace.train())
            compared = self.workspace.evaluate()
        if not self.stages and compared.rules.exclusive is not None:
            self.stages.append(Stage("rules alone", 0, compared.rules.exclusive, 0.0))
        if compared.model.exclusive is not None:
            seconds = time.perf_counter() - begun
            self.stages.append(Stage(name, len(self._given), compared.model.exclusive, seconds))
            self.say(f"{name}: {100 * compared.model.exclusive.accuracy:.1f}% on the right shelf")

    def arm(self, way: str, truth: Mapping[str, str], choose: Choose, sizes: Sequence[int]) -> None:
        """Take back the labels given so far; give and measure others.

        Parameters
        ----------
        way : str
            How their products are chosen, in words.
        truth : mapping of str to str
            The right category of every product that may be labelled.
        choose : callable
            Chooses them.
        sizes : sequence of int, ascending
            How many, for each stage.
        """
        if not sizes:
            return
        self._take_back()
        begun = time.perf_counter()
        order = choose(truth, max(sizes))
        step = Step(f"choose {way}", len(order), False, time.perf_counter() - begun)
        self.done(step)
        for size in sizes:
            begun = time.perf_counter() - step.seconds * min(size, len(order)) / max(1, len(order))
            self._give_new(truth, order[:size], f"{way} {size}")
            self.measure(f"{len(self._given):,} {way}", begun)

    def all_labels(self, truth: Mapping[str, str]) -> None:
        """Give all the other labels, too, and measure."""
        begun = time.perf_counter()
        self._give_new(truth, truth, "all")
        self.measure("all labels", begun, everything=True)

    def stages_by_labels(self) -> list[Stage]:
        """The stages, those with fewest labels first."""
        return sorted(self.stages, key=lambda stage: stage.labels)

    def _give_new(self, truth: Mapping[str, str], products: Iterable[str], batch: str) -> None:
        new = {product_id: truth[product_id] for product_id in products if product_id not in self._given}
        self.give(new, batch)
        self._given.update(new)

    def _take_back(self) -> None:
        labels = self.workspace.control.current_labels().select(["product_id", "event_id"])
        for product_id, event_id in zip(*(column.to_pylist() for column in labels.columns), strict=True):
            if product_id in self._given:
                self.workspace.control.undo(event_id, PLAYED, SIMULATED)
        self._given.clear()


@contextmanager
def _exclusive_alone(workspace: Workspace, wanted: bool) -> Iterator[None]:
    """Leave the rules' categories out of training: a linear model shares nothing with them, and is done sooner."""
    usual = workspace.config
    if wanted:
        training = usual.training.model_copy(update={"objectives": (EXCLUSIVE,)})
        workspace.config = usual.model_copy(update={"training": training})
    try:
        yield
    finally:
        workspace.config = usual
