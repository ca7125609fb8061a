"""Train one net on a prepared run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import torch

from shelver.config import AnyObjective, NetSpec, Training, Vector
from shelver.errors import ModelError
from shelver.features.split import Side
from shelver.models.base import BaseNet
from shelver.models.folder import build_net
from shelver.models.nets import Net
from shelver.pipeline.base import Base
from shelver.training.checkpoint import Checkpoints, History
from shelver.training.examples import Examples
from shelver.training.loop import train
from shelver.training.objectives import Learner, make_learners
from shelver.training.schedule import plan
from shelver.training.start import Encode, start


def fit(
    workspace: Base,
    examples: Examples,
    spec: NetSpec,
    objectives: Mapping[str, AnyObjective],
    settings: Training,
    checkpoints: Checkpoints,
    learners: Mapping[str, Learner] | None = None,
) -> tuple[Net, History]:
    """Make a net and train it.

    Parameters
    ----------
    learners : mapping of str to Learner, optional
        How each objective is learnt, if not as its settings say.

    Raises
    ------
    ModelError
        The run lacks an objective or an input, or training went astray.
    """
    for name in objectives:
        if name not in examples.answers:
            raise ModelError(f'the run has no objective "{name}"', hint="run: shelver prepare")
    net = build_net(spec, examples.transform, examples.classes, objectives, settings.seed)
    start(net, examples, partial(_encoder, workspace))
    learners = learners or make_learners(objectives, examples, net.prior.words if net.prior else None)
    return net, fit_on(workspace, net, examples, learners, settings, checkpoints)


def fit_on(
    workspace: Base,
    net: BaseNet,
    examples: Examples,
    learners: Mapping[str, Learner],
    settings: Training,
    checkpoints: Checkpoints,
) -> History:
    """Train a net that is there; it ends up on the CPU."""
    labels = {name: len(examples.rows(name, Side.TRAIN)) for name in learners}
    total = sum(phase.epochs for phase in plan(settings, labels))

    def tell(history: History, line: str) -> None:
        workspace.report("train", history.epoch, max(total, history.epoch))

    net.to(device_of(settings.device))
    history = train(net, examples, settings, learners, checkpoints, tell)
    net.cpu()
    return history


def device_of(wanted: str) -> torch.device:
    """Where to train: the device asked for, or for ``auto`` a GPU if there is one.

    Raises
    ------
    ModelError
        This machine has no such device.
    """
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kind = wanted.partition(":")[0]
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there[kind]:
        raise ModelError(f'no device "{wanted}" here', where="training.device", hint='set training.device = "auto"')
    return torch.device(wanted)


def _encoder(workspace: Base, name: str) -> Encode:
    """A text encoder by its name, with the workspace's cache."""
    return workspace.encode_stage("words", Vector(encoder=name)).encoder.encode
