"""EfficientNet-Lite in 8-bit integers, quantised without any data.

The batch normalisations of the checkpoint say how each channel is distributed: mean and deviation of what they give
out. From them come the ranges of linear outputs (Nagel et al. 2019, arXiv:1906.04721), and every channel has its own: a
convolution gives out each channel in a unit of its own, which the next one takes back in its weights. Means of linear
outputs are left out in the same way, so that levels are spent on the deviations from them alone. ReLU6 needs no
statistics: its outputs are in 0..6.

Channel c of a tensor stands for ``unit[c] * (level - zero) + offset[c]``, levels 0..255. All sums are exact integers:
any number of threads gives the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from onnx import ModelProto, TensorProto

from shelver.encoders.efficientnet import LIMIT, MIDDLE, SPREAD, Block, Conv, Network, finish, same_padding
from shelver.encoders.graph import FUSED, Array, Graph

REACH = np.float32(8)
"""Deviations to either side of the mean that the levels of a linear output span; what lies beyond is cut off."""
DEAD = np.float32(1 / 64)
"""The range of a linear output's channel is at least this share of the widest one's."""
TOP, CENTRE = 255, 128


@dataclass(frozen=True)
class Scale:
    """What the levels of a tensor mean.

    Attributes
    ----------
    unit, offset : ndarray of float32, shape (channels,)
    zero : int
        Level of the offset.
    expected : ndarray of float32, shape (channels,)
        Mean of the values, minus the offset.
    """

    unit: Array
    offset: Array
    zero: int
    expected: Array


def int8_graph(network: Network, *, unsigned: bool = False) -> ModelProto:
    """Write the network in int8; inputs and outputs as in `shelver.encoders.efficientnet.float32_graph`.

    Parameters
    ----------
    network : Network
    unsigned : bool
        Store weights as uint8 (plus 128), see `shelver.encoders.int8.saturates`; the same numbers.
    """
    writer = _Writer(unsigned)
    nothing = np.zeros(3, np.float32)
    pixels = Scale(nothing + 1 / SPREAD, nothing, int(MIDDLE), nothing)  # exact: levels are the pixels
    x, size = "pixels", network.size
    x, size = writer.conv(network.stem, x, size, pixels, scale := _clipped(network.stem))
    for stage in _stages(network.blocks):
        streams = _streams(stage)
        for block, own, total in zip(stage, streams.own, streams.total, strict=True):
            entry, entry_scale = x, scale
            for conv in block.convs[:-1]:
                source, scale = scale, _clipped(conv)
                x, size = writer.conv(conv, x, size, source, scale)
            source, scale = scale, own
            x, size = writer.conv(block.convs[-1], x, size, source, scale)
            if block.residual:
                x, scale = writer.add((x, own), (entry, entry_scale), total), total
    to = _clipped(network.head)
    x, _ = writer.conv(network.head, x, size, scale, to)
    graph = writer.graph
    graph.add("Cast", [x], "head.levels", to=TensorProto.FLOAT)
    graph.add("ReduceMean", ["head.levels", graph.constant("places", np.array([2, 3]))], "mean_levels", keepdims=0)
    graph.add("Mul", ["mean_levels", graph.constant("head.unit", to.unit)], "features")
    return finish(graph, network)


class _Writer:
    """A graph of quantised operators."""

    def __init__(self, unsigned: bool) -> None:
        self.graph, self.unsigned = Graph(), unsigned

    def conv(self, conv: Conv, x: str, size: int, source: Scale, to: Scale) -> tuple[str, int]:
        """Write a convolution from levels to levels; gives the name and the size of its output.

        With weights in units of input and output, W = w · unit_in / unit_out, and each output's W in steps of its own,
        t = max |W| / 127, all scales left to the operator are 1 and t. What rounding W shifts on average is taken back
        in the bias (Nagel et al. 2019, section 4.2).
        """
        shape = (-1, 1) if conv.groups > 1 else (1, -1)  # of a figure for each input, against (outputs, inputs)
        in_units = conv.weight * source.unit.reshape(*shape, 1, 1) / to.unit[:, None, None, None]
        step = np.abs(in_units).max(axis=(1, 2, 3)) / 127  # (outputs,)
        # A dead output has weights near 0 and a bias that is not: its bias must fit into 32 bits.
        step = np.maximum(step, np.abs(conv.bias / to.unit) / 2**24)
        levels = round_keeping_sums(in_units / step[:, None, None, None])
        sums = conv.weight.sum(axis=(2, 3))  # (outputs, inputs)
        lost = (levels * step[:, None, None, None] - in_units).sum(axis=(2, 3))
        bias = conv.bias + (sums * source.offset.reshape(shape)).sum(axis=1) - to.offset
        bias = bias / to.unit - (lost * (source.expected / source.unit).reshape(shape)).sum(axis=1)
        stored = (levels + CENTRE).astype(np.uint8) if self.unsigned else levels.astype(np.int8)
        middle = np.uint8(CENTRE) if self.unsigned else np.int8(0)
        pads, out = same_padding(size, conv.weight.shape[-1], conv.stride)
        inputs = [x, self._one(), self._level(source.zero)]
        inputs += [
            self.graph.constant(f"{conv.name}.{kind}", value)
            for kind, value in (("weight", stored), ("step", step.astype(np.float32)), ("middle", middle))
        ]
        inputs += [self._one(), self._level(to.zero)]
        inputs += [self.graph.constant(f"{conv.name}.bias", np.rint(bias / step).astype(np.int32))]
        strides = [conv.stride, conv.stride]
        self.graph.add("QLinearConv", inputs, conv.name, group=conv.groups, pads=pads, strides=strides)
        return conv.name, out

    def add(self, one: tuple[str, Scale], other: tuple[str, Scale], to: Scale) -> str:
        """Write a sum of tensors whose units differ by a factor that is the same for all channels."""
        inputs: list[str] = []
        for name, scale in (one, other):
            factor = np.float32(scale.unit[0] / to.unit[0])
            inputs += [name, self.graph.constant(f"{one[0]}.{name}.factor", factor), self._level(scale.zero)]
        inputs += [self._one(), self._level(to.zero)]
        return self.graph.add("QLinearAdd", inputs, f"{one[0]}.sum", FUSED)

    def _one(self) -> str:
        return self.graph.constant("one", np.float32(1))

    def _level(self, value: int) -> str:
        return self.graph.constant(f"level {value}", np.uint8(value))


def _clipped(conv: Conv) -> Scale:
    """Levels after ReLU6: 0 is 0, and 255 is 6, in all channels."""
    nothing = np.zeros_like(conv.mean)
    return Scale(nothing + LIMIT / TOP, nothing, 0, clipped_mean(conv.mean, conv.deviation))


@dataclass(frozen=True)
class _Streams:
    own: list[Scale]
    total: list[Scale]


def _streams(stage: Sequence[Block]) -> _Streams:
    """Levels of the linear outputs of a stage, whose blocks are added up: alone, and as the sum so far."""
    lasts = [block.convs[-1] for block in stage]
    variances = np.cumsum([last.deviation**2 for last in lasts], axis=0)  # (blocks, channels)
    means = np.cumsum([last.mean for last in lasts], axis=0)
    spread = np.sqrt(variances[-1])
    spread = np.maximum(spread, DEAD * spread.max())  # ratio of the channels' units: one for the whole stage

    def scale(mean: Array, deviation: Array) -> Scale:
        unit = spread * (REACH * deviation / spread).max() / (TOP - CENTRE)
        return Scale(unit.astype(np.float32), mean.astype(np.float32), CENTRE, np.zeros_like(mean))

    return _Streams(
        [scale(last.mean, last.deviation) for last in lasts],
        [scale(mean, np.sqrt(variance)) for mean, variance in zip(means, variances, strict=True)],
    )


def _stages(blocks: Sequence[Block]) -> list[Sequence[Block]]:
    """Runs of blocks that are added up: one without a residual, then those with."""
    starts = [i for i, block in enumerate(blocks) if not block.residual]
    return [blocks[i:j] for i, j in pairwise([*starts, len(blocks)])]


def round_keeping_sums(values: Array) -> Array:
    """Round to whole numbers, with the sum of each output's weights off by at most a half.

    Where a picture is plain (and half of a product picture is), all places of a kernel see the same value, and what
    counts is the sum of its weights: in kernels that find edges, it is small and rounding each weight alone spoils it.
    So those that are nearest to a half are rounded the other way.

    Parameters
    ----------
    values : ndarray of float, shape (outputs, ...)

    Returns
    -------
    ndarray of float, of the same shape
    """
    flat = values.reshape(len(values), -1)  # (outputs, weights)
    rounded = np.rint(flat)
    errors = flat - rounded
    surplus = np.rint(errors.sum(axis=1, keepdims=True))  # how many must go up (or down, if negative)
    order = np.argsort(-errors * np.sign(surplus), axis=1, kind="stable")
    rank = np.argsort(order, axis=1, kind="stable")
    changed: Array = rounded + np.sign(surplus) * (rank < np.abs(surplus))
    return changed.reshape(values.shape)


def clipped_mean(mean: Array, deviation: Array) -> Array:
    """Mean of a normal variable after ReLU6 (Nagel et al. 2019, appendix C).

    Parameters
    ----------
    mean, deviation : ndarray of float, shape (n,)

    Returns
    -------
    ndarray of float32, shape (n,)
    """
    spread = np.maximum(deviation, 1e-12)
    low, high = -mean / spread, (LIMIT - mean) / spread
    below, under_top = _normal(low), _normal(high)
    bells = np.exp(-np.square(low) / 2) - np.exp(-np.square(high) / 2)
    value = mean * (under_top - below) + spread * bells / math.sqrt(2 * math.pi) + LIMIT * (1 - under_top)
    return np.asarray(value, np.float32)


def _normal(x: Array) -> Array:
    """Standard normal distribution function."""
    return np.array([(1 + math.erf(value / math.sqrt(2))) / 2 for value in x])
