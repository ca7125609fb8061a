"""The optimizer against PyTorch's own Adam on gradients in which everything is spelled out."""

import numpy as np
import pytest
import torch

from shelver.catalogue.tree_rows import TreeRow, tree_from_rows
from shelver.config import Categorical, Exclusive, Linear, RuleBased, Text, Vector, WideDeep
from shelver.features.batch import Bag, Batch
from shelver.models.classes import Classes
from shelver.models.inputs import Inputs
from shelver.models.nets import HITS, Net
from shelver.training.optimizer import make_optimizer

LABELS = {"exclusive": 50, "rule_based": 900}
LEAVES = ("a1", "a2", "a3", "b1", "b2")
TREE = tree_from_rows(
    [TreeRow("a", "", "A", False), TreeRow("b", "", "B", False)]
    + [TreeRow(name, name[0], name.upper(), True) for name in LEAVES],
    "file",
)
CLASSES = Classes(TREE, ("a", "a1", "b"))
INPUTS = Inputs(
    bags={"title": 11},
    categories={"brand": 6},
    vectors={"vector": 8},
    numbers=(),
    specs={"title": Text(dims=4), "brand": Categorical(dims=3), "vector": Vector()},
)
SPECS = [
    Linear(l2=5.0),
    WideDeep(hidden=(7,), dropout=0.0, l2=5.0),
    WideDeep(hidden=(7,), dropout=0.0, l2=5.0, clip=0.01),
    WideDeep(hidden=(7,), dropout=0.0, l2=5.0, optimizer="adamw", weight_decay=0.3),
]


def batch(seed, rows=9):
    rng = np.random.default_rng(seed)

    def bag(size):
        offsets = np.arange(rows + 1) * 2
        return Bag(offsets, rng.integers(0, size, 2 * rows), rng.random(2 * rows).astype(np.float32), size)

    vectors = rng.normal(size=(rows, 8)).astype(np.float32)
    return Batch(rows, {"title": bag(11), HITS: bag(7)}, {"brand": rng.integers(0, 6, rows)}, {}, {"vector": vectors})


def net_of(spec):
    torch.manual_seed(0)
    net = Net(spec, INPUTS, CLASSES, {"exclusive": Exclusive(), "rule_based": RuleBased()})
    with torch.no_grad():
        for weight in net.parameters():
            weight.copy_(torch.randn_like(weight))
        if net.prior is not None:
            net.prior.words.copy_(torch.randn_like(net.prior.words))
    return net


def losses(net, seed, objectives):
    scores = {name: net(batch(seed + 100 * place), name) for place, name in enumerate(objectives)}
    return sum(each.square().mean() for each in scores.values())


def penalty(net, objectives):
    """``Σ l2 / (2 n) · |W|²``, through autograd."""
    total = torch.zeros(())
    for name in objectives:
        for weight in net.pulled(name):
            total = total + net.spec.l2 / (2 * LABELS[name]) * weight.square().sum()
    return total


def slow_steps(net, steps):
    """The same steps: dense gradients, the penalty in the loss, everything by hand but Adam itself."""
    spec, rates = net.spec, net.rates()
    step = {weight: spec.learning_rate * rates.get(weight, 1.0) for weight in net.parameters()}
    optimizer = torch.optim.Adam([{"params": [weight], "lr": lr} for weight, lr in step.items()])
    for seed, objectives in enumerate(steps):
        optimizer.zero_grad()
        losses(net, seed, objectives).backward()
        used = [weight for weight in net.parameters() if weight.grad is not None]
        if spec.clip:
            torch.nn.utils.clip_grad_norm_(used, spec.clip)
        pull = torch.autograd.grad(penalty(net, objectives), used, allow_unused=True)
        for weight, more in zip(used, pull, strict=True):
            weight.grad = weight.grad.clone() + (0 if more is None else more)
        if spec.optimizer == "adamw":
            pulled = {weight for name in objectives for weight in net.pulled(name)}
            with torch.no_grad():
                for weight in pulled:
                    weight.mul_(1 - step[weight] * spec.weight_decay)
        optimizer.step()


