"""Data files that nobody owns are removed; those that somebody reads or writes are not."""

from __future__ import annotations

import os
import time

import pyarrow as pa
import pytest

from shelver.errors import ShelverError
from shelver.feeds.leftovers import remove_leftovers
from shelver.feeds.parted import Draft, PartedTable
from shelver.pipeline.workspace import Workspace
from shelver.table import Table

SCHEMA = pa.schema([("source", pa.string()), ("title", pa.string())])


def rows(*titles: str) -> list[pa.RecordBatch]:
    return [pa.RecordBatch.from_pydict({"source": ["a"] * len(titles), "title": list(titles)}, schema=SCHEMA)]


def draft(table: Table, *titles: str) -> Draft:
    made = Draft(PartedTable(table, SCHEMA), "a", ("title",))
    made.add(rows(*titles))
    return made


def files(table: Table) -> set[str]:
    return set(os.listdir(f"{table.uri}/data"))


@pytest.fixture
def table(tmp_path) -> Table:
    made = Table(f"{tmp_path}/t.lance")
    draft(made, "one", "two").commit("r1", 2, {})
    return made


def test_what_a_failed_commit_left(table: Table) -> None:
    first, late = draft(table, "three"), draft(table, "four")
    first.commit("r2", 1, {})
    with pytest.raises(ShelverError, match="another process changed the table"):
        late.commit("r3", 1, {})
    old = table.at(1)
    assert len(files(table)) == 3
    assert remove_leftovers(table, time.time()) == 1
    assert table.read(["title"])["title"].to_pylist() == ["three"]
    assert old.read(["title"])["title"].to_pylist() == ["one", "two"], "old versions are whole"
    assert remove_leftovers(table, time.time()) == 0


def test_what_is_being_written_stays(table: Table) -> None:
    alone = time.time()
    time.sleep(0.02)
    mine = draft(table, "three")
    assert remove_leftovers(table, alone) == 0
    mine.commit("r2", 1, {})
    assert table.count() == 1


def test_a_table_that_never_came_to_be(tmp_path) -> None:
    table = Table(f"{tmp_path}/t.lance")
    assert remove_leftovers(table, time.time()) == 0
    draft(table, "one")
    assert not table.exists()
    assert remove_leftovers(table, time.time()) == 1
    draft(table, "two").commit("r", 1, {})
    assert table.count() == 1


def test_ingest_removes_them(tmp_path) -> None:
    (tmp_path / "shelver.toml").write_text('[[feeds]]\nname = "shop"\npath = "shop.csv"\n')
    (tmp_path / "shop.csv").write_text("id,title\n1,Hat\n")
    Workspace(tmp_path).ingest()
    left = tmp_path / "tables" / "products.lance" / "data" / "0123.lance"
    left.write_bytes(b"half a file")
    Workspace(tmp_path).ingest()
    assert left.exists(), "nothing was delivered, nothing is looked for"
    (tmp_path / "shop.csv").write_text("id,title\n1,Hat\n2,Cap\n")
    Workspace(tmp_path).ingest()
    assert not left.exists()
    assert Workspace(tmp_path).products().count() == 2
