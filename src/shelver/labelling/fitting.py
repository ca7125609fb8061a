"""A model of the labels there are, made in memory in a moment: what labelling and simulation ask again and again."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from functools import cached_property

import numpy as np
import torch

from shelver.config import AnyObjective, NetSpec, Training
from shelver.features.batch import Bag
from shelver.features.split import Side
from shelver.labelling.candidates import Floats, Ints
from shelver.labelling.pool import Pool
from shelver.models.folder import build_net
from shelver.models.nets import Net
from shelver.training.device import device_of
from shelver.training.exact import is_convex, solve_net, solved, with_ranges
from shelver.training.examples import Answers, Examples
from shelver.training.loop import ENOUGH, train
from shelver.training.memory import MemoryCheckpoints
from shelver.training.objectives import make_learners
from shelver.training.solver import Solution
from shelver.training.start import Encoders, start_bias, start_vectors, start_words

BLOCK = 4_000_000
"""Probabilities made at once: 16 MB."""
HELD_OUT = 0.1
"""Share of the labels that say when to stop, where they are enough for that."""


class Fitter:
    """Trains one net, over and over, on labels that are given as arguments; writes nothing.

    Parameters
    ----------
    pool : Pool
        The products.
    spec : NetSpec
        The net.
    objectives : mapping of str to AnyObjective
        What it learns, and how. Those besides `objective` are learnt from the run's own answers.
    training : Training
        How; its seed is not used, and objectives that are not among `objectives` are left out.
    encoders : callable, optional
        Text encoders by name, for the words of the tree; see `shelver.training.start.start`.
    objective : str
        What the labels are about.

    Raises
    ------
    ValueError
        `objective` is not among the objectives.
    ModelError
        The net does not fit the run.
    """

    def __init__(
        self,
        pool: Pool,
        spec: NetSpec,
        objectives: Mapping[str, AnyObjective],
        training: Training,
        encoders: Encoders | None,
        objective: str = "exclusive",
    ) -> None:
        if objective not in objectives:
            raise ValueError(f'"{objective}" is not among the objectives {", ".join(objectives)}')
        self.pool, self.spec, self.objectives, self.objective = pool, spec, dict(objectives), objective
        wanted = tuple(name for name in training.objectives if name in objectives)
        learnt = (*wanted, *(name for name in objectives if name not in wanted))
        shares = {name: share for name, share in training.shares.items() if name in learnt}
        self.training = training.model_copy(update={"objectives": learnt, "shares": shares})
        self._encoders = encoders

    def __repr__(self) -> str:
        return f"Fitter({self.spec.kind}, {self.objective} of {self.pool!r})"

    def at_once(self) -> Fitter:
        """The same, but solved to its optimum however many labels there are; itself where the net is not convex."""
        if not is_convex(self._new, self.objective):
            return self
        exact = copy.copy(self)
        exact.training = self.training.model_copy(update={"solver": "exact"})
        return exact

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(self.pool.examples.classes.of(self.objective))

    @cached_property
    def _new(self) -> Net:
        """The net before any label."""
        return self._begun(0)

    @cached_property
    def _taught(self) -> Net:
        """The same with all it can learn from the run's own answers; a linear net shares nothing between objectives."""
        net, others = copy.deepcopy(self._new), [name for name in self.objectives if name != self.objective]
        if others:
            self._learn(net, self.pool.examples, others, 0)
        return net

    def fit(
        self,
        places: Ints,
        answers: Answers,
        seed: int = 0,
        start: Fitted | None = None,
        below: tuple[Ints, Ints] | None = None,
    ) -> Fitted:
        """Train on labels.

        Parameters
        ----------
        places : ndarray of int64, shape (labels,)
            Places in the pool; one that is named twice counts twice.
        answers : ndarray of int64, shape (labels,), or Bag of as many rows
            Their right classes: one each, or any number for a multi-label objective.
        seed : int
            Same seed and labels, same net. A net that is solved exactly depends on the labels alone.
        start : Fitted, optional
            What was made of most of these labels before: the solver begins there, and is done sooner.
        below : ndarrays of int64, shapes (m,) and (m, 2), optional
            Further places, of which only a range of classes is known (see `Examples.ranges`). Only a net that is solved
            exactly learns from them.

        Returns
        -------
        Fitted
            With no labels at all: what the words of the tree and the rules say.

        Raises
        ------
        ValueError
            Not one answer for each place.
        """
        if len(places) != len(answers):
            raise ValueError(f"{len(answers)} answers for {len(places)} places")
        if solved(self._new, self.objective, self.training, len(places)):
            return self._solve(places, answers, start, below)
        held = None
        if len(places) * HELD_OUT >= ENOUGH:
            drawn = np.random.default_rng(seed).permutation(len(places))[: int(len(places) * HELD_OUT)]
            held = np.flatnonzero(np.isin(places, places[drawn]))  # all answers about a product are on one side
        examples = self.pool.examples.relabelled(self.objective, self.pool.rows[places], answers, held)
        net = copy.deepcopy(self._new) if seed == 0 else self._begun(seed)
        self._learn(net, examples, list(self.objectives), seed)
        return Fitted(self, net, places, answers)

    def _begun(self, seed: int) -> Net:
        """A new net whose random first weights are those of a seed, with what is known before training."""
        examples = self.pool.examples
        net = build_net(self.spec, examples.transform, examples.classes, self.objectives, seed)
        if seed == 0:
            start_vectors(net, examples, self._encoders)
            return net
        known = self._new.prior
        if net.prior is not None and known is not None:
            net.prior.load_state_dict(known.state_dict())
        start_words(net, examples, self._encoders)
        return net

    def _learn(self, net: Net, examples: Examples, names: list[str], seed: int) -> None:
        """Train a net step by step on some objectives."""
        for name in names:
            if len(examples.rows(name, Side.TRAIN)):
                start_bias(net, examples, name)
        shares = {name: share for name, share in self.training.shares.items() if name in names}
        wanted = tuple(name for name in self.training.objectives if name in names)
        settings = self.training.model_copy(update={"seed": seed, "objectives": wanted, "shares": shares})
        known = {name: self.objectives[name] for name in names}
        learners = make_learners(known, examples, net.prior.words if net.prior else None)
        net.to(device_of(settings.device))
        train(net, examples, settings, learners, MemoryCheckpoints(), lambda history, line: None)
        net.cpu().eval()

    def _solve(self, places: Ints, answers: Answers, start: Fitted | None, below: tuple[Ints, Ints] | None) -> Fitted:
        net = copy.deepcopy(self._taught).eval()
        more = below if below is not None and len(below[0]) else None
        if self.training.epochs == 0 or (len(places) == 0 and more is None):
            return Fitted(self, net, places, answers)
        known, first, again = np.unique(places, return_index=True, return_counts=True)
        same = len(known) < len(places) and _agree(answers, places, first)
        kept = first if same else np.arange(len(places))
        weight = again.astype(np.float64) if same else np.ones(len(places))
        taken = answers.take(kept) if isinstance(answers, Bag) else answers[kept]
        learnt, within = places[kept], None
        if more is not None and not isinstance(taken, Bag):
            learnt, taken, within = with_ranges(learnt, taken, *more)
            weight = np.concatenate([weight, np.ones(len(more[0]))])
        begin = start.solution.taken(_found(start.kept, learnt), weight) if start and start.solution else None
        solution = solve_net(net, self.objective, self.pool.batch.take(learnt), taken, weight, begin, within)
        return Fitted(self, net, places, answers, solution, learnt, more)


