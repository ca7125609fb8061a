"""Labelling played on products whose answers are known."""

from dataclasses import replace
from itertools import pairwise

import known_problem as known
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, top_k_accuracy_score

from shelver.config import Labelling
from shelver.labelling.known_world import SIBLING, World, answers_with_errors
from shelver.labelling.learning_curves import area
from shelver.labelling.simulate import Play, measure, milestones, simulate, with_all_labels


def play(problem, strategy, committee=5, random_share=0.0, **settings):
    learner = known.learner(problem)
    own = strategy if callable(strategy) else None
    choice = Labelling(strategy="margin" if own else strategy, committee=committee, random_share=random_share)
    return simulate(problem, learner, choice, Play(**({"budget": 200, "batch": 50} | settings)), own), learner


def test_an_uncertainty_strategy_beats_random_where_classes_are_rare():
    gains = []
    for seed in range(6):
        problem = known.world(n=2000, share=0.9, seed=seed)
        curves = [play(problem, strategy, seed=seed)[0] for strategy in ("margin", "random")]
        sure, chance = [area([p.labels for p in c], [p.macro_f1 for p in c]) for c in curves]
        gains.append(sure - chance)
        assert curves[0][-1].classes >= curves[1][-1].classes
    assert min(gains) > 0
    assert np.mean(gains) > 0.08


@pytest.mark.parametrize(("budget", "batch"), [(200, 50), (130, 40), (60, 7), (1, 1), (0, 10)])
@pytest.mark.parametrize("copies", [1, 3])
def test_budgets_are_exact_and_nothing_is_learnt_twice_or_from_the_test_side(budget, batch, copies):
    problem = known.world(copies=copies, known=0.9)
    points, learner = play(problem, "random", budget=budget, batch=batch)
    assert [point.labels for point in points] == milestones(budget, batch)
    for point, (places, answers) in zip(points, learner.learnt, strict=True):
        assert len(places) == len(set(places.tolist())) == point.labels
        assert set(places.tolist()) <= set(problem.asked.tolist())
        assert not set(problem.copies[places].tolist()) & set(problem.copies[problem.test].tolist())
        np.testing.assert_array_equal(answers, problem.truth[places])
    for (before, _), (after, _) in zip(learner.learnt, learner.learnt[1:], strict=False):
        np.testing.assert_array_equal(after[: len(before)], before)


def test_a_near_duplicate_is_asked_about_only_when_nothing_else_is_left():
    problem = known.world(n=240, copies=3)
    titles = len(np.unique(problem.copies[problem.asked]))
    points, learner = play(problem, "margin", budget=len(problem.asked), batch=30)
    order = problem.copies[learner.learnt[-1][0]]
    assert len(np.unique(order[:titles])) == titles
    assert points[-1].labels == len(order) == len(problem.asked) > titles
    for strategy, once in (("margin", False), ("random", True)):  # random questions are drawn from all products
        _, learner = play(problem, strategy, budget=titles, batch=30, once=once)
        assert len(np.unique(problem.copies[learner.learnt[-1][0]])) < titles


def test_it_ends_when_there_is_nothing_left_to_ask():
    problem = known.world(n=80)
    points, _ = play(problem, "margin", budget=500, batch=50)
    assert points[-1].labels == len(problem.asked) < 80


def test_an_answer_is_given_to_the_same_titles_and_they_are_no_human_labels():
    problem = known.world(n=600, copies=3)
    points, learner = play(problem, "random", budget=100, propagate=True)
    for point, (places, answers) in zip(points, learner.learnt, strict=True):
        assert len(places) == point.labels + point.propagated == 3 * point.labels
        assert len(set(places.tolist())) == len(places)
        assert not set(places.tolist()) & set(problem.test.tolist())
        np.testing.assert_array_equal(answers, problem.truth[places])


def test_a_wrong_answer_is_given_to_the_same_titles_too():
    problem = known.world(n=600, copies=3)
    points, learner = play(problem, "random", budget=60, noise=0.4, propagate=True)
    places, answers = learner.learnt[-1]
    for title in np.unique(problem.copies[places]):
        assert len(set(answers[problem.copies[places] == title].tolist())) == 1
    assert points[-1].wrong == (answers[:60] != problem.truth[places[:60]]).sum() > 0


def test_the_same_seed_gives_the_same_curve_and_another_seed_another():
    problem = known.world()

    def scores(seed):
        return [(p.labels, p.macro_f1, p.accuracy) for p in play(problem, "random", seed=seed, noise=0.1)[0]]

    assert scores(3) == scores(3) != scores(4)


def test_a_committee_is_about_the_candidates():
    problem = known.world(n=200)
    seen = []

    def strategy(candidates, size, rng):
        seen.append((candidates.committee.shape, len(candidates), len(candidates.labelled)))
        return np.arange(size)

    play(problem, strategy, budget=50, batch=25, committee=3)
    there = len(problem.asked)
    assert seen == [((3, there, 10), there, 0), ((3, there - 25, 10), there - 25, 25)]


