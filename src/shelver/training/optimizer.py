"""Adam for nets with several objectives: the pull towards zero, shrinking and clipping happen inside of its step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from shelver.config import Bagged
from shelver.models.base import BaseNet

LEAST = 0.01
"""Share of a weight that one step of adamw leaves at least."""


def make_optimizer(net: BaseNet, labels: Mapping[str, int]) -> ObjectiveAdam:
    """Optimizer of a net, as its settings ask for.

    Parameters
    ----------
    net : Net
        The net; its settings say ``optimizer``, ``learning_rate``, ``l2``, ``weight_decay`` and ``clip``.
    labels : mapping of str to int
        Number of training labels of each objective.

    Examples
    --------
    The loss is given without any penalty; everything else is done by `step`:

    >>> optimizer = make_optimizer(net, {"exclusive": 900, "rule_based": 40_000})  # doctest: +SKIP
    >>> optimizer.zero_grad(set_to_none=True)  # doctest: +SKIP
    >>> loss(net(batch, "exclusive"), target).backward()  # doctest: +SKIP
    >>> optimizer.step()  # doctest: +SKIP
    """
    return ObjectiveAdam(net, labels)


class ObjectiveAdam(torch.optim.Adam):
    """Adam (Kingma & Ba 2015) or AdamW (Loshchilov & Hutter 2019) over the parameters of a net.

    A step moves what the objectives use that took part in it, and nothing else: an objective took part if there are
    gradients of parameters that only it uses. For each of these objectives a step adds ``l2 / n · W`` to the gradient
    of the weights that `Net.pulled` names, with *n* its labels: the gradient of ``l2 / (2 n) · |W|²``.

    Parameters
    ----------
    net : Net
        The net.
    labels : mapping of str to int
        Number of training labels of each objective.

    Notes
    -----
    - All steps are those of dense Adam: a word that is in no product of a batch goes on by its momentum, and the pull
      holds for it too. Updating only the rows of words that occur is no faster here: what it saves in arithmetic it
      loses in gathering and scattering (measured with 1,300 classes × 23,000 words).
    - Gradients must be fresh in every step (``zero_grad(set_to_none=True)``, the default): a gradient of zeros counts
      as one, None does not.
    - Each group of parameters has a ``rate`` (`BaseNet.rates`): its steps are so many times as long as the others'.
    - With ``clip`` the gradient of all objectives together is shortened, before the pull is added.
    - ``adamw`` shrinks the weights that have a gradient and are pulled by ``learning rate · weight_decay`` of
      themselves; it does so beside the pull of ``l2``.
    """

    def __init__(self, net: BaseNet, labels: Mapping[str, int]) -> None:
        assert not isinstance(net.spec, Bagged)  # noqa: S101  (bags are trained one by one)
        self._spec = net.spec
        self._pull = {name: net.spec.l2 / labels[name] for name in net.objectives if labels.get(name, 0)}
        users = _users(net)
        trained = [weight for weight in net.parameters() if weight.requires_grad]
        self._own = {name: [weight for weight in trained if users.get(weight) == {name}] for name in net.objectives}
        pulled: dict[torch.Tensor, list[str]] = {}
        for name in net.objectives:
            for weight in net.pulled(name):
                pulled.setdefault(weight, []).append(name)
        groups: dict[tuple[tuple[str, ...], float], list[torch.Tensor]] = {}
        rates = net.rates()
        for weight in trained:
            groups.setdefault((tuple(pulled.get(weight, ())), rates.get(weight, 1.0)), []).append(weight)
        self._pulls = [pulls for pulls, _ in groups]
        step = net.spec.learning_rate
        parts = [{"params": w, "rate": rate, "lr": step * rate} for (_, rate), w in groups.items()]
        super().__init__(parts, lr=step, fused=True)

    def active(self) -> tuple[str, ...]:
        """Objectives that the present gradients come from."""
        return tuple(name for name, own in self._own.items() if any(weight.grad is not None for weight in own))

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Move the parameters that have a gradient.

        Parameters
        ----------
        closure : None
            Not supported.
        """
        if closure is not None:
            raise TypeError("no closure is taken")
        active, adamw = self.active(), self._spec.optimizer == "adamw"
        for pulls, group in zip(self._pulls, self.param_groups, strict=True):
            pull = sum(self._pull.get(name, 0.0) for name in pulls if name in active)
            kept = max(LEAST, 1 - group["lr"] * self._spec.weight_decay) if adamw and pulls else 1.0
            moved = [weight for weight in group["params"] if weight.grad is not None]
            if kept < 1 and moved:
                torch._foreach_mul_(moved, kept)
            group["weight_decay"] = pull / kept  # the pull is that of the weights as they were
        if self._spec.clip:
            torch.nn.utils.clip_grad_norm_(_with_gradient(self.param_groups), self._spec.clip)
        super().step()


def _users(net: BaseNet) -> dict[torch.Tensor, set[str]]:
    users: dict[torch.Tensor, set[str]] = {}
    for name in net.objectives:
        for weight in net.weights_of(name):
            users.setdefault(weight, set()).add(name)
    return users


def _with_gradient(groups: list[dict[str, Any]]) -> list[torch.Tensor]:
    return [weight for group in groups for weight in group["params"] if weight.grad is not None]
