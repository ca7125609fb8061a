import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from shelver.catalogue.tree_paths import tree_from_paths
from shelver.models.classes import Classes, Values
from shelver.training.metrics import (
    accepted_at_precision,
    average_precision,
    calibration_error,
    hierarchical_f1,
    macro_f1,
    per_class,
    score,
    score_multi_label,
    top_k_accuracy,
)

K = 5
pairs = st.lists(st.tuples(st.integers(0, K - 1), st.integers(-1, K - 1)), min_size=1, max_size=30)


def split(found):
    truth, predicted = zip(*found, strict=True)
    return np.array(truth), np.array(predicted)


@given(pairs)
def test_per_class_against_scikit_learn(found):
    truth, predicted = split(found)
    expected = reference.precision_recall_fscore_support(truth, predicted, labels=range(K), zero_division=0)
    precision, recall, f1, support, answers = per_class(truth, predicted, K)
    for one, other in zip((precision, recall, f1, support), expected, strict=True):
        np.testing.assert_allclose(one, other)
    assert answers.tolist() == [int((predicted == i).sum()) for i in range(K)]


@given(pairs)
def test_macro_f1_against_scikit_learn(found):
    truth, predicted = split(found)
    used = sorted(set(truth) | set(predicted[predicted >= 0]))
    expected = reference.f1_score(truth, predicted, labels=used, average="macro", zero_division=0)
    assert macro_f1(truth, predicted, K) == pytest.approx(expected)


@given(st.integers(1, 20), st.integers(1, K), st.integers(0, 99))
def test_top_k_against_scikit_learn(rows, k, seed):
    rng = np.random.default_rng(seed)
    scores, truth = rng.random((rows, K)), rng.integers(0, K, rows)
    ranked = np.argsort(-scores, axis=1)[:, :k]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # k = classes is always right
        expected = reference.top_k_accuracy_score(truth, scores, k=k, labels=range(K))
    assert top_k_accuracy(truth, ranked) == pytest.approx(expected)


def test_no_answer_is_never_right():
    assert top_k_accuracy(np.array([0, 1]), np.full((2, 3), -1)) == 0
    assert macro_f1(np.array([0, 1]), np.array([-1, -1]), 2) == 0


TREE = tree_from_paths([("A", "A1", "A11"), ("A", "A1", "A12"), ("A", "A2"), ("B",), ("C", "C1")])
IDS = tuple(category.category_id for category in TREE.exclusive)
CLASSES = Classes(TREE, (), {"colour": Values("multi_label", ("blue", "green", "red", "white"))})


@given(pairs)
def test_hierarchical_f1_against_a_slow_reference(found):
    truth, predicted = split(found)
    chains = [{tuple(TREE.by_id(one).path[: n + 1]) for n in range(len(TREE.by_id(one).path))} for one in IDS]
    answers = [chains[p] if p >= 0 else set() for p in predicted]
    rights = [chains[t] for t in truth]
    shared = sum(len(a & r) for a, r in zip(answers, rights, strict=True))
    precision = shared / max(1, sum(map(len, answers)))
    recall = shared / sum(map(len, rights))
    expected = 2 * precision * recall / (precision + recall) if shared else 0.0
    assert hierarchical_f1(truth, predicted, IDS, TREE) == pytest.approx(expected)


def test_hierarchical_f1_counts_near_misses_in_part():
    near, far = np.array([IDS.index(TREE.resolve(name).category_id) for name in ("A12", "B")])
    right = np.array([IDS.index(TREE.resolve("A11").category_id)])
    assert hierarchical_f1(right, right, IDS, TREE) == 1
    assert hierarchical_f1(right, np.array([near]), IDS, TREE) == pytest.approx(2 / 3)
    assert hierarchical_f1(right, np.array([far]), IDS, TREE) == 0


answered = st.lists(st.tuples(st.integers(0, 20).map(lambda i: i / 20), st.booleans()), min_size=1, max_size=40)


@given(answered, st.integers(1, 15))
def test_calibration_error_against_a_slow_reference(found, bins):
    confidence, correct = (np.array(part) for part in zip(*found, strict=True))
    total = 0.0
    for i in range(bins):
        inside = [j for j, c in enumerate(confidence) if min(int(c * bins), bins - 1) == i]
        if inside:
            total += len(inside) / len(found) * abs(correct[inside].mean() - confidence[inside].mean())
    assert calibration_error(confidence, correct, bins) == pytest.approx(total)


