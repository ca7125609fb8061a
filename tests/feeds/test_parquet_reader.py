from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shelver.config import Feed
from shelver.errors import FeedError
from shelver.feeds.parquet_reader import read_parquet
from shelver.feeds.rows import BATCH_CHARS, MAX_CELL, MAX_RAW

FEED = Feed(name="shop", path="f.parquet")


def written(table: pa.Table) -> io.BytesIO:
    stream = io.BytesIO()
    pq.write_table(table, stream)
    stream.seek(0)
    return stream


def test_long_texts_that_are_stored_once_do_not_fill_the_memory() -> None:
    """1 MB on disk that unpacks to 270 MB: blocks stay small, and no row is lost."""
    rows, length = 256, 130_000
    places = pa.array(np.zeros(rows, np.int32))
    texts = [pa.DictionaryArray.from_arrays(places, [letter * length]) for letter in "abcdefgh"]
    stream = written(pa.table(dict(zip("abcdefgh", texts, strict=True))))
    assert len(stream.getvalue()) < 1_000_000
    seen = 0
    for block in read_parquet(stream, "f.parquet", FEED, rows).batches:
        assert block.cells.nbytes < 2 * BATCH_CHARS
        assert block.lines.to_pylist() == list(range(seen + 1, seen + len(block) + 1))
        assert block.cells.column(7)[0].as_py() == "h" * length
        seen += len(block)
    assert seen == rows


def test_values_that_repeat_are_read_as_they_are() -> None:
    table = pa.table(
        {
            "title": ["a", "b", None, "a"],
            "code": pa.array([b"x", b"x", None, b"\xff"]),
            "s": [{"q": "a"}, None, {}, {"q": "b"}],
        }
    )
    found = [row.values for block in read_parquet(written(table), "f", FEED, 3).batches for row in block.rows()]
    assert [row["title"] for row in found] == ["a", "b", None, "a"]
    assert [row["code"] for row in found] == ["x", "x", None, "\ufffd"]
    assert [row.get("s.q") for row in found] == ["a", None, None, "b"]


def refused(content: bytes) -> str:
    with pytest.raises(FeedError) as caught:
        list(read_parquet(io.BytesIO(content), "f.parquet", FEED, 3).batches)
    assert caught.value.where.startswith("f.parquet")
    assert caught.value.hint
    return caught.value.what


TABLE = pa.table({"id": ["a", "b"], "price": [1.5, 2.0]})


def test_a_file_at_which_pyarrow_aborts() -> None:
    """A column that is optional is said to be neither that nor anything else: what is counted of it does not fit."""
    content = written(TABLE).getvalue()
    optional, unknown = b"\x25\x02\x18\x02id", b"\x25\x42\x18\x02id"  # field 3, its name, of thrift's SchemaElement
    assert content.count(optional) == 1
    assert "level histogram size mismatch" in refused(content.replace(optional, unknown))
    assert len(list(read_parquet(io.BytesIO(content), "f.parquet", FEED, 3).batches)) == 1  # we live


def test_files_that_are_cut_short_or_changed() -> None:
    content = written(TABLE).getvalue()
    assert "not a readable Parquet file" in refused(content[:-1])
    assert "not a readable Parquet file" in refused(b"PAR1" + bytes(len(content) - 8) + b"PAR1")


def test_a_value_that_is_too_long_refuses_its_row() -> None:
    table = pa.table({"id": ["1", "2", "3"], "title": ["a", "\u00e4" * (MAX_CELL + 1), "\u00e4" * MAX_CELL]})
    (block,) = read_parquet(written(table), "f.parquet", FEED, 3).batches
    assert block.lines.to_pylist() == [1, 3]
    assert block.cells.column("id").to_pylist() == ["1", "3"]
    (bad,) = block.bad
    assert (bad.line, bad.reason) == (2, "a value has more than 131,072 characters")
    assert bad.raw.startswith('{"id": "2", "title": "\u00e4\u00e4')
    assert len(bad.raw) < MAX_RAW + 20


