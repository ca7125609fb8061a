import math

import numpy as np
import pyarrow as pa
import pytest

from shelver.config import Number
from shelver.features.number import NumberFeature


def test_median_and_quartiles_of_all_columns_together():
    values = np.random.default_rng(0).lognormal(3, 2, 101)
    feature = NumberFeature.fit(Number(), [pa.array(values[:33]), pa.array(values[33:])])
    low, median, high = np.percentile(values, [25, 50, 75])
    assert (feature.median, feature.spread) == (pytest.approx(median), pytest.approx(high - low))
    np.testing.assert_allclose(
        feature.apply(pa.array(values)).to_numpy(), np.arcsinh((values - median) / (high - low)), rtol=1e-6
    )


def test_missing_and_infinite_are_nan_and_not_fitted():
    column = pa.array([1.0, None, 3.0, math.inf, -math.inf, math.nan, 5.0])
    feature = NumberFeature.fit(Number(), [column])
    assert (feature.median, feature.spread) == (3.0, 2.0)
    answer = feature.apply(column)
    assert answer.type == pa.float32()
    found = answer.to_numpy(zero_copy_only=False)
    assert np.isnan(found).tolist() == [False, True, False, True, True, True, False]
    assert found[2] == 0


def test_outliers_do_not_squash_the_rest():
    feature = NumberFeature.fit(Number(), [pa.array([1.0, 2.0, 3.0, 4.0, 5.0, 1e9])])
    small = feature.apply(pa.array([1.0, 5.0])).to_numpy()
    assert small[1] - small[0] > 1
    assert feature.apply(pa.array([1e300])).to_numpy()[0] < 1000


def test_equal_values_and_no_values():
    assert NumberFeature.fit(Number(), [pa.array([4.0, 4.0])]) == NumberFeature(Number(), 4.0, 1.0)
    assert NumberFeature.fit(Number(), [pa.array([], pa.float64())]) == NumberFeature(Number(), 0.0, 1.0)
    assert NumberFeature.fit(Number(), []) == NumberFeature(Number(), 0.0, 1.0)
    assert NumberFeature.fit(Number(), [pa.array([7, 9, 11])]).median == 9.0


def test_memory_does_not_grow_with_the_column():
    rng = np.random.default_rng(0)
    columns = [rng.lognormal(3, 1, 50_000) for _ in range(5)]
    feature = NumberFeature.fit(Number(), map(pa.array, columns))
    low, median, high = np.percentile(np.concatenate(columns), [25, 50, 75])
    assert feature.median == pytest.approx(median, rel=1e-3)
    assert feature.spread == pytest.approx(high - low, rel=1e-3)
