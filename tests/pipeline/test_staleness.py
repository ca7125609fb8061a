"""Run it again: only what is stale is made."""

import pytest

from shelver.catalogue.label_events import LabelEvent
from shelver.pipeline.learn import saved_model
from shelver.testing import toy as toys


def stale(toy):
    """Steps of a new run that had something to do (``prepare`` only counts)."""
    steps, _ = toy.workspace().run()
    return [step.name for step in steps if not step.fresh and step.name != "prepare"]


def edit(toy, name, old, new):
    files = toy.workspace().files
    text = files.read(name).decode()
    assert old in text
    files.write(name, text.replace(old, new))


def test_run_twice_and_all_is_fresh(vector_copy):
    assert stale(vector_copy) == []
    versions = [vector_copy.workspace().table(name).version for name in ("products", "rule_labels", "predictions")]
    assert stale(vector_copy) == []
    assert versions == [
        vector_copy.workspace().table(name).version for name in ("products", "rule_labels", "predictions")
    ]


def test_run_twice_and_every_step_says_fresh(plain_copy):
    steps, _ = plain_copy.workspace().run()
    assert all(step.fresh for step in steps)


def test_changed_rules_leave_the_features_alone(vector_copy):
    edit(vector_copy, "rules.toml", '"sandal"', '"sandal", "slider"')
    assert stale(vector_copy) == ["rules", "targets", "train", "predict"]
    assert stale(vector_copy) == []


def test_changed_rules(vector_copy):
    edit(vector_copy, "rules.toml", '"sandal"', '"sandal", "slider"')
    assert set(stale(vector_copy)) >= {"rules", "targets", "train", "predict"}
    assert stale(vector_copy) == []


def test_changed_label(vector_copy):
    workspace = vector_copy.workspace()
    category = workspace.tree().resolve("Hats > Caps").category_id
    product = workspace.products().head(1)["product_id"][0].as_py()
    assert workspace.add_labels([LabelEvent(product, category)]) == 1
    assert stale(vector_copy) == ["targets", "train", "predict"]
    assert stale(vector_copy) == []


def test_changed_feed(vector_copy):
    edit(vector_copy, "feed.csv", "\nt0000,", "\nt9999,Red boot 1,Acme,10.00\nt0000,")
    expected = ["ingest toy", "rules", "encode text_vector", "features", "targets", "train", "predict"]
    assert stale(vector_copy) == expected
    assert toys.shelves(vector_copy.workspace())["t9999"] == "Shoes > Boots"
    assert stale(vector_copy) == []


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("[training]\nseed = 1\n", ["train", "predict"]),
        ("[models.linear]\nkind = 'linear'\nl2 = 0.5\n", ["train", "predict"]),
        ("[predict]\ntop_k = 2\n", ["predict"]),
        ("[split]\nseed = 1\n", ["features", "targets", "train", "predict"]),
        ("[engine]\nbatch_size = 5\n", []),
    ],
)
def test_changed_settings(plain_copy, settings, expected):
    text = plain_copy.workspace().files.read("shelver.toml").decode()
    plain_copy.workspace().files.write("shelver.toml", text + settings)
    assert stale(plain_copy) == expected
    assert stale(plain_copy) == []


def test_changed_feature(plain_copy):
    edit(plain_copy, "shelver.toml", "max_tokens = 500", "max_tokens = 499")
    assert stale(plain_copy) == ["features", "targets", "train", "predict"]


def test_changed_tree_that_rules_and_labels_do_not_notice(plain_copy):
    edit(plain_copy, "categories.csv", "Bags > Totes", "Bags > Clutches\nBags > Totes")
    assert "rules" not in (found := stale(plain_copy))
    assert found == ["targets", "train", "predict"]
    assert len(saved_model(plain_copy.workspace())[2].classes.exclusive) == 8


def test_changed_and_changed_back_is_as_before(plain_toy, plain_copy):
    """Settings that were used before find their run again, not the newest one."""
    before = plain_toy[1].table("predictions").read()
    edit(plain_copy, "rules.toml", 'category = "Shoes > Sandals"', 'category = "Shoes"')
    stale(plain_copy)
    assert not plain_copy.workspace().table("predictions").read().equals(before)
    edit(plain_copy, "rules.toml", 'category = "Shoes"', 'category = "Shoes > Sandals"')
    stale(plain_copy)
    assert plain_copy.workspace().table("predictions").read().equals(before)


def test_a_damaged_model_is_trained_again(plain_copy):
    workspace = plain_copy.workspace()
    data, model_id, model = saved_model(workspace)
    folder = workspace.folder("model", run_id=data.run_id, model_id=model_id)
    folder.write("weights.safetensors", b"rubbish")
    assert stale(plain_copy) == ["train"], "the same model, so the predictions stay"
    assert saved_model(plain_copy.workspace())[2].fingerprint == model.fingerprint
