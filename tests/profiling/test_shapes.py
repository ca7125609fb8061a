"""Words, category paths and check digits against slow references."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.features.words import words
from shelver.profiling.gtins import Gtins, valid
from shelver.profiling.paths import PathShapes
from shelver.profiling.wording import Wording

texts = st.lists(st.text(alphabet="ab Éé1-ß", max_size=12), min_size=1, max_size=20, unique=True)


def ones(values):
    return np.ones(len(values), np.int64)


@given(texts, st.integers(1, 4))
def test_words_are_those_of_text_features(values, times):
    found = Wording()
    found.add(pa.array(values), times * ones(values))
    truth = Counter(words(pa.array(values)).to_pylist())
    vocabulary = found.summary()
    assert (vocabulary.words, vocabulary.distinct) == (times * sum(truth.values()), len(truth))
    assert dict(vocabulary.top) == {word: times * number for word, number in truth.most_common(20)} or len(truth) > 20
    assert vocabulary.single == (sum(number == 1 for number in truth.values()) if times == 1 else 0)
    each = [len(words(pa.array([value])).rows) for value in values]
    spread = found.lengths()
    assert (spread.low, spread.high, spread.count) == (min(each), max(each), times * len(values))


def test_coverage_ends_with_the_first_size_that_has_all_words():
    values = [" ".join(f"w{number}" for number in range(count)) for count in range(1, 700)]
    found = Wording()
    found.add(pa.array(values), ones(values))
    covered = found.summary().covered
    truth = sorted(Counter(word for value in values for word in value.split()).values(), reverse=True)
    assert covered == ((500, pytest.approx(sum(truth[:500]) / sum(truth))), (1000, 1.0))


@pytest.mark.parametrize(
    ("path", "mark", "depth"),
    [
        ("Shoes > Sneakers > Running", ">", 3),
        ("Shoes // Sneakers", "//", 2),
        ("/Shoes/Boots/", "/", 2),
        ("Home & Garden|Garden", "|", 2),
        ("Tops / T-Shirts > Polos", ">", 2),
        ("Maison » Jardin", "»", 2),
        ("Shoes", None, 1),
        (" > ", ">", 1),
        ("https://shop.example/a//b", None, 1),
    ],
)
def test_a_path_has_a_delimiter_and_a_depth(path, mark, depth):
    found = PathShapes()
    found.add(pa.array([path]), np.array([3]))
    shapes = found.summary()
    assert shapes.delimiters == (() if mark is None else ((mark, 3),))
    assert shapes.depths == (*[0] * (depth - 1), 3)


def test_shapes_of_paths_add_up():
    left, right = PathShapes(), PathShapes()
    left.add(pa.array(["a > b", "c"]), np.array([5, 2]))
    right.add(pa.array(["a//b//c", "x > y"]), np.array([1, 4]))
    left.merge(right)
    assert left.summary().delimiters == ((">", 9), ("//", 1))
    assert left.summary().depths == (2, 9, 1)


def check_digit_right(code):
    digits = [int(digit) for digit in reversed(code)]
    return sum(digit * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10 == 0


@given(st.lists(st.from_regex(r"\A(\d{8}|\d{12}|\d{13}|\d{14})\Z"), min_size=1, max_size=30, unique=True))
def test_check_digits_are_those_of_the_definition(codes):
    codes = [code for code in codes if code.isascii()]
    truth = [check_digit_right(code) for code in codes]
    assert valid(pa.array(codes, pa.string())).tolist() == truth
    found = Gtins()
    found.add(pa.array([*codes, "SM-G975U", "123"]), ones([*codes, 1, 2]))
    summary = found.summary()
    assert (summary is None and not codes) or (summary.valid, summary.wrong) == (sum(truth), len(truth) - sum(truth))


def test_known_numbers():
    assert valid(pa.array(["4006381333931", "036000291452", "96385074", "4006381333932"])).tolist() == [
        True, True, True, False,
    ]  # fmt: skip
