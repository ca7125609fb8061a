"""One door to all formats: which reader reads a file, and what cannot be read at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import BinaryIO

from shelver.config import Feed
from shelver.errors import FeedError
from shelver.feeds.csv_reader import read_csv
from shelver.feeds.jsonl_reader import read_jsonl
from shelver.feeds.parquet_reader import read_parquet
from shelver.feeds.rows import Reader
from shelver.feeds.sources import open_file
from shelver.files import Files

ReadFormat = Callable[[BinaryIO, str, Feed, int], Reader]
"""Opens a file: its bytes, its name for messages, the settings, the rows in a batch."""

READERS: dict[str, ReadFormat] = {
    "csv": read_csv,
    "tsv": read_csv,
    "jsonl": read_jsonl,
    "parquet": read_parquet,
}
"""Reader of each format; a new format is a new line here and one in `EXTENSIONS`."""

EXTENSIONS = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}

SIGNATURES = {
    b"PAR1": "a Parquet file",
    b"PK\x03\x04": "a zip archive or a spreadsheet",
    b"\x1f\x8b": "a gzip archive",
    b"BZh": "a bzip2 archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
    b"\xfd7zXZ": "an xz archive",
    b"\xd0\xcf\x11\xe0": "an old Excel file",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"\x7fELF": "a program",
    b"SQLite format 3": "a SQLite database",
    b"<?xml": "XML",
    b"<rss": "XML",
    b"<!DOCTYPE html": "a web page",
    b"<!doctype html": "a web page",
    b"<html": "a web page",
}
"""First bytes of what is not text with rows."""

MAX_NULS = 0.02
"""Share of NUL bytes in the first 64 KiB above which a file is not text; a few are dropped by the cleaners."""


def read_feed(files: Files, path: str, feed: Feed, size: int = 4096) -> Reader:
    """Open one file of a feed.

    Parameters
    ----------
    files : Files
        The workspace.
    path : str
        One of `feed_files`.
    feed : Feed
        Settings.
    size : int
        Rows in a batch at most; never changes a row.

    Raises
    ------
    FeedError
        The file cannot be read as what it should be: what is wrong, where, and what to do.
    """
    stream = open_file(files, path)
    head = stream.read(1 << 16)
    stream.seek(0)
    if not head:
        raise FeedError("the file is empty", where=path, expected="a header and rows")
    kind = feed.format if feed.format != "auto" else find_format(path, head)
    _check_signature(head, kind, path, feed.encoding)
    if kind != feed.format:
        feed = feed.model_copy(update={"format": kind})
    return READERS[kind](stream, path, feed, size)


def find_format(path: str, head: bytes) -> str:
    """Format by the extension of the name, or else by the first bytes."""
    kind = EXTENSIONS.get(os.path.splitext(path)[1].lower())
    if kind:
        return kind
    if head.startswith(b"PAR1"):
        return "parquet"
    return "jsonl" if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{") else "csv"


def _check_signature(head: bytes, kind: str, path: str, encoding: str) -> None:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    found = next((name for sign, name in SIGNATURES.items() if start.startswith(sign)), "")
    if kind == "parquet":
        if not head.startswith(b"PAR1"):
            raise FeedError(f"not a Parquet file{f' but {found}' if found else ''}", where=path, hint=_FORMATS)
        return
    if found == "a Parquet file":
        raise FeedError("this is a Parquet file", where=path, hint='set format = "parquet"')
    if found:
        raise FeedError(f"this is {found}, not {kind.upper()}", where=path, hint=_FORMATS)
    wide = encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32", "utf16", "utf32"))
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) and not wide:
        raise FeedError("this is UTF-16, not UTF-8", where=path, hint='set encoding = "utf-16"')
    if not wide and head.count(0) > MAX_NULS * len(head):
        raise FeedError("this is binary data, not text", where=path, hint=_FORMATS)
    if kind == "jsonl" and start.startswith(b"["):
        raise FeedError(
            "one big JSON list",
            where=path,
            expected="a JSON object on every line",
            hint="make lines of it with: jq -c '.[]' feed.json > feed.jsonl",
        )


_FORMATS = f"formats that can be read: {', '.join(READERS)}; unpack or export it as one of them"
