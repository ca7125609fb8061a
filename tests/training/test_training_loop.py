import numpy as np
import pyarrow as pa
import pytest
import torch

from shelver.config import BUILT_IN, Linear, Training, WideDeep
from shelver.encoders import open_encoder
from shelver.features.split import Side
from shelver.files import Files
from shelver.models.folder import build_net
from shelver.models.nets import HITS
from shelver.models.sparse import weighted_sums
from shelver.table import Table
from shelver.training import checkpoint, loop
from shelver.training.examples import Examples
from shelver.training.objectives import make_learners
from shelver.training.start import category_texts, mean_vector, start

DEEP = WideDeep(hidden=(6, 5))
SETTINGS = Training(epochs=5, min_steps=5, batch_size=64)


def same(net, other, only=""):
    one, two = net.state_dict(), other.state_dict()
    return all(torch.equal(one[name], two[name]) for name in one if only in name)


@pytest.mark.parametrize("spec", [Linear(), DEEP], ids=["linear", "wide_deep"])
def test_same_seed_same_weights_bit_for_bit(examples, fit, spec):
    first, history = fit(examples, SETTINGS, spec, folder="a")
    again, other = fit(examples, SETTINGS, spec, folder="b")
    assert same(first, again)
    assert history == other
    assert history.epoch == 5
    seeded, _ = fit(examples, SETTINGS.model_copy(update={"seed": 1}), spec, folder="c")
    assert not same(first, seeded)


class KilledError(Exception):
    pass


@pytest.mark.parametrize("judged", [False, True], ids=["all epochs", "early stopping"])
@pytest.mark.parametrize("after", [1, 3])
@pytest.mark.parametrize("spec", [Linear(learning_rate=0.5), DEEP], ids=["linear", "wide_deep"])
def test_interrupted_and_resumed_equals_undisturbed(examples, fit, spec, after, judged, monkeypatch):
    if judged:
        monkeypatch.setattr(loop, "ENOUGH", 1)
    settings = SETTINGS.model_copy(update={"patience": 2})
    undisturbed, history = fit(examples, settings, spec, folder="undisturbed")
    after = min(after, history.epoch - 1)

    def kill(history, line):
        if history.epoch == after:
            raise KilledError

    with pytest.raises(KilledError):
        fit(examples, settings, spec, progress=kill)
    epochs = []
    resumed, other = fit(examples, settings, spec, progress=lambda history, line: epochs.append(history.epoch))
    assert epochs == list(range(after + 1, history.epoch + 1)), "it begins after the last epoch that was done"
    assert same(resumed, undisturbed)
    assert other == history


@pytest.mark.parametrize("file", [checkpoint.BEST.format(phase=0), checkpoint.LAST])
def test_killed_while_a_checkpoint_is_written(examples, fit, file, monkeypatch):
    undisturbed, history = fit(examples, SETTINGS, DEEP, folder="undisturbed")
    write, written = Files.write, []

    def killed(self, name, content):
        written.append(name)
        if written.count(file) == 3:
            raise KilledError
        write(self, name, content)

    monkeypatch.setattr(Files, "write", killed)
    with pytest.raises(KilledError):
        fit(examples, SETTINGS, DEEP)
    monkeypatch.undo()
    resumed, other = fit(examples, SETTINGS, DEEP)
    assert same(resumed, undisturbed)
    assert other == history


def test_a_finished_training_is_not_repeated_and_another_one_is_not_taken_up(examples, fit):
    net, history = fit(examples, SETTINGS)
    epochs = []
    again, other = fit(examples, SETTINGS, progress=lambda history, line: epochs.append(history.epoch))
    assert (epochs, other) == ([], history)
    assert same(again, net)
    fit(examples, SETTINGS, progress=lambda history, line: epochs.append(history.epoch), fingerprint="another")
    assert epochs == [1, 2, 3, 4, 5]


def test_early_stopping_gives_the_best_weights(examples, fit, monkeypatch):
    monkeypatch.setattr(loop, "ENOUGH", 1)
    settings = Training(epochs=30, min_steps=5, batch_size=64, patience=2)
    spec = Linear(learning_rate=5.0, l2=0)  # so wild that the loss goes up again
    net, history = fit(examples, settings, spec)
    sums = [sum(losses.values()) for losses in history.losses]
    assert history.epoch == history.best_epoch + 2 < 30
    assert history.best == min(sums) == sums[history.best_epoch - 1]
    learners = make_learners(BUILT_IN, examples)
    found = sum(loss for loss, _ in loop.validation_losses(net, examples, learners, net.objectives).values())
    assert found == pytest.approx(history.best, rel=1e-6)


def test_rules_alone_do_not_move_what_is_exclusive(vector_examples, fit):
    vector_examples.known["exclusive"][:] = False
    encode = open_encoder("static").encode
    net, history = fit(vector_examples, SETTINGS, Linear(), encode=encode)
    new = build_net(Linear(), vector_examples.transform, vector_examples.classes, BUILT_IN)
    start(new, vector_examples, lambda name: encode)
    assert same(net, new, only="exclusive")
    assert same(net, new, only="prior")
    assert not same(net, new, only="wide.sparse.to_rule_based")
    assert set(history.losses[0]) == {"rule_based"}


