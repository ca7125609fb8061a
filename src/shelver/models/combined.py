"""Several nets made into one (thesis, section 2.4): answers averaged, voted or stacked, or embeddings joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn
from torch.nn import functional

from shelver.config import Bagged, Combined, NetSpec
from shelver.errors import ModelError
from shelver.features.batch import Batch
from shelver.models.base import BaseNet
from shelver.models.classes import Classes
from shelver.models.linear import TO, ZeroLinear


class CombinedNet(BaseNet):
    """A net made of trained nets, whose own weights stay as they are.

    Parameters
    ----------
    spec : Combined or Bagged
        How they are combined; `Bagged` averages with equal weights.
    members : sequence of BaseNet
        At least one; all with the same objectives.
    classes : Classes
        What can come out.
    temperatures : sequence of mapping of str to float
        For each member, what its scores of each objective are divided by.

    Raises
    ------
    ModelError
        A member is linear, so it has no embedding for ``how = "network"``.
    """

    def __init__(
        self,
        spec: Combined | Bagged,
        members: Sequence[BaseNet],
        classes: Classes,
        temperatures: Sequence[Mapping[str, float]],
    ) -> None:
        super().__init__(members[0].settings)
        self.spec, self.how = spec, spec.how if isinstance(spec, Combined) else "average"
        self.kinds = {name: classes.kind(name) for name in self.objectives}
        self.members = nn.ModuleList(members).requires_grad_(requires_grad=False)
        self.parts: tuple[BaseNet, ...] = tuple(members)
        count = len(members)
        for name in self.objectives:
            scale = torch.tensor([given.get(name, 1.0) for given in temperatures])
            self.register_buffer(f"temperature_{name}", scale)
            self.register_buffer(f"weight_{name}", torch.full((count,), 1 / count))
        self.stack = nn.ModuleDict()
        self.compress: nn.Module = nn.Identity()
        self.heads = nn.ModuleDict()
        sizes = {name: len(classes.of(name)) for name in self.objectives}
        if self.how == "stack":
            self.stack = nn.ModuleDict({TO + name: Stack(count, n) for name, n in sizes.items()})
        if isinstance(spec, Combined) and self.how == "network":
            joined = nn.Linear(sum(member.width for member in members), spec.dims)
            self.compress = nn.Sequential(joined, nn.ReLU(), nn.Dropout(spec.dropout))
            self.heads = nn.ModuleDict({TO + name: ZeroLinear(spec.dims, n) for name, n in sizes.items()})

    @property
    def learns_weights(self) -> bool:
        """Are the members' weights found on validation labels?"""
        return isinstance(self.spec, Combined)

    def stack_of(self, objective: str) -> Stack:
        """The logistic regression on top of the members, for ``how = "stack"``."""
        found = self.stack[TO + objective]
        assert isinstance(found, Stack)  # noqa: S101  (nothing else is put there)
        return found

    @property
    def specs(self) -> tuple[NetSpec, ...]:
        """Settings of the members."""
        return tuple(member.spec for member in self.parts)  # type: ignore[misc]

    @property
    def width(self) -> int:
        """Size of the compound embedding."""
        if isinstance(self.spec, Combined) and self.how == "network":
            return self.spec.dims
        return sum(member.width for member in self.parts)

    def train(self, mode: bool = True) -> CombinedNet:
        """Only what is on top of the members is ever trained."""
        super().train(mode)
        self.members.train(mode=False)
        return self

    def forward(self, batch: Batch, objective: str) -> torch.Tensor:
        """Logits of one objective: float32, shape (rows, classes)."""
        if self.how == "network":
            logits: torch.Tensor = self.heads[TO + objective](self.embed(batch))
            return logits
        scores = self.member_scores(batch, objective)  # (members, rows, classes)
        if self.how == "stack":
            stacked: torch.Tensor = self.stack[TO + objective](log_probability(scores, self.kinds[objective]))
            return stacked
        if self.how == "vote":
            return vote(scores, self.kinds[objective])
        return average(scores, self.get_buffer(f"weight_{objective}"), self.kinds[objective])

    def member_scores(self, batch: Batch, objective: str) -> torch.Tensor:
        """Logits of the members, divided by their temperatures: float32, shape (members, rows, classes)."""
        scores = torch.stack([member(batch, objective) for member in self.parts])
        return scores / self.get_buffer(f"temperature_{objective}")[:, None, None].to(scores)

    def embed(self, batch: Batch) -> torch.Tensor:
        """The compound embedding: float32, shape (rows, width); without a network, those of the members joined."""
        joined: torch.Tensor = self.compress(torch.cat([member.embed(batch) for member in self.parts], dim=1))
        return joined

    def head_weight(self, objective: str) -> torch.Tensor:
        """Weights of the last layer: float32, shape (classes, width); only with ``how = "network"``."""
        if self.how != "network":
            raise ModelError(f'a model combined by "{self.how}" has no last layer', hint='set how = "network"')
        return self.heads.get_parameter(f"{TO}{objective}.weight")

    def bias(self, objective: str) -> torch.Tensor | None:
        """What the scores of an objective start from, if a network is to be trained."""
        return self.heads.get_parameter(f"{TO}{objective}.bias") if self.how == "network" else None

    def weights_of(self, objective: str) -> list[nn.Parameter]:
        """Parameters that are trained for an objective."""
        if self.how == "network":
            return [*self.compress.parameters(), *self.heads[TO + objective].parameters()]
        return list(self.stack[TO + objective].parameters()) if self.how == "stack" else []


