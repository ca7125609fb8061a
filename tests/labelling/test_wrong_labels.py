"""Likely wrong labels: planted ones are found, rare categories and settled labels are spared."""

import numpy as np
import pytest

from shelver.labelling.second_opinion import second_opinion, tempered
from shelver.labelling.wrong_labels import ENOUGH, REASONS, Votes, best_other, confident_learning, doubts


class Nearest:
    """A learner for tests: probabilities fall with the distance to the mean of each class; no labels: uniform."""

    def __init__(self, points, classes):
        self.points, self.classes = points, classes

    def fit(self, places, answers, seed=0):
        self.seen = getattr(self, "seen", [])
        self.seen.append(set(places.tolist()))
        means = np.full((self.classes, self.points.shape[1]), np.inf)
        for each in np.unique(answers):
            means[each] = self.points[places[answers == each]].mean(axis=0)
        return Means(self.points, means)


class Means:
    def __init__(self, points, means):
        self.points, self.means = points, means

    def probabilities(self, places=None):
        points = self.points if places is None else self.points[places]
        if np.isinf(self.means).all():
            return np.full((len(points), len(self.means)), 1 / len(self.means), np.float32)
        with np.errstate(invalid="ignore"):
            distance = ((points[:, None, :] - self.means) ** 2).sum(axis=2)
        score = np.exp(-np.nan_to_num(distance, nan=np.inf) / 2)
        return (score / score.sum(axis=1, keepdims=True)).astype(np.float32)


def blobs(labels=240, classes=6, wrong=0.1, seed=0, spread=0.8):
    """Points around the corner of their class; a share of the labels names another class."""
    rng = np.random.default_rng(seed)
    truth = np.arange(labels) % classes
    points = 3.0 * np.eye(classes)[truth] + rng.normal(size=(labels, classes)) * spread
    said = truth.copy()
    planted = rng.permutation(labels)[: round(wrong * labels)]
    said[planted] = (truth[planted] + rng.integers(1, classes, len(planted))) % classes
    return points, truth, said


@pytest.mark.parametrize("seed", range(3))
def test_planted_wrong_labels_come_first(seed):
    points, truth, said = blobs(seed=seed)
    groups = np.arange(len(said))
    opinion = second_opinion(Nearest(points, 6), groups, said, groups, words=False)
    found = doubts(said, groups, opinion.probabilities, opinion.learnt)
    wrong = said != truth
    first = found.order[: wrong.sum()]
    assert wrong[first].mean() > 0.75  # at random: 0.1
    assert wrong[found.flagged].mean() > 0.7
    assert found.flagged[wrong].mean() > 0.7
    hit = found.flagged & wrong
    assert (found.suggested[hit] == truth[hit]).mean() > 0.9
    assert sorted(found.order.tolist()) == list(range(len(said)))


def test_nothing_is_flagged_where_all_is_clear():
    points, _, said = blobs(wrong=0.0, spread=0.3)
    opinion = second_opinion(Nearest(points, 6), np.arange(240), said, np.arange(240), words=False)
    assert doubts(said, np.arange(240), opinion.probabilities, opinion.learnt).flagged.sum() == 0


def test_a_model_never_sees_the_label_it_judges_nor_its_twins():
    points, _, said = blobs(60)
    learner = Nearest(points, 6)
    groups = np.arange(60) // 3
    places = np.arange(60)[::-1].copy()
    opinion = second_opinion(learner, places, said[places], groups, words=False, parts=4)
    assert len(learner.seen) == 4
    unseen = [set(range(60)) - seen for seen in learner.seen]
    assert sorted(place for each in unseen for place in each) == list(range(60))
    group_of = dict(zip(places.tolist(), groups.tolist(), strict=True))
    for seen, held in zip(learner.seen, unseen, strict=True):
        assert not {group_of[p] for p in seen} & {group_of[p] for p in held}
        for i, place in enumerate(places.tolist()):
            if place in held:
                assert opinion.learnt[i] == sum(said[p] == said[place] for p in seen)


def with_rare(words_right):
    """Two big classes, and classes 2 to 11 with one label each, which the model has never seen."""
    answers = np.concatenate([np.zeros(40, np.int64), np.ones(40, np.int64), np.arange(2, 12)])
    n = len(answers)
    probabilities = np.full((n, 12), 0.002, np.float32)
    probabilities[np.arange(n), np.where(answers < 2, answers, 0)] = 0.9
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    words = np.full((n, 12), 0.01, np.float32)
    words[np.arange(n), answers if words_right else np.where(answers < 2, answers, 0)] = 0.5
    words[np.arange(n)[:, None], (answers[:, None] + np.arange(1, 7)) % 12] += 0.05
    learnt = np.where(answers < 2, 39, 0)
    return answers, probabilities, learnt, words


