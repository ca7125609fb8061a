import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from shelver.models.losses import (
    balanced_weights,
    binary_cross_entropy,
    cross_entropy,
    positive_unlabelled,
    tree_distance,
)

ROWS, CLASSES = 3, 5  # unequal, so that a transposed shape is caught
SCORES = hnp.arrays(np.float64, (ROWS, CLASSES), elements=st.floats(-30, 30))
ONE = hnp.arrays(np.int64, (ROWS,), elements=st.integers(0, CLASSES - 1))
SOME = hnp.arrays(np.float64, (ROWS, CLASSES), elements=st.sampled_from([0.0, 1.0]))
WEIGHTS = hnp.arrays(np.float64, (CLASSES,), elements=st.floats(0.1, 9))
FREQUENCIES = hnp.arrays(np.float64, (CLASSES,), elements=st.floats(0.01, 1))


def as_torch(*values):
    return [torch.from_numpy(value) for value in values]


def slow_log_softmax(scores):
    answer = np.empty_like(scores)
    for i, row in enumerate(scores):
        top = max(row)
        answer[i] = row - top - np.log(sum(np.exp(value - top) for value in row))
    return answer


def slow_log_sigmoid(z):
    return -np.log1p(np.exp(-z)) if z > 0 else z - np.log1p(np.exp(z))


@given(SCORES, ONE, WEIGHTS)
def test_cross_entropy_is_the_slow_sum(scores, target, weight):
    log_p = slow_log_softmax(scores)
    wanted = -sum(weight[target[i]] * log_p[i, target[i]] for i in range(ROWS)) / ROWS
    z, y, w = as_torch(scores, target, weight)
    assert cross_entropy(z, y, w).item() == pytest.approx(wanted, abs=1e-9)
    assert cross_entropy(z, y).item() == pytest.approx(cross_entropy(z, y, torch.ones(CLASSES).double()).item())


@given(SCORES, SOME, WEIGHTS)
def test_binary_cross_entropy_is_the_slow_sum(scores, target, weight):
    wanted = 0.0
    for i in range(ROWS):
        for k in range(CLASSES):
            right = scores[i, k] if target[i, k] else -scores[i, k]
            wanted -= weight[k] * slow_log_sigmoid(right) / ROWS
    z, y, w = as_torch(scores, target, weight)
    assert binary_cross_entropy(z, y, w).item() == pytest.approx(wanted, abs=1e-9)
    assert binary_cross_entropy(z, y).item() == pytest.approx(binary_cross_entropy(z, y, torch.ones(CLASSES)).item())


@given(SCORES, SOME, FREQUENCIES)
def test_positive_unlabelled_is_the_slow_sum(scores, target, frequency):
    wanted = 0.0
    for i in range(ROWS):
        for k in range(CLASSES):
            c, f = frequency[k], np.exp(slow_log_sigmoid(scores[i, k]))
            if target[i, k]:
                wanted -= (2 / c - 1) * slow_log_sigmoid(scores[i, k]) / ROWS
            else:  # 1 − c f without cancellation
                wanted -= np.log(np.exp(slow_log_sigmoid(-scores[i, k])) + (1 - c) * f) / ROWS
    z, s, c = as_torch(scores, target, frequency)
    assert positive_unlabelled(z, s, c).item() == pytest.approx(wanted, rel=1e-9, abs=1e-9)


@given(SCORES, SOME)
def test_positive_unlabelled_is_cross_entropy_where_no_label_is_missing(scores, target):
    z, s = as_torch(scores, target)
    assert positive_unlabelled(z, s, 1.0).item() == pytest.approx(binary_cross_entropy(z, s).item(), abs=1e-9)


