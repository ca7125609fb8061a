"""Labels taken over from others: traced, taken back with their source, and never stored twice."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config as Alembic

from shelver.catalogue import Control, LabelEvent, tree_from_paths
from shelver.catalogue.database import open_engine, writing
from shelver.catalogue.origins import PROPAGATED, WAYS, count_ways, human_only, is_human
from shelver.catalogue.propagation import PROPAGATED_SCHEMA, Confirmed
from shelver.errors import CatalogueError

Start = Callable[..., "subprocess.Popen[str]"]
TREE = tree_from_paths([("Shoes", "Boots"), ("Shoes", "Sandals"), ("Hats",)])
BOOTS, SANDALS, HATS, SHOES = (TREE.resolve(name).category_id for name in ("boots", "sandals", "hats", "shoes"))


@pytest.fixture
def control(control_url: str) -> Control:
    control = Control(control_url)
    control.save_tree(TREE)
    return control


def current(control: Control, objective: str = "exclusive") -> dict[str, tuple[str, str, int | None]]:
    rows = control.current_labels(objective).to_pylist()
    return {row["product_id"]: (row["category_id"], row["how"], row["source_event"]) for row in rows}


def test_every_way_is_of_people_or_taken_over() -> None:
    assert {way for way in WAYS if not is_human(way)} == PROPAGATED == {"look_alike", "cluster"}
    assert is_human("a word of an old database")
    labels = pa.table({"how": ["human", "cluster", "look_alike", "simulated", "review"]})
    assert human_only(labels)["how"].to_pylist() == ["human", "simulated", "review"]
    assert count_ways(labels) == {"people": 3, "propagated": 2}


def test_a_label_is_taken_over_and_says_from_where(control: Control) -> None:
    control.add_labels([LabelEvent("a", BOOTS, person="ann"), LabelEvent("taken", HATS)])
    done = control.confirm(1, ["b", "taken", "c", "b", "a"], "ann")
    assert done == Confirmed(events=(3, 4), skipped=("taken",))
    assert current(control) == {
        "a": (BOOTS, "human", None),
        "taken": (HATS, "human", None),
        "b": (BOOTS, "look_alike", 1),
        "c": (BOOTS, "look_alike", 1),
    }
    assert control.label_history("c")["source_event"].to_pylist() == [1]
    found = control.propagated_labels()
    assert found.schema == PROPAGATED_SCHEMA
    assert found.to_pylist()[0] == {
        "event_id": 3, "product_id": "b", "objective": "exclusive", "category_id": BOOTS, "how": "look_alike",
        "source_event": 1, "source_product": "a", "source_how": "human",
    }  # fmt: skip
    assert control.propagated_labels(event_id=1)["product_id"].to_pylist() == ["b", "c"]
    assert control.propagated_labels(event_id=2).num_rows == 0
    assert control.confirm(1, ["b", "c"], "bob") == Confirmed((), ("b", "c"))
    assert control.confirm(1, [], "bob") == Confirmed((), ())


def test_undo_takes_back_what_came_from_it(control: Control) -> None:
    control.add_labels([LabelEvent("a", BOOTS), LabelEvent("d", HATS)])
    control.confirm(1, ["b", "c"], "ann")
    control.confirm(2, ["e"], "ann")
    control.undo(3, "ann")  # of b alone
    assert control.refused_look_alikes(1) == {"b"}
    undone = control.undo_with_propagated(1, "ann")
    assert len(undone) == 2
    assert set(current(control)) == {"d", "e"}
    history = control.label_history().to_pylist()
    assert [(row["kind"], row["undoes"]) for row in history if row["event_id"] in undone] == [("undo", 1), ("undo", 4)]
    assert control.refused_look_alikes(1) == set()  # they went with their source, nobody refused them
    with pytest.raises(CatalogueError, match="label event 1: it was undone before"):
        control.undo_with_propagated(1, "ann")


def test_what_stayed_after_an_undo_can_still_be_taken_back(control: Control) -> None:
    control.add_labels([LabelEvent("a", BOOTS)])
    control.confirm(1, ["b", "c"], "ann")
    control.undo(1, "ann")
    assert set(current(control)) == {"b", "c"}
    assert len(control.undo_with_propagated(1, "ann")) == 2
    assert current(control) == {}


def test_a_correction_is_followed(control: Control) -> None:
    control.add_labels([LabelEvent("a", BOOTS), LabelEvent("d", HATS)])
    control.confirm(1, ["b", "c"], "ann")
    control.confirm(2, ["e"], "ann")
    control.add_labels([LabelEvent("a", SANDALS), LabelEvent("c", HATS)])  # 6, 7: c is corrected by itself
    done = control.confirm(6, ["b", "c", "e"], "ann")
    assert done == Confirmed((8,), ("c", "e"))
    assert {product: label[0] for product, label in current(control).items()} == {
        "a": SANDALS, "b": SANDALS, "c": HATS, "d": HATS, "e": HATS,
    }  # fmt: skip


def test_only_a_current_label_of_a_person_is_taken_over(control: Control) -> None:
    control.add_labels([LabelEvent("a", BOOTS), LabelEvent("a", SANDALS)])
    with pytest.raises(CatalogueError, match="label event 1: the product has a newer label: event 2"):
        control.confirm(1, ["b"], "ann")
    control.confirm(2, ["b"], "ann")
    with pytest.raises(CatalogueError, match="label event 3: it was itself taken over"):
        control.confirm(3, ["c"], "ann")
    control.undo(2, "ann")
    with pytest.raises(CatalogueError, match="label event 2: the product has a newer label: event 1"):
        control.confirm(2, ["c"], "ann")
    control.undo(1, "ann")
    with pytest.raises(CatalogueError, match="label event 1: it was undone"):
        control.confirm(1, ["c"], "ann")
    with pytest.raises(CatalogueError, match="label event 99: no such event"):
        control.confirm(99, ["c"], "ann")
    with pytest.raises(CatalogueError, match="label event 4: it is an undo"):
        control.confirm(4, ["c"], "ann")
    assert current(control) == {"b": (SANDALS, "look_alike", 2)}


def test_a_cluster_is_labelled_at_a_node_that_nobody_can_assign(control: Control) -> None:
    control.add_labels([LabelEvent("b", SHOES, "node")])
    done = control.label_cluster(["a", "b", "c", "a"], SHOES, "ann", "node")
    assert done == Confirmed((2, 3), ("b",))
    assert current(control, "node") == {
        "b": (SHOES, "human", None), "a": (SHOES, "cluster", None), "c": (SHOES, "cluster", 2),
    }  # fmt: skip
    assert current(control) == {}
    with pytest.raises(CatalogueError, match="is no category that people can assign"):
        control.label_cluster(["x", "y"], SHOES, "ann")
    assert control.label_cluster(["x", "y"], HATS, "ann") == Confirmed((4, 5), ())
    assert control.undo_with_propagated(4, "ann") == [6, 7]
    assert control.label_cluster(["a", "c"], HATS, "ann", "node") == Confirmed((), ("a", "c"))


def test_node_labels_rest_while_their_category_is_gone(control: Control) -> None:
    control.add_labels([LabelEvent("a", SHOES, "node")])
    control.save_tree(tree_from_paths([("Hats",)]))
    assert current(control, "node") == {}
    control.save_tree(TREE)
    assert current(control, "node") == {"a": (SHOES, "human", None)}


def test_many_products_at_once(control: Control) -> None:
    control.add_labels([LabelEvent("a", BOOTS)])
    products = [f"p{n}" for n in range(1234)]
    done = control.confirm(1, products, "ann")
    assert [row["product_id"] for row in control.label_history().to_pylist()[1:]] == products
    assert done.events == tuple(range(2, 1236))
    assert control.confirm(1, products, "ann") == Confirmed((), tuple(products))
    assert len(control.undo_with_propagated(1, "ann")) == 1235


CONFIRM = """
import sys
from shelver.catalogue import Control
control = Control(sys.argv[1])
for start in range(0, 200, 10):
    control.confirm(int(sys.argv[2]), [f"p{n}" for n in range(start, start + 10)], sys.argv[3])