class Fitted:
    """A net, and the products it can be asked about.

    Attributes
    ----------
    fitter : Fitter
        What made it.
    net : Net
        The net, on the CPU, turned to evaluation.
    places, answers
        Labels that it learnt.
    solution : Solution, optional
        If it was solved exactly: for the next one to begin with; it is about the places `kept`.
    below : ndarrays of int64, shapes (m,) and (m, 2), optional
        Further places it learnt, of which only a range of classes was known.
    """

    def __init__(
        self,
        fitter: Fitter,
        net: Net,
        places: Ints,
        answers: Answers,
        solution: Solution | None = None,
        kept: Ints | None = None,
        below: tuple[Ints, Ints] | None = None,
    ) -> None:
        self.fitter, self.net, self.places, self.answers = fitter, net, places, answers
        self.solution, self.kept, self.below = solution, places if kept is None else kept, below

    def __repr__(self) -> str:
        return f"Fitted({self.fitter.spec.kind}, {len(self.places)} labels)"

    def probabilities(self, places: Ints | None = None) -> Floats:
        """Probabilities of all classes.

        Parameters
        ----------
        places : ndarray of int64, shape (n,), optional
            Places in the pool; all of it if not given.

        Returns
        -------
        ndarray of float32, shape (n, classes)
            Rows add up to 1, but for a multi-label objective. Use `parts` where that is too much at once.
        """
        wanted = np.arange(len(self.fitter.pool)) if places is None else places
        found = np.empty((len(wanted), self.fitter.classes), np.float32)
        for part, probability in self.parts(wanted):
            found[part] = probability
        return found

    @torch.no_grad()
    def parts(self, places: Ints) -> Iterator[tuple[slice, Floats]]:
        """The same a part at a time, in order: where in `places` the part is, and its probabilities."""
        objective, pool = self.fitter.objective, self.fitter.pool
        exclude = pool.examples.classes.kind(objective) == "multi_class"
        step = max(256, BLOCK // max(1, self.fitter.classes))
        for start in range(0, len(places), step):
            part = slice(start, min(start + step, len(places)))
            scores = self.net(pool.batch.take(places[part]), objective)
            yield part, (torch.softmax(scores, 1) if exclude else torch.sigmoid(scores)).float().numpy()

    def committee(self, members: int, places: Ints | None = None, seed: int = 0) -> Floats:
        """Probabilities by nets that each learnt a bootstrap sample of the labels (Efron 1979).

        Parameters
        ----------
        members : int
            Number of nets.
        places : ndarray of int64, shape (n,), optional
            Places in the pool; all of it if not given.
        seed : int
            Another number draws other samples.

        Returns
        -------
        ndarray of float32, shape (members, n, classes)
        """
        wanted = np.arange(len(self.fitter.pool)) if places is None else places
        found = np.empty((members, len(wanted), self.fitter.classes), np.float32)
        labels = len(self.places)
        for member in range(members):
            drawn = np.random.default_rng([seed, member]).integers(0, max(1, labels), labels)
            answers = self.answers.take(drawn) if isinstance(self.answers, Bag) else self.answers[drawn]
            other = self.fitter.fit(self.places[drawn], answers, seed * 1000 + member, self, self.below)
            found[member] = other.probabilities(wanted)
        return found


def _agree(answers: Answers, places: Ints, first: Ints) -> bool:
    """Does a place that is named again have the same answer each time?"""
    known = places[first]  # ascending
    owner = first[np.searchsorted(known, places)]
    if not isinstance(answers, Bag):
        return bool((answers[owner] == answers).all())
    other = answers.take(owner)
    return np.array_equal(other.offsets, answers.offsets) and np.array_equal(other.ids, answers.ids)


def _found(known: Ints, places: Ints) -> Ints:
    """Where each place is among known ones; -1 if nowhere."""
    if len(known) == 0:
        return np.full(len(places), -1)
    order = np.argsort(known, kind="stable")
    at = order[np.minimum(np.searchsorted(known[order], places), len(known) - 1)]
    return np.where(known[at] == places, at, -1)
