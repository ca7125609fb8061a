"""The estimate of accuracy against the truth, which people's catalogues do not tell but simulated ones do."""

from __future__ import annotations

import numpy as np
import pytest
from crowd import Centroids, label, make_world
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from shelver.labelling.accuracy import accuracy, macro_f1_interval, share, wilson
from shelver.labelling.checkup import check_up
from shelver.labelling.crossfit import cross_fit, parts_of
from shelver.training.metrics import macro_f1


def play(seed, products=1200, labels=200, by_chance=0.25):
    """Truth, our estimate, and the share of right answers among the draws and among all labels, cross-fitted."""
    world = make_world(products, seed=seed)
    learner = Centroids(world)
    story = label(world, learner, labels, by_chance, seed)
    answers, rng = world.truth[story.places], np.random.default_rng(seed)
    every = np.ones(labels, bool)
    held = parts_of(story.drawn, np.arange(labels), 10, rng)
    shown = cross_fit(learner, story.places, answers, held, story.drawn)
    left = np.setdiff1d(np.arange(products), story.places)
    told = learner.fit(story.places, answers).probabilities(left).max(1).astype(float)
    right = shown.argmax(1) == answers[story.drawn]
    found = accuracy(right, shown.max(1).astype(float), told, labels, products)
    naive = cross_fit(learner, story.places, answers, parts_of(every, np.arange(labels), 10, rng), every)
    return story, found, share(right), float((naive.argmax(1) == answers).mean())


@pytest.fixture(scope="module")
def played():
    return [play(seed) for seed in range(150)]


def test_the_estimate_is_unbiased_within_the_noise_of_the_simulation(played):
    off = np.asarray([found.remaining.value - story.truth for story, found, _, _ in played])
    assert abs(off.mean()) < 3 * off.std() / np.sqrt(len(off))
    assert abs(off.mean()) < 0.015


def test_the_interval_holds_the_truth_as_often_as_it_says(played):
    held = [found.remaining.low <= story.truth <= found.remaining.high for story, found, _, _ in played]
    assert np.mean(held) >= 0.9
    whole = [found.catalogue.low <= story.catalogue <= found.catalogue.high for story, found, _, _ in played]
    assert np.mean(whole) >= 0.9


def test_labels_that_a_strategy_chose_are_clearly_biased(played):
    off = np.asarray([naive - story.truth for story, _, _, naive in played])
    assert off.mean() < -0.2


def test_the_plain_share_of_the_draws_is_biased_and_less_precise(played):
    off = np.asarray([plain.value - story.truth for story, _, plain, _ in played])
    ours = np.asarray([found.remaining.value - story.truth for story, found, _, _ in played])
    assert off.mean() < -3 * off.std() / np.sqrt(len(off))
    assert (ours**2).mean() < 0.8 * (off**2).mean()


def test_without_a_strategy_it_is_unbiased_too():
    found = [play(seed, 600, 100, 1.0)[:2] for seed in range(80)]
    off = np.asarray([found.remaining.value - story.truth for story, found in found])
    assert abs(off.mean()) < 3 * off.std() / np.sqrt(len(off))


@given(st.integers(0, 60), st.integers(1, 60))
def test_wilson_is_where_the_score_test_turns(right, n):
    right = min(right, n)
    low, high = wilson(right / n, n)
    assert 0 <= low <= right / n <= high <= 1
    for edge in (low, high):
        if 0 < edge < 1 and abs(edge - right / n) > 1e-9:
            assert abs(right / n - edge) / np.sqrt(edge * (1 - edge) / n) == pytest.approx(1.959964, abs=1e-4)


def test_wilson_covers_binomial_shares():
    for p in (0.1, 0.5, 0.93):
        counts = np.arange(51)
        held = [wilson(k / 50, 50)[0] <= p <= wilson(k / 50, 50)[1] for k in counts]
        assert binom.pmf(counts, 50, p)[held].sum() > 0.92


def test_no_answers_say_nothing():
    found = accuracy(np.zeros(0, bool), np.zeros(0), np.full(7, 0.9), 3, 10)
    assert (found.remaining.low, found.remaining.high, found.catalogue.low) == (0.0, 1.0, 0.3)
    assert not found.remaining.enough


def test_a_catalogue_with_all_labels_is_right():
    assert accuracy(np.ones(3, bool), np.ones(3), np.zeros(0), 5, 5).catalogue.low == 1.0


def test_all_right_and_all_sure_is_still_an_interval():
    found = accuracy(np.ones(40, bool), np.ones(40), np.ones(500), 40, 540)
    assert found.remaining.high == 1.0
    assert 0.9 < found.remaining.low < 1.0


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="shape"):
        accuracy(np.ones(3, bool), np.ones(2), np.ones(5), 3, 10)
    with pytest.raises(ValueError, match="11 labels of 10"):
        accuracy(np.ones(3, bool), np.ones(3), np.ones(5), 11, 10)


def test_macro_f1_is_that_of_the_metrics():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 4, 90)
    guess = np.where(rng.random(90) < 0.7, truth, rng.integers(0, 5, 90))
    found = macro_f1_interval(truth, guess, 6, rng)
    assert found.value == pytest.approx(macro_f1(truth, guess, 6))
    assert 0.05 < found.high - found.low < 0.4


def test_a_checkup_keeps_what_belongs_together():
    world = make_world(500, seed=2)
    story = label(world, Centroids(world), 120, 0.4, 2)
    answers, left = world.truth[story.places], np.setdiff1d(np.arange(500), story.places)
    found = check_up(Centroids(world), story.places, answers, story.drawn, left, 20)
    guess, sure = found.judged()
    assert (guess == found.drawn.argmax(1)).all()
    assert ((guess == answers[story.drawn]) == found.right[:, -1]).all()
    assert found.right.shape == (story.drawn.sum(), len(found.sizes))
    assert (np.diff(found.sizes) > 0).all()
    assert found.sizes[-1] <= 120
    assert len(found.settled) == 4
    assert abs(sure.mean() - found.right[:, -1].mean()) < 0.1  # calibrated
