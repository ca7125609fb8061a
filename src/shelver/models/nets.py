"""The nets. A net scores: ``net(batch, objective) -> logits``; it knows nothing of training."""

from __future__ import annotations

import torch
from torch import nn

from shelver.config import Model, WideDeep
from shelver.features.batch import Bag, Batch
from shelver.models.classes import Classes
from shelver.models.inputs import Inputs
from shelver.models.prior import Prior

HITS = "rule_hits"
"""Name of the bag of categories that rules assigned to a product, over the tree's categories."""


KEY = "of_"
"""Begins the names of parts that belong to a feature; torch reserves some names, such as ``type``."""


class SparseLinear(nn.Module):
    """``Σ weightᵢ · Wᵢ`` over the entries of a bag; starts at zero or at random.

    Parameters
    ----------
    size : int
        Size of the vocabulary.
    outputs : int
        Number of outputs.
    spread : float
        Standard deviation of the first weights.
    """

    def __init__(self, size: int, outputs: int, spread: float = 0.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(size, outputs) * spread)

    def forward(self, bag: Bag) -> torch.Tensor:
        """Sums: float32, shape (rows, outputs)."""
        ids, offsets = torch.from_numpy(bag.ids), torch.from_numpy(bag.offsets)
        return nn.functional.embedding_bag(
            ids,
            self.weight,
            offsets,
            mode="sum",
            per_sample_weights=torch.from_numpy(bag.weights).to(self.weight.dtype),
            include_last_offset=True,
        )


class ZeroLinear(nn.Linear):
    """A linear layer that starts at zero, so that a new net says what its prior says."""

    def reset_parameters(self) -> None:
        """Set weights and biases to zero."""
        nn.init.zeros_(self.weight)
        nn.init.zeros_(self.bias)


class LinearNet(nn.Module):
    """Logistic regression: one weight per input and class, and nothing shared between objectives.

    Parameters
    ----------
    inputs : Inputs
        What goes in.
    outputs : dict of str to int
        Number of classes of each objective.
    """

    def __init__(self, inputs: Inputs, outputs: dict[str, int]) -> None:
        super().__init__()
        self.inputs = inputs
        self.sparse = nn.ModuleDict({name: SparseLinear(inputs.sparse_size, n) for name, n in outputs.items()})
        self.dense = nn.ModuleDict({name: ZeroLinear(inputs.dense_size, n) for name, n in outputs.items()})

    def forward(self, batch: Batch, objective: str) -> torch.Tensor:
        """Logits: float32, shape (rows, classes)."""
        sparse: torch.Tensor = self.sparse[objective](self.inputs.sparse(batch))
        dense: torch.Tensor = self.dense[objective](self.inputs.dense(batch).to(sparse.dtype))
        return sparse + dense

    def bias(self, objective: str) -> torch.Tensor:
        """What the classes of an objective start from: float32, shape (classes,)."""
        return self.get_parameter(f"dense.{objective}.bias")


class DeepNet(nn.Module):
    """Embeddings of every input, one after the other, through hidden layers that all objectives share.

    Parameters
    ----------
    inputs : Inputs
        What goes in.
    outputs : dict of str to int
        Number of classes of each objective.
    dims : dict of str to int
        Embedding size of each categorical feature.
    spec : WideDeep
        Sizes and dropout.
    """

    def __init__(self, inputs: Inputs, outputs: dict[str, int], dims: dict[str, int], spec: WideDeep) -> None:
        super().__init__()
        self.inputs = inputs
        self.texts = nn.ModuleDict(
            {KEY + name: SparseLinear(n, spec.text_dims, 0.1) for name, n in inputs.bags.items()}
        )
        self.values = nn.ModuleDict({KEY + name: nn.Embedding(n, dims[name]) for name, n in inputs.categories.items()})
        width = spec.text_dims * len(inputs.bags) + sum(dims[name] for name in inputs.categories) + inputs.dense_size
        layers: list[nn.Module] = []
        for size in spec.hidden:
            layers += [nn.Linear(width, size), nn.ReLU(), nn.Dropout(spec.dropout)]
            width = size
        self.hidden = nn.Sequential(*layers)
        self.heads = nn.ModuleDict({name: ZeroLinear(width, n) for name, n in outputs.items()})

    def embed(self, batch: Batch) -> torch.Tensor:
        """Output of the last hidden layer: float32, shape (rows, hidden[-1])."""
        parts = [layer(batch.bags[name.removeprefix(KEY)]) for name, layer in self.texts.items()]
        parts += [
            layer(torch.from_numpy(batch.categories[name.removeprefix(KEY)])) for name, layer in self.values.items()
        ]
        dense = self.inputs.dense(batch).to(next(self.parameters()).dtype)
        embedded: torch.Tensor = self.hidden(torch.cat([*parts, dense], dim=1))
        return embedded

    def forward(self, batch: Batch, objective: str) -> torch.Tensor:
        """Logits: float32, shape (rows, classes)."""
        logits: torch.Tensor = self.heads[objective](self.embed(batch))
        return logits


class Net(nn.Module):
    """A model: the prior (for the exclusive objective), a wide part and perhaps a deep part, added up.

    Parameters
    ----------
    spec : Linear or WideDeep
        Which model.
    inputs : Inputs
        What goes in.
    classes : Classes
        What can come out.
    objectives : tuple of str
        What it learns.
    dims : dict of str to int
        Embedding size of each categorical feature.
    """

    def __init__(
        self, spec: Model, inputs: Inputs, classes: Classes, objectives: tuple[str, ...], dims: dict[str, int]
    ) -> None:
        super().__init__()
        self.spec, self.objectives = spec, objectives
        outputs = {name: len(classes.of(name)) for name in objectives}
        self.text = next(iter(inputs.vectors), "")
        self.prior = (
            Prior(classes, inputs.vectors[self.text])
            if spec.prior and self.text and "exclusive" in objectives
            else None
        )
        self.wide = LinearNet(inputs, outputs)
        self.deep = DeepNet(inputs, outputs, dims, spec) if isinstance(spec, WideDeep) else None

    def forward(self, batch: Batch, objective: str) -> torch.Tensor:
        """Logits of one objective: float32, shape (rows, classes)."""
        logits: torch.Tensor = self.wide(batch, objective)
        if self.deep is not None:
            logits = logits + self.deep(batch, objective)
        if self.prior is not None and objective == "exclusive":
            logits = logits + self.prior(torch.from_numpy(batch.vectors[self.text]), batch.bags[HITS])
        return logits

    def penalty(self, objective: str) -> torch.Tensor:
        """Half the sum of squares of the weights that an objective uses (not of biases, nor of the prior's scales)."""
        used = [
            weight
            for name, weight in self.named_parameters()
            if name.endswith("weight")
            and not any(f".{other}." in name for other in self.objectives if other != objective)
        ]
        return 0.5 * torch.stack([weight.square().sum() for weight in used]).sum()
