"""Reader of JSON documents: one big list, or an object in which the list is somewhere."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from shelver.config import Feed
from shelver.errors import FeedError
from shelver.feeds.encodings import broken, scrub
from shelver.feeds.json_items import Item, JsonItems
from shelver.feeds.json_outline import LOOKED_AT, find_products
from shelver.feeds.nested import flatten
from shelver.feeds.no_rows import NoRowsError
from shelver.feeds.rows import MAX_CELL, MAX_COLUMNS, RawRow, Reader, bad_row, batched, beginning
from shelver.feeds.text_lines import open_text
from shelver.feeds.text_window import Window

HEAD_ROWS = 1_000
"""Rows in which the columns are looked for; later blocks may have more."""

KEY = "key"
"""Column of the key of objects that are stored by key, if they have no such column."""


def read_json(stream: BinaryIO, file: str, feed: Feed, size: int) -> Reader:
    """Open a JSON document; parameters as in `read_csv`. A row's line is the number of its item, from 1.

    Raises
    ------
    FeedError
        No JSON, no list of objects, a file that is cut short.
    """
    window = Window(open_text(stream, feed.encoding, file))
    window.see(LOOKED_AT)
    if not window.text.strip() and window.ended:
        raise NoRowsError("there is nothing in the file", where=file, expected="a list of JSON objects", blank=True)
    place = find_products(window.text, feed.item, file)
    rows = _rows(JsonItems(window, place, file), window)
    head = beginning(rows, HEAD_ROWS)
    columns = tuple(dict.fromkeys(key for row in head for key in row.values))[:MAX_COLUMNS]
    if not columns:
        said = f" ({head[0].reason})" if head else ""
        raise FeedError(f"no product among the first items{said}", where=file, expected="a list of JSON objects")
    layout = f'json, list "{place.name}"' if place.name else f"json, {place.kind}"
    return Reader(file, columns, batched(chain(head, rows), size, columns), layout, open_ended=True)


def _rows(items: JsonItems, window: Window) -> Iterator[RawRow]:
    for number, item in enumerate(items, start=1):
        yield json_row(number, item, window.encoding.reason)


def json_row(line: int, item: Item, undecodable: str) -> RawRow:
    """Row of one JSON value.

    Parameters
    ----------
    line : int
        Where it is.
    item : Item
        The value.
    undecodable : str
        Why a row is refused whose bytes fit no encoding.
    """
    value, text, reason, key = item
    if not reason and broken(text):
        reason = undecodable
    if not reason and not isinstance(value, dict):
        reason = f"a JSON {KINDS[type(value)]}, not an object"
    if not reason and not value:
        reason = "an empty JSON object"
    if not reason and isinstance(value, dict):
        try:
            values = flatten(value)
        except RecursionError:
            return bad_row(line, scrub(text), "JSON nested too deeply")
        if len(text) > MAX_CELL and any(len(cell or "") > MAX_CELL for cell in values.values()):
            return bad_row(line, scrub(text), f"a value has more than {MAX_CELL:,} characters")
        if key:
            values.setdefault(KEY, scrub(key))
        return RawRow(line, values, text)
    return bad_row(line, scrub(text), reason)


KINDS = {list: "list", str: "string", int: "number", float: "number", bool: "truth value", type(None): "null"}
