"""Train one net on a prepared run."""

from __future__ import annotations

from collections.abc import Mapping

from shelver.catalogue.label_events import EXCLUSIVE
from shelver.config import AnyObjective, NetSpec, Training
from shelver.errors import ModelError
from shelver.features.batch import Bag
from shelver.features.split import Side
from shelver.models.base import BaseNet
from shelver.models.folder import build_net
from shelver.models.nets import Net
from shelver.pipeline.base import Base
from shelver.training.checkpoint import Checkpoints, History
from shelver.training.device import device_of
from shelver.training.exact import solve_net, solved, with_ranges
from shelver.training.examples import Examples
from shelver.training.loop import train, validation_losses
from shelver.training.objectives import Learner, make_learners
from shelver.training.schedule import plan
from shelver.training.start import start


def fit(
    workspace: Base,
    examples: Examples,
    spec: NetSpec,
    objectives: Mapping[str, AnyObjective],
    settings: Training,
    checkpoints: Checkpoints,
    learners: Mapping[str, Learner] | None = None,
) -> tuple[Net, History]:
    """Make a net and train it: what has an optimum and few labels is solved at once, the rest step by step.

    Parameters
    ----------
    settings : Training
        Its `solver` says what is solved at once; that counts as one epoch of the history.
    learners : mapping of str to Learner, optional
        How each objective is learnt, if not as its settings say; then nothing is solved at once.

    Raises
    ------
    ModelError
        The run lacks an objective or an input, or training went astray.
    """
    for name in objectives:
        if name not in examples.answers:
            raise ModelError(f'the run has no objective "{name}"', hint="run: shelver prepare")
    net = build_net(spec, examples.transform, examples.classes, objectives, settings.seed)
    start(net, examples, workspace.text_encoder)
    labels = {name: len(examples.rows(name, Side.TRAIN)) for name in objectives}
    at_once = [
        name
        for name in settings.objectives
        if name in objectives and settings.epochs and not learners and solved(net, name, settings, labels[name])
    ]
    learners = learners or make_learners(objectives, examples, net.prior.words if net.prior else None)
    rest = tuple(name for name in settings.objectives if name not in at_once)
    history = History()
    if rest:
        history = fit_on(
            workspace, net, examples, learners, settings.model_copy(update={"objectives": rest}), checkpoints
        )
    for name in at_once:
        rows = examples.rows(name, Side.TRAIN)
        if len(rows):
            answers = examples.answers[name]
            target = answers.take(rows) if isinstance(answers, Bag) else answers[rows]
            within = None
            if name == EXCLUSIVE and not isinstance(target, Bag):
                rows, target, within = with_ranges(rows, target, *examples.ranges())
            solve_net(net, name, examples.batch(rows), target, within=within)
            history.solved.append(name)
            workspace.report("train", history.epoch + 1, history.epoch + 1)
    if history.solved:
        net.eval()
        losses = validation_losses(net, examples, learners, tuple(at_once))
        history.losses.append({name: loss for name, (loss, _) in losses.items()})
        history.epoch += 1
        history.best_epoch = history.epoch
    return net, history


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
