import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch import nn

from shelver.models.unlabelled import Teacher, consistency, entropy, label_frequency, ramp_up

ROWS, CLASSES = 3, 5
SCORES = hnp.arrays(np.float64, (ROWS, CLASSES), elements=st.floats(-30, 30))
KINDS = ("multi_class", "multi_label")


def slow_probabilities(scores, kind):
    if kind == "multi_label":
        return 1 / (1 + np.exp(-scores))
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def slow_entropy(p):
    return -p * math.log(p) if p > 0 else 0.0


@pytest.mark.parametrize("kind", KINDS)
@given(scores=SCORES)
def test_entropy_is_the_slow_sum(kind, scores):
    p = slow_probabilities(scores, kind)
    wanted = sum(slow_entropy(value) for value in p.ravel()) / ROWS
    if kind == "multi_label":
        wanted += sum(slow_entropy(1 - value) for value in p.ravel()) / ROWS
    assert entropy(torch.from_numpy(scores), kind).item() == pytest.approx(wanted, abs=1e-9)


def test_entropy_is_greatest_where_nothing_is_known():
    assert entropy(torch.zeros(2, 7), "multi_class").item() == pytest.approx(math.log(7))
    assert entropy(torch.zeros(2, 7), "multi_label").item() == pytest.approx(7 * math.log(2))


@pytest.mark.parametrize("kind", KINDS)
@given(student=SCORES, teacher=SCORES)
def test_consistency_is_the_slow_sum(kind, student, teacher):
    wanted = ((slow_probabilities(student, kind) - slow_probabilities(teacher, kind)) ** 2).sum() / ROWS
    found = consistency(torch.from_numpy(student), torch.from_numpy(teacher), kind)
    assert found.item() == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_those_of_finite_differences(kind):
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(ROWS, CLASSES, generator=generator, dtype=torch.float64, requires_grad=True)
    taught = torch.randn(ROWS, CLASSES, generator=generator, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda logits: entropy(logits, kind), (z,))
    assert torch.autograd.gradcheck(lambda logits: consistency(logits, taught, kind), (z,))


@pytest.mark.parametrize("kind", KINDS)
def test_extreme_scores_give_finite_losses_and_gradients(kind):
    z = torch.tensor([[1e4, -1e4, 0.0], [-1e4, -1e4, 1e4]], requires_grad=True)
    taught = torch.tensor([[-1e4, 1e4, 0.0], [1e4, 1e4, -1e4]], requires_grad=True)
    loss = entropy(z, kind) + consistency(z, taught, kind)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(z.grad).all()
    assert taught.grad is None  # nothing flows to the teacher


@pytest.mark.parametrize("kind", KINDS)
def test_one_class(kind):
    z = torch.zeros(2, 1)
    assert entropy(z, kind).item() == pytest.approx(0.0 if kind == "multi_class" else math.log(2))
    assert consistency(z, z + 1, kind) >= 0


def test_ramp_up_rises_from_near_nothing_to_one():
    weights = [ramp_up(step / 20) for step in range(21)]
    assert weights[0] == pytest.approx(math.exp(-5))
    assert ramp_up(0.15) == pytest.approx(math.exp(-5 * 0.25))
    assert all(a < b for a, b in pairwise(weights[:7]))
    assert weights[6:] == [1.0] * 15
    assert ramp_up(0.0, until=0.0) == 1.0


def student():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 2))


def move(net, seed):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for value in net.state_dict().values():
            if value.is_floating_point():
                value.copy_(torch.rand(value.shape, generator=generator))
            else:
                value.add_(1)


