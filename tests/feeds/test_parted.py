"""A table in parts: rows of one feed change, those of the others stay where they are."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.errors import ShelverError
from shelver.feeds.parted import Draft, PartedTable, RowsDigest
from shelver.table import Table

SCHEMA = pa.schema([("source", pa.string()), ("name", pa.string()), ("active", pa.bool_())])


def batch(feed: str, *names: str) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([{"source": feed, "name": name, "active": True} for name in names], SCHEMA)


def draft(table: Table, feed: str) -> Draft:
    return Draft(PartedTable(table, SCHEMA), feed, ("name", "active"))


def put(table: Table, feed: str, *names: str) -> None:
    made = draft(table, feed)
    made.add([batch(feed, name) for name in names])
    made.commit("read " + "".join(names), len(names), {"title": ["name"]})


def names(table: Table) -> list[str]:
    return table.read(["name"])["name"].to_pylist()


def test_parts_lie_in_the_order_of_names(tmp_path: Path) -> None:
    table = Table(str(tmp_path / "t.lance"))
    for feed, rows in (("m", "123"), ("a", "45"), ("z", "6"), ("m", "789"), ("b", "")):
        put(table, feed, *rows)
    assert names(table) == ["4", "5", "7", "8", "9", "6"]
    parted = PartedTable(table, SCHEMA)
    assert parted.feeds == ["a", "b", "m", "z"]
    assert [parted.span(feed) for feed in parted.feeds] == [(0, 2), (2, 2), (2, 5), (5, 6)]
    assert [row["name"] for each in parted.rows("m", ["name"]) for row in each.to_pylist()] == ["7", "8", "9"]
    assert list(parted.rows("b", ["name"])) == list(parted.rows("q", ["name"])) == []
    (taken,) = parted.take("m", np.array([2, 0]), ["name"])
    assert taken["name"].to_pylist() == ["9", "7"]
    part = parted.part("m")
    assert (part.read, part.count, part.active, part.files, part.columns) == ("read 789", 3, 3, 1, {"title": ["name"]})
    assert parted.part("q").count == 0


def test_other_parts_are_not_written_again(tmp_path: Path) -> None:
    table = Table(str(tmp_path / "t.lance"))
    put(table, "a", "1")
    before = set(os.listdir(tmp_path / "t.lance/data"))
    put(table, "b", "2")
    put(table, "b", "3")
    after = set(os.listdir(tmp_path / "t.lance/data"))
    assert before < after
    assert len(after) == 3
    assert table.open().get_fragments()[0].metadata.files[0].path in before


def test_equal_rows_have_equal_fingerprints_whatever_came_before(tmp_path: Path) -> None:
    one, other = Table(str(tmp_path / "one.lance")), Table(str(tmp_path / "other.lance"))
    put(one, "a", "1", "2")
    put(one, "b", "3")
    first = one.fingerprint()
    put(one, "a", "2", "1")
    assert one.fingerprint() != first
    put(one, "a", "1", "2")
    put(other, "b", "3")
    put(other, "a", "1", "2")
    assert one.fingerprint() == other.fingerprint() == first
    assert sorted(json.loads(first)) == ["a", "b"]


def test_a_draft_is_seen_by_nobody_and_leaves_nothing(tmp_path: Path) -> None:
    table = Table(str(tmp_path / "deep/t.lance"))
    made = draft(table, "a")
    made.add([batch("a", "1")])
    assert not table.exists()
    made.discard()
    assert os.listdir(tmp_path) == []
    put(table, "a", "1")
    made = draft(table, "a")
    made.add([batch("a", "2")])
    assert names(table) == ["1"]
    assert len(os.listdir(tmp_path / "deep/t.lance/data")) == 2
    made.discard()
    assert len(os.listdir(tmp_path / "deep/t.lance/data")) == 1
    assert names(table) == ["1"]


def test_what_goes_wrong_while_rows_are_made_is_raised_as_itself(tmp_path: Path) -> None:
    def rows() -> Iterator[pa.RecordBatch]:
        for _ in range(200):
            yield batch("a", *map(str, range(5000)))
        raise ShelverError("no more rows")

    made = draft(Table(str(tmp_path / "deep/t.lance")), "a")
    with pytest.raises(ShelverError, match="no more rows"):
        made.add(rows())
    made.discard()
    assert os.listdir(tmp_path) == []


def test_two_at_once_never_lose_rows(tmp_path: Path) -> None:
    table = Table(str(tmp_path / "t.lance"))
    put(table, "a", "1")
    one, other = draft(table, "b"), draft(table, "c")
    one.add([batch("b", "2")])
    other.add([batch("c", "3")])
    one.commit("r", 1, {})
    with pytest.raises(ShelverError, match="another process changed the table"):
        other.commit("r", 1, {})
    assert names(table) == ["1", "2"]


def test_a_table_of_an_older_shelver_is_taken_over(tmp_path: Path) -> None:
    """It has other columns, no parts, and an old fingerprint."""
    table = Table(str(tmp_path / "t.lance"))
    old = pa.schema([("name", pa.string()), ("source", pa.string())])
    rows = [{"name": name, "source": source} for source, name in ("a1", "a2", "b3", "c4", "c5")]
    table.write([pa.RecordBatch.from_pylist(rows, old)], old, '{"a": "x"}')
    parted = PartedTable(table, SCHEMA)
    assert parted.feeds == ["a", "b", "c"]
    (found,) = parted.rows("c", SCHEMA.names)
    assert found.to_pylist() == [{"source": "c", "name": name, "active": True} for name in "45"]
    (found,) = parted.take("c", np.array([1]), ["name", "active"])
    assert found.to_pylist() == [{"name": "5", "active": True}]
    put(table, "b", "6", "7")
    assert table.read().to_pylist() == [
        {"source": source, "name": name, "active": True} for source, name in ("a1", "a2", "b6", "b7", "c4", "c5")
    ]
    assert PartedTable(table, SCHEMA).part("c").active == 2
    put(table, "a", "8")
    assert names(table) == ["8", "6", "7", "4", "5"]


ROWS = st.lists(st.tuples(st.text(max_size=3) | st.none(), st.booleans()), max_size=8)


@given(ROWS, st.integers(1, 4), st.integers(1, 4))
def test_the_digest_of_rows_does_not_hang_on_batches(rows: list[tuple[str, bool]], one: int, other: int) -> None:
    found = [{"source": "a", "name": name, "active": active} for name, active in rows]
    whole = pa.RecordBatch.from_pylist(found, SCHEMA)

    def digest(size: int) -> str:
        made = RowsDigest(("name", "active"))
        for start in range(0, len(rows), size):
            made.update(whole.slice(start, size))
        return made.hexdigest()

    assert digest(one) == digest(other)


@given(ROWS, ROWS)
def test_other_rows_have_another_digest(one: list[tuple[str, bool]], other: list[tuple[str, bool]]) -> None:
    def digest(rows: list[tuple[str, bool]]) -> str:
        made = RowsDigest(("name", "active"))
        made.update(pa.RecordBatch.from_pylist([{"name": name, "active": active} for name, active in rows], SCHEMA))
        return made.hexdigest()

    same = [(name or "", active) for name, active in one] == [(name or "", active) for name, active in other]
    assert (digest(one) == digest(other)) == same
