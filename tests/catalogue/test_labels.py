from __future__ import annotations

import hashlib
import sqlite3
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shelver.catalogue import Control, tree_from_paths
from shelver.catalogue.database import open_engine, writing
from shelver.catalogue.label_events import CURRENT_SCHEMA, HISTORY_SCHEMA, LabelEvent
from shelver.errors import CatalogueError

Start = Callable[..., "subprocess.Popen[str]"]
TREE = tree_from_paths([("Shoes", "Boots"), ("Shoes", "Sandals"), ("Hats",)])
BOOTS, SANDALS, HATS = (TREE.resolve(name).category_id for name in ("boots", "sandals", "hats"))


@pytest.fixture
def control(control_url: str) -> Control:
    control = Control(control_url)
    control.save_tree(TREE)
    return control


def current(control: Control) -> dict[str, str]:
    table = control.current_labels()
    return dict(zip(table["product_id"].to_pylist(), table["category_id"].to_pylist(), strict=True))


def test_latest_assignment_counts(control: Control) -> None:
    assert control.current_labels().schema == CURRENT_SCHEMA
    assert control.add_labels([LabelEvent("p1", BOOTS), LabelEvent("p2", HATS, person="ann", how="import")]) == 2
    assert control.add_labels([LabelEvent("p1", SANDALS, person="bob")]) == 1
    table = control.current_labels()
    unsourced = {"source_event": None}
    assert table.to_pylist() == [
        {"product_id": "p2", "category_id": HATS, "person": "ann", "how": "import", "event_id": 2} | unsourced,
        {"product_id": "p1", "category_id": SANDALS, "person": "bob", "how": "human", "event_id": 3} | unsourced,
    ]
    assert control.current_labels("colour").num_rows == 0


def test_undo_brings_back_what_was_before(control: Control) -> None:
    control.add_labels([LabelEvent("p1", BOOTS), LabelEvent("p1", SANDALS)])
    assert control.undo(2, "ann") == 3
    assert current(control) == {"p1": BOOTS}
    control.undo(1, "ann")
    assert current(control) == {}
    control.add_labels([LabelEvent("p1", HATS)])
    assert current(control) == {"p1": HATS}
    with pytest.raises(CatalogueError, match="label event 1: it was undone before"):
        control.undo(1, "bob")
    with pytest.raises(CatalogueError, match="label event 3: it is an undo"):
        control.undo(3, "bob")
    with pytest.raises(CatalogueError, match="label event 99: no such event"):
        control.undo(99, "bob")
    history = control.label_history("p1")
    assert history.schema == HISTORY_SCHEMA
    assert history["kind"].to_pylist() == ["assign", "assign", "undo", "undo", "assign"]
    assert history["undoes"].to_pylist() == [None, None, 2, 1, None]
    assert control.label_history().num_rows == 5
    assert control.label_history("p2").num_rows == 0


def test_times_are_utc(control: Control) -> None:
    at = datetime(2024, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)
    control.add_labels([LabelEvent("p", BOOTS, at=at), LabelEvent("p", BOOTS)])
    given_time, now = control.label_history()["at"].to_pylist()
    assert given_time == at
    assert abs((datetime.now(UTC) - now).total_seconds()) < 60


def test_a_batch_is_stored_once(control: Control) -> None:
    batch = [LabelEvent("p1", BOOTS, batch="b1"), LabelEvent("p2", HATS, batch="b1")]
    assert control.add_labels(batch) == 2
    revision = control.label_revision()
    assert control.add_labels(batch) == 0
    assert control.label_revision() == revision
    control.add_labels([LabelEvent("p1", SANDALS)])
    assert control.add_labels([*batch, LabelEvent("p3", HATS, batch="b1")]) == 1  # only what is new
    assert current(control) == {"p1": SANDALS, "p2": HATS, "p3": HATS}
    assert control.add_labels([LabelEvent("p1", BOOTS), LabelEvent("p1", BOOTS)]) == 2  # no batch: all count
    assert control.add_labels(LabelEvent("p1", BOOTS, batch=f"c{n}") for n in range(3)) == 3


def test_revision_follows_every_event(control: Control) -> None:
    seen = [control.label_revision()]
    control.add_labels([LabelEvent("p1", BOOTS)])
    seen.append(control.label_revision())
    control.add_labels([LabelEvent("p2", BOOTS)])
    seen.append(control.label_revision())
    control.undo(1, "ann")
    seen.append(control.label_revision())
    assert len(set(seen)) == 4
    assert control.label_revision() == seen[-1]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (LabelEvent("p", "nope"), '"nope" is no category that people can assign'),
        (LabelEvent("p", TREE.resolve("shoes").category_id), "is no category that people can assign"),
        (LabelEvent("", BOOTS), "without product_id"),
        (
            LabelEvent("p", BOOTS, how="guessed"),
            'no label comes about by "guessed"; .* expected cluster, human, import',
        ),
        (LabelEvent("p", BOOTS, how="look_alike"), "does not say from which event"),
        (LabelEvent("p", "nope", "node"), '"nope" is no category; nothing was stored'),
        (LabelEvent("p", BOOTS, at=datetime(2020, 1, 1)), "no time zone"),
    ],
)
def test_one_bad_event_stores_nothing(control: Control, bad: LabelEvent, message: str) -> None:
    good = [LabelEvent(f"p{number}", BOOTS) for number in range(3)]
    with pytest.raises(CatalogueError, match=message):
        control.add_labels([*good, bad])
    assert control.label_history().num_rows == 0


