import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from shelver.training.solver import Cost, Problem, Solution, solve

EXACT = {"tolerance": 1e-13, "dtype": torch.float64}


def some(rows=40, dims=6, classes=4, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, dims))
    target = (x @ rng.normal(size=(dims, classes)) + rng.normal(size=(rows, classes))).argmax(axis=1)
    target[:classes] = np.arange(classes)
    return x, target, rng


def softmax(scores):
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("l2", [0.03, 1.0])
def test_the_same_optimum_as_scikit_learn(l2):
    x, target, rng = some()
    found = solve(Problem(x @ x.T / l2, target, 4), **EXACT)
    new = rng.normal(size=(11, 6))
    peer = LogisticRegression(C=1 / l2, fit_intercept=False, tol=1e-10, max_iter=10_000).fit(x, target)
    np.testing.assert_allclose(softmax(new @ x.T / l2 @ found.dual), peer.predict_proba(new), atol=2e-3)
    fast = solve(Problem(x @ x.T / l2, target, 4))
    np.testing.assert_allclose(softmax(new @ x.T / l2 @ fast.dual), peer.predict_proba(new), atol=2e-2)


@pytest.mark.parametrize("kind", ["multi_class", "multi_label"])
def test_the_gradient_is_that_of_the_cost(kind):
    x, target, rng = some(rows=5, classes=3)
    labels = (rng.random((5, 3)) < 0.4).astype(float)
    known = [rng.normal(size=(5, 3)) for _ in range(2)]
    cost = Cost(
        Problem(
            x @ x.T, target if kind == "multi_class" else labels, 3, kind, known, rng.normal(size=(1, 3)), rng.random(5)
        ),
        torch.float64,
    )
    inner, logs = torch.from_numpy(rng.normal(size=(5, 3))), torch.from_numpy(rng.normal(size=2))
    _, by_inner, by_logs = cost(inner, logs)
    step = 1e-6
    for place in np.ndindex(5, 3):
        moved = torch.zeros(5, 3, dtype=torch.float64)
        moved[place] = step
        slope = (cost(inner + moved, logs)[0] - cost(inner - moved, logs)[0]) / (2 * step)
        assert by_inner[place].item() == pytest.approx(slope, abs=1e-5)
    for place in range(2):
        moved = torch.zeros(2, dtype=torch.float64)
        moved[place] = step
        slope = (cost(inner, logs + moved)[0] - cost(inner, logs - moved)[0]) / (2 * step)
        assert by_logs[place].item() == pytest.approx(slope, abs=1e-5)


def test_no_rows_give_nothing():
    found = solve(Problem(np.zeros((0, 0)), np.zeros(0, np.int64), 3, known=[np.zeros((0, 3))]))
    assert found.dual.shape == (0, 3)
    assert found.scales.tolist() == [1.0]


@pytest.mark.parametrize("rows", [1, 4])
def test_labels_of_one_class_only(rows):
    found = solve(Problem(np.eye(rows) + 1, np.full(rows, 2), 5))
    scores = (np.eye(rows) + 1) @ found.dual
    assert np.isfinite(scores).all()
    assert (scores.argmax(axis=1) == 2).all()


def test_one_product_many_times_counts_like_weights():
    x, target, rng = some(rows=12)
    again = rng.integers(0, 12, 30)
    rows, counts = np.unique(again, return_counts=True)
    whole = solve(Problem(x[again] @ x[again].T, target[again], 4), **EXACT)
    kernel = x[rows] @ x[rows].T
    weighed = solve(Problem(kernel, target[rows], 4, weight=counts.astype(float)), **EXACT)
    np.testing.assert_allclose(softmax(x @ x[again].T @ whole.dual), softmax(x @ x[rows].T @ weighed.dual), atol=1e-3)


def test_all_labels_of_one_product_may_contradict_each_other():
    found = solve(Problem(np.ones((4, 4)), np.array([0, 0, 0, 1]), 2), **EXACT)
    chance = softmax(np.ones((1, 4)) @ found.dual)[0]
    assert 0.5 < chance[0] < 0.75, "three of four, pulled towards a half"


def test_multi_label_is_a_regression_for_each_class():
    x, _, rng = some(rows=30, classes=3)
    labels = (x @ rng.normal(size=(6, 3)) + rng.normal(size=(30, 3)) > 0).astype(float)
    found = solve(Problem(x @ x.T, labels, 3, "multi_label"), **EXACT)
    scores = x @ x.T @ found.dual
    for place in range(3):
        peer = LogisticRegression(C=1.0, fit_intercept=False, tol=1e-10, max_iter=10_000).fit(x, labels[:, place])
        np.testing.assert_allclose(1 / (1 + np.exp(-scores[:, place])), peer.predict_proba(x)[:, 1], atol=2e-3)


def test_scales_say_which_knowledge_to_trust():
    """Scores that are right grow, those that say nothing shrink, and without any label nothing changes."""
    rng = np.random.default_rng(0)
    target = rng.integers(0, 5, 200)
    right, noise = 2.0 * np.eye(5)[target], 2.0 * rng.normal(size=(200, 5))
    found = solve(Problem(1e-3 * np.eye(200), target, 5, known=[right, noise]))
    assert found.scales[0] > 1.3
    assert found.scales[1] < 0.7


