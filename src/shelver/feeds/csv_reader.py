"""Reader of CSV and TSV files: finds encoding, dialect and header, streams the rows in blocks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from shelver.config import Feed
from shelver.errors import FeedError
from shelver.feeds.csv_blocks import csv_blocks
from shelver.feeds.csv_dialect import DELIMITERS, RARE, Layout, find_layout
from shelver.feeds.csv_header import column_names, find_header, usual_width
from shelver.feeds.encodings import broken, shown
from shelver.feeds.no_rows import NoRowsError
from shelver.feeds.rows import MAX_COLUMNS, Block, Reader
from shelver.feeds.text_lines import decoded, line_blocks, open_text
from shelver.feeds.utf8_stream import Utf8Stream

HEAD_BYTES = 1 << 18
"""Bytes looked at to find the dialect and the header; the lines that they end in count as a whole."""

HEAD_LINES = 200
"""Lines looked at, at most."""


def read_csv(stream: BinaryIO, file: str, feed: Feed, size: int) -> Reader:
    """Open a file of delimited text.

    Parameters
    ----------
    stream : file object
        Bytes of the file.
    file : str
        Its name, for messages.
    feed : Feed
        Its settings: encoding, delimiter, header.
    size : int
        Rows in a block at most.

    Raises
    ------
    FeedError
        Nothing in the file, no rows below the header, one column only though another delimiter is in sight.
    """
    if feed.delimiter in ('"', "\n", "\r"):
        raise FeedError(f"{feed.delimiter!r} cannot be a delimiter", where=file, hint='use delimiter = "" to find it')
    text = open_text(stream, feed.encoding, file)
    texts = line_blocks(text)
    first = next(texts, b"")
    cut = first.find(b"\n", HEAD_BYTES) + 1
    head = decoded(first[:cut] if cut else first)
    if not any(line.strip() for line in head):
        raise NoRowsError(
            "there is nothing in the file", where=file, expected="a header line and rows below it", blank=True
        )
    lines = head[:HEAD_LINES]
    layout = find_layout(lines, feed.delimiter or ("\t" if feed.format == "tsv" else ""), len(lines) == len(head))
    if not layout.records:
        raise FeedError("the header cannot be read: it is blank", where=file, expected="a line of column names")
    columns, used, said = _columns(layout, feed, file)
    rest = first[sum(len(line.encode("utf-8", "surrogateescape")) + 1 for line in head[:used]) :]
    blocks = csv_blocks(chain([rest], texts), layout.dialect, columns, used + 1, text.encoding.reason)
    some = next(blocks, None)
    if some is None:
        what, wanted = "a header, but no rows below it", "a line for every product"
        if len(columns) > 1:
            raise NoRowsError(what, where=file, expected=wanted, columns=columns)
        raise FeedError(what, where=file, expected=wanted)  # a line of text may be an error that was sent instead
    reader = Reader(file, columns, iter(()), _shown_layout(layout, text, said))
    reader.batches = _batches(chain([some], blocks), size, reader, text)
    return reader


def _batches(blocks: Iterator[Block], size: int, reader: Reader, text: Utf8Stream) -> Iterator[Block]:
    """Cut blocks to size; at the end the layout tells of lines that were of another encoding."""
    for block in blocks:
        yield from block.parts(size)
    if text.mended:
        said = f"{text.mended:,} {'line is' if text.mended == 1 else 'lines are'} {shown(text.encoding.other)}"
        reader.layout = f"{reader.layout}, {said}"


def _columns(layout: Layout, feed: Feed, file: str) -> tuple[tuple[str, ...], int, str]:
    """Names of the columns, the number of lines above the rows, and what is unusual about the header."""
    records = layout.records
    place, named = find_header([() if each.reason else each.cells for each in records], layout.width, feed.header)
    record = records[place]
    width = len(record.cells) if named else layout.width
    if width > MAX_COLUMNS:
        raise FeedError(f"the header has {width:,} columns", where=file, expected=f"at most {MAX_COLUMNS:,}")
    if not named:
        columns = column_names([""] * width)
        used = layout.skip + record.line - 1
        said = "no header"
    else:
        reason = record.reason or ("bytes of another encoding" if broken(record.text) else "")
        if reason:
            raise FeedError(f"the header cannot be read: {reason}", where=file, expected="a line of column names")
        cells = record.cells
        while len(cells) > layout.width and not cells[-1].strip():
            cells = cells[:-1]
        width = usual_width(len(cells), [len(each.cells) for each in records[place + 1 :]])
        columns = column_names(cells[:width])
        used = layout.skip + record.line + record.text.count("\n")
        said = f"header up to line {used}" if used > 1 else ""
        if width < len(cells):
            last = "column" if width == len(cells) - 1 else f"{len(cells) - width} columns"
            said = f"{said}, no cells below the last {last}".removeprefix(", ")
    _check_delimiter(columns, layout.dialect.delimiter, file)
    return columns, used, said


def _check_delimiter(columns: tuple[str, ...], delimiter: str, file: str) -> None:
    if len(columns) > 1:
        return
    only = columns[0] if len(columns[0]) <= 60 else columns[0][:60] + "..."
    other = next((sign for sign in (*DELIMITERS, *RARE) if sign != delimiter and sign in only), "")
    if other:
        raise FeedError(
            f'only one column found: "{only}"',
            where=file,
            expected=f'columns separated by "{_shown(delimiter)}"',
            hint=f'the separator may be another one: delimiter = "{_shown(other)}"',
        )


def _shown_layout(layout: Layout, text: Utf8Stream, header: str) -> str:
    """Say how the file was understood."""
    delimiter, quote, escaped, spaced = layout.dialect
    parts = ["csv", f'delimiter "{_shown(delimiter)}"']
    parts += [f'quote "{quote}"'] if quote != '"' else []
    parts += ["quotes escaped by backslashes"] if escaped else []
    parts += ["blanks before quotes"] if spaced else []
    parts += [str(text.encoding)] if text.encoding.name not in ("utf-8", "ascii") else []
    return ", ".join([*parts, header] if header else parts)


def _shown(delimiter: str) -> str:
    return {"\t": "\\t", "\x01": "\\u0001"}.get(delimiter, delimiter)
