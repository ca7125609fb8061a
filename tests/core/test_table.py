from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from shelver.errors import FeedError, ShelverError
from shelver.table import KEPT, Table, watched

SCHEMA = pa.schema([("key", pa.string()), ("shop", pa.string()), ("price", pa.float64())])


def rows(*keys, shop="a", price=1.0):
    return pa.RecordBatch.from_pylist([{"key": k, "shop": shop, "price": price} for k in keys], schema=SCHEMA)


@pytest.fixture
def table(tmp_path):
    return Table(f"{tmp_path}/tables/things.lance")


def keys(table):
    return table.read(["key"])["key"].to_pylist()


def test_a_table_that_is_not_there(table):
    assert not table.exists()
    assert table.fingerprint() == ""
    assert "not made yet" in repr(table)
    with pytest.raises(ShelverError, match="there is no table things yet") as caught:
        table.count()
    assert "shelver run" in caught.value.hint


def test_write_keeps_order_and_fingerprint(table):
    made = table.write([rows("c", "a"), rows(), rows("b")], SCHEMA, "f1")
    assert keys(made) == ["c", "a", "b"]
    assert (table.count(), table.fingerprint(), table.version) == (3, "f1", 1)
    assert table.schema.names == SCHEMA.names
    assert "3 rows" in repr(table)
    assert table.head(2)["key"].to_pylist() == ["c", "a"]


def test_write_replaces_everything_and_old_versions_stay_readable(table):
    first = table.write([rows("a", "b")], SCHEMA, "f1")
    other = pa.schema([("number", pa.int32())])
    table.write([pa.RecordBatch.from_pydict({"number": [5]}, schema=other)], other, "f2")
    assert (table.count(), table.fingerprint(), table.schema.names) == (1, "f2", ["number"])
    assert (keys(first), first.fingerprint()) == (["a", "b"], "f1")


def test_old_versions_that_cannot_be_removed_are_no_failure_of_the_commit(table):
    table.write([rows("a")], SCHEMA, "f1")
    (first,) = Path(table.uri, "_versions").glob("*.manifest")
    table.write([rows("b")], SCHEMA, "f2")
    first.write_bytes(b"damaged")
    with pytest.raises((OSError, RuntimeError, ValueError)):
        table.open().cleanup_old_versions(older_than=KEPT)
    made = table.write([rows("c")], SCHEMA, "f3")
    assert (keys(made), made.fingerprint()) == (["c"], "f3")


def test_empty_table(table):
    table.write([], SCHEMA, "f")
    assert (table.exists(), table.count(), table.fingerprint()) == (True, 0, "f")
    assert table.rows(0, 5).num_rows == 0
    assert table.read().num_rows == 0
    assert [batch.num_rows for batch in table.batches() if batch.num_rows] == []


def test_batches_are_cast_to_the_schema(table):
    loose = pa.schema([("key", pa.large_string()), ("shop", pa.string()), ("price", pa.float32())])
    table.write([rows("a").cast(loose)], SCHEMA, "")
    assert table.schema.field("key").type == pa.string()
    assert table.schema.field("price").type == pa.float64()


def test_rows_take_batches_and_read(table):
    table.write([rows(*"abcdefg"), rows(*"hij", shop="b")], SCHEMA, "")
    assert table.rows(2, 5, ["key"]).to_pydict() == {"key": ["c", "d", "e"]}
    assert table.rows(8, 99, ["key"]).to_pydict() == {"key": ["i", "j"]}
    assert table.rows(10, 12).num_rows == 0
    assert table.take([9, 0, 3, 0], ["key"])["key"].to_pylist() == ["j", "a", "d", "a"]
    assert table.take(np.array([1, 8]), ["key", "shop"]).to_pylist() == [
        {"key": "b", "shop": "a"},
        {"key": "i", "shop": "b"},
    ]
    parts = list(table.batches(["key"], batch_size=3))
    assert max(part.num_rows for part in parts) <= 3
    assert [key for part in parts for key in part["key"].to_pylist()] == list("abcdefghij")
    assert [k for part in table.batches(["key"], where="shop = 'b'") for k in part["key"].to_pylist()] == list("hij")
    assert table.read(["key"], where="key > 'h'")["key"].to_pylist() == ["i", "j"]


class CustomError(Exception):
    pass


@pytest.mark.parametrize(
    "error",
    [
        CustomError("mine"),
        FeedError("bad", where="feed.csv line 3"),
        KeyboardInterrupt(),
        OSError("odd"),
        KeyError("x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_in_the_stream_surfaces_as_itself_and_leaves_the_old_table(table, error):
    table.write([rows("a", "b")], SCHEMA, "f1")

    def stream():
        yield rows("c")
        raise error

    with pytest.raises(type(error)) as caught:
        table.write(stream(), SCHEMA, "f2")
    assert caught.value is error
    assert (keys(table), table.fingerprint(), table.version) == (["a", "b"], "f1", 1)


def test_a_permission_error_of_the_stream_is_not_taken_for_one_of_the_table(table):
    def stream():
        yield rows("c")
        raise PermissionError(13, "Permission denied", "feed.csv")

    with pytest.raises(PermissionError):
        table.write(stream(), SCHEMA, "f")


def test_an_error_in_the_first_write_leaves_no_table(table):
    def stream():
        yield rows("c")
        raise CustomError

    with pytest.raises(CustomError):
        table.write(stream(), SCHEMA, "f")
    assert not table.exists()
    table.write([rows("d")], SCHEMA, "g")
    assert keys(table) == ["d"]


def test_pinned_does_not_move(table):
    table.write([rows("a")], SCHEMA, "f1")
    pinned = table.pinned()
    table.write([rows("b", "c")], SCHEMA, "f2")
    assert (keys(pinned), pinned.count(), pinned.fingerprint()) == (["a"], 1, "f1")
    assert keys(table) == ["b", "c"]


def test_watched_counts_rows():
    told = []
    assert [batch.num_rows for batch in watched([rows("a", "b"), rows("c")], told.append)] == [2, 1]
    assert told == [2, 3]
    assert len(list(watched([rows("a")], None))) == 1
