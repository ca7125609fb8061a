"""The nets. A net scores: ``net(batch, objective) -> logits``; it knows nothing of training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import nn

from shelver.config import AnyObjective, Deep, Exclusive, Joint, Linear, NetSpec, WideDeep
from shelver.errors import ModelError
from shelver.features.batch import Bag, Batch
from shelver.models.base import BaseNet
from shelver.models.classes import Classes
from shelver.models.deep import DeepNet
from shelver.models.inputs import Inputs
from shelver.models.lexicon import Lexicon
from shelver.models.linear import TO, LinearNet, ZeroLinear
from shelver.models.prior import Prior
from shelver.models.tensors import floats
from shelver.models.tree_head import TreeHead

HITS = "rule hits"
"""Name of the bag of categories that rules assigned to a product, over the tree's; no feature can have it."""

EXCLUSIVE = "exclusive"


class Net(BaseNet):
    """A model: the prior (for the exclusive objective), a wide part, a deep part with a head per objective, added up.

    Parameters
    ----------
    spec : NetSpec
        Which model.
    inputs : Inputs
        What goes in.
    classes : Classes
        What can come out.
    objectives : mapping of str to AnyObjective
        What it learns, and the settings of each.
    words : tuple of str and int, optional
        Vector feature that the prior compares with the words of the tree, and its dimensions. By default the first
        vector of texts among the inputs; it need not be an input.
    lexicon : Lexicon, optional
        Words of the categories' names, for the prior.

    Attributes
    ----------
    text : str
        Name of that feature; empty if there is none.
    settings : mapping of str to AnyObjective
        Settings of the objectives.

    Raises
    ------
    ModelError
        There is no input of a kind that the net can take.
    """

    def __init__(
        self,
        spec: NetSpec,
        inputs: Inputs,
        classes: Classes,
        objectives: Mapping[str, AnyObjective],
        words: tuple[str, int] | None = None,
        lexicon: Lexicon | None = None,
    ) -> None:
        super().__init__(objectives)
        self.spec: NetSpec = spec
        self.tree = TreeHead(classes.tree) if _is_tree(objectives) else None
        outputs = {name: len(classes.of(name)) for name in objectives}
        if self.tree is not None:
            outputs[EXCLUSIVE] = self.tree.options
        texts = [(name, inputs.vectors[name]) for name in inputs.text_vectors]
        self.text, dims = words or (texts[0] if texts else ("", 0))
        self.prior = Prior(classes, dims, lexicon) if spec.prior and self.text and EXCLUSIVE in objectives else None
        self.wide = LinearNet(inputs, outputs) if isinstance(spec, Linear | WideDeep | Joint) else None
        self.deep = DeepNet(spec, inputs) if isinstance(spec, Deep) else None
        self.heads = nn.ModuleDict()
        if self.deep is not None:
            self.heads.update({TO + name: ZeroLinear(self.deep.width, n) for name, n in outputs.items()})

    def forward(self, batch: Batch, objective: str) -> torch.Tensor:
        """Logits of one objective: float32, shape (rows, classes)."""
        parts: list[torch.Tensor] = []
        if self.prior is not None and objective == EXCLUSIVE:
            known: torch.Tensor = self.prior(*self.prior_inputs(batch))
            parts.append(known if self.tree is None else self.tree.lift(known))
        if self.wide is not None:
            parts.append(self.wide(batch, objective))
        if self.deep is not None:
            parts.append(self.heads[TO + objective](self.deep(batch)))
        scores = sum(parts[1:], parts[0])
        return self.tree.log_probabilities(scores) if self.tree is not None and objective == EXCLUSIVE else scores

    def prior_inputs(self, batch: Batch) -> tuple[torch.Tensor, Bag, Bag | None]:
        """What the prior takes of a batch; there must be one."""
        assert self.prior is not None  # noqa: S101  (callers know)
        lexicon = self.prior.lexicon
        vectors = floats(batch.vectors[self.text], self.prior.words)
        return vectors, batch.bags[HITS], lexicon.found(batch) if lexicon else None

    @property
    def width(self) -> int:
        """Size of the embedding; raises ModelError if there is none."""
        return self._deep().width

    def embed(self, batch: Batch) -> torch.Tensor:
        """The representation that all objectives share, just before the heads: float32, shape (rows, width).

        Raises
        ------
        ModelError
            The model is linear: it has none.
        """
        embedded: torch.Tensor = self._deep()(batch)
        return embedded

    def head_weight(self, objective: str) -> torch.Tensor:
        """Weights of the last layer, an embedding of each class: float32, shape (classes, width).

        With a choice at every node, those of the choices on the path to a class, added up.

        Raises
        ------
        ModelError
            The model is linear: it has none.
        """
        self._deep()
        weight = self.heads.get_parameter(f"{TO}{objective}.weight")
        return self.tree.weights(weight) if self.tree is not None and objective == EXCLUSIVE else weight

    def bias(self, objective: str) -> torch.Tensor | None:
        """What the scores of an objective start from, without any input: float32, shape (classes,).

        None for a choice at every node, which has no bias per class.
        """
        if self.tree is not None and objective == EXCLUSIVE:
            return None
        if self.wide is not None:
            return self.wide.bias(objective)
        return self.heads.get_parameter(f"{TO}{objective}.bias")

    def rates(self) -> dict[nn.Parameter, float]:
        """Steps of the linear part and of the prior, and of the weights of words and values in it."""
        spec = self.spec
        if self.wide is None or not isinstance(spec, Linear | WideDeep | Joint):
            return {}
        wide = spec.wide_rate if isinstance(spec, WideDeep | Joint) else 1.0
        parts = [self.wide.dense, *([self.prior] if self.prior is not None else [])]
        rates = {weight: wide for part in parts for weight in part.parameters()}
        return rates | dict.fromkeys(self.wide.sparse.parameters(), wide * spec.words_rate)

    def weights_of(self, objective: str) -> list[nn.Parameter]:
        """All parameters that an objective uses; its steps move no others."""
        return [weight for module in self._used(objective) for weight in module.parameters()]

    def _deep(self) -> DeepNet:
        if self.deep is None:
            raise ModelError("a linear model has no embeddings", hint="train another model, such as wide_deep")
        return self.deep

    def _used(self, objective: str) -> Iterator[nn.Module]:
        if self.prior is not None and objective == EXCLUSIVE:
            yield self.prior
        if self.wide is not None:
            yield from self.wide.used(objective)
        if self.deep is not None:
            yield self.deep
            yield self.heads[TO + objective]


def _is_tree(objectives: Mapping[str, AnyObjective]) -> bool:
    spec = objectives.get(EXCLUSIVE)
    return isinstance(spec, Exclusive) and spec.heads == "tree"
