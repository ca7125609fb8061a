"""What people said to lie at or below a node: learnt from by the trained model and by the queue's."""

from __future__ import annotations

import numpy as np

from shelver import Workspace
from shelver.catalogue.label_events import LabelEvent
from shelver.features.split import Side
from shelver.pipeline.ask import Asker
from shelver.pipeline.prepare import dataset

KINDS = ["Boots", "Sandals", "Caps", "Scarves"]
TREE = "path\nShoes > Boots\nShoes > Sandals\nClothes > Caps\nClothes > Scarves\n"
SETTINGS = """\
[[feeds]]
name = "shop"
path = "feed.csv"
[categories]
path = "categories.csv"
[features.title]
kind = "text"
min_count = 1
[split]
test = 0.2
valid = 0.1
"""


def shop(folder):
    """Made-up words: nothing is known beforehand of which word stands for which category."""
    rng = np.random.default_rng(5)
    names = ["zorb", "quin", "vlam", "drex"]
    kinds = rng.integers(0, 4, 200)
    extra = [f"e{number}" for number in range(9)]
    rows = [f"{i},{names[kind]} {extra[rng.integers(9)]} {i}" for i, kind in enumerate(kinds)]
    (folder / "feed.csv").write_text("\n".join(["id,title", *rows]) + "\n")
    (folder / "categories.csv").write_text(TREE)
    (folder / "rules.toml").write_text('[[rule]]\ncategory = "Scarves"\ntitle.any = ["nosuchword"]\n')
    (folder / "shelver.toml").write_text(SETTINGS)
    workspace = Workspace(folder)
    workspace.ingest()
    products = workspace.products().read(["merchant_id", "product_id"]).to_pylist()
    return workspace, [row["product_id"] for row in products], kinds


def at_shoes(workspace, examples, found):
    """Probability of Shoes."""
    spans = examples.classes.spans[examples.classes.tree.position(workspace.tree().resolve("Shoes").category_id)]
    return found[:, spans[0] : spans[1]].sum(axis=1)


def test_nodes_teach_where_no_label_says_more(tmp_path):
    workspace, ids, kinds = shop(tmp_path)
    tree = workspace.tree()
    caps, shoes = tree.resolve("Caps").category_id, tree.resolve("Shoes").category_id
    cap = [ids[i] for i in np.flatnonzero(kinds == 2)[:12]]
    boots = [ids[i] for i in np.flatnonzero(kinds == 0)]
    workspace.add_labels([LabelEvent(product, caps) for product in cap])
    workspace.prepare()
    before = Asker(workspace)
    before.refill()
    rows = [i for i, product in enumerate(ids) if product in boots[30:]]
    *_, fitter = before._ready()
    known = before._known(before._ready()[0], fitter.pool)
    assert len(known.below[0]) == 0
    plain = fitter.fit(known.places, known.answers).probabilities(np.asarray(rows))
    workspace.add_labels([LabelEvent(product, shoes, objective="node") for product in boots[:25]])
    steps = {step.name: step for step in workspace.prepare()}
    assert not steps["targets"].fresh, "what people said of nodes is part of what is to be learnt"
    examples = dataset(workspace).examples
    said = {product for product, below in zip(ids, examples.below, strict=True) if below >= 0}
    assert said == set(boots[:25])
    taught, ranges = examples.ranges()
    assert set(taught) == {i for i, product in enumerate(ids) if product in said and examples.side[i] == Side.TRAIN}
    assert (ranges == examples.classes.spans[tree.position(shoes)]).all()
    asker = Asker(workspace)
    *_, fitter = asker._ready()
    known = asker._known(asker._ready()[0], fitter.pool)
    assert {fitter.pool.product_ids[place] for place in known.below[0]} == said
    found = fitter.fit(known.places, known.answers, below=known.below).probabilities(np.asarray(rows))
    assert at_shoes(workspace, examples, found).mean() > at_shoes(workspace, examples, plain).mean() + 0.2
    workspace.train()
    workspace.predict()
    shelves = workspace.table("predictions").read(["product_id", "exclusive"]).to_pylist()
    guess = {row["product_id"]: row["exclusive"][0]["category_id"] for row in shelves}
    below = {tree.resolve(name).category_id for name in ("Boots", "Sandals")}
    assert np.mean([guess[product] in below for product in boots[25:]]) > 0.9


def test_a_label_goes_before_a_node(tmp_path):
    workspace, ids, kinds = shop(tmp_path)
    tree = workspace.tree()
    first = ids[int(np.flatnonzero(kinds == 0)[0])]
    events = [
        LabelEvent(first, tree.resolve("Shoes").category_id, objective="node"),
        LabelEvent(first, tree.resolve("Boots").category_id),
    ]
    workspace.add_labels(events)
    workspace.prepare()
    examples = dataset(workspace).examples
    assert (examples.below == -1).all()
    assert examples.known["exclusive"].sum() == 1
