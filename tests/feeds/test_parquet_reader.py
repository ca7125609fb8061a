from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from shelver.config import Feed
from shelver.feeds.parquet_reader import read_parquet
from shelver.feeds.rows import BATCH_CHARS

FEED = Feed(name="shop", path="f.parquet")


def written(table: pa.Table) -> io.BytesIO:
    stream = io.BytesIO()
    pq.write_table(table, stream)
    stream.seek(0)
    return stream


def test_long_texts_that_are_stored_once_do_not_fill_the_memory() -> None:
    """2 kB on disk that unpack to 4 GB: blocks stay small, and no row is lost."""
    rows, length = 4096, 130_000
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
