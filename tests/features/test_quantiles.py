import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.features import quantiles as module
from shelver.features.quantiles import Quantiles

SHARES = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0)


def quantiles(*parts):
    found = Quantiles()
    for part in parts:
        found.add(np.asarray(part, np.float64))
    return found


numbers = st.lists(st.floats(-1e6, 1e6).map(lambda x: round(x, 2)), min_size=1, max_size=30)


@given(numbers)
def test_few_distinct_values_are_exact(values):
    found = quantiles(values)
    np.testing.assert_allclose(found.of(SHARES), np.quantile(values, SHARES), rtol=1e-12, atol=1e-9)
    assert found.dropped == 0


def test_many_equal_values_take_no_room():
    values = np.random.default_rng(0).integers(0, 100, 300_001) / 4
    found = quantiles(*np.array_split(values, 7))
    assert found.of(SHARES) == tuple(np.quantile(values, SHARES))
    assert repr(found) == "Quantiles(100 distinct values, 0 bits dropped)"


@pytest.fixture
def little_room(monkeypatch):
    monkeypatch.setattr(module, "MOST", 500)


def test_too_many_values_are_rounded_by_a_known_share(little_room):
    values = np.random.default_rng(0).lognormal(3, 2, 9000) * np.where(np.arange(9000) % 3, 1, -1)
    found = quantiles(*np.array_split(values, 11))
    exact = np.quantile(values, SHARES, method="lower"), np.quantile(values, SHARES, method="higher")
    share = 2.0 ** (found.dropped - 53) * 1.01
    assert found.dropped > 0
    assert share < 0.1
    for value, low, high in zip(found.of(SHARES), *exact, strict=True):
        assert low - abs(low) * share <= value <= high + abs(high) * share


@given(seed=st.integers(0, 100), cuts=st.lists(st.integers(0, 3000), max_size=5).map(sorted))
def test_order_and_batches_do_not_matter(seed, cuts):
    rng = np.random.default_rng(seed)
    values = rng.lognormal(3, 2, 3000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MOST", 500)
        whole = quantiles(values)
        expected = whole.of(SHARES)
        other = quantiles(*np.split(rng.permutation(values), cuts))
        assert other.of(SHARES) == expected
        assert other.dropped == whole.dropped


def test_extremes_fit(little_room):
    values = np.concatenate([np.logspace(-300, 300, 4000), -np.logspace(-300, 300, 4000), [0.0, -0.0, 5e-324]])
    found = quantiles(values)
    assert found.of((0.5,))[0] == pytest.approx(0, abs=1e-290)
    assert np.isfinite(found.of(SHARES)).all()


def test_no_numbers():
    with pytest.raises(ValueError, match="no numbers"):
        Quantiles().of((0.5,))
