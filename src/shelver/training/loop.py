"""The training loop. It fits on one screen and knows nothing of what it trains."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch

from shelver.config import Training
from shelver.errors import ModelError
from shelver.features.batch import Batch
from shelver.features.split import Side
from shelver.models.losses import LOSSES
from shelver.models.nets import Net
from shelver.training.checkpoint import Checkpoints, History
from shelver.training.examples import Examples

ENOUGH = 200
"""Validation labels an objective needs for its loss to decide when to stop."""


def train(
    net: Net, examples: Examples, settings: Training, checkpoints: Checkpoints, progress: Callable[[int, str], None]
) -> History:
    """Train a net on all its objectives, with early stopping; resumes from the last checkpoint.

    Every step takes one batch of each objective and adds up their losses; the objective with fewer labels starts over
    as often as needed. The step size falls linearly to zero over all epochs. The weights have a Gaussian prior around
    zero: ``l2 / (2 n) · |W|²`` with *n* labels, so one label weighs the same however many there are.
    """
    rows = {name: len(examples.rows(name, Side.TRAIN)) for name in net.objectives}
    active = [name for name in net.objectives if rows[name]]
    steps = max([settings.min_steps, *(-(-rows[name] // settings.batch_size) for name in active)])
    epochs = settings.epochs if active else 0
    optimizer = torch.optim.Adam(net.parameters(), lr=net.spec.learning_rate, fused=True)
    history = checkpoints.restore(net, optimizer) or History()
    while history.epoch < epochs and history.waited < settings.patience:
        torch.manual_seed(settings.seed * 100_003 + history.epoch)  # for dropout
        net.train()
        streams = {name: endless(examples, name, settings, history.epoch) for name in active}
        for step in range(steps):
            left = 1 - (history.epoch + step / steps) / epochs
            optimizer.param_groups[0]["lr"] = net.spec.learning_rate * left
            optimizer.zero_grad(set_to_none=True)
            for name in active:
                batch, target = next(streams[name])
                loss = LOSSES[name](net(batch, name), target) + net.penalty(name) * (net.spec.l2 / rows[name])
                torch.autograd.backward(loss)
            optimizer.step()
        valid = {name: len(examples.rows(name, Side.VALID)) for name in active}
        losses = {name: validation_loss(net, examples, name) for name in active if valid[name]}
        if not all(torch.isfinite(weight).all() for weight in net.parameters()):
            what = f"training went astray in epoch {history.epoch + 1}: its weights are no numbers any more"
            raise ModelError(what, hint=f"make learning_rate of [models] smaller than {net.spec.learning_rate}")
        judged = [losses[name] for name in active if valid[name] >= ENOUGH]
        better = not judged or sum(judged) < history.best
        history.losses.append(losses)
        history.epoch, history.waited = history.epoch + 1, 0 if better else history.waited + 1
        if better:
            history.best, history.best_epoch = sum(judged), history.epoch
        checkpoints.save(net, optimizer, history, better)
        progress(history.epoch, "  ".join(f"{name} {loss:.4f}" for name, loss in losses.items()))
    checkpoints.restore_best(net)
    return history


def endless(examples: Examples, objective: str, settings: Training, epoch: int) -> Iterator[tuple[Batch, torch.Tensor]]:
    """Shuffled batches of an objective, over and over; the order depends on seed and epoch alone."""
    rng = np.random.default_rng([settings.seed, epoch, sorted(LOSSES).index(objective)])
    while True:
        yield from examples.batches(objective, Side.TRAIN, settings.batch_size, rng)


@torch.no_grad()
def validation_loss(net: Net, examples: Examples, objective: str) -> float:
    """Mean loss over the validation side, which has labels."""
    net.eval()
    total, rows = 0.0, 0
    for batch, target in examples.batches(objective, Side.VALID, 4096):
        total += LOSSES[objective](net(batch, objective), target).item() * len(batch)
        rows += len(batch)
    return total / rows