class Stack(nn.Module):
    """Logistic regression over the log probabilities of several nets, one weight per net and class (Wolpert 1992).

    Parameters
    ----------
    members : int
        Number of nets.
    classes : int
        Number of classes.
    """

    def __init__(self, members: int, classes: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((members, classes), 1 / members))
        self.bias = nn.Parameter(torch.zeros(classes))

    def forward(self, scores: torch.Tensor) -> torch.Tensor:
        """(members, rows, classes) → (rows, classes)."""
        return (scores * self.weight[:, None, :].to(scores)).sum(dim=0) + self.bias.to(scores)


def log_probability(scores: torch.Tensor, kind: str) -> torch.Tensor:
    """Log probability of every class, any shape with the classes last."""
    return functional.log_softmax(scores, dim=-1) if kind == "multi_class" else functional.logsigmoid(scores)


def average(scores: torch.Tensor, weight: torch.Tensor, kind: str) -> torch.Tensor:
    """Logits of the weighted mean of probabilities.

    Parameters
    ----------
    scores : Tensor of float, shape (members, rows, classes)
        Logits of the members.
    weight : Tensor of float, shape (members,)
        At least 0, sum 1.
    kind : str
        ``multi_class`` or ``multi_label``.

    Returns
    -------
    Tensor of float, shape (rows, classes)
    """
    share = weight.to(scores).log()[:, None, None]
    yes = torch.logsumexp(share + log_probability(scores, kind), dim=0)
    if kind == "multi_class":
        return yes
    return yes - torch.logsumexp(share + functional.logsigmoid(-scores), dim=0)


def vote(scores: torch.Tensor, kind: str) -> torch.Tensor:
    """Logits of the share of members whose answer a class is; their mean probability counts as one more voter.

    That voter only decides between classes with equally many votes: it gives less than one vote to all together.
    """
    probability = log_probability(scores, kind).exp()  # (members, rows, classes)
    if kind == "multi_class":
        votes = functional.one_hot(scores.argmax(dim=-1), scores.shape[-1]).to(scores)
        return ((votes.sum(dim=0) + probability.mean(dim=0)) / (len(scores) + 1)).clamp_min(1e-12).log()
    votes = (scores >= 0).to(scores)
    share = (votes.sum(dim=0) + probability.mean(dim=0)) / (len(scores) + 1)
    return torch.logit(share, eps=1e-6)