def test_linear_objectives_share_nothing(examples, fit):
    """Learning the rules as well changes no bit of what is learnt from people's labels."""
    both, _ = fit(examples, SETTINGS, folder="both")
    for name in ("exclusive", "rule_based"):
        alone, _ = fit(examples, SETTINGS.model_copy(update={"objectives": (name,)}), folder=name)
        assert same(alone, both)


@pytest.mark.parametrize("objective", ["exclusive", "rule_based"])
def test_a_product_without_label_contributes_nothing(plain_toy, examples, fit, objective, tmp_path):
    """Training with unlabelled products among the others equals training without them."""
    examples.known["exclusive"] &= np.arange(examples.products) % 3 != 0
    settings = SETTINGS.model_copy(update={"objectives": (objective,)})
    net, history = fit(examples, settings, DEEP, folder="all")
    kept = np.sort(np.concatenate([examples.rows(objective, side) for side in Side]))
    assert 0 < len(kept) < examples.products
    features = examples.features.take(kept)
    hits, rules = examples.hits.take(kept), examples.answers["rule_based"].take(kept)
    targets = pa.table(
        {
            "hits": pa.ListArray.from_arrays(pa.array(hits.offsets, pa.int32()), pa.array(hits.ids, pa.int32())),
            "rule_based": pa.ListArray.from_arrays(
                pa.array(rules.offsets, pa.int32()),
                pa.array(rules.ids, pa.int32()),
                mask=pa.array(~examples.known["rule_based"][kept]),
            ),
            "exclusive": pa.array(np.where(examples.known["exclusive"], examples.answers["exclusive"], -1)[kept]),
        }
    )
    tables = [
        Table(f"{tmp_path}/{name}.lance").write(made.to_batches(), made.schema, "")
        for name, made in (("features", features), ("targets", targets))
    ]
    fewer = Examples(*tables, examples.transform, examples.classes)
    assert fewer.products == len(kept)
    other, other_history = fit(fewer, settings, DEEP, folder="labelled")
    assert same(net, other)
    assert history == other_history


def test_no_epochs_give_the_prior(vector_examples, fit):
    encode = open_encoder("static").encode
    net, history = fit(vector_examples, Training(epochs=0), DEEP, encode=encode)
    assert (history.epoch, history.losses) == (0, [])
    rows = np.array([5, 0, 7])
    batch = vector_examples.batch(rows)
    net.eval()
    logits = net(batch, "exclusive")
    classes = vector_examples.classes
    paths = encode([" ".join(reversed(category.path)) for category in classes.tree.exclusive])
    names = encode([category.path[-1] for category in classes.tree.exclusive])
    centre = mean_vector(vector_examples.features, "text_vector")
    below = net.prior.below(batch.bags[HITS]).numpy()
    shares = weighted_sums(net.prior.lexicon.found(batch), torch.from_numpy(net.prior.lexicon.shares)).numpy()
    words = (paths + names) / 2 + typical_slowly(vector_examples, (paths + names) / 2, centre, net.prior) / 2
    expected = 20 * (batch.vectors["text_vector"] - centre) @ words.T + 4 * shares + 2 * below
    np.testing.assert_allclose(logits.detach().numpy(), expected, atol=1e-4)


def typical_slowly(examples, words, centre, prior):
    """What the prior puts into each category is like, product by product."""
    sums, mass = np.zeros_like(words), np.zeros(len(words))
    for row in np.flatnonzero(examples.side != Side.TEST):
        batch = examples.batch(np.array([row]))
        vector = batch.vectors["text_vector"][0] - centre
        shares = prior.lexicon.shares[prior.lexicon.found(batch).ids].sum(axis=0)
        scores = 20 * words @ vector + 4 * shares + 2 * prior.below(batch.bags[HITS]).numpy()[0]
        probability = np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()
        sums += probability[:, None] * vector
        mass += probability
    return sums / (20 + mass)[:, None]


def test_no_labels_at_all_train_nothing(examples, fit):
    examples.known["exclusive"][:] = False
    net, history = fit(examples, Training(objectives=("exclusive",)))
    assert history.epoch == 0
    assert (net(examples.batch(np.arange(3)), "exclusive") == 0).all()


def test_start_knows_how_often_each_rule_label_occurs(examples, fit):
    net, _ = fit(examples, Training(epochs=0))
    rows = examples.rows("rule_based", Side.TRAIN)
    rate = (examples.target("rule_based", rows).numpy().sum(axis=0) + 0.5) / (len(rows) + 1)
    np.testing.assert_allclose(torch.sigmoid(net.wide.bias("rule_based")).detach().numpy(), rate, rtol=1e-5)


def test_category_texts_begin_with_the_most_special_word(examples):
    assert category_texts(examples.classes)[0] == "Backpacks Bags"


def test_mean_vector_leaves_out_the_test_side(vector_examples):
    table = vector_examples.features.read(["side", "text_vector"])
    vectors = np.array(table["text_vector"].to_pylist(), np.float64)
    kept = table["side"].to_numpy() != Side.TEST
    found = mean_vector(vector_examples.features, "text_vector")
    np.testing.assert_allclose(found, vectors[kept].mean(axis=0), atol=1e-6)
