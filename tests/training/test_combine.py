import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from shelver.models.combined import Stack, average, log_probability, vote
from shelver.training.combine import fit_stack, mixture_weights, outcome_probability


@pytest.mark.parametrize("kind", ["multi_class", "multi_label"])
def test_average_is_the_weighted_mean_of_probabilities(kind):
    scores = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    weight = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)
    mean = (log_probability(scores, kind).exp() * weight[:, None, None]).sum(dim=0)
    found = average(scores, weight, kind)
    back = torch.softmax(found, 1) if kind == "multi_class" else torch.sigmoid(found)
    torch.testing.assert_close(back, mean)


def test_a_member_without_weight_has_no_say():
    scores = torch.tensor([[[5.0, 0.0]], [[-500.0, 500.0]]])
    found = torch.softmax(average(scores, torch.tensor([1.0, 0.0]), "multi_class"), 1)
    torch.testing.assert_close(found, torch.softmax(scores[0], 1))


def test_votes_decide_and_probability_breaks_ties():
    most = torch.tensor([[[1.0, 0.0, 0.0]], [[1.0, 0.0, 0.0]], [[0.0, 0.0, 99.0]]])
    assert vote(most, "multi_class").argmax().item() == 0
    tie = torch.tensor([[[1.0, 0.0, 0.0]], [[0.0, 0.0, 99.0]]])
    assert vote(tie, "multi_class").argmax().item() == 2
    torch.testing.assert_close(vote(tie, "multi_class").exp().sum(), torch.tensor(1.0))
    labels = torch.tensor([[[3.0, -3.0]], [[3.0, -3.0]], [[-9.0, 9.0]]])
    assert (vote(labels, "multi_label") > 0).tolist() == [[True, False]]


def test_the_better_member_gets_the_weight():
    rng = np.random.default_rng(0)
    good, bad = rng.uniform(0.6, 0.9, 300), rng.uniform(0.05, 0.2, 300)
    weights = mixture_weights(np.stack([good, bad]))
    assert weights[0] > 0.99
    assert weights.sum() == pytest.approx(1)


@given(st.integers(0, 50))
def test_mixture_weights_are_near_the_best_of_a_grid(seed):
    rng = np.random.default_rng(seed)
    probability = rng.beta(1 + rng.random((2, 1)) * 3, 2, size=(2, 400))
    found = mixture_weights(probability, seed)
    grid = np.linspace(0, 1, 201)
    cost = [np.log(w * probability[0] + (1 - w) * probability[1]).sum() for w in grid]
    own = np.log(found[0] * probability[0] + found[1] * probability[1]).sum()
    assert own >= max(cost) - 0.5


@pytest.mark.parametrize("kind", ["multi_class", "multi_label"])
def test_probability_of_what_was_right(kind):
    scores = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    if kind == "multi_class":
        target = torch.tensor([3, 0, 2])
        expected = torch.softmax(scores, 2)[:, [0, 1, 2], [3, 0, 2]].numpy()
    else:
        target = torch.tensor([[1.0, 0, 0, 1], [0, 0, 0, 0], [1, 1, 1, 1]])
        p = torch.sigmoid(scores)
        expected = torch.where(target > 0, p, 1 - p).reshape(2, 12).numpy()
    np.testing.assert_allclose(outcome_probability(scores, target, kind), expected)


@pytest.mark.parametrize("kind", ["multi_class", "multi_label"])
def test_stacking_learns_whom_to_trust_for_which_class(kind):
    rng = torch.Generator().manual_seed(2)
    target = torch.randint(0, 2, (400,), generator=rng)
    truth = functional.one_hot(target, 2).float()
    noise = torch.randn(2, 400, 2, generator=rng)
    scores = torch.stack([4 * truth + noise[0], 4 * noise[1]])
    answer = target if kind == "multi_class" else truth
    logs = log_probability(scores, kind)
    stack = Stack(2, 2)
    plain = stack(logs).detach()
    fit_stack(stack, logs, answer, kind)
    loss = functional.cross_entropy if kind == "multi_class" else functional.binary_cross_entropy_with_logits
    assert loss(stack(logs), answer) < loss(plain, answer)
    assert (stack.weight[0] > stack.weight[1]).all()
