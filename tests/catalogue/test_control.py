from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from shelver.catalogue import Control, Delivery, Run, Tree, tree_from_paths
from shelver.catalogue.database import open_engine, reading, writing
from shelver.catalogue.database_errors import explain
from shelver.catalogue.label_events import LabelEvent
from shelver.catalogue.migrate import VERSION_TABLE
from shelver.catalogue.tables import metadata
from shelver.errors import CatalogueError

Start = Callable[..., "subprocess.Popen[str]"]
TREE = tree_from_paths([("Shoes", "Boots"), ("Shoes", "Sandals"), ("Hats",)])
BOOTS = TREE.resolve("boots").category_id

OPEN = "import sys; from shelver.catalogue import Control; print(repr(Control(sys.argv[1])))"


def finish(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out


def test_opening_twice_changes_nothing(control_url: str) -> None:
    with Control(control_url) as control:
        assert control.tree() == Tree([])
        control.save_tree(TREE)
    with Control(control_url) as control:
        assert control.tree() == TREE
        assert control.tree().fingerprint() == TREE.fingerprint()


def test_migrations_make_the_tables_of_the_code(control_url: str) -> None:
    Control(control_url).close()
    with reading(open_engine(control_url)) as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []


def test_processes_open_a_new_database_at_once(control_url: str, python: Start) -> None:
    for process in [python(OPEN, control_url) for _ in range(3)]:
        assert finish(process).startswith("Control(")
    assert Control(control_url).runs() == []


def test_killed_while_migrating(control_url: str, python: Start) -> None:
    script = """
import os, sys, alembic.op
from shelver.catalogue import Control
alembic.op.create_index = lambda *a, **k: os.kill(os.getpid(), 9)
Control(sys.argv[1])
"""
    process = python(script, control_url)
    process.communicate(timeout=60)
    assert process.returncode == -9
    with Control(control_url) as control:
        control.save_tree(TREE)
        assert control.add_labels([LabelEvent("p", BOOTS)]) == 1


def test_save_tree_replaces_whole(control_url: str) -> None:
    control = Control(control_url)
    control.save_tree(TREE)
    other = tree_from_paths([("Hats", "Caps"), ("Toys",)], "all")
    control.save_tree(other)
    assert control.tree() == other
    assert [c.name for c in control.tree().exclusive] == ["Hats", "Caps", "Toys"]


def test_save_tree_keeps_categories_in_use(control_url: str) -> None:
    control = Control(control_url)
    control.save_tree(TREE)
    control.add_labels([LabelEvent("p1", BOOTS), LabelEvent("p2", BOOTS)])
    without = tree_from_paths([("Shoes", "Sandals"), ("Hats",)])
    with pytest.raises(
        CatalogueError, match=rf"2 current labels use 1 categories .*lacks: Boots .id {BOOTS}, 2 labels"
    ):
        control.save_tree(without)
    assert control.tree() == TREE
    inner = tree_from_paths([("Shoes", "Boots", "High"), ("Hats",)])
    with pytest.raises(CatalogueError, match="does not let people assign: Boots"):
        control.save_tree(inner)
    control.save_tree(without, force=True)
    assert control.tree() == without
    assert control.current_labels().num_rows == 0
    assert control.label_history().num_rows == 2
    control.save_tree(TREE)
    assert control.current_labels()["product_id"].to_pylist() == ["p1", "p2"]
    control.undo(1, "ann")
    control.undo(2, "ann")
    control.save_tree(without)  # nobody uses it now


def test_deliveries(control_url: str) -> None:
    control = Control(control_url)
    assert control.delivery("shop") is None
    zone = timezone(timedelta(hours=2))
    first = Delivery("shop", "*.csv", "h1", rows=3, products=2, rejected=1, new=1, changed=0, unchanged=1, gone=4,
                     back=0, files=("a.csv", "é.csv"), reasons={"id: empty": 1}, columns={"title": ["name"]},
                     filled={"title": 2})  # fmt: skip
    second = Delivery("shop", "a.csv", "h2", 4, 4, 0, "held", "why", finished=datetime(2020, 1, 1, 1, tzinfo=zone))
    other = Delivery("mall", "a.csv", "h3", 1, 1, 0, "writing")
    stored = [replace(each, delivery_id=control.record_delivery(each)) for each in (first, second, other)]
    assert control.delivery("shop") == stored[1]  # the last recorded, whatever its time says
    assert control.deliveries() == stored
    assert control.deliveries("mall") == stored[2:]
    assert control.deliveries()[1].finished.isoformat() == "2019-12-31T23:00:00+00:00"
    control.settle_delivery(stored[2].delivery_id, "accepted")
    assert [each.status for each in control.deliveries()] == ["accepted", "held", "accepted"]
    assert stored[1].same_end(replace(second, rows=9))
    assert not stored[1].same_end(replace(second, reason="another"))
    assert not stored[1].same_end(None)
    with pytest.raises(CatalogueError, match="no time zone"):
        control.record_delivery(Delivery("shop", "a.csv", "h", 1, 1, 0, finished=datetime(2020, 1, 1)))


def test_runs(control_url: str) -> None:
    control = Control(control_url)
    new = Run("run-b", "f1", {"rows": 3, "names": ["é"]})
    old = Run("run-a", "f2", created=datetime(2020, 1, 1, tzinfo=UTC))
    control.add_run(new)
    control.add_run(old)
    control.add_run(Run("run-b", "f1"))  # the same again
    assert control.runs() == [old, new]
    with pytest.raises(CatalogueError, match=r'"run-b" exists with another fingerprint .f1.'):
        control.add_run(Run("run-b", "f9"))
    assert control.runs() == [old, new]


def test_sqlite_is_durable(tmp_path: Path) -> None:
    Control(str(tmp_path / "control.db")).close()
    with writing(open_engine(str(tmp_path / "control.db"))) as connection:
        asked = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous",
                 "foreign_keys", "busy_timeout")}  # fmt: skip
    assert asked == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 60_000}