def test_labels_need_a_tree(control_url: str) -> None:
    with pytest.raises(CatalogueError, match="no tree is stored yet"):
        Control(control_url).add_labels([LabelEvent("p", BOOTS)])


def test_other_objectives_are_free(control: Control) -> None:
    control.add_labels([LabelEvent("p", "red", "colour"), LabelEvent("p", BOOTS)])
    assert control.current_labels("colour")["category_id"].to_pylist() == ["red"]
    assert current(control) == {"p": BOOTS}


@pytest.mark.parametrize("sql", ["UPDATE label_events SET person = 'x'", "DELETE FROM label_events"])
def test_events_cannot_be_changed(control: Control, control_url: str, sql: str) -> None:
    control.add_labels([LabelEvent("p", BOOTS, person="ann")])
    with pytest.raises(CatalogueError, match="append-only"), writing(open_engine(control_url)) as connection:
        connection.exec_driver_sql(sql)
    assert control.current_labels()["person"].to_pylist() == ["ann"]


def refused(url: str, sql: str) -> None:
    with Control(url) as control:
        control.save_tree(TREE)
        control.add_labels([LabelEvent("p", BOOTS)])
    with pytest.raises(CatalogueError, match="append-only"), writing(open_engine(url)) as connection:
        connection.execute(sa.text(sql))


def test_events_cannot_be_replaced_in_sqlite(tmp_path: Path) -> None:
    refused(str(tmp_path / "c.db"), "INSERT OR REPLACE INTO label_events SELECT * FROM label_events")
    raw = sqlite3.connect(tmp_path / "c.db")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        raw.execute("DELETE FROM label_events")
    raw.close()


def test_events_cannot_be_truncated_in_postgresql(postgresql_url: str) -> None:
    refused(postgresql_url, "TRUNCATE label_events CASCADE")


WRITE = """
import sys
from shelver.catalogue import Control, LabelEvent
control = Control(sys.argv[1])
for batch in range(10):
    name = f"{sys.argv[2]}-{batch}"
    control.add_labels(LabelEvent(f"{name}-{n}", sys.argv[3], batch=name) for n in range(50))
"""


def test_two_processes_write_at_once(control: Control, control_url: str, python: Start) -> None:
    writers = [python(WRITE, control_url, name, BOOTS) for name in ("a", "b", "b")]
    for process in writers:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    history = control.label_history()
    assert history.num_rows == 1000  # both, and the batches of b only once
    assert len(set(history["product_id"].to_pylist())) == 1000


KILLED = """
import os, sys
from shelver.catalogue import Control, LabelEvent
def events():
    for n in range(1_000_000):
        if n == 25_000:
            os.kill(os.getpid(), 9)
        yield LabelEvent(f"p{n}", sys.argv[2], batch="b")
Control(sys.argv[1]).add_labels(events())
"""


def test_killed_while_adding(control: Control, control_url: str, python: Start) -> None:
    control.add_labels([LabelEvent("before", HATS)])
    process = python(KILLED, control_url, BOOTS)
    process.communicate(timeout=120)
    assert process.returncode == -9
    assert current(control) == {"before": HATS}
    assert control.add_labels(LabelEvent(f"p{n}", BOOTS, batch="b") for n in range(12_345)) == 12_345


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([BOOTS, SANDALS, HATS, None])), max_size=12))
def test_current_labels_match_a_slow_reference(tmp_path: Path, steps: list[tuple[str, str | None]]) -> None:
    name = hashlib.sha256(repr(steps).encode()).hexdigest()[:16]
    control = Control(str(tmp_path / f"{name}.db"))
    control.save_tree(TREE)
    start = control.label_history().num_rows
    if start:  # hypothesis tries the same example again
        return
    stacks: dict[str, list[tuple[int, str]]] = {}
    for product, category in steps:
        stack = stacks.setdefault(product, [])
        if category is not None:
            control.add_labels([LabelEvent(product, category)])
            stack.append((control.label_history().num_rows, category))
        elif stack:
            control.undo(stack.pop()[0], "ann")
    assert current(control) == {product: stack[-1][1] for product, stack in stacks.items() if stack}
    control.close()