def test_the_same_twice_and_a_start_saves_steps():
    x, target, _ = some(rows=80, dims=20, classes=7)
    kernel = x @ x.T
    before = solve(Problem(kernel[:76, :76], target[:76], 7))
    cold, again = (solve(Problem(kernel, target, 7)) for _ in range(2))
    assert np.array_equal(cold.dual, again.dual)
    rows = np.where(np.arange(80) < 76, np.arange(80), -1)
    warm = solve(Problem(kernel, target, 7), before.taken(rows, np.ones(80)))
    assert warm.steps < cold.steps
    assert warm.cost == pytest.approx(cold.cost, rel=2e-3)


@given(st.integers(1, 9), st.integers(1, 5), st.integers(0, 100))
def test_no_random_point_is_better(rows, classes, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 3))
    problem = Problem(x @ x.T, rng.integers(0, classes, rows), classes)
    found = solve(problem, **EXACT)
    cost = Cost(problem, torch.float64)
    for _ in range(5):
        at = torch.from_numpy(rng.normal(size=(rows, classes)))
        assert cost(at, torch.zeros(0, dtype=torch.float64))[0] >= found.cost - 1e-9


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="a kernel"):
        Problem(np.eye(3), np.zeros(4, np.int64), 2)
    with pytest.raises(ValueError, match="known scores"):
        Problem(np.eye(3), np.zeros(3, np.int64), 2, known=[np.zeros((3, 3))])
    with pytest.raises(ValueError, match="a start"):
        solve(Problem(np.eye(3), np.zeros(3, np.int64), 2), Solution(np.zeros((2, 2)), np.ones(0), 0.0, 0))


def test_a_range_of_one_class_is_that_class():
    x, target, _ = some()
    plain = solve(Problem(x @ x.T, target, 4), **EXACT)
    ranges = np.column_stack([target, target + 1])
    np.testing.assert_allclose(
        solve(Problem(x @ x.T, np.zeros_like(target), 4, within=ranges), **EXACT).dual, plain.dual, atol=1e-9
    )


def test_a_range_of_all_classes_says_nothing():
    x, target, rng = some()
    more = rng.normal(size=(7, 6))
    both = np.concatenate([x, more])
    ranges = np.concatenate([np.column_stack([target, target + 1]), np.tile([0, 4], (7, 1))])
    found = solve(Problem(both @ both.T, ranges[:, 0], 4, within=ranges), **EXACT)
    alone = solve(Problem(x @ x.T, target, 4), **EXACT)
    np.testing.assert_allclose(found.dual[:40], alone.dual, atol=1e-4)  # the kernel's jitter differs
    np.testing.assert_allclose(found.dual[40:], 0, atol=1e-4)


def test_the_gradient_with_ranges_is_that_of_the_cost():
    x, target, rng = some(rows=6, classes=5)
    target = target.clip(0, 4)
    ranges = np.array([[0, 2], [1, 2], [2, 5], [0, 5], [4, 5], [3, 5]])
    cost = Cost(
        Problem(x @ x.T, target, 5, "multi_class", [rng.normal(size=(6, 5))], None, rng.random(6), ranges),
        torch.float64,
    )
    inner, logs = torch.from_numpy(rng.normal(size=(6, 5))), torch.from_numpy(rng.normal(size=1))
    scores = cost.lower.numpy() @ inner.numpy() + np.exp(logs.item()) * cost.known[0].numpy()
    inside = [softmax(scores)[row, low:high].sum() for row, (low, high) in enumerate(ranges)]
    wanted = -(np.log(inside) * cost.weight.numpy()[:, 0]).sum()
    value, by_inner, by_logs = cost(inner, logs)
    assert value == pytest.approx(wanted + 0.5 * (inner.numpy() ** 2).sum() + logs.item() ** 2 / (2 * 0.25))
    step = 1e-6
    for place in np.ndindex(6, 5):
        moved = torch.zeros(6, 5, dtype=torch.float64)
        moved[place] = step
        slope = (cost(inner + moved, logs)[0] - cost(inner - moved, logs)[0]) / (2 * step)
        assert by_inner[place].item() == pytest.approx(slope, abs=1e-5)
    moved = torch.full((1,), step, dtype=torch.float64)
    slope = (cost(inner, logs + moved)[0] - cost(inner, logs - moved)[0]) / (2 * step)
    assert by_logs[0].item() == pytest.approx(slope, abs=1e-5)


def test_a_range_moves_probability_into_it():
    x, target, rng = some(rows=30, dims=10, classes=6)
    new = x[:1] + 0.05 * rng.normal(size=(1, 10))
    low = (int(target[0]) + 2) % 5  # a range without the class that the rows nearby have
    rows = np.concatenate([x, new])
    ranges = np.concatenate([np.column_stack([target, target + 1]), [[low, low + 2]]])
    for weight, floor in ((0.0, 0.0), (1.0, 0.1), (50.0, 0.9)):
        count = np.append(np.ones(30), weight)
        found = solve(Problem(rows @ rows.T, ranges[:, 0], 6, weight=count, within=ranges), **EXACT)
        inside = softmax(new @ rows.T @ found.dual)[0, low : low + 2].sum()
        assert inside >= floor
        if weight == 0:
            before = inside
    assert inside > before + 0.3


def test_ranges_that_cannot_be():
    x, target, _ = some()
    with pytest.raises(ValueError, match="ranges"):
        Problem(x @ x.T, target, 4, within=np.zeros((3, 2), np.int64))
    with pytest.raises(ValueError, match="without a class"):
        Problem(x @ x.T, target, 4, within=np.zeros((40, 2), np.int64))
