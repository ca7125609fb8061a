"""Each measure against its formula, written out slowly, and against numbers computed by hand."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from shelver.labelling import measures

LOG2 = math.log(2)


@st.composite
def probabilities(draw, lead=(), kind="multi_class"):
    """Shape (*lead, n, classes), n and classes drawn apart."""
    shape = (*lead, draw(st.integers(1, 6)), draw(st.integers(2, 5)))
    raw = draw(arrays(np.float32, shape, elements=st.floats(0, 1, width=32)))
    if kind == "multi_label":
        return raw
    raw[..., 0] += np.float32(0.01)
    return raw / raw.sum(axis=-1, keepdims=True)


def h(values):
    return -sum(float(p) * math.log(p) for p in values if p > 0)


def yes_no(row):
    return [(float(p), 1 - float(p)) for p in row]


def kl(p, q):
    return sum(a * math.log(a / b) for a, b in zip(map(float, p), map(float, q), strict=True) if a > 0)


def slow_least(row):
    return 1 - max(map(float, row))


def slow_margin(row):
    first, second = sorted(map(float, row))[-1:-3:-1]
    return 1 - (first - second)


def slow_votes(rows):
    votes = [int(np.argmax(row)) for row in rows]
    return h([votes.count(y) / len(votes) for y in set(votes)])


def slow_kl(rows):
    consensus = np.mean([np.asarray(row, float) for row in rows], axis=0)
    return sum(kl(row, consensus) for row in rows) / len(rows)


def slow_conflict(b, p):
    middle = [(float(x) + float(y)) / 2 for x, y in zip(b, p, strict=True)]
    return (kl(b, middle) + kl(p, middle)) / 2 * (1 - h(b) / math.log(len(b)))


def close(found, expected):
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=2e-5, rtol=2e-5)


PAIRS = [(measures.least_confidence, slow_least), (measures.margin, slow_margin), (measures.entropy, h)]


@pytest.mark.parametrize(("fast", "slow"), PAIRS)
@given(p=probabilities())
def test_one_of_several_classes(fast, slow, p):
    close(fast(p), [slow(row) for row in p])


@pytest.mark.parametrize(("fast", "slow"), PAIRS)
@given(p=probabilities(kind="multi_label"))
def test_any_number_of_classes_is_a_sum_of_questions(fast, slow, p):
    close(fast(p, "multi_label"), [sum(slow(pair) for pair in yes_no(row)) for row in p])


@pytest.mark.parametrize(("fast", "slow"), [(measures.vote_entropy, slow_votes), (measures.consensus_kl, slow_kl)])
@given(p=probabilities(lead=(3,)))
def test_committee_on_one_of_several(fast, slow, p):
    close(fast(p), [slow(p[:, row]) for row in range(p.shape[1])])


@pytest.mark.parametrize(("fast", "slow"), [(measures.vote_entropy, slow_votes), (measures.consensus_kl, slow_kl)])
@given(p=probabilities(lead=(4,), kind="multi_label"))
def test_committee_on_any_number(fast, slow, p):
    expected = [
        sum(slow([(1 - float(q), float(q)) for q in p[:, row, y]]) for y in range(p.shape[2]))
        for row in range(p.shape[1])
    ]
    close(fast(p, "multi_label"), expected)


@given(p=probabilities(), seed=st.integers(0, 99))
def test_gradient_length_is_that_of_the_gradient_itself(p, seed):
    x = np.random.default_rng(seed).standard_normal((len(p), 3)).astype(np.float32)
    expected = []
    for row, inputs in zip(p, x, strict=True):
        lengths = [np.linalg.norm(np.outer(row - np.eye(len(row))[y], [*inputs, 1])) for y in range(len(row))]
        expected.append(np.dot(row, lengths))
    close(measures.gradient_length(p, x), expected)


@given(p=probabilities(kind="multi_label"), seed=st.integers(0, 99))
def test_gradient_length_of_yes_and_no(p, seed):
    x = np.random.default_rng(seed).standard_normal((len(p), 3)).astype(np.float32)
    expected = [
        sum(
            q * np.linalg.norm((q - 1) * np.array([*inputs, 1])) + (1 - q) * np.linalg.norm(q * np.array([*inputs, 1]))
            for q in map(float, row)
        )
        for row, inputs in zip(p, x, strict=True)
    ]
    close(measures.gradient_length(p, x, "multi_label"), expected)


@given(both=probabilities(lead=(2,)))
def test_conflict(both):
    close(measures.conflict(*both), [slow_conflict(b, p) for b, p in zip(*both, strict=True)])


@given(both=probabilities(lead=(2,), kind="multi_label"))
def test_conflict_on_any_number(both):
    expected = [
        sum(slow_conflict(x, y) for x, y in zip(yes_no(b), yes_no(p), strict=True)) for b, p in zip(*both, strict=True)
    ]
    close(measures.conflict(*both, "multi_label"), expected)


@given(seed=st.integers(0, 99), n=st.integers(1, 9), beta=st.floats(0, 3))
def test_density_is_the_mean_over_all_pairs(seed, n, beta):
    rng = np.random.default_rng(seed)
    vectors = np.abs(rng.standard_normal((n, 4))).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    base = rng.random(n, dtype=np.float32)
    mean = [sum(float(a @ b) for b in vectors) / n for a in vectors]
    close(measures.density(vectors), mean)
    close(measures.information_density(base, vectors, beta), [b * m**beta for b, m in zip(base, mean, strict=True)])


def test_density_below_zero_counts_as_none_and_no_vectors_change_nothing():
    vectors = np.array([[1, 0], [1, 0], [-1, 0]], np.float32)
    base = np.array([1, 2, 3], np.float32)
    close(measures.information_density(base, vectors, 0.5), [math.sqrt(1 / 3), 2 * math.sqrt(1 / 3), 0])
    close(measures.information_density(base, vectors * 0), base)
    close(measures.information_density(base, vectors[:, :0]), base)


def test_by_hand():
    p = np.array([[0.5, 0.25, 0.25], [1, 0, 0]], np.float32)
    close(measures.least_confidence(p), [0.5, 0])
    close(measures.margin(p), [0.75, 0])
    close(measures.entropy(p), [1.5 * LOG2, 0])
    close(
        measures.gradient_length(p, np.zeros((2, 4), np.float32)), [0.5 * math.sqrt(0.375) + 0.5 * math.sqrt(0.875), 0]
    )
    close(measures.entropy(p, "multi_label"), [LOG2 + 2 * h([0.25, 0.75]), 0])
    close(measures.least_confidence(p, "multi_label"), [1, 0])
    committee = np.array([[[1, 0]], [[1, 0]], [[0, 1]], [[0, 1]]], np.float32)
    close(measures.vote_entropy(committee), [LOG2])
    close(measures.consensus_kl(committee), [LOG2])
    close(measures.conflict(committee[0], committee[2]), [LOG2])
    close(measures.conflict(np.array([[0.5, 0.5]], np.float32), committee[2]), [0])


def test_gradient_length_of_a_model_that_is_nearly_sure():
    p = np.array([[1 - 2e-6, 1e-6, 1e-6]], np.float32)
    expected = sum(float(q) * np.linalg.norm(p[0].astype(float) - np.eye(3)[y]) for y, q in enumerate(p[0]))
    np.testing.assert_allclose(measures.gradient_length(p, np.zeros((1, 1), np.float32)), [expected], rtol=1e-4)


def test_one_class_has_a_margin():
    close(measures.margin(np.array([[1.0], [0.25]], np.float32)), [0, 0.75])


@pytest.mark.parametrize("kind", ["multi_class", "multi_label"])
def test_blocks_are_put_together_rightly(kind, monkeypatch):
    rng = np.random.default_rng(0)
    p = rng.random((3, 101, 7), dtype=np.float32)
    p /= p.sum(axis=2, keepdims=True)
    x = rng.standard_normal((101, 4)).astype(np.float32)

    def everything():
        return [
            *(f(p[0], kind) for f in (measures.least_confidence, measures.margin, measures.entropy)),
            *(f(p, kind) for f in (measures.vote_entropy, measures.consensus_kl)),
            measures.gradient_length(p[0], x, kind),
            measures.conflict(p[0], p[1], kind),
        ]

    whole = everything()
    monkeypatch.setattr(measures, "CELLS", 50)
    for a, b in zip(everything(), whole, strict=True):
        assert a.shape == (101,)
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_no_products_no_scores():
    none, x = np.zeros((0, 5), np.float32), np.zeros((0, 3), np.float32)
    for kind in ("multi_class", "multi_label"):
        for measure in (measures.least_confidence, measures.margin, measures.entropy):
            assert measure(none, kind).shape == (0,)
        for measure in (measures.vote_entropy, measures.consensus_kl):
            assert measure(np.zeros((2, 0, 5), np.float32), kind).shape == (0,)
        assert measures.gradient_length(none, x, kind).shape == (0,)
        assert measures.conflict(none, none, kind).shape == (0,)
    assert measures.density(x).shape == (0,)


def test_shapes_that_do_not_fit_are_refused():
    p = np.full((4, 3), 1 / 3, np.float32)
    with pytest.raises(ValueError, match="3 vectors for 4 rows"):
        measures.gradient_length(p, np.zeros((3, 4), np.float32))
    with pytest.raises(ValueError, match=r"\(4, 2\).*\(4, 3\)"):
        measures.conflict(p[:, :2], p)


@settings(max_examples=30)
@given(p=probabilities(lead=(3,)))
def test_order_of_members_and_classes_does_not_matter(p):
    for members in itertools.permutations(range(3)):
        close(measures.consensus_kl(p[list(members)]), measures.consensus_kl(p))
    close(measures.entropy(p[0][:, ::-1].copy()), measures.entropy(p[0]))
