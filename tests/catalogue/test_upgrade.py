"""A database of the first version becomes one of the newest, with all that is in it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from shelver.catalogue import Control, Delivery, NewQuestion, Round, tree_from_paths
from shelver.catalogue.database import open_engine, reading, writing
from shelver.catalogue.migrate import FOLDER
from shelver.catalogue.tables import metadata

TREE = tree_from_paths([("Shoes", "Boots"), ("Hats",)])
BOOTS, HATS = (TREE.resolve(name).category_id for name in ("boots", "hats"))
OLD = {
    "categories": "category_id, parent_id, name, position, exclusive",
    "label_events": "product_id, objective, category_id, kind, undoes, person, how, at, batch",
    "deliveries": "feed, path, content_hash, rows, products, rejected, at",
}


def make_old(url: str) -> None:
    """A database as version 0001 left it, with a tree, two labels and an undo."""
    engine = open_engine(url)
    with writing(engine) as connection:
        config = Config()
        config.set_main_option("script_location", str(FOLDER))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    rows = {
        "categories": [(c.category_id, c.parent_id, c.name, i, c.exclusive) for i, c in enumerate(TREE)],
        "label_events": [
            ("p1", "exclusive", BOOTS, "assign", None, "ann", "human", "2020-01-01 10:00:00+00:00", None),
            ("p2", "exclusive", HATS, "assign", None, "ann", "import", "2020-01-01 10:00:01+00:00", "b"),
            ("p1", "exclusive", BOOTS, "undo", 1, "ann", "human", "2020-01-01 10:00:02+00:00", None),
        ],
        "deliveries": [("shop", "a.csv", "h1", 5, 4, 1, "2020-01-01 10:00:00+00:00")],
    }
    with writing(engine) as connection:
        for table, columns in OLD.items():
            names = columns.split(", ")
            values = ", ".join(f":{name}" for name in names)
            statement = sa.text(f"INSERT INTO {table} ({columns}) VALUES ({values})")  # noqa: S608 (names of ours)
            connection.execute(statement, [dict(zip(names, row, strict=True)) for row in rows[table]])
        assert not sa.inspect(connection).has_table("questions")
    engine.dispose()


def test_an_old_database_keeps_its_labels(control_url: str) -> None:
    make_old(control_url)
    with Control(control_url) as control:
        assert control.tree() == TREE
        history = control.label_history().to_pylist()
        assert [(row["event_id"], row["kind"], row["undoes"]) for row in history] == [
            (1, "assign", None), (2, "assign", None), (3, "undo", 1),
        ]  # fmt: skip
        assert [row["source_event"] for row in history] == [None] * 3
        assert control.current_labels()["product_id"].to_pylist() == ["p2"]
        queue = control.queue()
        queue.refill([NewQuestion("p1"), NewQuestion("p2")], Round("margin", "linear", 0))
        (question,) = queue.next("ann", 5)
        assert question.product_id == "p1"
        reply = queue.answer(question.question_id, "ann", HATS)
        assert reply.event_id == 4
        control.confirm(4, ["p9"], "ann")
        assert control.label_history("p9")["source_event"].to_pylist() == [4]
    with reading(open_engine(control_url)) as connection:
        assert set(metadata.tables) <= set(sa.inspect(connection).get_table_names())


def test_an_old_database_keeps_its_deliveries(control_url: str) -> None:
    make_old(control_url)
    with Control(control_url) as control:
        (old,) = control.deliveries("shop")
        moment = datetime(2020, 1, 1, 10, tzinfo=UTC)
        assert old == Delivery("shop", "a.csv", "h1", 5, 4, 1, started=moment, finished=moment, delivery_id=1)
        assert control.record_delivery(Delivery("shop", "a.csv", "h2", status="held")) == 2
        assert [each.digest for each in control.deliveries()] == ["h1", "h2"]


def test_killed_while_upgrading(control_url: str, python: Callable[..., subprocess.Popen[str]]) -> None:
    make_old(control_url)
    script = """
import os, sys, alembic.op
from shelver.catalogue import Control
alembic.op.create_index = lambda *a, **k: os.kill(os.getpid(), 9)
Control(sys.argv[1])
"""
    process = python(script, control_url)
    process.communicate(timeout=60)
    assert process.returncode == -9
    with reading(open_engine(control_url)) as connection:
        assert not sa.inspect(connection).has_table("rounds")
    with Control(control_url) as control:
        assert control.current_labels()["product_id"].to_pylist() == ["p2"]
        assert control.queue().count().states == {}


def test_two_processes_upgrade_at_once(control_url: str, python: Callable[..., subprocess.Popen[str]]) -> None:
    make_old(control_url)
    script = "import sys; from shelver.catalogue import Control; print(Control(sys.argv[1]).queue().count().states)"
    for process in [python(script, control_url) for _ in range(2)]:
        said, wrong = process.communicate(timeout=60)
        assert (process.returncode, said) == (0, "{}\n"), wrong
