"""Reader of XML files: Google Merchant RSS and Atom, and any list of elements."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from shelver.config import Feed
from shelver.errors import FeedError
from shelver.feeds.encodings import Encoding, broken, codec, detect, given, scrub
from shelver.feeds.nested import flatten
from shelver.feeds.no_rows import NoRowsError
from shelver.feeds.rows import MAX_CELL, MAX_COLUMNS, RawRow, Reader, bad_row, batched, beginning
from shelver.feeds.text_lines import HEAD
from shelver.feeds.text_window import Window
from shelver.feeds.utf8_stream import as_utf8
from shelver.feeds.xml_items import Piece, XmlItems
from shelver.feeds.xml_outline import LOOKED_AT, outline
from shelver.feeds.xml_parts import ItemParser, NoXmlError

HEAD_ROWS = 1_000
"""Rows in which the columns are looked for; later blocks may have more."""

_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']""")


def read_xml(stream: BinaryIO, file: str, feed: Feed, size: int) -> Reader:
    """Open an XML file; parameters as in `read_csv`. A row's line is the line of its start tag.

    Raises
    ------
    FeedError
        No XML, no products, entities, a file that is cut short.
    """
    head = stream.read(HEAD)
    window = Window(as_utf8(stream, _encoding(feed.encoding, head, file), head))
    window.see(LOOKED_AT)
    if not window.text.strip() and window.ended:
        raise NoRowsError(
            "there is nothing in the file", where=file, expected="an element for every product", blank=True
        )
    found = outline(window.text, feed.item, file)
    rows = _rows(XmlItems(window, found, file), ItemParser(found.spaces), window)
    first = beginning(rows, HEAD_ROWS)
    columns = tuple(dict.fromkeys(key for row in first for key in row.values))[:MAX_COLUMNS]
    if not columns:
        said = f" ({first[0].reason})" if first else ""
        raise FeedError(
            f"no product among the first elements{said}", where=file, expected=f"<{found.item[:60]}> with parts"
        )
    layout = f"xml, elements {found.path[:200]}"
    return Reader(file, columns, batched(chain(first, rows), size, columns), layout, open_ended=True)


def _encoding(encoding: str, head: bytes, file: str) -> Encoding:
    """Encoding of the setting, else by the bytes; what the file says of itself counts where those say nothing."""
    if encoding != "auto":
        return given(encoding, head, file)
    found = detect(head)
    declared = _DECLARED.search(head[:1024])
    if not declared or (found.name != "utf-8" and found.name.startswith("utf")):
        return found
    try:
        name = codec(declared[1].decode("ascii"))
        " ".encode(name)
    except (LookupError, UnicodeError):
        return found
    if name.startswith("utf") or (found.name == "utf-8" and not head.isascii() and not found.other):
        return found
    return Encoding("cp1252" if name in ("iso8859-1", "ascii") else name, found=True)


def _rows(items: XmlItems, parser: ItemParser, window: Window) -> Iterator[RawRow]:
    for piece in items:
        row = _row(piece, parser, window)
        if row.reason and not piece.reason:
            before = items.back(piece)
            if before:
                yield bad_row(before.line, scrub(before.text), before.reason)
                continue
        yield row


def _row(piece: Piece, parser: ItemParser, window: Window) -> RawRow:
    line, text, reason = piece
    if not reason and broken(text):
        reason = window.encoding.reason
    if not reason:
        try:
            values = flatten(parser.parse(text))
        except NoXmlError as error:
            reason = str(error)
        except RecursionError:
            reason = "XML nested too deeply"
        else:
            if not any(value is not None for value in values.values()):
                reason = "an empty element"
            elif len(text) > MAX_CELL and any(len(cell or "") > MAX_CELL for cell in values.values()):
                reason = f"a value has more than {MAX_CELL:,} characters"
            else:
                return RawRow(line, values, json.dumps(values, ensure_ascii=False))
    return bad_row(line, scrub(text), reason)