"""


def test_two_processes_confirm_at_once(control: Control, control_url: str, python: Start) -> None:
    control.add_labels([LabelEvent("a", BOOTS), LabelEvent("z", HATS)])
    processes = [
        python(CONFIRM, control_url, event, name) for event, name in (("1", "ann"), ("2", "bob"), ("1", "eve"))
    ]
    for process in processes:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    products = control.label_history()["product_id"].to_pylist()
    assert sorted(products) == sorted(["a", "z", *(f"p{n}" for n in range(200))])


def test_an_old_database_keeps_its_labels(tmp_path: Path) -> None:
    url = str(tmp_path / "control.db")
    engine = open_engine(url)
    with writing(engine) as connection:
        settings = Alembic()
        settings.set_main_option("script_location", "shelver.catalogue:migrations")
        settings.attributes["connection"] = connection
        command.upgrade(settings, "0001")
        for row in [{"id": c.category_id, "parent": c.parent_id, "name": c.name, "place": n, "leaf": c.exclusive}
                    for n, c in enumerate(TREE)]:  # fmt: skip
            connection.execute(sa.text("INSERT INTO categories VALUES (:id, :parent, :name, :place, :leaf)"), row)
        for how in ("human", "import", "asked twice"):
            connection.execute(sa.text(
                "INSERT INTO label_events (product_id, objective, category_id, kind, person, how, at)"
                " VALUES (:how, 'exclusive', :category, 'assign', 'ann', :how, '2024-01-01 00:00:00.000000')"
            ), {"how": how, "category": HATS})  # fmt: skip
    engine.dispose()
    with Control(url) as control:
        found = control.current_labels()
        assert human_only(found)["product_id"].to_pylist() == ["human", "import", "asked twice"]
        assert found["source_event"].to_pylist() == [None] * 3
        assert control.confirm(1, ["b"], "ann").events == (4,)
