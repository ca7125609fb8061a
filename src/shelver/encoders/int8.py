"""Matrix products in 8-bit integers that keep each row to itself.

The usual dynamic quantisation takes one scale from the whole batch, so a text's vector would depend on its companions.
Here every row (token) has its own scale, from its own largest value, and the sums of integers are exact: no
calibration data, and the same bits in any company. Weights have one scale per output.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from shelver.encoders.bert import Dense, Signal
from shelver.encoders.graph import FUSED, Array, Graph, tensor
from shelver.encoders.onnx_session import CPU, open_session

SMOOTH = np.float32(0.5)
"""How much of the spread between inputs moves into the weights (SmoothQuant, Xiao et al. 2023, arXiv:2211.10438, eq.
4), with the range of an input estimated from the layer norm that made it: 3 |gain| + |offset|."""


def dense_int8(graph: Graph, name: str, x: Signal, linear: tuple[Array, Array], *, unsigned: bool = False) -> str:
    """Write a matrix product in int8; see `shelver.encoders.bert.Dense`.

    Parameters
    ----------
    unsigned : bool
        Store weights as uint8 (plus 128): the same integers, for processors whose product of unsigned and signed bytes
        saturates, see `saturates`.

    Notes
    -----
    Row x of scale s = max |x| / 127 and weight row w of scale t: x·w ≈ s t Σ round(x/s) round(w/t).
    """
    weight, source = linear[0], x.name
    if x.norm is not None:
        spread = (3 * np.abs(x.norm[0]) + np.abs(x.norm[1])) ** SMOOTH / np.abs(weight).max(axis=0) ** (
            1 - SMOOTH
        )  # (in,)
        weight = weight * spread
        source = graph.add("Mul", [source, graph.constant(f"{name}.spread", 1 / spread)], f"{name}.smoothed")
    scale = np.abs(weight).max(axis=1) / np.float32(127)  # (out,)
    levels = np.rint(weight / scale[:, None]).astype(np.int16).T  # (in, out), -127..127

    graph.add("Abs", [source], f"{name}.size")
    graph.add("ReduceMax", [f"{name}.size", graph.constant("last_axis", np.array([-1]))], f"{name}.max", keepdims=1)
    # A row of zeros would be divided by zero.
    graph.add("Max", [f"{name}.max", graph.constant("tiny", np.float32(1e-20))], f"{name}.range")
    graph.add("Mul", [f"{name}.range", graph.constant("1/127", np.float32(1 / 127))], f"{name}.row_scale")
    graph.add("Div", [source, f"{name}.row_scale"], f"{name}.scaled")
    one, middle = graph.constant("one", np.float32(1)), graph.constant("middle", np.uint8(128))
    graph.add("QuantizeLinear", [f"{name}.scaled", one, middle], f"{name}.levels")
    stored = (levels + 128).astype(np.uint8) if unsigned else levels.astype(np.int8)
    inputs = [f"{name}.levels", graph.constant(f"{name}.weight", stored), one, graph.constant(f"{name}.scale", scale)]
    inputs += [middle, middle] if unsigned else [middle]
    graph.add("MatMulIntegerToFloat", inputs, f"{name}.sum", FUSED)
    return graph.add("Mul", [f"{name}.sum", f"{name}.row_scale"], f"{name}.product")


def saturates() -> bool:
    """Find out whether this processor gets products of unsigned and signed bytes wrong (x86 without VNNI).

    Two products of 255 × 127 are added in 16 bits there, and cut off at 32,767.
    """
    graph = Graph()
    weight = graph.constant("weight", np.full((64, 64), 127, np.int8))
    graph.add("MatMulInteger", ["x", weight], "y")
    shape = [64, 64]
    model = graph.model("probe", [tensor("x", np.uint8, shape)], [tensor("y", np.int32, shape)])
    session = open_session(model.SerializeToString(), 1, CPU)
    result = session.run(None, {"x": np.full((64, 64), 255, np.uint8)})[0]
    return bool((np.asarray(result) != 255 * 127 * 64).any())


def best_dense() -> Dense:
    """`dense_int8` as this processor computes it exactly."""
    return partial(dense_int8, unsigned=saturates())
