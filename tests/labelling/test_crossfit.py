from __future__ import annotations

import numpy as np
import pytest

from shelver.labelling.checkup import check_up
from shelver.labelling.crossfit import NEVER, cross_fit, parts_of, sizes_of, steps_back


class Memory:
    """A `Learner` that knows what it was told, and nothing else: a leak would show."""

    def fit(self, places, answers, seed=0):
        told = dict(zip(places.tolist(), answers.tolist(), strict=True))

        class Told:
            def probabilities(self, places=None):
                found = np.full((len(places), 3), 1 / 3, np.float32)
                for row, place in enumerate(places.tolist()):
                    if place in told:
                        found[row] = np.eye(3, dtype=np.float32)[told[place]]
                return found

        return Told()


def test_no_model_has_seen_the_label_that_it_is_judged_by():
    places, answers = np.asarray([4, 9, 2, 7, 5]), np.asarray([0, 1, 2, 1, 0])
    judged = np.asarray([True, False, True, True, False])
    parts = parts_of(judged, np.arange(5), 2, np.random.default_rng(0))
    assert (cross_fit(Memory(), places, answers, parts, judged) == np.float32(1 / 3)).all()
    assert (parts[~judged] == NEVER).all()


def test_a_checkup_asks_no_model_about_a_label_that_it_has_seen():
    places, answers = np.arange(40), np.arange(40) % 3
    drawn = np.arange(40) % 2 == 0
    found = check_up(Memory(), places, answers, drawn, np.arange(40, 60), 10)
    assert (found.drawn == np.float32(1 / 3)).all()
    assert (found.every == np.float32(1 / 3)).all()


def test_copies_of_a_label_are_held_out_with_it():
    places, answers = np.asarray([4, 4, 2, 7]), np.asarray([0, 0, 2, 1])
    judged = np.asarray([True, False, True, True])
    parts = parts_of(judged, np.asarray([0, 0, 2, 3]), 3, np.random.default_rng(0))
    assert parts[0] == parts[1]
    assert (cross_fit(Memory(), places, answers, parts, judged) == np.float32(1 / 3)).all()


def test_the_first_labels_alone_are_learnt():
    places, answers = np.asarray([1, 2, 3, 1]), np.asarray([0, 1, 2, 2])  # the last tells the first's place
    judged = np.asarray([True, False, False, False])
    parts = np.asarray([0, NEVER, NEVER, NEVER])
    assert cross_fit(Memory(), places, answers, parts, judged)[0].argmax() == 2
    assert (cross_fit(Memory(), places, answers, parts, judged, first=3) == np.float32(1 / 3)).all()


def test_parts_are_of_nearly_equal_size():
    sizes = np.bincount(parts_of(np.ones(23, bool), np.arange(23), 5, np.random.default_rng(1)))
    assert sorted(sizes) == [4, 4, 5, 5, 5]


def test_nothing_to_judge_is_an_error():
    none = np.zeros(3, bool)
    with pytest.raises(ValueError, match="judged"):
        cross_fit(Memory(), np.arange(3), np.arange(3), parts_of(none, np.arange(3), 2, np.random.default_rng(0)), none)


def test_sizes_grow_in_equal_ratios_to_all():
    assert sizes_of(15) == [15]
    assert sizes_of(0) == []
    found = sizes_of(800)
    assert (found[0], found[-1], len(found)) == (100, 800, 6)


def test_rounds_are_counted_back_from_now():
    assert list(steps_back(130, 50, 3)) == [80, 130]
    assert list(steps_back(500, 50, 3)) == [350, 400, 450, 500]