def test_a_teacher_is_the_moving_average_of_its_student():
    net = student()
    teacher = Teacher(net, decay=0.75)
    wanted = {name: value.double().numpy() for name, value in net.state_dict().items()}
    for step in range(1, 9):
        move(net, step)
        teacher.update(net)
        kept = min(1 - 1 / (step + 1), 0.75)
        for name, value in net.state_dict().items():
            wanted[name] = kept * wanted[name] + (1 - kept) * value.double().numpy()
    for name, value in teacher.net.state_dict().items():
        if value.is_floating_point():
            np.testing.assert_allclose(value, wanted[name], rtol=1e-5, err_msg=name)
        else:
            assert value == net.state_dict()[name] == 8


def test_a_teacher_starts_as_a_true_mean():
    net = student()
    first = net[0].weight.detach().clone()
    teacher = Teacher(net)
    move(net, 1)
    teacher.update(net)
    torch.testing.assert_close(teacher.net[0].weight, (first + net[0].weight) / 2)


def test_a_teacher_stands_apart_from_its_student():
    net = student()
    teacher = Teacher(net)
    assert not teacher.net.training
    assert net.training
    assert not any(weight.requires_grad for weight in teacher.net.parameters())
    before = teacher.net[3].weight.clone()
    move(net, 1)
    assert torch.equal(teacher.net[3].weight, before)
    x = torch.ones(2, 3)
    assert torch.equal(teacher.net(x), teacher.net(x))  # no dropout


def test_weights_that_do_not_move_are_kept_to_the_last_digit():
    net = student()
    teacher = Teacher(net)
    for _ in range(50):
        teacher.update(net)
    assert all(torch.equal(a, b) for a, b in zip(teacher.net.parameters(), net.parameters(), strict=True))


def test_a_teacher_goes_on_from_a_checkpoint_as_if_never_stopped():
    net = student()
    whole = Teacher(net)
    for step in range(3):
        move(net, step)
        whole.update(net)
    saved = {name: value.clone() for name, value in whole.state_dict().items()}
    assert all(isinstance(value, torch.Tensor) for value in saved.values())
    resumed = Teacher(student())
    resumed.load_state_dict(saved)
    for step in range(3, 6):
        move(net, step)
        whole.update(net)
        resumed.update(net)
    assert resumed.steps == whole.steps == 6
    for name, value in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value), name


def test_a_foreign_state_is_refused():
    with pytest.raises(RuntimeError):
        Teacher(student()).load_state_dict(Teacher(nn.Linear(3, 4)).state_dict())
    with pytest.raises(KeyError):
        Teacher(student()).load_state_dict({})


@given(
    hnp.arrays(np.float64, (ROWS, CLASSES), elements=st.floats(0, 1)),
    hnp.arrays(np.float64, (ROWS, CLASSES), elements=st.sampled_from([0.0, 1.0])),
    st.floats(0.5, 20),
)
def test_label_frequency_is_the_slow_mean(probabilities, target, strength):
    found = label_frequency(torch.from_numpy(probabilities), torch.from_numpy(target), strength)
    pairs = [[probabilities[i, k] for i in range(ROWS) if target[i, k]] for k in range(CLASSES)]
    every = [value for pair in pairs for value in pair]
    for k in range(CLASSES):
        wanted = (sum(pairs[k]) + strength * np.mean(every)) / (len(pairs[k]) + strength) if every else 1.0
        assert found[k].item() == pytest.approx(min(1.0, max(0.02, wanted)))


@pytest.mark.parametrize("frequency", [0.2, 0.5, 0.8])
def test_label_frequency_is_found_without_the_hidden_labels(frequency):
    """Classes that follow from the words, labels missing at random: the right probability of a label tells."""
    rng = np.random.default_rng(0)
    right = rng.random((4000, 3)) < [0.3, 0.1, 0.02]
    labels = right & (rng.random(right.shape) < frequency)
    rest = rng.random((4000, 3)) < 0.01  # what the net says where the class is wrong
    probabilities = np.where(right, frequency, 0.01 * rest)
    found = label_frequency(torch.from_numpy(probabilities), torch.from_numpy(labels.astype(float)))
    np.testing.assert_allclose(found, frequency, rtol=1e-6)
