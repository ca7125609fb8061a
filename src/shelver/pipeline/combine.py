"""Make one model of several."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shelver.config import AnyObjective, Bagged, Combined
from shelver.models.base import BaseNet
from shelver.models.combined import CombinedNet
from shelver.models.folder import SavedModel
from shelver.pipeline.base import Base
from shelver.pipeline.fit import fit, fit_on
from shelver.training.calibrate import temperatures
from shelver.training.checkpoint import Checkpoints, History
from shelver.training.combine import combine
from shelver.training.examples import Examples
from shelver.training.objectives import make_learners


@dataclass(frozen=True)
class Made:
    """A trained net, how its training went, and figures that belong to it."""

    net: BaseNet
    history: History
    details: dict[str, Any] = field(default_factory=dict)


def join(
    workspace: Base,
    examples: Examples,
    spec: Combined | Bagged,
    objectives: Mapping[str, AnyObjective],
    checkpoints: Checkpoints,
    member: Callable[[str], SavedModel],
) -> Made:
    """Make a combined net.

    Parameters
    ----------
    workspace : Base
        The workspace.
    examples : Examples
        The data set.
    spec : Combined or Bagged
        How, and of what.
    objectives : mapping of str to AnyObjective
        What it learns.
    checkpoints : Checkpoints
        Where the state of an unfinished training is kept; its parts are kept beside it.
    member : callable
        Gives a trained model by its name.
    """
    if isinstance(spec, Bagged):
        return _bags(workspace, examples, spec, objectives, checkpoints)
    saved = [member(name) for name in spec.members]
    net = CombinedNet(spec, [model.net.float() for model in saved], examples.classes, [m.temperatures for m in saved])
    history = History()
    if net.how == "network":
        learners = make_learners(objectives, examples)
        history = fit_on(workspace, net, examples, learners, workspace.config.training, checkpoints)
    weights = combine(net, examples, workspace.config.training.seed)
    return Made(net, history, {"members": list(spec.members), "member_weights": weights})


def _bags(
    workspace: Base,
    examples: Examples,
    spec: Bagged,
    objectives: Mapping[str, AnyObjective],
    checkpoints: Checkpoints,
) -> Made:
    model, settings = workspace.config.models[spec.member], workspace.config.training
    assert not isinstance(model, Combined | Bagged)  # noqa: S101  (the settings are checked)
    nets, scales, history = [], [], History()
    for bag in range(spec.bags):
        part = checkpoints.part(f"bag-{bag}")
        drawn = examples.bootstrap(settings.seed * 1000 + bag)
        own = settings.model_copy(update={"seed": settings.seed * 1000 + bag})
        net, history = fit(workspace, drawn, model, objectives, own, part)
        nets.append(net)
        scales.append(temperatures(net, examples))
    for bag in range(spec.bags):
        checkpoints.part(f"bag-{bag}").clear()
    return Made(CombinedNet(spec, nets, examples.classes, scales), history, {"bags": spec.bags})
