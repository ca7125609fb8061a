"""Reader of JSON Lines: one object on each line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from shelver.config import Feed
from shelver.errors import FeedError
from shelver.feeds.encodings import scrub
from shelver.feeds.json_items import Item
from shelver.feeds.json_reader import HEAD_ROWS, json_row
from shelver.feeds.no_rows import NoRowsError
from shelver.feeds.rows import MAX_COLUMNS, MAX_RECORD, RawRow, Reader, bad_row, batched, beginning
from shelver.feeds.text_lines import decoded, line_blocks, open_text
from shelver.feeds.utf8_stream import Utf8Stream


def read_jsonl(stream: BinaryIO, file: str, feed: Feed, size: int) -> Reader:
    """Open a file of JSON lines; parameters as in `read_csv`.

    Raises
    ------
    FeedError
        Nothing in the file, or it is one big JSON document, or none of the first rows is an object.
    """
    text = open_text(stream, feed.encoding, file)
    lines = (line for block in line_blocks(text) for line in decoded(block))
    rows = _rows(lines, text)
    head = beginning(rows, HEAD_ROWS)
    if not head:
        raise NoRowsError(
            "there is nothing in the file", where=file, expected="a JSON object on every line", blank=True
        )
    columns = tuple(dict.fromkeys(key for row in head for key in row.values))[:MAX_COLUMNS]
    if not columns:
        raise FeedError(
            f"no JSON object on any of the first lines ({head[0].reason})",
            where=f"{file} line {head[0].line}",
            expected="a JSON object on every line",
            hint='if it is one JSON document: format = "json"',
        )
    return Reader(file, columns, batched(chain(head, rows), size, columns), "jsonl", open_ended=True)


def _rows(lines: Iterator[str], stream: Utf8Stream) -> Iterator[RawRow]:
    for number, line in enumerate(lines, start=1):
        if len(line) > MAX_RECORD:
            yield bad_row(number, scrub(line), f"the line has more than {MAX_RECORD:,} characters")
        elif line.strip():
            yield json_row(number, _item(line), stream.encoding.reason)


def _item(line: str) -> Item:
    try:
        return Item(json.loads(line), line)
    except RecursionError:
        reason = "JSON nested too deeply"
    except json.JSONDecodeError as error:
        reason = f"not JSON: {error.msg} at character {error.colno}"
    except ValueError:
        reason = "a number with too many digits"
    return Item(None, line, reason)
