"""Lengths and numbers against numpy, in any batches."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.profiling.spread import LONGEST, SHARES, Lengths, Numbers

lengths = st.lists(st.integers(0, 3000), min_size=1, max_size=80)
numbers = st.lists(st.floats(-1e6, 1e9, allow_nan=False), min_size=1, max_size=80)


@given(lengths, st.integers(0, 80))
def test_lengths_are_those_of_numpy_and_merging_is_adding(values, cut):
    first, second = Lengths(), Lengths()
    for part, found in ((values[:cut], first), (values[cut:], second)):
        found.add(np.array(part, np.int64), np.ones(len(part), np.int64))
    first.merge(second)
    spread = first.summary()
    assert (spread.low, spread.high, spread.count) == (min(values), max(values), len(values))
    assert spread.mean == pytest.approx(np.mean(values))
    assert spread.quantiles == tuple(np.quantile(values, SHARES, method="inverted_cdf"))
    for found in spread.bins:
        assert found.count == sum(found.low <= value < (found.high or np.inf) for value in values)
    assert sum(found.count for found in spread.bins) == len(values)


@given(numbers, st.integers(0, 80))
def test_numbers_are_those_of_numpy_and_merging_is_adding(values, cut):
    whole, first, second = Numbers(), Numbers(), Numbers()
    whole.add(np.array(values))
    first.add(np.array(values[:cut]))
    second.add(np.array(values[cut:]))
    first.merge(second)
    spread = first.summary()
    assert spread.quantiles == whole.summary().quantiles
    assert spread.quantiles == pytest.approx(tuple(np.quantile(values, SHARES)), rel=1e-9, abs=1e-9)
    assert spread.mean == pytest.approx(np.mean(values), rel=1e-9, abs=1e-6)
    assert spread.bins == whole.summary().bins
    for found in spread.bins:
        low, high = -np.inf if found.low is None else found.low, np.inf if found.high is None else found.high
        assert found.count == sum(low <= value < high for value in values)


def test_many_numbers_keep_their_quantiles_when_they_are_merged():
    values = np.random.default_rng(0).lognormal(3, 2, 200_000)
    parts = [Numbers() for _ in range(4)]
    for place, part in enumerate(parts):
        part.add(values[place::4])
    for part in parts[1:]:
        parts[0].merge(part)
    assert parts[0].dropped > 0
    assert parts[0].summary().quantiles == pytest.approx(tuple(np.quantile(values, SHARES)), rel=2e-3)


def test_what_is_no_number_is_left_out_and_nothing_has_no_spread():
    found = Numbers()
    found.add(np.array([np.nan, np.inf, -np.inf]))
    assert found.summary() is None
    assert Lengths().summary() is None


def test_very_long_texts_count_as_the_longest():
    found = Lengths()
    found.add(np.array([10 * LONGEST]), np.array([2]))
    assert found.summary().high == LONGEST
