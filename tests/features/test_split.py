import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.config import Split
from shelver.features.split import Side, sides, title_key


def titles(n):
    return pa.array([f"product {i}" for i in range(n)])


@pytest.mark.parametrize(("test", "valid"), [(0.1, 0.1), (0.2, 0.5), (0.05, 0.3)])
def test_shares_are_about_right(test, valid):
    n = 20_000
    counts = np.bincount(sides(titles(n), Split(test=test, valid=valid)), minlength=3) / n
    expected = {Side.TEST: test, Side.VALID: (1 - test) * valid, Side.TRAIN: (1 - test) * (1 - valid)}
    for side, share in expected.items():
        assert counts[side] == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / n))


def test_known_titles_stay_where_they_are():
    """These must never change: models would be tested on what they were trained on."""
    names = ["", "red shoe", "Blue Hat", "日本", "café", "a", "b", "c", "d", "e", "f", "g"]
    assert sides(pa.array(names), Split()).tolist() == KNOWN
    assert sides(pa.array(names), Split(test=0.4, valid=0.5, seed=7)).tolist() == KNOWN_OTHER


KNOWN = [0, 0, 0, 0, 1, 0, 2, 0, 2, 2, 1, 0]
KNOWN_OTHER = [1, 1, 2, 1, 0, 0, 2, 0, 2, 1, 0, 1]


def test_same_title_same_side_whatever_case_accents_and_punctuation():
    same = ["Café au lait", "CAFE AU LAIT!", "cafe-au-lait", " Cafe\u0301  au lait "]
    for seed in range(20):
        assert len(set(sides(pa.array(same), Split(test=0.4, valid=0.5, seed=seed)).tolist())) == 1
    assert title_key(pa.array([*same, None, "№ 5"])).to_pylist() == ["cafeaulait"] * 4 + ["", "no5"]


def test_another_seed_is_another_division_and_shares_nest():
    base = sides(titles(3000), Split(seed=0))
    assert (base != sides(titles(3000), Split(seed=1))).mean() > 0.2
    more = sides(titles(3000), Split(seed=0, test=0.3))
    assert (more[base == Side.TEST] == Side.TEST).all(), "a larger test side contains the smaller"


@given(st.lists(st.one_of(st.none(), st.text(max_size=10)), max_size=10), st.integers(0, 10))
def test_a_row_depends_on_its_title_alone(column, cut):
    array = pa.array(column, pa.string())
    whole = sides(array, Split())
    assert whole.dtype == np.int8
    parts = [sides(array.slice(0, cut), Split()), sides(array.slice(min(cut, len(column))), Split())]
    assert np.concatenate(parts).tolist() == whole.tolist()
