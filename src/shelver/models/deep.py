"""The deep part: parts that take the inputs, side by side, then hidden layers that all objectives share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from shelver.config import CNN1D, MLP, RNN, Deep, Image, Joint, TextVector, WideDeep
from shelver.errors import ModelError
from shelver.features.batch import Batch
from shelver.models.cnn import Convolutions
from shelver.models.hidden import Hidden
from shelver.models.inputs import Inputs
from shelver.models.part import Part
from shelver.models.reading import readers
from shelver.models.rnn import Recurrent
from shelver.models.towers import DenseTower, Histogram, towers


class DeepNet(nn.Module):
    """Everything below the heads of a net that is not a linear one.

    Parameters
    ----------
    spec : Deep
        Which net.
    inputs : Inputs
        What goes in; of other kinds than the net can take it takes nothing.

    Attributes
    ----------
    width : int
        Size of the embedding.

    Raises
    ------
    ModelError
        There is no input of a kind that the net can take.
    """

    def __init__(self, spec: Deep, inputs: Inputs) -> None:
        super().__init__()
        parts = PARTS[type(spec)](spec, inputs)
        if not parts:
            raise ModelError(
                "no input of a kind that this model can take",
                hint="add a feature to [features] and run: shelver prepare; or choose another model",
            )
        self.parts = nn.ModuleList(parts)
        sizes = spec.hidden[1:] if isinstance(parts[0], Histogram) else spec.hidden
        self.hidden = Hidden(sum(part.width for part in parts), sizes, spec.dropout, spec.norm)
        self.width = self.hidden.width

    def forward(self, batch: Batch) -> torch.Tensor:
        """Output of the last hidden layer: float32, shape (rows, width)."""
        found = [part(batch) for part in self.parts]
        embedded: torch.Tensor = self.hidden(torch.cat(found, dim=1))
        return embedded


def _mlp(spec: MLP, inputs: Inputs) -> list[Part]:
    if spec.words == "embedding":
        return towers(inputs)
    if not spec.hidden:
        raise ModelError('words = "histogram" without a hidden layer is a linear model', hint='set kind = "linear"')
    return (
        [Histogram(inputs, spec.hidden[0], spec.dropout, spec.norm)] if inputs.sparse_size + inputs.dense_size else []
    )


def _convolutions(spec: CNN1D | Joint, inputs: Inputs) -> list[Part]:
    return [Convolutions(reader, spec.widths, spec.filters, spec.dropout) for reader in readers(inputs)]


def _recurrent(spec: RNN, inputs: Inputs) -> list[Part]:
    return [Recurrent(reader, spec.cell, spec.units, spec.both_directions, spec.dropout) for reader in readers(inputs)]


def _vectors(inputs: Inputs, names: tuple[str, ...]) -> list[Part]:
    only = replace(inputs, bags={}, categories={}, numbers=(), vectors={name: inputs.vectors[name] for name in names})
    return [DenseTower(only)] if names else []


PARTS: Mapping[type[Deep], Callable[[Any, Inputs], list[Part]]] = {
    MLP: _mlp,
    WideDeep: lambda spec, inputs: towers(inputs),
    CNN1D: _convolutions,
    RNN: _recurrent,
    TextVector: lambda spec, inputs: _vectors(inputs, inputs.text_vectors),
    Image: lambda spec, inputs: _vectors(inputs, inputs.image_vectors),
    Joint: lambda spec, inputs: [*towers(inputs), *_convolutions(spec, inputs)],
}
"""What takes the inputs of each kind of net."""