def steps_of(net, optimizer, steps, first=0):
    for seed, objectives in enumerate(steps, first):
        optimizer.zero_grad(set_to_none=True)
        losses(net, seed, objectives).backward()
        optimizer.step()


BOTH, ONE, OTHER = ("exclusive", "rule_based"), ("exclusive",), ("rule_based",)


@pytest.mark.parametrize("spec", SPECS, ids=["linear", "wide_deep", "clip", "adamw"])
@pytest.mark.parametrize("steps", [[BOTH] * 4, [OTHER, OTHER, BOTH, ONE, BOTH]], ids=["both", "in turns"])
def test_steps_are_those_of_adam_with_the_penalty_in_the_loss(spec, steps):
    fast, slow = net_of(spec), net_of(spec)
    steps_of(fast, make_optimizer(fast, LABELS), steps)
    slow_steps(slow, steps)
    for (name, weight), other in zip(fast.named_parameters(), slow.parameters(), strict=True):
        torch.testing.assert_close(weight, other, atol=2e-5, rtol=1e-4, msg=lambda m, name=name: f"{name}: {m}")


@pytest.mark.parametrize("spec", SPECS, ids=["linear", "wide_deep", "clip", "adamw"])
@pytest.mark.parametrize("objective", ["exclusive", "rule_based"])
def test_a_step_moves_what_its_objective_uses_and_nothing_else(spec, objective):
    net = net_of(spec)
    optimizer = make_optimizer(net, LABELS)
    steps_of(net, optimizer, [BOTH])
    before = {name: weight.detach().clone() for name, weight in net.named_parameters()}
    steps_of(net, optimizer, [(objective,)])
    assert optimizer.active() == (objective,)
    used = {id(weight) for weight in net.weights_of(objective)}
    for name, weight in net.named_parameters():
        assert torch.equal(weight, before[name]) == (id(weight) not in used), name


def test_words_that_do_not_occur_are_pulled_too():
    net = net_of(Linear(l2=5.0, prior=False))
    steps_of(net, make_optimizer(net, LABELS), [ONE])
    fresh = net_of(Linear(l2=5.0, prior=False))
    absent = np.setdiff1d(np.arange(11), batch(0).bags["title"].ids)
    assert len(absent)
    words = net.wide.used("exclusive")[0].weight
    start = fresh.wide.used("exclusive")[0].weight.detach()[absent]
    step = net.spec.learning_rate * net.rates().get(words, 1.0)
    torch.testing.assert_close(words.detach()[absent], start - step * start.sign())


def test_an_objective_without_labels_is_not_pulled_by_its_absent_count():
    net = net_of(Linear())
    steps_of(net, make_optimizer(net, {"exclusive": 0, "rule_based": 7}), [BOTH])
    assert all(torch.isfinite(weight).all() for weight in net.parameters())


@pytest.mark.parametrize("spec", SPECS[:2], ids=["linear", "wide_deep"])
def test_state_goes_through_a_file_and_back(spec):
    straight = net_of(spec)
    steps_of(straight, make_optimizer(straight, LABELS), [OTHER, BOTH, BOTH])
    broken = net_of(spec)
    optimizer = make_optimizer(broken, LABELS)
    steps_of(broken, optimizer, [OTHER])
    saved = {
        number: {name: torch.as_tensor(value).clone() for name, value in moments.items()}
        for number, moments in optimizer.state_dict()["state"].items()
    }
    resumed = net_of(spec)
    resumed.load_state_dict(broken.state_dict())
    again = make_optimizer(resumed, LABELS)
    again.load_state_dict({"state": saved, "param_groups": again.state_dict()["param_groups"]})
    steps_of(resumed, again, [BOTH, BOTH], first=1)
    for weight, other in zip(straight.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(weight, other)


def test_a_closure_is_refused():
    net = net_of(Linear())
    with pytest.raises(TypeError, match="no closure"):
        make_optimizer(net, LABELS).step(lambda: 0.0)
