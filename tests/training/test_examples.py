import numpy as np
import pytest
import torch

from shelver.features.split import Side
from shelver.models.nets import HITS
from shelver.training import examples as module


@pytest.fixture
def small_windows(monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 4)
    monkeypatch.setattr(module, "WINDOW", 3)


@pytest.mark.parametrize("objective", ["exclusive", "rule_based"])
@pytest.mark.parametrize("seed", [0, 1])
def test_every_labelled_row_is_seen_exactly_once_in_an_epoch(examples, small_windows, objective, seed):
    rows = examples.rows(objective, Side.TRAIN)
    assert len(rows) > 12
    seen = [found for found, _ in examples.windows(rows, np.random.default_rng(seed))]
    assert max(map(len, seen)) <= 12
    assert sorted(np.concatenate(seen)) == rows.tolist()
    assert np.concatenate(seen).tolist() != rows.tolist(), "shuffled"
    in_order = [found for found, _ in examples.windows(rows, None)]
    assert np.concatenate(in_order).tolist() == rows.tolist()


def key(batch, i):
    bag = batch.bags["title"]
    span = slice(bag.offsets[i], bag.offsets[i + 1])
    return (bag.ids[span].tobytes(), bag.weights[span].tobytes(), batch.numbers["price"][i].tobytes())


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_batches_pair_each_row_with_its_own_target(examples, small_windows, size):
    rows = examples.rows("exclusive", Side.TRAIN)
    whole = examples.batch(rows)
    truth = sorted((key(whole, i), target) for i, target in enumerate(examples.target("exclusive", rows).tolist()))
    found = []
    for batch, target in examples.batches("exclusive", Side.TRAIN, size, np.random.default_rng(3)):
        assert len(batch) == len(target) <= min(size, 12)
        found += [(key(batch, i), int(target[i])) for i in range(len(batch))]
    assert sorted(found) == truth


def test_the_order_depends_on_the_generator_alone(examples):
    def order(seed):
        batches = examples.batches("exclusive", Side.TRAIN, 7, np.random.default_rng(seed))
        return torch.cat([target for _, target in batches]).tolist()

    assert order(0) == order(0) != order(1)
    assert sorted(order(0)) == sorted(order(1))


def test_batch_gives_rows_in_the_order_asked_for_also_twice(examples):
    rows = np.array([9, 2, 250, 2, 0])
    found = examples.batch(rows)
    for i, row in enumerate(rows):
        assert key(found, i) == key(examples.batch(np.array([row])), 0)
        assert found.bags[HITS].take(np.array([i])).ids.tolist() == examples.hits.take(np.array([row])).ids.tolist()


def test_targets_are_what_people_and_rules_said(plain_toy, examples):
    toy, workspace = plain_toy
    keys = workspace.products().read(["merchant_id"])["merchant_id"].to_pylist()
    rows = np.arange(len(keys))
    paths = [str(category) for category in examples.classes.tree.exclusive]
    chosen = [paths[i] for i in examples.target("exclusive", rows).tolist()]
    assert chosen == [toy.answers[one] for one in keys]
    tree, ids = examples.classes.tree, examples.classes.rule_based
    labels = workspace.table("rule_labels").read(["labels"])["labels"].to_pylist()
    for row, found in enumerate(examples.target("rule_based", rows).bool().tolist()):
        assigned = {label["category_id"] for label in labels[row]}
        above = {category.category_id for one in assigned for category in tree.ancestors(one)}
        assert {one for one, yes in zip(ids, found, strict=True) if yes} == assigned | above


def test_sizes_are_shown(examples):
    assert repr(examples).startswith("Examples(300 products; rule_based train: ")