def test_rare_categories_are_spared_if_the_words_of_the_tree_say_so_too():
    answers, probabilities, learnt, words = with_rare(words_right=True)
    groups = np.arange(len(answers))
    assert (learnt[-10:] < ENOUGH).all()
    found = doubts(answers, groups, probabilities, learnt, words)
    assert not found.flagged.any()
    naive = doubts(answers, groups, probabilities, np.full(len(answers), ENOUGH), words)
    assert naive.wrong[-10:].min() > 0.9  # the model alone contradicts all of them
    assert found.wrong[-10:].max() <= 0.5


def test_rare_categories_are_spared_if_nothing_is_known_of_them():
    answers, probabilities, learnt, _ = with_rare(words_right=True)
    assert not doubts(answers, np.arange(len(answers)), probabilities, learnt).flagged.any()


def test_a_rare_label_is_doubted_where_model_and_words_agree_on_another():
    answers, probabilities, learnt, words = with_rare(words_right=False)
    found = doubts(answers, np.arange(len(answers)), probabilities, learnt, words)
    assert found.flagged[-10:].all()
    assert not found.flagged[:-10].any()
    assert {REASONS[i] for i in found.reason[-10:]} == {"words"}
    assert (found.suggested[-10:] == 0).all()


def test_twins_with_different_labels_are_found_without_a_model():
    answers = np.array([3, 1, 1, 1, 2, 0, 4])
    groups = np.array([0, 0, 0, 0, 1, 1, 2])
    found = doubts(answers, groups)
    assert found.flagged.tolist() == [True, False, False, False, True, True, False]
    assert found.order[0] == 0  # one against three
    assert (found.suggested[0], found.probability[0]) == (1, 0.75)
    assert (found.suggested[4], found.suggested[5]) == (0, 2)
    assert REASONS[found.reason[0]] == "twins"


def test_the_model_says_which_of_two_twins_is_wrong():
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1]], np.float32)
    found = doubts(np.array([0, 1]), np.array([5, 5]), probabilities, np.array([9, 9]))
    assert found.flagged.tolist() == [False, True]
    assert (found.suggested[1], found.probability[1]) == (0, pytest.approx(0.9))


def test_settled_labels_are_not_asked_about_again_and_outweigh_their_twins():
    found = doubts(np.array([0, 1]), np.array([5, 5]), settled=np.array([True, False]))
    assert found.flagged.tolist() == [False, True]
    assert found.order.tolist() == [1]
    assert found.probability[1] == pytest.approx(0.75)


def test_what_others_said_of_the_same_product_counts():
    votes = Votes(np.array([1, 1]), np.array([2, 2]))
    found = doubts(np.array([0, 1, 2]), np.arange(3), votes=votes)
    assert found.flagged.tolist() == [False, True, False]
    assert (found.suggested[1], found.wrong[1]) == (2, pytest.approx(2 / 3))


def test_few_classes_and_few_labels():
    assert not confident_learning(np.zeros(4, np.int64), np.ones((4, 3), np.float32) / 3).any()
    assert best_other(np.zeros(2, np.int64), np.ones((2, 1), np.float32))[0].tolist() == [-1, -1]
    empty = np.zeros(0, np.int64)
    assert len(doubts(empty, empty, np.zeros((0, 3), np.float32), empty).order) == 0
    with pytest.raises(ValueError, match="learnt"):
        doubts(np.array([0]), np.array([0]), np.ones((1, 2), np.float32))


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_probabilities_are_as_sure_as_they_are_right(power):
    """Whatever makes a model too sure or too little is taken back, also where some labels are wrong."""
    rng = np.random.default_rng(0)
    true = rng.dirichlet(np.full(5, 0.5), 4000).astype(np.float32)
    answers = np.array([rng.choice(5, p=row / row.sum()) for row in true.astype(float)])
    answers[:200] = rng.integers(0, 5, 200)
    bent = true**power / (true**power).sum(axis=1, keepdims=True)
    assert np.abs(tempered(answers, bent) - true).mean() < 0.03
