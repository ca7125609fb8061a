"""Every kind of model, combination, schedule and objective through the same commands."""

import numpy as np
import pytest

from shelver.config import NAME
from shelver.errors import ConfigError, ModelError
from shelver.features.split import Side
from shelver.pipeline.learn import saved_model
from shelver.testing.toy import write_toy

MODELS = """
[models.linear]
kind = "linear"
[models.mlp]
kind = "mlp"
hidden = [16]
learning_rate = 0.02
dropout = 0.0
[models.deep]
kind = "wide_deep"
hidden = [16]
learning_rate = 0.02
[models.average]
kind = "combined"
members = ["linear", "mlp"]
how = "average"
[models.vote]
kind = "combined"
members = ["linear", "mlp", "deep"]
how = "vote"
[models.stack]
kind = "combined"
members = ["linear", "mlp"]
how = "stack"
[models.network]
kind = "combined"
members = ["mlp", "deep"]
how = "network"
dims = 6
learning_rate = 0.02
[models.no_network]
kind = "combined"
members = ["linear", "mlp"]
how = "network"
[models.bagged]
kind = "bagged"
member = "linear"
bags = 3
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    toy = write_toy(tmp_path_factory.mktemp("models"), 420, settings=MODELS)
    workspace = toy.workspace()
    workspace.ingest()
    workspace.import_labels(toy.labels)
    workspace.prepare()
    return toy, workspace


@pytest.mark.parametrize("name", ["mlp", "average", "vote", "stack", "network", "bagged"])
def test_models_and_combinations_learn_the_toy_and_load_again(shop, name):
    toy, workspace = shop
    assert not workspace.train(model=name).fresh
    assert workspace.train(model=name).fresh
    found = workspace.evaluate(model_id=name).model
    assert found.exclusive.accuracy == 1.0
    assert found.rule_based.mean_average_precision > 0.9
    workspace.predict(model_id=name)
    ranked = workspace.table("predictions").read(["exclusive"])["exclusive"].to_pylist()
    again = toy.workspace()
    again.predict(model_id=name)
    assert again.table("predictions").read(["exclusive"])["exclusive"].to_pylist() == ranked
    title = next(iter(toy.titles.values()))
    best = again.classifier(model_id=name)(title=title).ranked["exclusive"][0]
    assert best[1] == next(iter(toy.answers.values()))


def test_training_a_combination_trains_its_members_first(shop):
    _, workspace = shop
    workspace.train(model="average")
    assert workspace.train(model="linear").fresh
    notes = saved_model(workspace, model_id="average")[2].notes
    assert notes["members"] == ["linear", "mlp"]
    for weights in notes["member_weights"].values():
        assert sum(weights) == pytest.approx(1, abs=1e-3)
        assert min(weights) >= 0


def test_a_network_needs_members_with_embeddings(shop):
    with pytest.raises(ModelError, match="linear model has no embedding"):
        shop[1].train(model="no_network")
    with pytest.raises(ConfigError, match='no model "averge"'):
        shop[1].train(model="averge")


def test_vectors_of_products_and_categories(shop):
    toy, workspace = shop
    workspace.train(model="network")
    steps = workspace.embed(model_id="network")
    assert [step.rows for step in steps] == [420, 7]
    products = workspace.table("product_embeddings").read()
    assert products["product_id"].to_pylist() == workspace.products().read(["product_id"])["product_id"].to_pylist()
    vectors = np.asarray(products["embedding"].to_pylist(), np.float32)
    assert vectors.shape == (420, 6)
    keys = workspace.products().read(["merchant_id"])["merchant_id"].to_pylist()
    shelves = np.asarray([toy.answers[key] for key in keys])
    units = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    cosines = units @ units.T
    same = shelves[:, None] == shelves[None, :]
    assert cosines[same].mean() > cosines[~same].mean() + 0.3
    assert all(step.fresh for step in workspace.embed(model_id="network"))
    categories = workspace.table("category_embeddings").read().to_pylist()
    assert {row["path"] for row in categories} == set(toy.answers.values())
    with pytest.raises(ModelError, match="no embedding"):
        workspace.embed(model_id="linear")


def test_categories_near_to_one(shop):
    shop[1].train(model="mlp")
    found = shop[1].similar_categories("Shoes > Boots", 3, model_id="mlp")
    assert len(found) == 3
    assert [cosine for _, _, cosine in found] == sorted((c for _, _, c in found), reverse=True)
    assert all(path != "Shoes > Boots" for _, path, _ in found)


def test_why(shop):
    toy, workspace = shop
    workspace.train()
    key, title = next((k, t) for k, t in toy.titles.items() if "boot" in t)
    found = workspace.explain(title, brand="Acme")
    assert found.path == "Shoes > Boots"
    assert found.words[0].text == "boot"
    assert found.words[0].effect > 0
    assert found.words[0].without < found.probability
    assert title[found.words[0].start : found.words[0].end] == "boot"
    assert {push.field for push in found.fields} == {"title", "brand"}
    assert found.answer.rules[0][1] == "Shoes > Boots"
    products = workspace.products().read(["product_id", "merchant_id"]).to_pylist()
    product_id = next(row["product_id"] for row in products if row["merchant_id"] == key)
    stored = workspace.explain(product_id=product_id)
    assert (stored.title, stored.path) == (title, "Shoes > Boots")
    assert len(stored.neighbours) == 5
    assert product_id not in {near.product_id for near in stored.neighbours}
    assert stored.neighbours[0].path == "Shoes > Boots"
    other = workspace.explain(title, category="Hats > Caps")
    assert other.path == "Hats > Caps"
    assert other.words[0].effect < 0


OWN = """
[training]
objectives = ["exclusive", "rule_based", "maker", "cost", "named"]
[objectives.maker]
kind = "multi_class"
column = "brand"
[objectives.cost]
kind = "buckets"
column = "price"
edges = [50]
[objectives.named]
kind = "binary"
raw_column = "brand"
yes = ["acme"]
"""


def test_objectives_of_the_users_own(tmp_path):
    toy = write_toy(tmp_path / "w", 300, settings=OWN)
    workspace = toy.workspace()
    workspace.ingest()
    workspace.import_labels(toy.labels)
    _, found = workspace.run()
    assert set(found.model.scores) == {"exclusive", "rule_based", "maker", "cost", "named"}
    assert found.model.scores["maker"].accuracy == 1.0, "the brand is among the inputs"
    assert found.model.scores["named"].accuracy == 1.0
    assert found.model.exclusive.accuracy == 1.0
    assert {one.path for one in found.model.scores["maker"].classes} == {"acme", "borealis", "cumulus"}
    answer = workspace.classify("Warm red boot 7", brand="Acme", price=99)
    assert answer.ranked["maker"][0][1] == "acme"
    assert answer.ranked["cost"][0][1] == "from 50"
    assert answer.shelf[1] == "Shoes > Boots"
    row = workspace.table("predictions").head(1).to_pylist()[0]
    assert {"exclusive", "rule_based", "maker", "cost", "named", "shelf"} <= set(row)


@pytest.mark.parametrize("schedule", ["pretrain", "pretrain_both", "interleaved"])
def test_schedules(plain_copy, schedule):
    with open(f"{plain_copy.folder}/{NAME}", "a") as file:
        file.write(f'\n[training]\nschedule = "{schedule}"\npretrain_epochs = 2\nmodel = "wide_deep"\n')
    workspace = plain_copy.workspace()
    step = workspace.train()
    assert workspace.evaluate().model.exclusive.accuracy == 1.0
    expected = {"pretrain": ["exclusive"]}.get(schedule, ["exclusive", "rule_based"])
    assert sorted(step.details["losses"][-1]) == expected
    assert (step.details["epochs"] == 12) == (schedule != "interleaved")


def test_an_own_objective_without_its_column_is_an_error(tmp_path):
    bad = '[objectives.sold]\nkind = "binary"\n'
    toy = write_toy(tmp_path / "w", 20, settings=bad)
    workspace = toy.workspace()
    workspace.ingest()
    with pytest.raises(ConfigError, match='products have no field "sold"'):
        workspace.prepare()


def test_sides_of_a_bootstrap_sample(shop):
    from shelver.pipeline.prepare import dataset

    examples = dataset(shop[1]).examples
    drawn = examples.bootstrap(3)
    rows, sample = examples.rows("exclusive", Side.TRAIN), drawn.rows("exclusive", Side.TRAIN)
    assert len(sample) == len(rows)
    assert set(sample) < set(rows)
    assert len(set(sample)) < 0.75 * len(rows)
    assert drawn.rows("exclusive", Side.VALID).tolist() == examples.rows("exclusive", Side.VALID).tolist()
    assert drawn.bootstrap(3).rows("exclusive", Side.TRAIN).tolist() != sample.tolist()
    assert examples.rows("exclusive", Side.TRAIN).tolist() == rows.tolist()


def test_an_objective_that_changed_since_it_was_prepared(tmp_path):
    toy = write_toy(tmp_path / "w", 120, settings=OWN)
    workspace = toy.workspace()
    workspace.ingest()
    workspace.prepare()
    settings = workspace.files.read(NAME).decode()
    workspace.files.write(NAME, settings.replace("edges = [50]", "edges = [50, 70]"))
    with pytest.raises(ModelError, match="not as it was prepared"):
        toy.workspace().train()
    workspace.files.write(NAME, settings.replace("edges = [50]", "edges = [50]\nweight = 0.5"))
    assert toy.workspace().train().rows


def test_a_feature_may_have_any_name(tmp_path):
    toy = write_toy(tmp_path / "w", 300)
    workspace = toy.workspace()
    settings = workspace.files.read(NAME).decode()
    workspace.files.write(NAME, settings.replace("title = { kind", 'rule_hits = { column = "title", kind'))
    workspace = toy.workspace()
    workspace.ingest()
    workspace.import_labels(toy.labels)
    assert workspace.run()[1].model.exclusive.accuracy == 1.0
