"""Reader of spreadsheets: xlsx, xlsm, xlsb, xls and ods."""

from __future__ import annotations

import json
import mmap
import os
from collections import Counter
from collections.abc import Iterator
from itertools import chain, islice
from typing import BinaryIO

from shelver.config import Feed
from shelver.errors import FeedError
from shelver.feeds.csv_header import SAMPLE, column_names, find_header
from shelver.feeds.local_copy import local_copy
from shelver.feeds.no_rows import NoRowsError
from shelver.feeds.ole_chains import in_circle
from shelver.feeds.read_apart import Task, read_apart
from shelver.feeds.rows import MAX_CELL, MAX_COLUMNS, RawRow, Reader, bad_row, batched
from shelver.feeds.zips import open_zip

MAX_FILE = 1 << 30
"""Bytes of a spreadsheet."""

MAX_UNPACKED = 2 << 30
"""Bytes that may come out of one."""

SECONDS, SECONDS_PER_MIB = 5, 10
"""Processor time until a spreadsheet must be open, and further time for each MiB that comes out of it."""

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""First bytes of old Excel files, and of new ones with a password."""

Row = tuple[int, list[str | None]]


def read_excel(stream: BinaryIO, file: str, feed: Feed, size: int) -> Reader:
    """Open a spreadsheet; parameters as in `read_csv`. A row's line is its number in the sheet, from 1.

    Raises
    ------
    FeedError
        No spreadsheet, a damaged one, one with a password, a decompression bomb, no such sheet, no rows.
    """
    with local_copy(stream, file, MAX_FILE, _CSV) as path:
        with open(path, "rb") as content:
            unpacked = _check(content, file, os.path.getsize(path))
        seconds = SECONDS + SECONDS_PER_MIB * (unpacked >> 20)
        found, batches = read_apart(Task("excel", "spreadsheet", file, seconds, _CSV, {"sheet": feed.sheet}), path)
    rows = (row for batch in batches for row in zip(*(part.to_pylist() for part in batch.columns), strict=True))
    head = list(islice(rows, SAMPLE + 20))
    if not head:
        raise NoRowsError(
            "there are no rows in the sheet", where=f"{file} {found['sheet']}", expected="a header and rows"
        )
    place, named = find_header([[cell or "" for cell in cells] for _, cells in head], _width(head), feed.header)
    columns, blank = _columns(head[place][1], int(found["width"]), named, file)
    below = chain(head[place + 1 if named else place :], rows)
    made = _rows(below, columns, blank)
    first = next(made, None)
    if first is None:
        what, wanted = "a header, but no rows below it", "a row for every product"
        raise NoRowsError(what, where=file, expected=wanted, columns=columns)
    kept = tuple(name for name in columns if name not in blank)
    layout = f'excel, sheet "{found["sheet"]}", {f"header in row {head[place][0]}" if named else "no header"}'
    return Reader(file, kept, batched(chain([first], made), size, kept), layout)


_CSV = "export it as CSV"


def _check(copy: BinaryIO, file: str, length: int) -> int:
    """Look into the file before it is opened: what it is, and how many bytes would come out."""
    head = copy.read(8)
    copy.seek(0)
    if head == OLE:
        with mmap.mmap(copy.fileno(), 0, access=mmap.ACCESS_READ) as content:
            _check_old(content, file)
        return length
    if not head.startswith(b"PK"):
        raise FeedError(
            "not a spreadsheet", where=file, expected="xlsx, xlsb, xls or ods", hint='or set format = "auto"'
        )
    with open_zip(copy, file) as archive:
        names = archive.namelist()
        unpacked = sum(member.file_size for member in archive.infolist())
    if not any(name.startswith("xl/") or name == "content.xml" for name in names):
        raise FeedError("no spreadsheet, but another archive or Office file", where=file, expected="xlsx, xlsb or ods")
    if unpacked > MAX_UNPACKED:
        raise FeedError(
            f"the spreadsheet is too large: {unpacked >> 20:,} MiB unpacked",
            where=file,
            expected=f"at most {MAX_UNPACKED >> 20:,} MiB",
            hint=_CSV,
        )
    return unpacked


def _check_old(content: mmap.mmap, file: str) -> None:
    if content.find("EncryptedPackage".encode("utf-16-le")) >= 0:
        raise FeedError("the spreadsheet has a password", where=file, hint="save it without one")
    if content.find("Workbook".encode("utf-16-le")) < 0 and content.find("Book".encode("utf-16-le")) < 0:
        raise FeedError("an Office file, but no spreadsheet", where=file, expected="an Excel file")
    if in_circle(content):
        raise FeedError("the spreadsheet is damaged: its parts follow each other in a circle", where=file, hint=_CSV)


def _width(head: list[Row]) -> int:
    """Cells that most rows have."""
    ends = (max(place for place, cell in enumerate(cells) if cell is not None) + 1 for _, cells in head)
    return Counter(ends).most_common(1)[0][0]


def _columns(header: list[str | None], width: int, named: bool, file: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """Names of all columns, and those that the header does not name."""
    cells = [cell if named else None for cell in header]
    cells += [None] * (width - len(cells))
    columns = column_names([" ".join((cell or "").split()) for cell in cells])
    blank = frozenset(name for name, cell in zip(columns, cells, strict=True) if named and not (cell or "").strip())
    if len(columns) - len(blank) > MAX_COLUMNS:
        raise FeedError(f"the header has {len(columns):,} columns", where=file, expected=f"at most {MAX_COLUMNS:,}")
    return columns, blank


def _rows(rows: Iterator[Row], columns: tuple[str, ...], blank: frozenset[str]) -> Iterator[RawRow]:
    encode = json.JSONEncoder(ensure_ascii=False).encode
    for line, cells in rows:
        values = {
            name: cell for name, cell in zip(columns, cells, strict=False) if cell is not None or name not in blank
        }
        raw = encode(values)
        if len(raw) > MAX_CELL and any(len(cell or "") > MAX_CELL for cell in cells):
            yield bad_row(line, raw, f"a value has more than {MAX_CELL:,} characters")
        else:
            yield RawRow(line, values, raw)
