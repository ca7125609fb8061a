from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.config import FIELDS
from shelver.feeds import rows as rows_module
from shelver.feeds.rows import MAX_RAW, Block, RawRow, Reader, bad_row, batched, number_text
from shelver.feeds.schema import raw_batch

ROW = st.one_of(
    st.builds(lambda cell: RawRow(0, {"a": cell, "b": "x"}, "{}"), st.none() | st.text(max_size=3)),
    st.builds(lambda cell: RawRow(0, {"c": cell}, "{}"), st.text(max_size=3)),
    st.just(RawRow(0, {}, "text", "bad")),
)
ROWS = st.lists(ROW, max_size=12).map(lambda some: [row._replace(line=place) for place, row in enumerate(some, 2)])


def known(row: RawRow) -> dict[str, str]:
    return {name: value for name, value in row.values.items() if value is not None}


@given(ROWS)
def test_a_block_gives_its_rows_back(some: list[RawRow]) -> None:
    block = Block.of(some, ("a", "b"))
    assert block.cells.schema.names[:2] == ["a", "b"]
    assert len(block) == len(some)
    found = list(block.rows())
    assert [row._replace(values={}) for row in found] == [row._replace(values={}) for row in some]
    assert [known(row) for row in found] == [known(row) for row in some]


@given(ROWS, st.integers(1, 5))
def test_parts_are_the_rows_in_order(some: list[RawRow], size: int) -> None:
    block = Block.of(some, ("a", "b"))
    parts = list(block.parts(size))
    assert [row for part in parts for row in part.rows()] == list(block.rows())
    assert all(len(part) == size for part in parts[:-1])
    assert all(part.cells.num_rows == len(part.lines) == len(part.raw) for part in parts)


@given(ROWS)
def test_raw_batch_has_all_rows_by_line(some: list[RawRow]) -> None:
    batch = raw_batch(Block.of(some, ("a",)), "f.csv", {"id": "a", "title": "none"})
    assert batch.column("line").to_pylist() == [row.line for row in some]
    assert batch.column("reason").to_pylist() == [row.reason or None for row in some]
    assert batch.column("id").to_pylist() == [row.values.get("a") for row in some]
    assert batch.column("title").null_count == len(some)
    assert set(FIELDS) <= set(batch.schema.names)


def test_a_column_that_a_block_does_not_have_is_null() -> None:
    column = Block.of([RawRow(2, {"a": "1"}, "")]).column("b")
    assert (column.type, column.to_pylist()) == (pa.string(), [None])


def test_batches_are_bounded_by_rows_and_by_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_module, "BATCH_CHARS", 100)
    some = [RawRow(number, {}, "x" * 40) for number in range(7)]
    assert [len(block) for block in batched(iter(some), 4)] == [3, 3, 1]
    assert [len(block) for block in batched(iter(some), 2)] == [2, 2, 2, 1]


def test_sample_does_not_consume() -> None:
    some = [RawRow(number, {"a": str(number)}, "") for number in range(5)]
    reader = Reader("f", ("a",), batched(some, 2))
    assert reader.sample() is reader.sample()
    assert sum(map(len, reader.batches)) == 5
    assert len(Reader("f", ("a",), iter(())).sample()) == 0


def test_long_bad_rows_are_cut() -> None:
    assert bad_row(1, "x" * MAX_RAW, "r").raw == "x" * MAX_RAW
    assert bad_row(1, "x" * (MAX_RAW + 1), "r").raw.endswith("x [cut]")


def test_number_text() -> None:
    found = [number_text(each) for each in (1.299, 12.5, 3.0, 1e300, float("nan"))]
    assert found == ["1.2990", "12.5", "3", "1e+300", None]