@given(st.floats(0.01, 0.99), st.floats(0.05, 1), st.floats(-8, 8))
def test_positive_unlabelled_is_least_where_its_docstring_says(g, c, at):
    """The slope of the expected loss of one class points to the formula's minimum from wherever one stands."""
    z = torch.full((1, 1), at, dtype=torch.float64, requires_grad=True)
    yes, no = torch.ones_like(z), torch.zeros_like(z)
    (g * positive_unlabelled(z, yes, c) + (1 - g) * positive_unlabelled(z, no, c)).backward()
    a = 2 / c - 1
    best = min(1.0, g * a / (c * (1 - g + g * a)))
    f = torch.sigmoid(z).item()
    if abs(f - best) > 1e-6:
        assert (z.grad.item() > 0) == (f > best)
    if abs(g - 1 / (1 + a**2)) > 1e-6:
        assert (best > 0.5) == (g > 1 / (1 + a**2))


def test_a_missing_label_costs_no_more_than_its_bound():
    sure = torch.full((1, 1), 50.0)
    assert positive_unlabelled(sure, torch.zeros(1, 1), 0.5).item() == pytest.approx(np.log(2))
    assert binary_cross_entropy(sure, torch.zeros(1, 1)).item() == pytest.approx(50)


def test_positive_unlabelled_finds_labels_hidden_at_random():
    """One word a class, and half of the labels hidden: cross-entropy stays below one half, this loss comes near 1."""
    rng = np.random.default_rng(0)
    words = torch.from_numpy(np.eye(4, dtype=np.float32)[rng.integers(0, 4, 2000)])
    labels = words * torch.from_numpy((rng.random(words.shape) < 0.5).astype(np.float32))

    def learnt(loss):
        weight = torch.zeros(4, 4, requires_grad=True)
        bias = torch.full((4,), -2.0, requires_grad=True)
        optimizer = torch.optim.Adam([weight, bias], lr=0.1)
        for _ in range(200):
            optimizer.zero_grad()
            loss(words @ weight + bias, labels).backward()
            optimizer.step()
        return torch.sigmoid(torch.eye(4) @ weight + bias).detach()

    naive, found = learnt(binary_cross_entropy), learnt(positive_unlabelled)
    assert naive.diagonal().max() < 0.56
    assert found.diagonal().min() > 0.9
    assert (found - torch.diag(found.diagonal())).max() < 0.05


@given(hnp.arrays(np.int64, (7,), elements=st.integers(0, 2000)), st.floats(0, 0.99999))
def test_balanced_weights_are_the_formula(counts, beta):
    raw = [(1 - beta) / (1 - beta ** max(1, int(n))) for n in counts]
    total = sum(n * w for n, w in zip(counts, raw, strict=True))
    wanted = np.asarray(raw) * counts.sum() / total if total else np.ones(7)
    np.testing.assert_allclose(balanced_weights(torch.from_numpy(counts), beta), wanted, rtol=1e-5)


def test_balanced_weights_favour_rare_classes_and_keep_the_mean_label():
    counts = torch.tensor([1, 10, 100, 10_000, 20_000, 0])
    weight = balanced_weights(counts)
    assert (weight[:4].diff() < 0).all()
    assert weight[0] / weight[1] == pytest.approx(10, rel=0.01)  # far below the mean: as 1 / n
    assert weight[3] / weight[4] < 1.25  # far above: the same
    assert weight[5] == weight[0]
    assert (counts * weight).sum().item() == pytest.approx(counts.sum().item(), rel=1e-5)
    torch.testing.assert_close(balanced_weights(3 * counts[:5])[:4], weight[:4], rtol=0.05, atol=0)


@pytest.mark.parametrize("counts", [[0, 0, 0], [4], [6, 6]])
def test_balanced_weights_of_equal_or_absent_classes_are_one(counts):
    assert balanced_weights(torch.tensor(counts)).tolist() == pytest.approx([1.0] * len(counts))


def test_balanced_weights_at_both_ends_of_beta():
    counts = torch.tensor([1, 4])
    assert balanced_weights(counts, 0.0).tolist() == pytest.approx([1, 1])
    assert balanced_weights(counts, 1.0).tolist() == pytest.approx([2.5, 0.625])
    with pytest.raises(ValueError, match="expected a number from 0 to 1"):
        balanced_weights(counts, 1.5)