def test_folders_are_made_and_urls_accepted(tmp_path: Path) -> None:
    Control(f"sqlite:///{tmp_path}/a/b/control.db").close()
    assert (tmp_path / "a/b/control.db").exists()


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to look at" * 20, bytes(range(256)) * 20])
def test_not_a_database(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "control.db"
    path.write_bytes(content)
    with pytest.raises(CatalogueError, match=r"control.db: not a database(.|\n)*control.url"):
        Control(str(path))
    assert path.read_bytes() == content


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="cannot open or make the database"):
        Control(str(tmp_path))
    (tmp_path / "file").write_text("x")
    with pytest.raises(CatalogueError, match="cannot make the database"):
        Control(str(tmp_path / "file" / "control.db"))


def test_no_permission(tmp_path: Path, python: Start) -> None:
    path = tmp_path / "control.db"
    Control(str(path)).close()
    path.chmod(0o444)
    tmp_path.chmod(0o555)
    for folder in list(tmp_path.parents)[:2]:
        folder.chmod(folder.stat().st_mode | 0o555)
    script = """
import os, sys
from shelver.catalogue import Control, Run
from shelver.errors import CatalogueError
Control(sys.argv[1]).close()  # all modules are loaded now
if os.geteuid() == 0:  # root may do anything
    os.setuid(65534)
try:
    Control(sys.argv[2]).add_run(Run("r", "f"))
except CatalogueError as error:
    print(error)
"""
    (tmp_path.parent / "other").mkdir(exist_ok=True)
    out = finish(python(script, str(tmp_path.parent / "other" / "control.db"), str(path)))
    assert "no permission" in out
    assert "control.url" in out


def test_disk_full(tmp_path: Path) -> None:
    control = Control(str(tmp_path / "control.db"))
    control.save_tree(TREE)
    control.close()
    sa.event.listen(control._engine, "connect", lambda raw, _: raw.execute("PRAGMA max_page_count = 40"))
    with pytest.raises(CatalogueError, match="the disk is full; nothing was changed"):
        control.add_labels(LabelEvent(f"product {number}", BOOTS) for number in range(20_000))
    assert control.label_history().num_rows == 0


def test_made_by_newer_code(control_url: str) -> None:
    Control(control_url).close()
    with writing(open_engine(control_url)) as connection:
        connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")  # noqa: S608
    with pytest.raises(CatalogueError, match=r"a newer Shelver made this database .version 9999(.|\n)*--upgrade"):
        Control(control_url)


def test_database_of_another_program(control_url: str) -> None:
    with writing(open_engine(control_url)) as connection:
        connection.exec_driver_sql("CREATE TABLE runs (speed INTEGER)")
    with pytest.raises(CatalogueError, match="another program's database: it has a table runs"):
        Control(control_url)


@pytest.mark.parametrize("url", ["s3://bucket/control.db", "mysql://host/name", "nonsense://x"])
def test_databases_that_do_not_exist(url: str) -> None:
    with pytest.raises(CatalogueError, match="cannot keep the control database there"):
        Control(url)


def test_missing_driver_names_the_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(CatalogueError, match=r'pip install "shelver\[postgresql\]"') as caught:
        Control("postgresql://me:secret@localhost/name")
    assert "secret" not in str(caught.value)


def test_no_server(tmp_path: Path) -> None:
    pytest.importorskip("psycopg", reason='no driver: pip install "shelver[postgresql]"')
    with pytest.raises(CatalogueError, match="cannot connect") as caught:
        Control(f"postgresql://me:secret@/name?host={tmp_path}")
    assert "secret" not in str(caught.value)


def test_no_such_database(postgresql_server: str) -> None:
    url = sa.make_url(postgresql_server).set(database="gone").render_as_string(hide_password=False)
    with pytest.raises(CatalogueError, match=r"no such database|cannot connect"):
        Control(url)


def test_a_process_holds_the_database(tmp_path: Path) -> None:
    path = str(tmp_path / "control.db")
    Control(path).close()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    control = Control(path)
    control.close()
    sa.event.listen(control._engine, "connect", lambda raw, _: raw.execute("PRAGMA busy_timeout = 100"))
    with pytest.raises(CatalogueError, match="another process holds the database"):
        control.add_run(Run("r", "f"))
    assert control.runs() == []  # readers do not wait
    holder.rollback()
    holder.close()
    control.add_run(Run("r", "f"))


def test_damaged_database(tmp_path: Path) -> None:
    path = tmp_path / "control.db"
    control = Control(str(path))
    control.save_tree(TREE)
    control.add_labels(LabelEvent(f"product {number}", BOOTS) for number in range(2000))
    control.close()
    content = bytearray(path.read_bytes())
    content[20_000:120_000] = b"\x5a" * len(content[20_000:120_000])
    shutil.copy(path, tmp_path / "copy.db")
    path.write_bytes(content)
    with pytest.raises(CatalogueError, match="the database is damaged"):
        Control(str(path)).label_history()


def test_errors_of_the_code_are_not_hidden() -> None:
    assert explain(sqlite3.OperationalError("near SELEKT: syntax error"), "x") is None
