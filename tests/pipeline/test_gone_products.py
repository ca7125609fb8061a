"""Products that left their feed: what people said of them teaches, and nothing else of them counts."""

from __future__ import annotations

import numpy as np
import pytest

from shelver.catalogue.label_events import LabelEvent
from shelver.errors import ShelverError
from shelver.features.split import Side
from shelver.pipeline.ask import up_to_date
from shelver.pipeline.prepare import dataset
from shelver.pipeline.quick_model import doubles, make_fitter
from shelver.testing import toy as toys
from shelver.training.examples import NO_SIDE

GONE = 60


@pytest.fixture
def shop(tmp_path):
    """A toy catalogue that was ingested; 60 of its 300 products have a word of their own."""
    toy = toys.write_toy(tmp_path / "shop", settings="[training]\nepochs = 1\nmin_steps = 2\n")
    lines = feed(toy)
    marked = [line.replace(" boot ", " boot vintage ").replace(" tote ", " tote vintage ") for line in lines]
    changed = [i for i, (old, new) in enumerate(zip(lines, marked, strict=True)) if old != new]
    write(toy, marked)
    toy.workspace().ingest()
    return toy, [marked[i].split(",")[0] for i in changed]


def feed(toy):
    return toy.workspace().files.read("feed.csv").decode().splitlines()


def write(toy, lines):
    toy.workspace().files.write("feed.csv", "\n".join(lines) + "\n")


def take_away(toy, keys):
    write(toy, [line for line in feed(toy) if line.split(",")[0] not in keys])
    workspace = toy.workspace()
    workspace.ingest()
    return workspace


def ids_of(workspace, keys):
    rows = workspace.products().read(["product_id", "merchant_id"]).to_pylist()
    found = {row["merchant_id"]: row["product_id"] for row in rows}
    return [found[key] for key in keys]


def label(workspace, keys, path="Shoes > Boots"):
    category = workspace.tree().resolve(path).category_id
    workspace.add_labels([LabelEvent(product_id, category) for product_id in ids_of(workspace, keys)])


def words(examples):
    return set(examples.transform.fitted["title"].tokens)


def test_what_is_gone_is_neither_counted_nor_learnt(shop):
    toy, marked = shop
    workspace = toy.workspace()
    workspace.prepare()
    before = dataset(workspace).examples
    assert "vintage" in words(before)
    assert before.counted == before.products == 300
    workspace = take_away(toy, marked)
    steps = workspace.prepare()
    examples = dataset(workspace).examples
    assert examples.products == 300, "rows stay, so that tables are row-aligned"
    assert examples.counted == 300 - len(marked) == steps[-1].rows
    assert sum(steps[-1].details["products"].values()) == examples.counted
    assert "vintage" not in words(examples)
    gone = set(np.flatnonzero(examples.side == NO_SIDE).tolist())
    assert len(gone) == len(marked)
    for side in Side:
        assert not gone & set(examples.rows("rule_based", side).tolist()), "rules teach nothing of what is gone"
    assert not gone & set(examples.unlabelled("exclusive").tolist())


def test_labels_of_what_is_gone_go_on_teaching(shop):
    toy, marked = shop
    workspace = toy.workspace()
    label(workspace, marked[:30])
    workspace = take_away(toy, marked)
    workspace.prepare()
    examples = dataset(workspace).examples
    assert examples.counted == 300 - len(marked) + 30
    assert sum(len(examples.rows("exclusive", side)) for side in Side) == 30
    assert "vintage" in words(examples), "their words are known"
    first = dataset(workspace).run_id
    label(workspace, marked[30:40])
    assert up_to_date(workspace).run_id != first, "a label of what is gone adds its words"
    assert dataset(workspace).examples.counted == 300 - len(marked) + 40
    assert up_to_date(workspace).run_id == dataset(workspace).run_id


def test_only_what_is_on_offer_is_predicted_and_embedded(shop):
    toy, marked = shop
    workspace = toy.workspace()
    label(workspace, marked[:30])
    label(workspace, [key for key in toy.titles if key not in marked][:40], "Hats > Caps")
    workspace = take_away(toy, marked)
    workspace.run()
    products = workspace.products().read(["product_id"], "active")["product_id"].to_pylist()
    found = workspace.table("predictions").read(["product_id", "exclusive"])
    assert found["product_id"].to_pylist() == products
    assert found["exclusive"].null_count == 0
    assert workspace.predict().fresh
    back = toy.workspace()
    write(toy, [*feed(toy), f"{marked[0]},Red boot vintage 1,Acme,5.00"])
    back.ingest()
    assert back.predict().rows == len(products) + 1


def test_a_prepared_run_stays_as_it_is(shop):
    toy, marked = shop
    workspace = toy.workspace()
    label(workspace, marked[:30])
    label(workspace, [key for key in toy.titles if key not in marked][:30], "Hats > Caps")
    workspace.prepare()
    run_id = dataset(workspace).run_id
    titles = workspace.products().read(["product_id", "title"]).to_pylist()
    before = dataset(workspace).examples
    later = take_away(toy, [*marked, *list(toy.titles)[:3]])
    examples = dataset(later, run_id).examples
    assert examples.counted == before.counted == 300
    assert (examples.side == before.side).all()
    step = later.train(run_id)
    assert step.rows
    assert not step.fresh
    rows = np.flatnonzero(examples.side == Side.TRAIN)
    fitter = make_fitter(later, examples, rows)
    name = {row["product_id"]: row["title"] for row in titles}
    groups = doubles(later, fitter.pool)
    assert len(groups) == len(rows)
    own = [name[product_id] for product_id in fitter.pool.product_ids]
    assert len(set(groups.tolist())) == len(set(own)), "titles are those of the run's products, whatever their order"


def test_nothing_left_is_said(shop):
    toy, marked = shop
    workspace = toy.workspace()
    files = workspace.files
    settings = files.read("shelver.toml").decode()
    files.write("shelver.toml", settings.replace('name = "toy"', 'name = "other"'))
    toy.workspace().ingest(forget="toy")
    with pytest.raises(ShelverError, match="no product is left to learn from"):
        toy.workspace().prepare()
    files.write("shelver.toml", settings)
    label(toy.workspace(), marked[:5])
    assert toy.workspace().prepare()[-1].rows == 5