@given(SCORES, ONE, hnp.arrays(np.float64, (CLASSES, CLASSES), elements=st.floats(0, 2)), st.floats(0, 5))
def test_tree_distance_is_the_slow_sum(scores, target, distances, strength):
    log_p = slow_log_softmax(scores)
    wanted = 0.0
    for i in range(ROWS):
        wanted -= log_p[i, target[i]] / ROWS
        for k in range(CLASSES):
            wanted += strength * np.exp(log_p[i, k]) * distances[target[i], k] / ROWS
    z, y, d = as_torch(scores, target, distances)
    assert tree_distance(z, y, d, strength).item() == pytest.approx(wanted, abs=1e-9)


def test_a_near_miss_costs_less_than_a_far_one():
    distances = torch.tensor([[0.0, 0.2, 1.0], [0.2, 0.0, 1.0], [1.0, 1.0, 0.0]])
    target = torch.tensor([0])
    near, far = torch.tensor([[0.0, 3.0, 0.0]]), torch.tensor([[0.0, 0.0, 3.0]])
    assert cross_entropy(near, target) == cross_entropy(far, target)
    assert tree_distance(near, target, distances) < tree_distance(far, target, distances) - 0.5


LOSSES = {
    "cross_entropy": (lambda z, y, s: cross_entropy(z, y)),
    "cross_entropy, weights": (lambda z, y, s: cross_entropy(z, y, torch.arange(1, z.shape[1] + 1).to(z))),
    "binary": (lambda z, y, s: binary_cross_entropy(z, s)),
    "binary, weights": (lambda z, y, s: binary_cross_entropy(z, s, torch.arange(1, z.shape[1] + 1).to(z))),
    "positive_unlabelled": (lambda z, y, s: positive_unlabelled(z, s)),
    "positive_unlabelled, all there": (lambda z, y, s: positive_unlabelled(z, s, 1.0)),
    "positive_unlabelled, few there": (lambda z, y, s: positive_unlabelled(z, s, torch.full(z.shape[1:], 0.02).to(z))),
    "tree_distance": (lambda z, y, s: tree_distance(z, y, 1 - torch.eye(z.shape[1]).to(z))),
}


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_those_of_finite_differences(name):
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(ROWS, CLASSES, generator=generator, dtype=torch.float64, requires_grad=True)
    y, s = torch.tensor([4, 0, 2]), (torch.rand(ROWS, CLASSES, generator=generator) < 0.4).double()
    assert torch.autograd.gradcheck(lambda logits: LOSSES[name](logits, y, s), (z,))


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("size", [1e4, -1e4])
@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_extreme_scores_give_finite_losses_and_gradients(name, size, kind):
    z = torch.tensor([[size, -size, 0.0, size], [-size, size, size, 0.0]], dtype=kind, requires_grad=True)
    for positives in (torch.zeros(2, 4), torch.ones(2, 4), torch.tensor([[1.0, 0, 0, 1], [0, 1, 0, 0]])):
        z.grad = None
        loss = LOSSES[name](z, torch.tensor([0, 3]), positives.to(kind))
        loss.backward()
        assert loss.dtype == kind
        assert torch.isfinite(loss)
        assert torch.isfinite(z.grad).all()
        assert loss >= 0


@pytest.mark.parametrize("name", LOSSES)
def test_one_class_and_one_row(name):
    z = torch.zeros(1, 1, requires_grad=True)
    loss = LOSSES[name](z, torch.tensor([0]), torch.zeros(1, 1))
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(z.grad).all()


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_the_mean_over_rows(name):
    generator = torch.Generator().manual_seed(1)
    z, y = torch.randn(6, CLASSES, generator=generator).double(), torch.tensor([0, 1, 2, 3, 4, 0])
    s = (torch.rand(6, CLASSES, generator=generator) < 0.4).double()
    parts = [LOSSES[name](z[i : i + 1], y[i : i + 1], s[i : i + 1]).item() for i in range(6)]
    assert LOSSES[name](z, y, s).item() == pytest.approx(np.mean(parts))
