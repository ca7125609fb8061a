"""Reader of CSV and TSV files: finds the delimiter, reads the header, streams the rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain, islice
from typing import BinaryIO

from shelver.config import Feed
from shelver.errors import FeedError
from shelver.feeds.csv_records import Record, read_records
from shelver.feeds.rows import MAX_COLUMNS, RawRow, Reader, bad_row, batched
from shelver.feeds.text_lines import text_lines

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
"""What a delimiter may be when the feed does not say, and what to call it."""

HEAD_LINES = 200
"""Lines looked at to find the delimiter."""


def read_csv(stream: BinaryIO, file: str, feed: Feed, size: int) -> Reader:
    """Open a file of delimited text.

    Parameters
    ----------
    stream : file object
        Bytes of the file.
    file : str
        Its name, for messages.
    feed : Feed
        Its settings: encoding, delimiter.
    size : int
        Rows in a batch at most.

    Raises
    ------
    FeedError
        Nothing in the file, no rows below the header, one column only though another delimiter is in sight.
    """
    lines = text_lines(stream, feed.encoding, file)
    head = list(islice(lines, HEAD_LINES))
    if not any(line.strip() for line in head):
        raise FeedError("there is nothing in the file", where=file, expected="a header line and rows below it")
    delimiter = feed.delimiter or ("\t" if feed.format == "tsv" else find_delimiter(head))
    header = next(read_records(iter(head), delimiter), None)
    if header is None or header.reason:
        reason = header.reason if header else "it is blank"
        raise FeedError(f"the header cannot be read: {reason}", where=file, expected="a line of column names")
    columns = column_names(header.cells)
    if len(columns) > MAX_COLUMNS:
        raise FeedError(f"the header has {len(columns):,} columns", where=file, expected=f"at most {MAX_COLUMNS:,}")
    _check_delimiter(columns, delimiter, file)
    used = header.line + header.text.count("\n")
    below = chain(head[used:], lines)
    rows = _rows(read_records(below, delimiter, len(columns)), columns, used)
    first = next(rows, None)
    if first is None:
        raise FeedError("a header, but no rows below it", where=file, expected="a line for every product")
    return Reader(file, columns, batched(chain([first], rows), size), f'csv, delimiter "{_shown(delimiter)}"')


def _rows(records: Iterator[Record], columns: tuple[str, ...], offset: int) -> Iterator[RawRow]:
    encode = json.JSONEncoder(ensure_ascii=False).encode
    for line, cells, text, reason in records:
        if reason:
            yield bad_row(line + offset, text, reason)
        else:
            values: dict[str, str | None] = dict(zip(columns, cells, strict=True))
            yield RawRow(line + offset, values, encode(values))


def find_delimiter(head: list[str]) -> str:
    """Find what separates the cells: the candidate under which most rows agree with a header of most cells.

    Parameters
    ----------
    head : list of str
        First lines of the file.

    Examples
    --------
    >>> find_delimiter(["id;title", "1;Sandal, red", "2;Hat"])
    ';'
    """
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        records = list(read_records(iter(head), delimiter))
        if not records or records[0].reason:
            continue
        width = len(records[0].cells)
        agree = sum(len(record.cells) == width for record in records[1:-1] or records[1:])
        share = agree / max(len(records[1:-1] or records[1:]), 1) if len(records) > 1 else 1.0
        score = (width - 1) * (0.01 + share)  # the last row may be cut off by the end of the sample
        if score > best_score:
            best, best_score = delimiter, score
    return best


def column_names(cells: list[str]) -> tuple[str, ...]:
    """Names of the columns, each once: blank ones are numbered, repeated ones counted.

    Examples
    --------
    >>> column_names(["id", " Price ", "Price", ""])
    ('id', 'Price', 'Price (2)', 'column 4')
    """
    taken: set[str] = set()
    for number, cell in enumerate(cells, start=1):
        name = base = cell.replace("\x00", "").strip().strip('"').strip() or f"column {number}"
        count = 1
        while name in taken:
            count += 1
            name = f"{base} ({count})"
        taken.add(name)
        cells[number - 1] = name
    return tuple(cells)


def _check_delimiter(columns: tuple[str, ...], delimiter: str, file: str) -> None:
    if len(columns) > 1:
        return
    only = columns[0] if len(columns[0]) <= 60 else columns[0][:60] + "..."
    other = next((sign for sign in (*DELIMITERS, "^", "~", ":", "\x01") if sign != delimiter and sign in only), "")
    if other:
        raise FeedError(
            f'only one column found: "{only}"',
            where=file,
            expected=f'columns separated by "{_shown(delimiter)}"',
            hint=f'the separator may be another one: delimiter = "{_shown(other)}"',
        )


def _shown(delimiter: str) -> str:
    return {"\t": "\\t", "\x01": "\\u0001"}.get(delimiter, delimiter)