def test_rows_whose_structures_have_different_keys() -> None:
    maps = pa.array([[("a", 1)], [("b", 2)], [("a", 3), ("c", 4)]], pa.map_(pa.string(), pa.int64()))
    reader = read_parquet(written(pa.table({"m": maps})), "f.parquet", FEED, 1)
    assert [block.cells.to_pylist() for block in reader.batches] == [
        [{"m.a": "1"}],
        [{"m.b": "2"}],
        [{"m.a": "3", "m.c": "4"}],
    ]


def test_many_different_texts_are_not_held_at_once() -> None:
    rows = 60_000
    table = pa.table(
        {"id": [f"{number}" for number in range(rows)], "title": [f"{number} " * 20 for number in range(rows)]}
    )
    found = [row.values for block in read_parquet(written(table), "f", FEED, 4096).batches for row in block.rows()]
    assert found == table.to_pylist()


@pytest.mark.parametrize("kind", [pa.float16(), pa.float32(), pa.float64()])
def test_numbers_are_written_alike_whatever_their_width(kind: pa.DataType) -> None:
    table = pa.table({"p": pa.array([1.5, None, float("nan"), 1.5, 1.125, 3.0], pa.float64()).cast(kind)})
    (block,) = read_parquet(written(table), "f", FEED, 9).batches
    assert block.column("p").to_pylist() == ["1.5", None, None, "1.5", "1.1250", "3"]


@pytest.mark.parametrize("kind", [pa.string_view(), pa.binary_view()])
@pytest.mark.parametrize("dictionary", [True, False])
def test_columns_of_views(kind: pa.DataType, dictionary: bool) -> None:
    texts = [None, "", "Größe 42, long enough to be no part of the view", "b"]
    title = pa.array(texts).cast(pa.large_binary()).cast(kind)
    stream = io.BytesIO()
    pq.write_table(pa.table({"id": range(len(texts)), "title": title}), stream, use_dictionary=dictionary)
    stream.seek(0)
    (block,) = read_parquet(stream, "f", FEED, 9).batches
    assert block.column("title").to_pylist() == texts


@pytest.mark.parametrize("kind", [pa.string_view(), pa.binary_view()])
def test_views_of_a_long_text_do_not_fill_the_memory(kind: pa.DataType) -> None:
    texts = pa.array(["x" * 130_000] * 200).cast(pa.large_binary()).cast(kind)
    stream = written(pa.table({"a": texts}))
    assert len(stream.getvalue()) < 1_000_000
    blocks = list(read_parquet(stream, "f", FEED, 200).batches)
    assert sum(map(len, blocks)) == 200
    assert max(block.cells.nbytes for block in blocks) < 2 * BATCH_CHARS


MAPS = pa.array([[("size", "M")]] * 1_500 + [[("color", "red")]] * 9, pa.map_(pa.string(), pa.string()))
STRUCTURES = pa.array([None] * 1_500 + [{"color": "red"}] * 9)


@pytest.mark.parametrize("column", [MAPS, STRUCTURES], ids=["map", "struct"])
def test_columns_that_only_later_rows_have(column: pa.Array) -> None:
    table = pa.table({"id": range(len(column)), "attr": column})
    headers = set()
    for size in (7, 600, 10_000):
        reader = read_parquet(written(table), "f", FEED, size)
        headers.add(reader.columns)
        assert reader.open_ended
        rows = [row for block in reader.batches for row in block.rows()]
        assert [row.line for row in rows] == list(range(1, len(column) + 1))
        assert [row.values.get("attr.color") for row in rows] == [None] * 1_500 + ["red"] * 9
    assert len(headers) == 1, "the header does not depend on how rows are cut into blocks"
    assert not read_parquet(written(TABLE), "f", FEED, 9).open_ended