def test_calibration_error_of_known_answers():
    assert calibration_error(np.array([1.0, 1.0]), np.array([True, True])) == 0
    assert calibration_error(np.array([0.8] * 5), np.array([True] * 4 + [False])) == pytest.approx(0)
    assert calibration_error(np.array([0.9, 0.9]), np.array([False, False])) == pytest.approx(0.9)


@given(answered, st.sampled_from([0.5, 0.75, 0.95, 1.0]))
def test_accepted_at_precision_against_all_thresholds(found, precision):
    """Answers of equal confidence are accepted together or not at all."""
    confidence, correct = (np.array(part) for part in zip(*found, strict=True))
    best, threshold = 0.0, 1.01
    for cut in sorted(set(confidence)):
        accepted = confidence >= cut
        if correct[accepted].mean() >= precision and accepted.mean() > best:
            best, threshold = accepted.mean(), cut
    assert accepted_at_precision(confidence, correct, precision) == (pytest.approx(best), pytest.approx(threshold))


def test_ties_are_not_parted_to_look_precise():
    confidence = np.array([0.9, 0.9, 0.9])
    assert accepted_at_precision(confidence, np.array([True, True, False]), 0.95) == (0.0, 1.01)
    assert accepted_at_precision(np.array([0.99, 0.9, 0.9]), np.array([True, True, False])) == (
        pytest.approx(1 / 3),
        0.99,
    )


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=40))
def test_average_precision_against_scikit_learn_with_ties(found):
    scores, truth = (np.array(part) for part in zip(*found, strict=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # no positive at all
        expected = reference.average_precision_score(truth, scores / 10)
    assert average_precision(scores / 10, truth) == pytest.approx(expected)


def test_nothing_to_score():
    none, no_rows = np.empty(0, np.int64), np.empty((0, 3), np.int64)
    assert calibration_error(np.empty(0), np.empty(0, bool)) == 0
    assert accepted_at_precision(np.empty(0), np.empty(0, bool)) == (0.0, 1.01)
    assert top_k_accuracy(none, no_rows) == 0
    found = score(none, no_rows, CLASSES, confidence=np.empty(0))
    assert (found.rows, found.accuracy, found.classes, found.answered) == (0, 0.0, (), 0.0)
    assert score_multi_label(np.empty((0, 3), bool), np.empty((0, 3)), CLASSES, "colour").mean_average_precision == 0


def test_average_precision_of_nothing():
    assert average_precision(np.empty(0), np.empty(0, bool)) == 0


def test_score_puts_it_all_together():
    truth = np.array([0, 0, 1, 2])
    ranked = np.array([[0, 1], [1, 0], [1, 2], [-1, -1]])
    found = score(truth, ranked, CLASSES, confidence=np.array([0.9, 0.6, 0.8, 0.0]))
    assert (found.rows, found.accuracy, found.top_5, found.answered) == (4, 0.5, 0.75, 0.75)
    assert found.macro_f1 == pytest.approx(reference.f1_score(truth, ranked[:, 0], labels=[0, 1, 2], average="macro"))
    assert found.accepted_at_95 == 0.5
    assert [(one.category_id, one.support, one.predicted) for one in found.classes] == [
        (IDS[0], 2, 1),
        (IDS[1], 1, 2),
        (IDS[2], 1, 0),
    ]
    assert found.classes[0].path == " > ".join(TREE.by_id(IDS[0]).path)
    assert found.as_dict()["classes"][0]["support"] == 2
    assert score(truth, ranked, CLASSES).calibration_error is None


@given(st.integers(0, 999), st.integers(1, 12), st.integers(2, 4))
def test_multi_label_scores_against_scikit_learn(seed, rows, classes):
    rng = np.random.default_rng(seed)
    truth = rng.random((rows, classes)) < 0.4
    probabilities = np.round(rng.random((rows, classes)), 1)
    found = score_multi_label(truth, probabilities, CLASSES, "colour")
    answers = probabilities >= 0.5
    assert found.micro_f1 == pytest.approx(reference.f1_score(truth, answers, average="micro", zero_division=0))
    used = np.flatnonzero(truth.any(0) | answers.any(0))
    if len(used):
        each = [reference.f1_score(truth[:, i], answers[:, i], zero_division=0) for i in used]
        assert found.macro_f1 == pytest.approx(np.mean(each))
    occurs = np.flatnonzero(truth.any(0))
    if len(occurs):
        each = [reference.average_precision_score(truth[:, i], probabilities[:, i]) for i in occurs]
        assert found.mean_average_precision == pytest.approx(np.mean(each))
    assert {one.path: one.support for one in found.classes if one.support} == {
        name: n for name, n in zip(CLASSES.of("colour"), truth.sum(axis=0), strict=False) if n
    }
