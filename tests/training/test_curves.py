"""Curves of confidence."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.training.curves import precision_coverage, reliability
from shelver.training.metrics import accepted_at_precision, calibration_error

ANSWERS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


def arrays(answers):
    return np.array([a for a, _ in answers]), np.array([b for _, b in answers])


def test_reliability_by_hand():
    first, last = reliability(np.array([0.05, 0.08, 1.0]), np.array([False, True, True]), bins=10)
    assert (first.low, first.high, first.rows, first.right) == (0.0, 0.1, 2, 0.5)
    assert first.confidence == pytest.approx(0.065)
    assert (last.low, last.rows, last.confidence, last.right) == (0.9, 1, 1.0, 1.0)


@given(ANSWERS)
def test_the_gaps_are_the_calibration_error(answers):
    confidence, correct = arrays(answers)
    bins = reliability(confidence, correct)
    assert sum(found.rows for found in bins) == len(answers)
    gap = sum(found.rows * abs(found.right - found.confidence) for found in bins) / len(answers)
    assert gap == pytest.approx(calibration_error(confidence, correct))


@given(ANSWERS)
def test_every_point_against_a_slow_reference(answers):
    confidence, correct = arrays(answers)
    points = precision_coverage(confidence, correct)
    assert len(points) == len(set(confidence.tolist()))
    for point in points:
        taken = confidence >= point.threshold
        assert point.coverage == pytest.approx(taken.mean())
        assert point.precision == pytest.approx(correct[taken].mean())
    assert points[-1].coverage == 1
    best = max((p.coverage for p in points if p.precision >= 0.95), default=0.0)
    assert best == pytest.approx(accepted_at_precision(confidence, correct)[0])


def test_few_points_of_many():
    rng = np.random.default_rng(0)
    confidence = rng.random(5000)
    points = precision_coverage(confidence, rng.random(5000) < confidence, points=50)
    assert len(points) <= 51
    assert points[-1].coverage == 1
    assert [p.coverage for p in points] == sorted(p.coverage for p in points)
    assert np.diff([p.coverage for p in points]).max() < 0.03


def test_no_answers():
    assert precision_coverage(np.array([]), np.array([], bool)) == ()
    assert reliability(np.array([]), np.array([], bool)) == ()
