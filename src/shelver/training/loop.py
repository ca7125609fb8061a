"""The training loop. It fits on one screen and knows nothing of what it trains."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import torch

from shelver.config import Bagged, Training
from shelver.errors import ModelError
from shelver.features.batch import Batch
from shelver.features.split import Side
from shelver.models.base import BaseNet
from shelver.models.unlabelled import Teacher
from shelver.training.checkpoint import Checkpoints, History
from shelver.training.examples import PART, Examples
from shelver.training.objectives import Learner
from shelver.training.optimizer import make_optimizer
from shelver.training.schedule import Phase, plan

ENOUGH = 200
"""Validation labels an objective needs for its loss to decide when to stop."""

Told = Callable[[History, str], None]


def train(
    net: BaseNet,
    examples: Examples,
    settings: Training,
    learners: Mapping[str, Learner],
    checkpoints: Checkpoints,
    progress: Told,
) -> History:
    """Train a net, phase by phase, with early stopping; resumes from the last checkpoint.

    Every step takes some rows of each objective of the phase and adds up their losses; an objective with fewer labels
    starts over as often as needed. In each phase the step size falls linearly to zero. The weights have a Gaussian
    prior around zero: ``l2 / (2 n) · |W|²`` with *n* labels, so one label weighs the same however many there are. With
    a teacher (see `Learner`), its weights are judged and kept.

    Raises
    ------
    ModelError
        The weights are no numbers any more.
    """
    labels = {name: len(examples.rows(name, Side.TRAIN)) for name in net.objectives}
    phases = plan(settings, labels)
    optimizer = make_optimizer(net, labels)
    teacher = Teacher(net) if any(learner.settings.consistency for learner in learners.values()) else None
    history = checkpoints.restore(net, optimizer, teacher) or History()
    while history.phase < len(phases):
        phase = phases[history.phase]
        while history.phase_epoch < phase.epochs and history.waited < settings.patience:
            _epoch(net, examples, settings, learners, optimizer, teacher, phase, history)
            judged = teacher.net if teacher else net
            losses = validation_losses(judged, examples, learners, tuple(phase.rows))
            if not all(torch.isfinite(weight).all() for weight in net.parameters()):
                what = f"training went astray in epoch {history.epoch + 1}: its weights are no numbers any more"
                raise ModelError(what, hint=f"make learning_rate of [models] smaller than {first_step(net)}")
            better = history.add(losses, [loss for loss, rows in losses.values() if rows >= ENOUGH])
            checkpoints.save(net, optimizer, teacher, history, judged if better else None)
            progress(history, "  ".join(f"{name} {loss:.4f}" for name, (loss, _) in losses.items()))
        checkpoints.restore_best(net, history.phase)
        history.next_phase()
    return history


def _epoch(
    net: BaseNet,
    examples: Examples,
    settings: Training,
    learners: Mapping[str, Learner],
    optimizer: torch.optim.Optimizer,
    teacher: Teacher | None,
    phase: Phase,
    history: History,
) -> None:
    torch.manual_seed(settings.seed * 100_003 + history.epoch)  # for dropout
    net.train()
    streams = {name: endless(examples, name, rows, settings.seed, history.epoch) for name, rows in phase.rows.items()}
    others = {
        name: endless_unlabelled(examples, name, rows, settings.seed, history.epoch)
        for name, rows in phase.rows.items()
        if learners[name].unlabelled and len(examples.unlabelled(name))
    }
    for step in range(phase.steps):
        done = (history.phase_epoch + step / phase.steps) / phase.epochs
        for group in optimizer.param_groups:
            group["lr"] = first_step(net) * group["rate"] * (1 - done)
        optimizer.zero_grad(set_to_none=True)
        for name, stream in streams.items():
            batch, target = next(stream)
            torch.autograd.backward(learners[name].loss(net, batch, target))
            if name in others:
                torch.autograd.backward(learners[name].unlabelled_loss(net, next(others[name]), teacher, done))
        optimizer.step()
        if teacher:
            teacher.update(net)


def first_step(net: BaseNet) -> float:
    """Step size at the beginning of a phase."""
    assert not isinstance(net.spec, Bagged)  # noqa: S101  (bags are trained one by one)
    return net.spec.learning_rate


def endless(
    examples: Examples, objective: str, rows: int, seed: int, epoch: int
) -> Iterator[tuple[Batch, torch.Tensor]]:
    """Shuffled batches of an objective, over and over; the order depends on its name, seed and epoch alone."""
    rng = np.random.default_rng([seed, epoch, *objective.encode()])
    while True:
        yield from examples.batches(objective, Side.TRAIN, rows, rng)


def endless_unlabelled(examples: Examples, objective: str, rows: int, seed: int, epoch: int) -> Iterator[Batch]:
    """The same for products without a label."""
    rng = np.random.default_rng([seed, epoch, 1, *objective.encode()])
    while True:
        yield from examples.unlabelled_batches(objective, rows, rng)


@torch.no_grad()
def validation_losses(
    net: BaseNet, examples: Examples, learners: Mapping[str, Learner], objectives: tuple[str, ...]
) -> dict[str, tuple[float, int]]:
    """Mean loss over the validation side, and its rows, of each objective that has labels there."""
    net.eval()
    found = {}
    for name in objectives:
        total, rows = 0.0, 0
        for batch, target in examples.batches(name, Side.VALID, PART):
            total += learners[name].loss(net, batch, target).item() * len(batch)
            rows += len(batch)
        if rows:
            found[name] = (total / rows, rows)
    return found
