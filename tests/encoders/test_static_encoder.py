import importlib.util

import numpy as np
import pytest

from shelver.encoders import load_encoder, open_encoder
from shelver.encoders.static import bag_means
from shelver.encoders.weights import INSTALL
from shelver.testing.encoders import check_encoder


@pytest.fixture(scope="module")
def static():
    if importlib.util.find_spec("wordllama") is None:
        pytest.skip(INSTALL)
    return load_encoder("static")


def test_contract(static):
    check_encoder(static)
    check_encoder(open_encoder("static"))


def test_bag_means_against_a_slow_reference():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(50, 7)).astype(np.float32)
    bags = [list(rng.integers(0, 50, n)) for n in (3, 0, 1, 12, 3, 5)]
    means = bag_means(bags, vectors)
    for bag, mean in zip(bags, means, strict=True):
        np.testing.assert_allclose(mean, vectors[bag].mean(axis=0) if bag else np.zeros(7), atol=1e-6)
    assert bag_means([], vectors).shape == (0, 7)


def test_similar_words_are_near(static):
    milk, yoghurt, shoe = static.encode(["whole milk", "plain yogurt", "running shoes"])
    assert milk @ yoghurt > milk @ shoe
