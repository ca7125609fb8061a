"""Learning curves with a known law."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import nnls

from shelver.labelling.gain import EXPONENTS, SPREAD, USUAL, fit_curve, gain

SIZES = np.asarray([100.0, 150, 230, 350, 520, 800])


def law(n, a=0.06, b=2.4, c=0.45):
    return a + b * n**-c


def answers(rng, people, a=0.06, b=2.4, c=0.45, flips=0.03):
    """Right answers of products, easy ones first, with some that change at random."""
    hard = rng.random((people, 1))
    wrong = hard < (law(SIZES, a, b, c) - flips / 2) / (1 - flips)
    lucky = rng.random((people, len(SIZES))) < flips
    return ~np.where(lucky, rng.random((people, len(SIZES))) < 0.5, wrong)


@given(st.floats(0, 0.3), st.floats(0.3, 3), st.floats(0.3, 0.8))
def test_a_law_without_noise_is_carried_on(a, b, c):
    curve = fit_curve(SIZES, np.minimum(1, law(SIZES, a, b, c))[None], 100_000)
    if law(SIZES[0], a, b, c) < 1:
        assert curve.errors(900)[0] == pytest.approx(law(900, a, b, c), abs=3e-3)


def test_the_fit_is_the_best_of_the_grid():
    rng = np.random.default_rng(5)
    errors = law(SIZES) + rng.normal(size=(7, 6)) * 0.02
    curve = fit_curve(SIZES, errors, 200)
    weight = np.sqrt(SIZES / SIZES[-1])
    for i, row in enumerate(errors):
        variance = max(row.mean() * (1 - row.mean()), 0.01) / 200

        def cost(c, row=row, variance=variance):
            design = np.stack([np.ones(6), (SIZES / SIZES[-1]) ** -c], axis=1)
            return nnls(design * weight[:, None], row * weight)[1] ** 2 / variance + (np.log(c / USUAL) / SPREAD) ** 2

        best = min(EXPONENTS, key=cost)
        assert curve.c[i] == pytest.approx(best)


def test_the_interval_holds_the_true_gain():
    true = law(800) - law(900)
    held, values = [], []
    for seed in range(120):
        rng = np.random.default_rng(seed)
        found = gain(SIZES, answers(rng, 150), rng)
        held.append(found.points.low <= true <= found.points.high)
        values.append(found.points.value)
    assert np.mean(held) >= 0.85
    assert np.mean(values) == pytest.approx(true, abs=0.004)


def test_a_flat_curve_promises_little():
    rng = np.random.default_rng(0)
    found = gain(SIZES, answers(rng, 400, a=0.2, b=0.0), rng)
    assert found.points.low == 0
    assert found.points.high < 0.006


def test_what_was_measured_is_shown():
    right = answers(np.random.default_rng(1), 90)
    found = gain(SIZES, right, np.random.default_rng(2), more=50)
    assert found.more == 50
    assert [labels for labels, _ in found.measured] == SIZES.tolist()
    assert [each.value for _, each in found.measured] == pytest.approx(right.mean(0).tolist())


def test_labels_needed_for_a_target():
    rng = np.random.default_rng(3)
    found = gain(SIZES, answers(rng, 3000), rng)
    needed = found.labels_for(1 - law(1500))
    assert needed.low <= 1500 <= needed.high
    assert needed.value == pytest.approx(1500, rel=0.4)
    assert found.right(1500).low <= 1 - law(1500) <= found.right(1500).high
    assert found.labels_for(1.0) is None or found.labels_for(1.0).value > 10_000


def test_too_little_is_said_to_be_too_little():
    rng = np.random.default_rng(0)
    assert gain(SIZES, answers(rng, 29), rng) is None
    assert gain(SIZES[:3], answers(rng, 90)[:, :3], rng) is None
    with pytest.raises(ValueError, match="6 columns for 3"):
        gain(SIZES[:3], answers(rng, 90), rng)


def test_the_same_again():
    right = answers(np.random.default_rng(1), 90)
    one, two = (gain(SIZES, right, np.random.default_rng(2)).points for _ in range(2))
    assert one == two
