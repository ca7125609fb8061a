"""Bands, areas and labels to a target, against slow references."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.labelling.learning_curves import area, compare, interval, labels_to_reach, needed

shares = st.floats(0, 1, allow_nan=False, width=32)
T_975 = {1: 12.7062, 2: 4.3027, 4: 2.7764, 9: 2.2622}
"""Quantiles of Student's distribution as printed in tables."""


@pytest.mark.parametrize("freedom", list(T_975))
def test_the_interval_of_a_mean_is_the_one_of_the_tables(freedom):
    values = np.random.default_rng(freedom).random(freedom + 1)
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / freedom
    half = T_975[freedom] * (variance / len(values)) ** 0.5
    found = interval(values)
    assert found.mean == pytest.approx(mean)
    assert found.low == pytest.approx(mean - half, rel=1e-4)
    assert found.high == pytest.approx(mean + half, rel=1e-4)


def test_intervals_hold_the_true_mean_as_often_as_they_say():
    rng = np.random.default_rng(0)
    for how, least, most in (("t", 0.92, 0.98), ("bootstrap", 0.75, 0.95)):  # percentiles of 5 values are too narrow
        found = [interval(rng.normal(0.4, 0.1, 5), how=how) for _ in range(400)]
        assert least <= np.mean([each.low <= 0.4 <= each.high for each in found]) <= most


@given(st.lists(shares, min_size=2, max_size=8))
def test_a_bootstrap_interval_lies_among_its_values(values):
    found = interval(values, how="bootstrap")
    assert min(values) - 1e-9 <= found.low <= found.mean + 1e-9
    assert found.mean - 1e-9 <= found.high <= max(values) + 1e-9


def test_one_seed_has_no_interval_and_none_no_mean():
    assert (interval([0.3]).low, interval([0.3]).high) == (None, None)
    with pytest.raises(ValueError, match="no values"):
        interval([])
    with pytest.raises(ValueError, match="between 0 and 1"):
        interval([1, 2], level=95)


def slow_height(labels, values, at):
    for (a, b), (v, w) in zip(pairwise(labels), pairwise(values), strict=True):
        if a <= at <= b:
            return v + (w - v) * (at - a) / (b - a)
    raise AssertionError


curves = st.integers(2, 7).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(0, 500), min_size=n, max_size=n, unique=True).map(sorted),
        st.lists(shares, min_size=n, max_size=n),
    )
)


@given(curves)
def test_the_area_is_the_mean_height(curve):
    labels, values = curve
    grid = np.linspace(labels[0], labels[-1], 2001)
    slow = np.mean([slow_height(labels, values, at) for at in (grid[1:] + grid[:-1]) / 2])
    assert area(labels, values) == pytest.approx(slow, abs=0.01)
    assert min(values) - 1e-9 <= area(labels, values) <= max(values) + 1e-9


@given(curves, shares)
def test_labels_to_reach_is_where_the_line_first_gets_there(curve, target):
    labels, values = curve
    found = labels_to_reach(labels, values, target)
    if found is None:
        assert max(values) < target
        return
    assert slow_height(labels, values, found) == pytest.approx(target, abs=1e-6) or (
        found == labels[0] and values[0] >= target
    )
    before = [value for at, value in zip(labels, values, strict=True) if at < found]
    assert all(value < target for value in before)


def test_a_target_that_one_seed_does_not_reach_has_no_mean():
    found = needed([100.0, None, 300.0])
    assert (found.mean, found.low, found.high, found.reached) == (None, None, None, 2)
    found = needed([100.0, 200.0, 300.0])
    assert found.mean == 200
    assert found.low == 0  # labels are never fewer than none
    assert found.high == pytest.approx(200 + 4.3027 * 100 / 3**0.5, rel=1e-4)
    assert needed([]).mean is None


def test_seeds_are_compared_pairwise():
    hard = np.asarray([0.1, 0.5, 0.9, 0.3])  # seeds differ much more than the ways do
    assert compare(hard + np.asarray([0.02, 0.03, 0.02, 0.03]), hard).word == "better"
    assert compare(hard - np.asarray([0.02, 0.03, 0.02, 0.03]), hard).word == "worse"
    assert compare(hard + np.asarray([0.02, -0.03, 0.02, -0.03]), hard).word == "no clear difference"
    assert compare([0.5], [0.4]).word == "one seed"
    with pytest.raises(ValueError, match="2 seeds beside 1"):
        compare([0.5, 0.6], [0.4])


def test_a_curve_of_one_point_is_its_own_area():
    assert area([0], [0.4]) == 0.4
    with pytest.raises(ValueError, match="0 numbers of labels"):
        area([], [])
