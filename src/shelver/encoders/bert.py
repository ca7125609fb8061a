"""A BERT checkpoint as an ONNX graph.

The graph has no mask and no padding: all rows of a call have the same number of tokens, so no row can see the others
and the mean over tokens is a plain mean.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from onnx import ModelProto, helper

from shelver.encoders.graph import FUSED, Array, Graph, tensor

EPSILON = 1e-12  # layer_norm_eps of BERT


@dataclass(frozen=True)
class Signal:
    """A tensor (rows, tokens, dims) in the graph; gain and offset of the layer norm that made it, if one did."""

    name: str
    norm: tuple[Array, Array] | None = None


@dataclass(frozen=True)
class Part:
    """Tensors of one layer of a checkpoint, by their names below its prefix."""

    prefix: str
    tensors: Mapping[str, Array]

    def pair(self, name: str) -> tuple[Array, Array]:
        """Weight and bias of a module."""
        return self.tensors[f"{name}.weight"], self.tensors[f"{name}.bias"]


Dense: TypeAlias = Callable[[Graph, str, Signal, "tuple[Array, Array]"], str]
"""Writes ``x @ weight.T``, without the bias: (graph, name, x, weight (out, in) and bias (out,)) → name of the product.
The operator that comes next adds the bias."""


def dense_float32(graph: Graph, name: str, x: Signal, linear: tuple[Array, Array]) -> str:
    """Write a matrix product in float32; see `Dense`."""
    return graph.add("MatMul", [x.name, graph.constant(f"{name}.weight", linear[0].T)], f"{name}.product")


def bert_graph(weights: Mapping[str, Array], *, layers: int, heads: int, max_tokens: int, dense: Dense) -> ModelProto:
    """Write a BERT encoder with mean pooling (Devlin et al. 2019, arXiv:1810.04805; post-norm, exact GELU).

    Parameters
    ----------
    weights : mapping of str to ndarray
        Tensors of a Hugging Face ``BertModel`` checkpoint.
    layers, heads : int
        Its shape.
    max_tokens : int
        Longest input.
    dense : Dense
        How matrix products are done: `dense_float32`, or `shelver.encoders.int8.dense_int8`.

    Returns
    -------
    ModelProto
        ``ids`` int64 (rows, tokens) → ``vectors`` float32 (rows, dims), not normalised.
    """
    graph = Graph()
    x = _embed(graph, weights, max_tokens)
    for layer in range(layers):
        prefix = f"encoder.layer.{layer}."
        part = Part(prefix, {key[len(prefix) :]: value for key, value in weights.items() if key.startswith(prefix)})
        x = _attend(graph, x, part, heads, dense)
        x = _transform(graph, x, part, dense)
    graph.add("ReduceMean", [x.name, graph.constant("tokens_axis", np.array([1]))], "vectors", keepdims=0)
    dims = weights["embeddings.word_embeddings.weight"].shape[1]
    ids = tensor("ids", np.int64, ["rows", "tokens"])
    return graph.model("bert", [ids], [tensor("vectors", np.float32, ["rows", dims])])


def _embed(graph: Graph, weights: Mapping[str, Array], max_tokens: int) -> Signal:
    place = weights["embeddings.position_embeddings.weight"][:max_tokens]  # (max_tokens, dims)
    place = place + weights["embeddings.token_type_embeddings.weight"][0]
    graph.add("Gather", [graph.constant("words", weights["embeddings.word_embeddings.weight"]), "ids"], "word")
    graph.add("Shape", ["ids"], "length", start=1, end=2)
    graph.add("Slice", [graph.constant("places", place), graph.constant("zero", np.array([0])), "length"], "place")
    graph.add("Add", ["word", "place"], "embedded")
    gain, offset = Part("embeddings.", {k.removeprefix("embeddings."): v for k, v in weights.items()}).pair("LayerNorm")
    inputs = ["embedded", graph.constant("embeddings.gain", gain), graph.constant("embeddings.offset", offset)]
    return Signal(graph.add("LayerNormalization", inputs, "embeddings.out", axis=-1, epsilon=EPSILON), (gain, offset))


def _attend(graph: Graph, x: Signal, part: Part, heads: int, dense: Dense) -> Signal:
    pairs = [part.pair(f"attention.self.{name}") for name in ("query", "key", "value")]
    weight, bias = (np.concatenate(tensors) for tensors in zip(*pairs, strict=True))  # (3 dims, dims), (3 dims,)
    product = dense(graph, f"{part.prefix}qkv", x, (weight, bias))
    split = [f"{part.prefix}{name}" for name in ("q", "k", "v")]
    graph.nodes.append(helper.make_node("Split", [product], split, axis=-1, num_outputs=3))
    inputs = [*split, graph.constant(f"{part.prefix}qkv.bias", bias)]
    attended = Signal(graph.add("MultiHeadAttention", inputs, f"{part.prefix}attended", FUSED, num_heads=heads))
    return _add_and_norm(graph, (x, attended), part, "attention.output", dense)


def _transform(graph: Graph, x: Signal, part: Part, dense: Dense) -> Signal:
    wide = part.pair("intermediate.dense")
    product = dense(graph, f"{part.prefix}wide", x, wide)
    inputs = [product, graph.constant(f"{part.prefix}wide.bias", wide[1])]
    activated = Signal(graph.add("BiasGelu", inputs, f"{part.prefix}gelu", FUSED))
    return _add_and_norm(graph, (x, activated), part, "output", dense)


def _add_and_norm(graph: Graph, signals: tuple[Signal, Signal], part: Part, module: str, dense: Dense) -> Signal:
    """LayerNorm(x + linear(y)) of the signals x and y."""
    x, y = signals
    name = f"{part.prefix}{module}"
    linear, norm = part.pair(f"{module}.dense"), part.pair(f"{module}.LayerNorm")
    product = dense(graph, name, y, linear)
    values = {"gain": norm[0], "offset": norm[1], "bias": linear[1]}
    constants = [graph.constant(f"{name}.{kind}", value) for kind, value in values.items()]
    inputs = [product, x.name, *constants]
    return Signal(graph.add("SkipLayerNormalization", inputs, f"{name}.out", FUSED, epsilon=EPSILON), norm)
