"""One door to all formats: which reader reads a file, and what cannot be read at all."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from typing import BinaryIO

from shelver.config import Feed
from shelver.errors import FeedError
from shelver.feeds.csv_reader import read_csv
from shelver.feeds.encodings import detect
from shelver.feeds.excel_reader import OLE, read_excel
from shelver.feeds.json_reader import read_json
from shelver.feeds.jsonl_reader import read_jsonl
from shelver.feeds.no_rows import NoRowsError
from shelver.feeds.parquet_reader import read_parquet
from shelver.feeds.rows import Reader
from shelver.feeds.sources import open_file
from shelver.feeds.xml_reader import read_xml
from shelver.files import Files

ReadFormat = Callable[[BinaryIO, str, Feed, int], Reader]
"""Opens a file: its bytes, its name for messages, the settings, the rows in a batch."""

READERS: dict[str, ReadFormat] = {
    "csv": read_csv,
    "tsv": read_csv,
    "json": read_json,
    "jsonl": read_jsonl,
    "parquet": read_parquet,
    "excel": read_excel,
    "xml": read_xml,
}
"""Reader of each format; a new format is a new line here, and a sign in `find_format`."""

EXTENSIONS = {".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
"""Formats that the name decides, among those that the first bytes leave open."""

SIGNATURES = {
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"RIFF": "a picture or sound",
    b"\x7fELF": "a program",
    b"MZ\x90\x00": "a program",
    b"\xca\xfe\xba\xbe": "a program",
    b"\xcf\xfa\xed\xfe": "a program",
    b"SQLite format 3": "a SQLite database",
    b"{\\rtf": "a text document (RTF)",
    b"ORC": "an ORC file",
    b"Obj\x01": "an Avro file",
    b"ARROW1": "an Arrow file",
}
"""First bytes of what holds no rows that can be read."""

_PAGE = re.compile(r"<(!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]*>([^<]{0,300})", re.IGNORECASE)
_MARKUP = re.compile(r"(?:<!--.{0,4000}?-->\s*+)*+<(\?xml\b|!DOCTYPE\b|[^\W\d][\w.:-]*[\s/>])", re.DOTALL)

MAX_CONTROLS = 0.02
"""Share of NUL bytes, or of other control characters, in the first 64 KiB above which a file is not text; a few are
dropped by the cleaners."""

_CONTROLS = re.compile(r"[\x02-\x08\x0e-\x19\x7f]")  # the others part cells, lines, pages or encodings

HEAD = 1 << 16

_LINE = 1 << 20  # characters of the first line that are looked at to tell JSON lines from a document


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
    return read_stream(open_file(files, path, feed), path, feed, size)


def read_stream(stream: BinaryIO, path: str, feed: Feed, size: int = 4096) -> Reader:
    """Open a feed of which the bytes are at hand, unpacked; as `read_feed`."""
    head = stream.read(HEAD)
    if not head:
        raise NoRowsError("the file is empty", where=path, expected="a header and rows", blank=True)
    _check_signature(head, path)
    kind: str = feed.format
    if kind == "auto":
        kind = find_format(path, head)
        if kind == "json or jsonl":
            stream.seek(0)
            kind = _json_kind(stream.read(_LINE))
    stream.seek(0)
    _check_kind(head, kind, path, feed)
    if kind != feed.format:
        feed = feed.model_copy(update={"format": kind})
    return READERS[kind](stream, path, feed, size)


def find_format(path: str, head: bytes) -> str:  # noqa: PLR0911 - one line for each format
    """Format by the first bytes, and by the name where these leave it open.

    Returns
    -------
    str
        One of `READERS`, or ``json or jsonl`` for text that begins as JSON does.
    """
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((b"PK\x03\x04", OLE)):
        return "excel"
    start = _text(head).lstrip()
    by_name = EXTENSIONS.get(os.path.splitext(path)[1].lower(), "")
    if start.startswith("<") and _MARKUP.match(start):
        return "xml"
    if start.startswith("[") and by_name in ("", "jsonl"):
        return "json"
    if start.startswith("{") and by_name in ("", "jsonl"):
        return by_name or "json or jsonl"
    if by_name and re.match(r'(\[\s*)?\{\s*"[^"\n]*"\s*:', start):
        return "json or jsonl"  # whatever its name says
    return by_name or "csv"


def _text(head: bytes) -> str:
    """Beginning of a text, in whatever encoding."""
    encoding = detect(head)
    return head[encoding.mark :].decode(encoding.name, "replace")


def _json_kind(head: bytes) -> str:
    """Tell one document from a document on every line."""
    lines = [line for line in _text(head).lstrip("\ufeff").splitlines() if line.strip()]
    if len(lines) == 1 or not lines[0].lstrip().startswith("{"):
        return "json"
    objects = sum(_is_object(line) for line in lines[:20])
    return "jsonl" if objects > len(lines[:20]) // 2 else "json"


def _is_object(line: str) -> bool:
    line = line.strip()
    if not (line.startswith("{") and line.endswith("}")):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _check_signature(head: bytes, path: str) -> None:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    found = next((name for sign, name in SIGNATURES.items() if start.startswith(sign)), "")
    if found:
        raise FeedError(f"this is {found}, not a feed", where=path, hint=_FORMATS)


def _check_kind(head: bytes, kind: str, path: str, feed: Feed) -> None:
    """Refuse a file that is plainly not of the kind it should be."""
    if kind == "parquet":
        if not head.startswith(b"PAR1"):
            raise FeedError("not a Parquet file", where=path, hint=_FORMATS)
        return
    if kind == "excel":
        return
    if head.startswith((b"PAR1", b"PK\x03\x04", OLE)):
        found = "parquet" if head.startswith(b"PAR1") else "excel"
        raise FeedError(f"this is {found.capitalize()}, not {kind.upper()}", where=path, hint=f'set format = "{found}"')
    text = _text(head).lstrip()
    if _PAGE.match(text):
        title = _TITLE.search(text)
        said = f" with the title “{' '.join(title[1].split())}”" if title and title[1].strip() else ""
        raise FeedError(f"this is a web page{said}, not a feed", where=path, hint=_FORMATS)
    if kind in ("csv", "tsv") and re.match(r"<(\?xml|rss|feed)\b", text):
        raise FeedError(f"this is XML, not {kind.upper()}", where=path, hint='set format = "xml"')
    if feed.encoding == "auto" and max(text.count("\0"), len(_CONTROLS.findall(text))) > MAX_CONTROLS * len(text):
        raise FeedError("this is binary data, not text", where=path, hint=_FORMATS)


_FORMATS = f"formats that can be read: {', '.join(READERS)}, plain or packed"
