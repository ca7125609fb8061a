"""Damaged files of every format but CSV (see `fuzz_feeds`), and what must hold of their readers whatever they get.

    rng = random.Random(0)
    for content in damaged("xml", 10_000, rng):
        check_file("xml", content, rng.random() < 0.5)

Two kinds of damage: any at all, after which a reader must give rows or a `FeedError` in little time; and damage within
a single product, after which all others must still be there, be it as rows or as text of rejects.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import BinaryIO

from shelver.config import Feed
from shelver.errors import FeedError
from shelver.feeds.readers import READERS, read_stream
from shelver.feeds.rows import MAX_RAW, RawRow
from shelver.feeds.text_lines import decoded, line_blocks, open_text
from shelver.feeds.unpack import archive_kind, unpack
from shelver.feeds.zips import feed_members, is_spreadsheet, open_member, open_zip
from shelver.testing.fuzz_archives import damaged_archive
from shelver.testing.fuzz_damage import mutate
from shelver.testing.fuzz_limit import time_limit
from shelver.testing.fuzz_tables import damaged_excel, damaged_parquet
from shelver.testing.fuzz_texts import FRAMES, ID, IDS, one_damaged, whole

NAME = "fuzz"
"""Name of the file; messages must begin with it."""


@dataclass(frozen=True)
class Read:
    """What became of one file.

    Attributes
    ----------
    rows : list of RawRow
        Rows, good and bad.
    refused : str
        Why the file was refused as a whole; empty if it was read.
    """

    rows: list[RawRow]
    refused: str = ""


FORMATS = ("jsonl", "json", "xml", "parquet", "excel", "archive")


def damaged(kind: str, count: int, rng: Random) -> Iterator[bytes]:
    """Make `count` damaged files of a format."""
    for _ in range(count):
        if kind in FRAMES:
            chance = rng.random()
            if chance < 0.5:
                yield one_damaged(kind, rng)
            else:
                yield whole(kind, rng) if chance < 0.505 else mutate(whole(kind, rng), rng)
        elif kind == "parquet":
            yield damaged_parquet(rng)
        elif kind == "excel":
            yield damaged_excel(rng)
        else:
            yield damaged_archive(rng)


def check_file(kind: str, content: bytes, given: bool) -> Read:
    """Read a damaged file and check what must hold.

    Parameters
    ----------
    kind : str
        One of `FORMATS`.
    content : bytes
        The file.
    given : bool
        Whether the format is set, or found out.

    Raises
    ------
    AssertionError
        A row without cells and reason, one that was lost, or a message that does not name the file.
    TimeoutError
        It took too long.
    """
    feed = Feed(name="fuzz", path=NAME, format=kind if given and kind in READERS else "auto")
    try:
        with time_limit():
            rows = list(_archived(content, feed) if kind == "archive" else _rows(content, feed))
    except FeedError as error:
        said = str(error)
    else:
        said = ""
    if said:
        assert said.startswith(NAME), said
        assert len(said) < 2_000
        return Read([], said)
    for row in rows:
        assert bool(row.reason) != bool(row.values), row
        assert row.reason or isinstance(json.loads(row.raw), dict), row
        assert row.line > 0
    if kind == "jsonl" and given:
        text = open_text(io.BytesIO(content), "auto", NAME)
        lines = sum(1 for block in line_blocks(text) for line in decoded(block) if line.strip())
        assert len(rows) == lines, f"{len(rows)} rows of {lines} lines"
    return Read(rows)


def check_one_damaged(kind: str, content: bytes) -> Read:
    """Check that of a file in which a single product is damaged no other is lost: see `one_damaged`."""
    found = check_file(kind, content, True)
    if not found.refused:
        texts = "".join(row.raw for row in found.rows)
        if any(len(row.raw) > MAX_RAW for row in found.rows):
            return found
        missing = set(IDS) - set(ID.findall(texts))
        assert len(missing) <= 1, f"lost: {sorted(missing)}"
    return found


def _rows(content: bytes, feed: Feed) -> Iterator[RawRow]:
    reader = read_stream(io.BytesIO(content), NAME, feed, 5)
    for block in reader.batches:
        assert 0 < len(block) <= 5
        assert len(block.lines) == len(block.raw) == block.cells.num_rows
        yield from block.rows()


def _archived(content: bytes, feed: Feed) -> Iterator[RawRow]:
    if archive_kind(content[:512]) != "zip":
        yield from _stream_rows(unpack(io.BytesIO(content), NAME), feed)
        return
    archive = open_zip(io.BytesIO(content), NAME)
    if not is_spreadsheet(archive):
        for name in feed_members(archive, NAME):
            yield from _stream_rows(open_member(archive, NAME, name), feed)


def _stream_rows(stream: BinaryIO, feed: Feed) -> Iterator[RawRow]:
    for block in read_stream(stream, NAME, feed).batches:
        yield from block.rows()
