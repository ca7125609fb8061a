"""EfficientNet-Lite: the network read from a checkpoint, and its ONNX graph in float32.

Tan & Le 2019, arXiv:1905.11946; the Lite variants have no squeeze-and-excitation, ReLU6 instead of Swish, and a stem
and head that are not scaled (https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from onnx import ModelProto, TensorProto

from shelver.encoders.graph import Array, Graph, tensor

HALVING = {"lite0": (1, 3, 5, 11), "lite2": (1, 4, 7, 15)}
"""Blocks that halve height and width; they and the shapes of the weights say all about the network."""
EPSILON = np.float32(1e-3)  # batch_norm_epsilon of the original
MIDDLE, SPREAD = np.uint8(127), np.float32(128)  # of pixels: (rgb - 127) / 128
LIMIT = np.float32(6)  # of ReLU6


@dataclass(frozen=True)
class Conv:
    """A convolution with the batch normalisation after it folded in.

    Attributes
    ----------
    name : str
        Its name in the checkpoint.
    weight : ndarray of float32, shape (outputs, inputs / groups, k, k)
        Depthwise if it has one input per group and k > 1.
    bias : ndarray of float32, shape (outputs,)
    mean, deviation : ndarray of float32, shape (outputs,)
        Of each output over the pictures it was trained on, before ReLU6: shift and |scale| of the normalisation.
    stride : int
    clipped : bool
        ReLU6 follows.
    """

    name: str
    weight: Array
    bias: Array
    mean: Array
    deviation: Array
    stride: int = 1
    clipped: bool = True

    @property
    def groups(self) -> int:
        """Groups of channels: as many as outputs if depthwise, else one."""
        return len(self.weight) if self.weight.shape[1] == 1 else 1


@dataclass(frozen=True)
class Block:
    """An inverted bottleneck (Sandler et al. 2018, arXiv:1801.04381): expand, depthwise, project.

    Attributes
    ----------
    convs : tuple of Conv
        Two where nothing is expanded, else three; the last is linear.
    residual : bool
        The input is added to the output.
    """

    convs: tuple[Conv, ...]
    residual: bool


@dataclass(frozen=True)
class Network:
    """All of an EfficientNet-Lite.

    Attributes
    ----------
    size : int
        Height and width of its input, in pixels.
    stem, head : Conv
    blocks : tuple of Block
    classifier : tuple of ndarray
        Weight (classes, features) and bias (classes,).
    """

    size: int
    stem: Conv
    blocks: tuple[Block, ...]
    head: Conv
    classifier: tuple[Array, Array]


def read_network(weights: Mapping[str, Array], size: int, halving: tuple[int, ...]) -> Network:
    """Read a checkpoint.

    Parameters
    ----------
    weights : mapping of str to ndarray
        Tensors by their names in the PyTorch port (``_blocks.3._depthwise_conv.weight``).
    size : int
        Height and width of the input, in pixels.
    halving : tuple of int
        As in `HALVING`.
    """
    blocks: list[Block] = []
    while f"_blocks.{len(blocks)}._project_conv.weight" in weights:
        part = f"_blocks.{len(blocks)}."
        stride = 2 if len(blocks) in halving else 1
        first = [_fold(weights, f"{part}_expand_conv", f"{part}_bn0")] if f"{part}_bn0.weight" in weights else []
        deep = _fold(weights, f"{part}_depthwise_conv", f"{part}_bn1", stride=stride)
        last = _fold(weights, f"{part}_project_conv", f"{part}_bn2", clipped=False)
        inputs = first[0].weight.shape[1] if first else len(deep.weight)
        blocks.append(Block((*first, deep, last), residual=stride == 1 and inputs == len(last.weight)))
    stem = _fold(weights, "_conv_stem", "_bn0", stride=2)
    head = _fold(weights, "_conv_head", "_bn1")
    return Network(size, stem, tuple(blocks), head, (weights["_fc.weight"], weights["_fc.bias"]))


def _fold(weights: Mapping[str, Array], conv: str, norm: str, stride: int = 1, clipped: bool = True) -> Conv:
    """Fold a batch normalisation into its convolution."""
    scale, shift = weights[f"{norm}.weight"], weights[f"{norm}.bias"]
    gain = scale / np.sqrt(weights[f"{norm}.running_var"] + EPSILON)
    bias = shift - weights[f"{norm}.running_mean"] * gain
    weight = weights[f"{conv}.weight"] * gain[:, None, None, None]
    return Conv(conv, weight, bias, shift, np.abs(scale), stride, clipped)


def same_padding(size: int, kernel: int, stride: int) -> tuple[list[int], int]:
    """Zeros around a square input so that the output has size / stride, rounded up, as TensorFlow's "SAME" puts them.

    Returns
    -------
    list of int
        Top, left, bottom, right; if their sum is odd, there is one more at the bottom and at the right.
    int
        Size of the output.
    """
    out = -(-size // stride)
    total = max((out - 1) * stride + kernel - size, 0)
    return [total // 2, total // 2, total - total // 2, total - total // 2], out


def float32_graph(network: Network) -> ModelProto:
    """Write the network in float32.

    Returns
    -------
    ModelProto
        ``pixels`` uint8 (rows, 3, size, size) → ``features`` float32 (rows, 1280), not normalised, and ``scores``
        float32 (rows, classes), which sum to 1.
    """
    graph = Graph()
    graph.add("Cast", ["pixels"], "levels", to=TensorProto.FLOAT)
    graph.add("Sub", ["levels", graph.constant("middle", np.float32(MIDDLE))], "centred")
    x = graph.add("Div", ["centred", graph.constant("spread", SPREAD)], "picture")
    x, size = _conv(graph, network.stem, x, network.size)
    for block in network.blocks:
        entry = x
        for conv in block.convs:
            x, size = _conv(graph, conv, x, size)
        if block.residual:
            x = graph.add("Add", [x, entry], f"{x}.sum")
    x, size = _conv(graph, network.head, x, size)
    graph.add("ReduceMean", [x, graph.constant("places", np.array([2, 3]))], "features", keepdims=0)
    return finish(graph, network)


def finish(graph: Graph, network: Network) -> ModelProto:
    """Write the classifier after ``features``, and end the graph."""
    weight, bias = network.classifier
    inputs = ["features", graph.constant("classes.weight", weight), graph.constant("classes.bias", bias)]
    graph.add("Softmax", [graph.add("Gemm", inputs, "logits", transB=1)], "scores", axis=-1)
    pixels = tensor("pixels", np.uint8, ["rows", 3, network.size, network.size])
    features = tensor("features", np.float32, ["rows", weight.shape[1]])
    return graph.model("efficientnet-lite", [pixels], [features, tensor("scores", np.float32, ["rows", len(weight)])])


def _conv(graph: Graph, conv: Conv, x: str, size: int) -> tuple[str, int]:
    """Write a convolution; gives the name and the size of its output."""
    pads, out = same_padding(size, conv.weight.shape[-1], conv.stride)
    inputs = [x, graph.constant(f"{conv.name}.weight", conv.weight), graph.constant(f"{conv.name}.bias", conv.bias)]
    strides = [conv.stride, conv.stride]
    y = graph.add("Conv", inputs, conv.name, group=conv.groups, pads=pads, strides=strides)
    if conv.clipped:
        limits = [graph.constant("zero", np.float32(0)), graph.constant("limit", LIMIT)]
        y = graph.add("Clip", [y, *limits], f"{conv.name}.clipped")
    return y, out
