"""One answer, many products: offered, confirmed, taken back, and never measured with."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from shelver import Workspace
from shelver.catalogue.label_events import LabelEvent
from shelver.cli import alike_commands
from shelver.cli.main import app
from shelver.cli.safe_console import SafeConsole
from shelver.errors import CatalogueError
from shelver.features.split import Side
from shelver.pipeline.alike import LookAlikes
from shelver.pipeline.clusters import ClusterLine
from shelver.pipeline.learn import saved_model
from shelver.pipeline.prepare import dataset

TREE = "path\nShoes > Boots\nShoes > Sandals\nHats\n"
ROWS = [
    ("a", "Red boots", "http://x/1.jpg"),
    ("b", "RED  Boots!", "http://x/2.jpg"),
    ("c", "Winter footwear", "http://x/1.jpg"),
    ("d", "Red boots", "http://x/1.jpg"),
    ("e", "Red boot", ""),
    ("f", "Red hats", "http://x/9.jpg"),
]


def shop(folder, rows=ROWS, settings=""):
    folder.mkdir(exist_ok=True)
    lines = [f"{key},{title},{image}" for key, title, image in rows]
    (folder / "feed.csv").write_text("\n".join(["id,title,image_url", *lines]) + "\n")
    (folder / "categories.csv").write_text(TREE)
    (folder / "rules.toml").write_text('[[rule]]\ncategory = "Hats"\ntitle.any = ["hat"]\n')
    (folder / "shelver.toml").write_text(
        '[[feeds]]\nname = "shop"\npath = "feed.csv"\n[categories]\npath = "categories.csv"\n'
        '[features.title]\nkind = "text"\nmin_count = 1\n' + settings
    )
    workspace = Workspace(folder)
    workspace.ingest()
    workspace.prepare()
    products = workspace.products().read(["merchant_id", "product_id"]).to_pylist()
    return workspace, {row["merchant_id"]: row["product_id"] for row in products}


def test_same_title_and_picture_are_offered_and_confirmed_together(tmp_path):
    workspace, ids = shop(tmp_path)
    tree = workspace.tree()
    boots = tree.resolve("Boots").category_id
    with pytest.raises(CatalogueError, match="nobody has said yet what"):
        workspace.look_alikes(ids["a"])
    workspace.add_labels([LabelEvent(ids["a"], boots, person="ann")])
    offer = workspace.look_alikes("a")  # by the merchant's id
    assert [(found.product_id, found.reason) for found in offer.products] == [
        (ids["d"], "same title and picture"),
        (ids["b"], "same title"),
        (ids["c"], "same picture"),
    ]
    assert (offer.event_id, offer.path, offer.title) == (1, "Shoes > Boots", "Red boots")
    assert [found.product_id for found in workspace.look_alikes("a", 1).products] == [ids["d"]]
    with pytest.raises(CatalogueError, match='no product "nope"; nothing was stored'):
        workspace.confirm(offer.event_id, [ids["d"], "nope"], "ann")
    assert len(workspace.confirm(offer.event_id, [ids["d"], ids["c"]], "ann").events) == 2
    assert [found.product_id for found in workspace.look_alikes("a").products] == [ids["b"]]
    workspace.undo_label(3)  # of c alone: it is refused, and not offered again
    assert [found.product_id for found in workspace.look_alikes("a").products] == [ids["b"]]
    hats = tree.resolve("Hats").category_id
    workspace.add_labels([LabelEvent(ids["a"], hats, person="ann")])
    offer = workspace.look_alikes("a")
    assert [found.product_id for found in offer.products] == [ids["d"], ids["b"], ids["c"]], "d follows the correction"
    assert workspace.confirm(offer.event_id, [ids["d"]], "ann").skipped == ()
    workspace.undo_label(offer.event_id, with_propagated=True)
    labels = workspace.control.current_labels().to_pylist()
    assert {row["product_id"]: row["category_id"] for row in labels} == {ids["a"]: boots, ids["d"]: boots}


def test_a_title_that_people_put_into_two_classes_is_no_sign(tmp_path):
    workspace, ids = shop(tmp_path)
    boots, hats = (workspace.tree().resolve(name).category_id for name in ("Boots", "Hats"))
    workspace.add_labels([LabelEvent(ids["a"], boots), LabelEvent(ids["b"], hats)])
    assert [found.reason for found in workspace.look_alikes("a").products] == ["same picture", "same picture"]


def test_rules_can_speak_against_it(tmp_path):
    workspace, ids = shop(tmp_path)
    (tmp_path / "rules.toml").write_text('[[rule]]\ncategory = "Hats"\ntitle.any = ["winter"]\n')
    workspace.add_labels([LabelEvent(ids["a"], workspace.tree().resolve("Boots").category_id)])
    workspace.prepare()
    assert {found.product_id for found in workspace.look_alikes("a").products} == {ids["d"], ids["b"]}


def test_taken_over_labels_are_learnt_from_but_never_measured_with(plain_copy):
    workspace = plain_copy.workspace()
    before = dataset(workspace).examples
    labels = workspace.control.current_labels().to_pylist()
    split = before.features.read(["product_id", "side"]).to_pylist()
    side = {row["product_id"]: Side(row["side"]) for row in split}
    of = {each: [row for row in labels if side[row["product_id"]] == each] for each in Side}
    # Take back some labels of each side, and give them again as taken over from a product of the training side.
    source = of[Side.TRAIN][0]
    again = [row for each in Side for row in of[each][1:4]]
    from_test = of[Side.TRAIN][4:6]
    for row in [*again, *from_test]:
        workspace.control.undo(row["event_id"], "ann")
    workspace.confirm(source["event_id"], [row["product_id"] for row in again], "ann")
    workspace.confirm(of[Side.TEST][0]["event_id"], [row["product_id"] for row in from_test], "ann")
    steps = workspace.prepare()
    assert steps[-1].details["exclusive_propagated"] == {"train": 3}
    data = dataset(workspace)
    examples = data.examples
    counts = {each: (len(before.rows("exclusive", each)), len(examples.rows("exclusive", each))) for each in Side}
    assert counts[Side.VALID][1] == counts[Side.VALID][0] - 3
    assert counts[Side.TEST][1] == counts[Side.TEST][0] - 3
    assert counts[Side.TRAIN][1] == counts[Side.TRAIN][0] - 2, "what comes from the test side is not learnt"
    assert [examples.taken_over("exclusive", each) for each in Side] == [3, 0, 0]
    step = workspace.train()
    assert step.details["propagated"] == {"exclusive": 3}
    card = workspace.folder("model", run_id=data.run_id, model_id=step.details["model_id"]).read("README.md").decode()
    assert "| of these taken over from look-alikes (`exclusive`) | 3 | 0 | 0 |" in card
    assert saved_model(workspace)[2].notes["propagated"] == {"exclusive": 3}
    settings = workspace.files.read("shelver.toml").decode()
    workspace.files.write("shelver.toml", (settings + "\n[training]\npropagated = false\n").encode())
    workspace.close()
    fewer = plain_copy.workspace()
    assert dataset(fewer).run_id == data.run_id, "nothing needs to be prepared anew"
    assert len(dataset(fewer).examples.rows("exclusive", Side.TRAIN)) == counts[Side.TRAIN][1] - 3
    step = fewer.train()
    assert not step.fresh
    assert "propagated" not in step.details


def test_a_model_and_vectors_find_near_ones_and_clusters(vector_copy):
    workspace = vector_copy.workspace()
    control, tree = workspace.control, workspace.tree()
    for row in control.current_labels().to_pylist():
        control.undo(row["event_id"], "ann")
    keys = workspace.products().read(["product_id", "merchant_id"]).to_pylist()
    answer = {row["product_id"]: vector_copy.answers[row["merchant_id"]] for row in keys}
    first = keys[0]["product_id"]
    workspace.add_labels([LabelEvent(first, tree.resolve(answer[first]).category_id)])
    alike = LookAlikes(workspace)
    assert alike.model is not None
    offer = alike.offer(first)
    assert 1 <= len(offer.products) <= 30
    assert {answer[found.product_id] for found in offer.products} == {answer[first]}
    lines = workspace.clusters(most=20, size=20)
    assert lines == workspace.clusters(most=20, size=20), "same products, same clusters"
    members = [product for line in lines for product in line.products]
    assert len(members) == len(set(members)) >= 100
    assert first not in members
    best = lines[0]
    right = sum(answer[product].startswith(best.suggestion) for product in best.products)
    assert right >= 0.9 * len(best.products)
    assert 1 <= len(best.typical) <= 5
    runner = CliRunner()
    done = runner.invoke(
        app, ["label", "clusters", "-w", workspace.prefix, "--label", best.cluster_id[:7], "Shoes", "--json"]
    )
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["stored"] == len(best.products)
    nodes = control.current_labels("node").to_pylist()
    assert {row["product_id"] for row in nodes} == set(best.products)
    assert {row["category_id"] for row in nodes} == {tree.resolve("Shoes").category_id}
    assert [row["source_event"] for row in nodes] == [None] + [nodes[0]["event_id"]] * (len(nodes) - 1)
    assert control.current_labels().num_rows == 1, "a node is no exclusive label"
    assert not set(best.products) & {product for line in workspace.clusters() for product in line.products}
    with pytest.raises(CatalogueError, match='no cluster "0000" was listed last'):
        workspace.label_cluster("0000", "Shoes")


def test_a_cluster_is_named_by_the_beginning_of_its_id(tmp_path):
    workspace, ids = shop(tmp_path)
    kept = {"ab12": [ids["a"]], "ab34": [ids["b"]]}
    workspace.files.write_json(workspace.path("clusters"), kept)
    with pytest.raises(CatalogueError, match='"ab" is the beginning of 2 clusters'):
        workspace.label_cluster("ab", "Hats")
    with pytest.raises(CatalogueError, match='no cluster "" was listed last'):
        workspace.label_cluster("", "Hats")
    done = CliRunner().invoke(app, ["label", "clusters", "--label", "ab3", "Hats", "-w", str(tmp_path)])
    assert done.stdout == "1 product labelled Hats\nto take them back: shelver label undo 1 --propagated\n"
    assert workspace.control.current_labels()["product_id"].to_pylist() == [ids["b"]]


def test_clusters_without_a_model_are_listed_with_the_next_step(monkeypatch, capsys):
    line = ClusterLine("ab12", ("p", "q"), ("Red boots", "Blue boots"), ("Hat", "Cap"), 0.9)
    monkeypatch.setattr(alike_commands, "out", SafeConsole(width=200, highlight=False, markup=False))
    alike_commands._show_clusters([line])
    shown = capsys.readouterr().out
    assert "Red boots · Blue boots" in shown
    assert "(not: Hat · Cap)" in shown
    assert "train a model first (shelver run): then each has a suggestion" in shown


def test_only_the_copies_are_taken_back(tmp_path):
    workspace, ids = shop(tmp_path)
    boots = workspace.tree().resolve("Boots").category_id
    workspace.add_labels([LabelEvent(ids["a"], boots, person="ann")])
    workspace.confirm(1, [ids["b"], ids["d"]], "ann")
    done = CliRunner().invoke(app, ["label", "undo", "1", "--copies", "--person", "ann", "-w", str(tmp_path)])
    assert done.stdout == "2 labels taken back\n"
    assert workspace.control.current_labels()["product_id"].to_pylist() == [ids["a"]]
    with pytest.raises(CatalogueError, match="no label that was taken over from it is left"):
        workspace.undo_label(1, copies=True)


def test_command_line(tmp_path, monkeypatch):
    workspace, ids = shop(tmp_path)
    workspace.add_labels([LabelEvent(ids["a"], workspace.tree().resolve("Boots").category_id)])
    workspace.close()
    runner = CliRunner()

    def ask(*words):
        return runner.invoke(app, ["label", *words, "-w", str(tmp_path)])

    shown = ask("alike", "a")
    assert shown.exit_code == 0
    assert "same title and picture" in shown.stdout
    assert "RED Boots!" in shown.stdout
    wrong = ask("alike", "a", "--confirm", "1,9")
    assert wrong.exit_code == 1
    done = json.loads(ask("alike", "a", "--confirm", "1,3", "--json").stdout)
    assert done["stored"] == 2
    assert [found["product_id"] for found in done["products"]] == [ids["d"], ids["b"], ids["c"]]
    assert workspace.control.propagated_labels()["product_id"].to_pylist() == [ids["d"], ids["c"]]
    last = ask("alike", "a", "--confirm", "all").stdout
    assert "1 product labelled Shoes > Boots" in last
    assert "to take them back: shelver label undo 1 --copies" in last
    assert "nothing without a label looks like it" in ask("alike", "a").stdout
    assert ask("alike", "a", "--confirm", "1").stdout == "nothing to confirm\n"
    monkeypatch.setenv("USER", "eve")
    assert ask("undo", "4").stdout == "1 label taken back\n"
    assert workspace.control.label_history()["person"].to_pylist()[-1] == "eve"
    assert json.loads(ask("undo", "1", "--json").stdout) == {"events": [6], "propagated_left": 2}
    assert json.loads(ask("undo", "1", "--propagated", "--json").stdout) == {"events": [7, 8], "propagated_left": 0}
    assert ask("clusters").exit_code == 1  # no vectors
    assert ask("clusters", "--label", "x", "Hats").exit_code == 1
