import numpy as np
import pytest
import torch

from shelver.config import BUILT_IN, MLP, Exclusive, Linear, RuleBased, Training
from shelver.features.split import Side
from shelver.files import Files
from shelver.models.folder import build_net
from shelver.training.objectives import make_learners
from shelver.training.optimizer import make_optimizer
from shelver.training.schedule import plan

SETTINGS = Training(epochs=6, min_steps=10, batch_size=32)
DEEP = MLP(hidden=(12,), learning_rate=0.02, dropout=0.0)


def right(net, examples, side=Side.TRAIN):
    rows = examples.rows("exclusive", side)
    net.eval()
    with torch.no_grad():
        return (net(examples.batch(rows), "exclusive").argmax(1) == examples.target("exclusive", rows)).double().mean()


@pytest.mark.parametrize(
    "spec",
    [
        Exclusive(loss="class_balanced"),
        Exclusive(loss="tree_distance"),
        Exclusive(heads="tree"),
        Exclusive(entropy=0.1),
        Exclusive(consistency=1.0),
        Exclusive(weight=3.0),
    ],
    ids=["class_balanced", "tree_distance", "tree heads", "entropy", "consistency", "weight"],
)
def test_every_way_to_learn_labels_learns_the_toy(examples, fit, spec):
    examples.known["exclusive"] &= np.arange(examples.products) % 3 != 0  # some are unlabelled
    net, history = fit(examples, SETTINGS, DEEP, objectives={"exclusive": spec, "rule_based": RuleBased()})
    assert right(net, examples) > 0.97
    assert all(np.isfinite(list(losses.values())).all() for losses in history.losses)


@pytest.mark.parametrize("loss", ["class_balanced", "positive_unlabelled"])
def test_every_way_to_learn_rules_learns_the_toy(examples, fit, loss):
    """No label is missing here, so the loss for missing ones must believe in a no too."""
    known = {"exclusive": Exclusive(), "rule_based": RuleBased(loss=loss, frequency=0.95)}
    net, _ = fit(examples, SETTINGS.model_copy(update={"epochs": 12}), DEEP, objectives=known)
    rows = examples.rows("rule_based", Side.TRAIN)
    net.eval()
    with torch.no_grad():
        given = net(examples.batch(rows), "rule_based") > 0
    assert (given == (examples.target("rule_based", rows) > 0)).double().mean() > 0.97


def test_words_as_distances(vector_examples):
    spec = Exclusive(loss="tree_distance", distance="words")
    words = torch.eye(7, 7)
    learner = make_learners({"exclusive": spec}, vector_examples, words)["exclusive"]
    logits, target = torch.zeros(1, 7), torch.tensor([2])
    expected = np.log(7) + 6 / 7  # every other category is 1 away
    assert learner.supervised(logits, target).item() == pytest.approx(expected, rel=1e-5)


def snapshot(net):
    return {name: value.clone() for name, value in net.named_parameters()}


@pytest.mark.parametrize("spec", [Linear(l2=1.0), DEEP], ids=["linear", "mlp"])
@pytest.mark.parametrize("objective", ["exclusive", "rule_based"])
def test_a_step_for_one_objective_never_moves_what_only_another_uses(examples, spec, objective):
    net = build_net(spec, examples.transform, examples.classes, BUILT_IN)
    other = {"exclusive": "rule_based", "rule_based": "exclusive"}[objective]
    labels = {name: len(examples.rows(name, Side.TRAIN)) for name in BUILT_IN}
    optimizer, learners = make_optimizer(net, labels), make_learners(BUILT_IN, examples)

    def step(name):
        batch, target = next(examples.batches(name, Side.TRAIN, 32))
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(learners[name].loss(net, batch, target))
        optimizer.step()

    step(other)  # so that its moments are not zero
    before = snapshot(net)
    for _ in range(3):
        step(objective)
    after = snapshot(net)
    own = {id(weight) for weight in net.weights_of(objective)}
    moved = {name for name, value in after.items() if not torch.equal(value, before[name])}
    names = dict(net.named_parameters())
    assert moved
    assert all(id(names[name]) in own for name in moved)
    assert any(id(weight) not in own for weight in names.values()), "the other one has parts of its own"


def test_an_interrupted_training_with_a_teacher_resumes_equal(examples, fit):
    known = {"exclusive": Exclusive(consistency=1.0), "rule_based": RuleBased()}
    examples.known["exclusive"] &= np.arange(examples.products) % 2 == 0
    undisturbed, _ = fit(examples, SETTINGS, DEEP, objectives=known, folder="undisturbed")

    class KilledError(Exception):
        pass

    def kill(history, line):
        if history.epoch == 2:
            raise KilledError

    with pytest.raises(KilledError):
        fit(examples, SETTINGS, DEEP, objectives=known, progress=kill)
    resumed, _ = fit(examples, SETTINGS, DEEP, objectives=known)
    for name, value in undisturbed.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_pretraining_on_rules_then_labels_resumes_in_the_right_phase(examples, fit):
    settings = SETTINGS.model_copy(update={"schedule": "pretrain", "pretrain_epochs": 3, "epochs": 3})
    undisturbed, history = fit(examples, settings, DEEP, folder="undisturbed")
    assert [sorted(losses) for losses in history.losses] == [["rule_based"]] * 3 + [["exclusive"]] * 3
    assert len(plan(settings, {"exclusive": 9, "rule_based": 9})) == 2

    class KilledError(Exception):
        pass

    for after in (3, 4):
        folder = f"killed {after}"

        def kill(history, line, after=after):
            if history.epoch == after:
                raise KilledError

        with pytest.raises(KilledError):
            fit(examples, settings, DEEP, progress=kill, folder=folder)
        resumed, other = fit(examples, settings, DEEP, folder=folder)
        assert other == history
        for name, value in undisturbed.state_dict().items():
            assert torch.equal(value, resumed.state_dict()[name]), name


def test_killed_between_the_two_checkpoints_of_a_new_phase(examples, fit, monkeypatch):
    """The best weights of the first phase must still be there when the second one is begun again."""
    settings = SETTINGS.model_copy(update={"schedule": "pretrain", "pretrain_epochs": 2, "epochs": 3})
    undisturbed, history = fit(examples, settings, DEEP, folder="undisturbed")
    write = Files.write

    class KilledError(Exception):
        pass

    def killed(self, name, content):
        write(self, name, content)
        if name == "best-1.safetensors":
            raise KilledError

    monkeypatch.setattr(Files, "write", killed)
    with pytest.raises(KilledError):
        fit(examples, settings, DEEP)
    monkeypatch.undo()
    resumed, other = fit(examples, settings, DEEP)
    assert other == history
    for name, value in undisturbed.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