@pytest.mark.parametrize("bad", [lambda c, n, rng: np.zeros(n, int), lambda c, n, rng: np.arange(n + 1)])
def test_a_strategy_that_breaks_its_contract_is_refused(bad):
    with pytest.raises(ValueError, match="the strategy gave"):
        play(known.world(n=200), bad)


def test_a_share_of_the_questions_is_drawn_at_random():
    problem = known.world(seed=1)
    last = lambda **settings: set(play(problem, "margin", **settings)[1].learnt[-1][0].tolist())  # noqa: E731
    alone, mixed = last(), last(random_share=0.5)
    assert len(mixed) == len(alone) == 200
    assert len(alone & mixed) < 170


def test_all_labels_are_learnt_for_the_standard():
    problem = known.world()
    learner = known.learner(problem)
    point = with_all_labels(problem, learner)
    np.testing.assert_array_equal(learner.learnt[0][0], problem.asked)
    assert point.labels == len(problem.asked)
    probabilities = learner.fit(problem.asked, problem.truth[problem.asked]).probabilities(problem.test)
    assert point.macro_f1 == measure(problem.truth[problem.test], probabilities)[1] > 0.3


@given(st.integers(1, 60), st.integers(2, 9), st.integers(0, 2**16))
def test_measures_are_those_of_scikit_learn(rows, classes, seed):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, rows)
    probabilities = rng.dirichlet(np.ones(classes), rows).astype(np.float32)
    accuracy, f1, five = measure(truth, probabilities)
    first = probabilities.argmax(axis=1)
    assert accuracy == pytest.approx(accuracy_score(truth, first))
    present = np.unique(truth)
    assert f1 == pytest.approx(f1_score(truth, first, labels=present, average="macro", zero_division=0))
    slow = 1.0
    if classes > 5:
        slow = top_k_accuracy_score(truth, probabilities, k=5, labels=np.arange(classes))
    assert five == pytest.approx(slow)


@given(st.integers(0, 3000), st.integers(1, 500))
def test_milestones_end_at_the_budget_and_are_no_further_apart_than_a_batch(budget, batch):
    found = milestones(budget, batch)
    assert found[0] == 0
    assert found[-1] == budget
    assert all(0 < b - a <= batch for a, b in pairwise(found))
    assert {n for n in (25, 50, 100, 200, 400, 800, 1600) if n <= budget} <= set(found)


@pytest.mark.parametrize("share", [0.0, 0.05, 0.1, 0.5, 1.0])
def test_the_share_of_wrong_answers_is_as_asked_for_and_most_name_siblings(share):
    problem = known.world(n=4000, rare=8, share=0.2)
    said = answers_with_errors(problem, share, np.random.default_rng(1))
    changed = np.flatnonzero(said != problem.truth)
    assert len(changed) == round(share * len(problem.asked))
    assert not set(changed.tolist()) & set(problem.test.tolist())
    if len(changed) < 100:
        return
    near = (problem.parents[said[changed]] == problem.parents[problem.truth[changed]]).mean()
    expected = SIBLING + (1 - SIBLING) * 2 / 8
    assert near == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / len(changed)))


def test_a_category_without_siblings_is_mixed_up_with_any_other():
    problem = replace(known.world(n=600), parents=np.arange(10))
    said = answers_with_errors(problem, 0.5, np.random.default_rng(1))
    assert (said != problem.truth).sum() == round(0.5 * len(problem.asked))


def test_with_one_category_there_is_no_wrong_answer():
    problem = known.world(n=100, rare=1, share=1.0)
    np.testing.assert_array_equal(answers_with_errors(problem, 0.5, np.random.default_rng(1)), problem.truth)


def test_a_share_of_wrong_answers_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"the share of wrong answers is 1\.5"):
        answers_with_errors(known.world(n=100), 1.5, np.random.default_rng(1))


def test_a_world_that_contradicts_itself_is_refused():
    problem = known.world(n=100, copies=2)
    fields = {name: getattr(problem, name) for name in problem.__dataclass_fields__}
    for change, words in (
        ({"vectors": problem.vectors[:-1]}, "vectors has 99 rows, truth has 100"),
        ({"asked": np.r_[problem.asked, problem.test[:1]]}, "is both asked about and measured on"),
        ({"copies": np.zeros(100, np.int64)}, "a title is both asked about and measured on"),
        ({"truth": np.where(np.arange(100) == problem.asked[0], -1, problem.truth)}, "has no known class"),
    ):
        with pytest.raises(ValueError, match=words):
            World(**{**fields, **change})


def test_a_play_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="in batches of 0"):
        Play(budget=10, batch=0)
