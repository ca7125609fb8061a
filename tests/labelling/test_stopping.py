from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from shelver.labelling.accuracy import Estimate
from shelver.labelling.stopping import agreements, kappa, stopping


def test_kappa_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    for classes in (2, 5):
        one = rng.integers(0, classes, 83)
        other = np.where(rng.random(83) < 0.8, one, rng.integers(0, classes, 83))
        assert kappa(one, other, classes) == pytest.approx(cohen_kappa_score(one, other))


def test_kappa_at_its_ends():
    same = np.zeros(5, np.int64)
    assert kappa(same, same, 3) == 1.0
    assert kappa(same[:0], same[:0], 3) == 0.0


def test_each_model_is_compared_with_the_next():
    a, b = np.asarray([0, 1, 2, 1]), np.asarray([0, 1, 2, 2])
    assert agreements([a, a, b], 3) == [1.0, pytest.approx(kappa(a, b, 3))]


def test_stop_when_even_the_best_case_is_too_little():
    found = stopping(Estimate(0.001, 0.0, 0.004, 90), 100, [])
    assert found.stop
    assert found.reason == "100 more labels put at most 0.4 of 100 products right, fewer than 0.5"


def test_go_on_while_it_may_be_worth_while():
    assert not stopping(Estimate(0.001, 0.0, 0.006, 90), 100, [0.9, 0.9, 0.9]).stop
    assert not stopping(Estimate(0.02, 0.01, 0.03, 90), 100, []).stop


def test_the_gain_is_taken_per_100_labels():
    assert stopping(Estimate(0.004, 0.0, 0.008, 90), 200, []).stop
    assert not stopping(Estimate(0.002, 0.0, 0.003, 90), 50, []).stop


def test_stop_when_answers_are_settled():
    assert stopping(None, 100, [0.2, 0.99, 0.995, 0.992]).stop
    assert not stopping(None, 100, [0.99, 0.995]).stop
    assert not stopping(None, 100, [0.99, 0.995, 0.98]).stop


def test_what_is_not_known_is_said():
    found = stopping(None, 100, [])
    assert (found.stop, found.known) == (False, False)
