from __future__ import annotations

import numpy as np
import pytest

from shelver.labelling.advice import answers_of, categories, confused, unsure


def test_categories_count_products_and_expected_mistakes():
    found = categories(
        np.asarray([0, 0, 2, 2, 2]), np.asarray([1.0, 0.5, 0.2, 0.2, 0.2]), np.asarray([1, 1, 2]), 4, scale=10
    )
    assert [each.labels for each in found] == [0, 2, 1, 0]
    assert [each.products for each in found] == [20, 0, 30, 0]
    assert [each.wrong for each in found] == pytest.approx([5, 0, 24, 0])


def mistakes(rng, n=60, classes=6, wrong=0.05):
    truth = np.repeat(np.arange(classes), n)
    return truth, np.where(rng.random(len(truth)) < wrong, rng.integers(0, classes, len(truth)), truth)


def test_a_pair_that_cannot_be_told_apart_is_found():
    rng = np.random.default_rng(0)
    truth, guess = mistakes(rng)
    both = (truth == 1) | (truth == 4)
    guess[both] = rng.choice([1, 4], both.sum())
    (found,) = confused(truth, guess, 6)
    assert (found.one, found.other, found.labels) == (1, 4, 120)
    assert found.one_as_other == ((truth == 1) & (guess == 4)).sum()
    assert found.other_as_one == ((truth == 4) & (guess == 1)).sum()
    assert found.wrong.low < 0.5 < found.wrong.high


def test_mistakes_in_one_direction_are_no_reason_to_merge():
    truth, guess = mistakes(np.random.default_rng(1))
    guess[truth == 1] = 4
    assert confused(truth, guess, 6) == []


def test_usual_mistakes_are_rarely_named():
    named = [len(confused(*mistakes(np.random.default_rng(seed), wrong=0.15), 6)) for seed in range(60)]
    assert np.mean(np.asarray(named) > 0) <= 0.05


def test_categories_that_nobody_is_sure_of():
    guess = np.repeat([0, 1, 2], [40, 40, 4])
    answered = np.ones(84, bool)
    answered[40:60] = False
    answered[80:] = False
    (found,) = unsure(guess, answered, 3)
    assert (found.place, found.questions, found.unsure.value) == (1, 40, 0.5)
    assert unsure(guess, np.ones(84, bool), 3) == []


def test_temperature_changes_how_sure_but_not_what():
    shown = np.asarray([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]], np.float32)
    guess, sure = answers_of(shown)
    assert guess.tolist() == [0, 2]
    assert sure == pytest.approx([0.7, 0.8], abs=1e-6)
    softer = answers_of(shown, 2.0)[1]
    assert softer[0] == pytest.approx(0.7**0.5 / (0.7**0.5 + 0.2**0.5 + 0.1**0.5), abs=1e-6)
