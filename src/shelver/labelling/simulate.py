"""Play labelling on products whose answers are known: ask, learn, measure, again and again; one learning curve."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np

from shelver.config import Labelling
from shelver.labelling.candidates import Candidates, Floats, Ints, Strategy
from shelver.labelling.choose import choose
from shelver.labelling.known_world import World, answers_with_errors
from shelver.training.metrics import per_class, top_k_accuracy

FIRST, GROWTH = 25, 2
"""Labels at the first measurement after 0, and by how much they are multiplied for the next ones."""


class Learned(Protocol):
    """A model that learnt some labels; see `shelver.labelling.fitting.Fitted`."""

    def probabilities(self, places: Ints | None = None) -> Floats:
        """Probabilities of all classes: float32, shape (n, classes)."""
        ...

    def committee(self, members: int, places: Ints | None = None, seed: int = 0) -> Floats:
        """The same by each of several models: float32, shape (members, n, classes)."""
        ...


class Learner(Protocol):
    """Learns labels; see `shelver.labelling.fitting.Fitter`."""

    def fit(self, places: Ints, answers: Ints, seed: int = 0, start: Any = None) -> Learned:
        """Learn labels; `start` is what was learnt of most of them before."""
        ...


@dataclass(frozen=True)
class Play:
    """How labelling is played.

    Attributes
    ----------
    budget : int
        Labels at most.
    batch : int
        Labels between two choices at most.
    noise : float
        Share of wrong answers.
    propagate : bool
        Give an answer to all products to ask about that have the same title, too.
    once : bool
        Let a strategy ask about no near-duplicate of a product that has an answer, as long as there is anything else.
        Random questions are drawn from all products without an answer, as in `shelver.labelling.choose`.
    seed : int
        Decides on wrong answers and on what is drawn, and is the model's.
    """

    budget: int
    batch: int = 100
    noise: float = 0.0
    propagate: bool = False
    once: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if self.budget < 0 or self.batch < 1:
            raise ValueError(f"a budget of {self.budget} in batches of {self.batch}")


@dataclass(frozen=True)
class Point:
    """One measurement.

    Attributes
    ----------
    labels : int
        Answers that people gave so far.
    accuracy, macro_f1, top_5 : float
        On the test side; macro-F1 is the mean over the classes that occur there.
    classes : int
        Classes with at least one answer.
    wrong : int
        Wrong answers among the labels.
    propagated : int
        Products that got an answer only because they have the title of one that was asked about.
    fit, score, choose : float
        Seconds to learn these labels, to give probabilities to all products, and to choose what to ask next.
    """

    labels: int
    accuracy: float
    macro_f1: float
    top_5: float
    classes: int
    wrong: int
    propagated: int
    fit: float
    score: float
    choose: float

    def as_dict(self) -> dict[str, Any]:
        """As JSON-like values."""
        return asdict(self)


def milestones(budget: int, batch: int) -> list[int]:
    """Numbers of labels at which the model is made anew and measured.

    These are 0, 25, 50, 100, 200, ..., every whole batch, and the budget.

    Examples
    --------
    >>> milestones(250, 100)
    [0, 25, 50, 100, 200, 250]
    """
    found = {0, budget, *range(0, budget + 1, batch)}
    step = FIRST
    while step < budget:
        found.add(step)
        step *= GROWTH
    return sorted(found)


def measure(truth: Ints, probabilities: Floats) -> tuple[float, float, float]:
    """Accuracy, macro-F1 over the classes that occur in the truth, and share of right answers among the first five.

    Parameters
    ----------
    truth : ndarray of int64, shape (n,)
        Right classes.
    probabilities : ndarray of float32, shape (n, classes)
        What a model says.
    """
    if not len(truth):
        return 0.0, 0.0, 0.0
    first = probabilities.argmax(axis=1)
    _, _, f1, support, _ = per_class(truth, first, probabilities.shape[1])
    shown = min(5, probabilities.shape[1])
    five = np.argpartition(-probabilities, shown - 1, axis=1)[:, :shown]
    return float((first == truth).mean()), float(f1[support > 0].mean()), top_k_accuracy(truth, five)


def simulate(
    world: World,
    learner: Learner,
    settings: Labelling,
    play: Play,
    strategy: Strategy | None = None,
    tell: Callable[[Point], None] = lambda point: None,
) -> list[Point]:
    """Ask about products batch by batch, and measure after each.

    Parameters
    ----------
    world : World
        The products; its test side is only measured on.
    learner : Learner
        Makes the model of each round.
    settings : Labelling
        How products are chosen: its ``strategy``, ``random_share``, ``candidates``, ``committee`` and ``beta``.
    play : Play
        The rest.
    strategy : Strategy, optional
        One of the user's own, in place of that which the settings name.
    tell : callable
        Told about each measurement as it comes.

    Returns
    -------
    list of Point
        One for each of `milestones`, fewer only if there is nothing left to ask about.

    Raises
    ------
    ValueError
        The strategy breaks its contract; see `shelver.labelling.choose.choose`.
    """
    rng = np.random.default_rng([play.seed, 1])
    said = answers_with_errors(world, play.noise, np.random.default_rng([play.seed, 2]))
    asked = np.zeros(0, np.int64)
    points: list[Point] = []
    model: Learned | None = None
    stops = milestones(play.budget, play.batch)
    for i, stop in enumerate(stops):
        places, answers, extra = _labels(world, asked, said, play.propagate)
        begun = time.perf_counter()
        model = learner.fit(places, answers, play.seed, model)
        fitted = time.perf_counter()
        probabilities = model.probabilities()
        scored = time.perf_counter()
        wanted = (stops[i + 1] if i + 1 < len(stops) else stop) - len(asked)
        chosen = _choose(world, model, probabilities, places, wanted, settings, play, strategy, rng)
        ended = time.perf_counter()
        points.append(
            Point(
                len(asked),
                *measure(world.truth[world.test], probabilities[world.test]),
                classes=len(np.unique(said[asked])),
                wrong=int((said[asked] != world.truth[asked]).sum()),
                propagated=extra,
                fit=fitted - begun,
                score=scored - fitted,
                choose=ended - scored,
            )
        )
        tell(points[-1])
        if not len(chosen):
            break
        asked = np.concatenate([asked, chosen])
    return points


def with_all_labels(world: World, learner: Learner, seed: int = 0) -> Point:
    """What the right answers to all products would give: the standard that curves are measured by."""
    begun = time.perf_counter()
    model = learner.fit(world.asked, world.truth[world.asked], seed)
    fitted = time.perf_counter()
    probabilities = model.probabilities(world.test)
    scores = measure(world.truth[world.test], probabilities)
    took = (fitted - begun, time.perf_counter() - fitted, 0.0)
    return Point(len(world.asked), *scores, world.present, 0, 0, *took)


def _labels(world: World, asked: Ints, said: Ints, propagate: bool) -> tuple[Ints, Ints, int]:
    """What the model learns: places, their answers, and how many of them nobody was asked about."""
    if not propagate or not len(asked):
        return asked, said[asked], 0
    titles, first = np.unique(world.copies[asked], return_index=True)
    rest = np.setdiff1d(world.asked, asked)
    where = np.minimum(np.searchsorted(titles, world.copies[rest]), len(titles) - 1)
    same = titles[where] == world.copies[rest]
    given = said[asked[first[where[same]]]]
    return np.concatenate([asked, rest[same]]), np.concatenate([said[asked], given]), int(same.sum())


def _choose(
    world: World,
    model: Learned,
    probabilities: Floats,
    answered: Ints,
    wanted: int,
    settings: Labelling,
    play: Play,
    strategy: Strategy | None,
    rng: np.random.Generator,
) -> Ints:
    """Places of the next batch: exactly as many as wanted, unless there are not so many left."""

    def look(numbers: Ints) -> Candidates:
        places = world.asked[numbers]
        return Candidates(
            probabilities[places],
            world.vectors[places],
            world.groups[places],
            labelled=world.vectors[answered],
            beliefs=None if world.beliefs is None else world.beliefs[places],
            ask_committee=lambda: model.committee(settings.committee, places, play.seed),
        )

    each = np.arange(len(world.asked))
    groups = world.groups[world.asked] if play.once else each
    taken = np.searchsorted(world.asked, answered)
    found = choose(look, groups, taken, settings, rng, size=wanted, strategy=strategy).places if wanted else each[:0]
    if len(found) < wanted and len(taken) + len(found) < len(each):
        taken = np.concatenate([taken, found])
        more = choose(look, each, taken, settings, rng, size=wanted - len(found), strategy=strategy).places
        found = np.concatenate([found, more])
    return world.asked[found]
