"""Learning from products without a label: entropy minimisation, Mean Teacher; how often labels are missing."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping

import torch
from torch.nn import functional

from shelver.config.objectives import Kind
from shelver.models.base import BaseNet

DECAY = 0.99
"""How much of its own weights a teacher keeps in each step, once it is warm."""
RAMP = 0.3
"""Share of the training over which losses on unlabelled products gain their full weight."""
LEAST = 0.02
"""Label frequencies are estimated between this and 1."""


def entropy(logits: torch.Tensor, kind: Kind) -> torch.Tensor:
    """Mean entropy of the answers in nats (Grandvalet & Bengio 2004, eq. 5; thesis, 2.3): low where a net is sure.

    ``−Σ_k p_k log p_k`` of a softmax; for any number of classes ``−Σ_k (p_k log p_k + (1 − p_k) log(1 − p_k))`` of
    sigmoids; averaged over rows.

    Parameters
    ----------
    logits : Tensor of float, shape (rows, classes)
        Scores.
    kind : str
        ``multi_class`` or ``multi_label``.
    """
    if kind == "multi_class":
        log_p = functional.log_softmax(logits, dim=1)
        return -(log_p.exp() * log_p).sum() / len(logits)
    parts = [torch.sigmoid(score) * functional.logsigmoid(score) for score in (logits, -logits)]
    return -torch.stack(parts).sum() / len(logits)


def consistency(student: torch.Tensor, teacher: torch.Tensor, kind: Kind) -> torch.Tensor:
    """Squared difference of the probabilities of student and teacher (Tarvainen & Valpola 2017, arXiv:1703.01780).

    ``J = mean over rows of Σ_k (p_k − p'_k)²``. No gradient flows to the teacher.

    Parameters
    ----------
    student, teacher : Tensor of float, shape (rows, classes)
        Scores of both for the same products.
    kind : str
        ``multi_class`` or ``multi_label``.
    """
    learnt, taught = (
        torch.softmax(logits, dim=1) if kind == "multi_class" else torch.sigmoid(logits)
        for logits in (student, teacher.detach())
    )
    return (learnt - taught).square().sum() / len(student)


def ramp_up(done: float, until: float = RAMP) -> float:
    """Weight of losses on unlabelled products: ``exp(−5 (1 − t)²)`` with ``t = done / until``, then 1.

    Early answers teach nothing, so this weight starts near 0 (Tarvainen & Valpola 2017, section 3.1; from Laine & Aila
    2017, arXiv:1610.02242).

    Parameters
    ----------
    done : float
        Share of the training that is over, for example ``step / steps``.
    until : float
        Share from which on the weight is 1; 0: always 1.
    """
    if done >= until:
        return 1.0
    return math.exp(-5 * (1 - max(0.0, done) / until) ** 2)


class Teacher:
    """A net whose weights are the moving average of a student's (Tarvainen & Valpola 2017, arXiv:1703.01780, eq. 1).

    ``θ' ← α θ' + (1 − α) θ`` after every step of the student, with ``α = min(1 − 1 / (step + 1), decay)``: a true mean
    of all weights at first. Buffers are averaged too; those that are no floating-point numbers are copied.

    Parameters
    ----------
    net : BaseNet
        The student. The teacher starts as a copy of it, never drops out, and has no gradients.
    decay : float
        α in the long run.

    Attributes
    ----------
    net : BaseNet
        The teacher's net.
    """

    def __init__(self, net: BaseNet, decay: float = DECAY) -> None:
        self.decay, self.steps = decay, 0
        self.net = copy.deepcopy(net).eval().requires_grad_(False)

    @torch.no_grad()
    def update(self, student: BaseNet) -> None:
        """Move towards the student, once after each of its steps."""
        self.steps += 1
        kept = min(1 - 1 / (self.steps + 1), self.decay)
        theirs = student.state_dict()
        for name, mine in self.net.state_dict().items():
            if mine.is_floating_point():
                mine.lerp_(theirs[name], 1 - kept)
            else:
                mine.copy_(theirs[name])

    def state_dict(self) -> dict[str, torch.Tensor]:
        """All that a checkpoint needs."""
        return {"steps": torch.tensor(self.steps)} | {f"net.{n}": value for n, value in self.net.state_dict().items()}

    def load_state_dict(self, state: Mapping[str, torch.Tensor]) -> None:
        """Take up what `state_dict` gave.

        Raises
        ------
        KeyError, RuntimeError
            It is the state of something else.
        """
        self.steps = int(state["steps"])
        self.net.load_state_dict({n.removeprefix("net."): value for n, value in state.items() if n.startswith("net.")})


@torch.no_grad()
def label_frequency(probabilities: torch.Tensor, target: torch.Tensor, strength: float = 10.0) -> torch.Tensor:
    """How likely a right label is there, per class (Elkan & Noto 2008, estimator e1).

    The mean probability *of a label* over held-out products that have it: where right labels are missing at random
    and the positives are certain, all of them bear the label with the same probability, and that is it. Where a net is
    less certain than it could be, the estimate is too small.

    Parameters
    ----------
    probabilities : Tensor of float, shape (rows, classes)
        Of a net trained with plain cross-entropy (missing = negative), for products it was not trained on.
    target : Tensor of float, shape (rows, classes)
        1 where those products have the label, else 0.
    strength : float
        Classes with few labels are drawn towards the mean of all, as if they had so many labels of that mean.

    Returns
    -------
    Tensor as `probabilities`, shape (classes,)
        From 0.02 to 1; all 1 if there is no label.
    """
    labels = target.sum(dim=0)
    found = (probabilities * target).sum(dim=0)
    if not labels.sum() > 0:
        return torch.ones_like(found)
    every = found.sum() / labels.sum()
    return ((found + strength * every) / (labels + strength)).clamp(LEAST, 1.0)
