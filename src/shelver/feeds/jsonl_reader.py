"""Reader of JSON Lines: one object on each line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain, islice
from typing import BinaryIO

from shelver.config import Feed
from shelver.errors import FeedError
from shelver.feeds.rows import MAX_CELL, MAX_RECORD, RawRow, Reader, bad_row, batched, number_text
from shelver.feeds.text_lines import scrub, text_lines

HEAD_ROWS = 1_000
"""Rows in which the keys are looked for; a key seen only later is kept in the raw row but cannot be mapped."""


def read_jsonl(stream: BinaryIO, file: str, feed: Feed, size: int) -> Reader:
    """Open a file of JSON lines; parameters as in `read_csv`.

    Raises
    ------
    FeedError
        Nothing in the file, or it is one big JSON document, or none of the first rows is an object.
    """
    lines = text_lines(stream, feed.encoding, file)
    rows = _rows(lines)
    head = list(islice(rows, HEAD_ROWS))
    if not head:
        raise FeedError("there is nothing in the file", where=file, expected="a JSON object on every line")
    columns = tuple(dict.fromkeys(key for row in head for key in row.values))
    if not columns:
        raise FeedError(
            f"no JSON object on any of the first lines ({head[0].reason})",
            where=f"{file} line {head[0].line}",
            expected="a JSON object on every line",
            hint="one big list becomes lines with: jq -c '.[]' feed.json > feed.jsonl",
        )
    return Reader(file, columns, batched(chain(head, rows), size), "jsonl")


def _rows(lines: Iterator[str]) -> Iterator[RawRow]:
    for number, line in enumerate(lines, start=1):
        if len(line) > MAX_RECORD:
            yield bad_row(number, line, f"the line has more than {MAX_RECORD:,} characters")
        elif line.strip():
            yield _row(number, line)


def _row(number: int, line: str) -> RawRow:
    try:
        value = json.loads(line)
        if isinstance(value, dict) and value:
            values = {scrub(key): _text(item) for key, item in value.items()}
            if len(line) > MAX_CELL and any(len(item or "") > MAX_CELL for item in values.values()):
                return bad_row(number, line, f"a value has more than {MAX_CELL:,} characters")
            return RawRow(number, values, line)
        reason = "an empty JSON object" if value == {} else f"a JSON {_KINDS[type(value)]}, not an object"
    except RecursionError:
        reason = "JSON nested too deeply"
    except json.JSONDecodeError as error:
        reason = f"not JSON: {error.msg} at character {error.colno}"
    except ValueError:
        reason = "a number with too many digits"
    return bad_row(number, line, reason)


_KINDS = {list: "list", str: "string", int: "number", float: "number", bool: "truth value", type(None): "null"}


def _text(value: object) -> str | None:
    """One value as text; nested ones as JSON."""
    if value is None:
        return None
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number_text(value)
    return scrub(json.dumps(value, ensure_ascii=False))
