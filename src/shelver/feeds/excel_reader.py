"""Reader of spreadsheets: xlsx, xlsm, xlsb, xls and ods."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, islice
from typing import IO, Any, BinaryIO, ClassVar, cast

import pyarrow as pa

from shelver.config import Feed
from shelver.errors import FeedError, nearest
from shelver.feeds.csv_header import SAMPLE, column_names, find_header
from shelver.feeds.rows import MAX_CELL, MAX_COLUMNS, RawRow, Reader, bad_row, batched
from shelver.feeds.zips import open_zip

MAX_FILE = 1 << 30
"""Bytes of a spreadsheet."""

MAX_UNPACKED = 2 << 30
"""Bytes that may come out of one."""

TIMEOUT, SECONDS_PER_MIB = 20.0, 10.0
"""Seconds until a spreadsheet must be open, and further ones for each MiB that comes out of it."""

SMALL = 1 << 20
"""Bytes up to which a process is kept for the next spreadsheet."""

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
    handle, path = tempfile.mkstemp(prefix="shelver-")
    try:
        with os.fdopen(handle, "w+b") as copy:
            length = _copy(stream, copy, file)
            unpacked = _check(copy, file, length)
        worker = _Worker.take()
        try:
            found = worker.ask({"path": path, "sheet": feed.sheet}, TIMEOUT + SECONDS_PER_MIB * (unpacked >> 20))
        except OSError:
            found = {}
    finally:
        os.remove(path)
    _check_answer(found, feed, file, worker)
    rows = _received(worker, file, keep=length <= SMALL)
    head = list(islice(rows, SAMPLE + 20))
    if not head:
        raise FeedError(
            "there are no rows in the sheet", where=f"{file} {found['sheet']}", expected="a header and rows"
        )
    place, named = find_header([[cell or "" for cell in cells] for _, cells in head], _width(head), feed.header)
    columns, blank = _columns(head[place][1], int(found["width"]), named, file)
    below = chain(head[place + 1 if named else place :], rows)
    made = _rows(below, columns, blank)
    first = next(made, None)
    if first is None:
        raise FeedError("a header, but no rows below it", where=file, expected="a row for every product")
    kept = tuple(name for name in columns if name not in blank)
    layout = f'excel, sheet "{found["sheet"]}", {f"header in row {head[place][0]}" if named else "no header"}'
    return Reader(file, kept, batched(chain([first], made), size, kept), layout)


def _copy(stream: BinaryIO, copy: Any, file: str) -> int:
    length = 0
    while chunk := stream.read(1 << 20):
        length += copy.write(chunk)
        if length > MAX_FILE:
            raise FeedError(
                "the spreadsheet is too large", where=file, expected=f"at most {MAX_FILE >> 20} MiB", hint=_CSV
            )
    copy.seek(0)
    return length


_CSV = "export it as CSV"


def _check(copy: BinaryIO, file: str, length: int) -> int:
    """Look into the file before it is opened: what it is, and how many bytes would come out."""
    head = copy.read(8)
    copy.seek(0)
    if head == OLE:
        content = copy.read(length)
        copy.seek(0)
        if "EncryptedPackage".encode("utf-16-le") in content:
            raise _password(file)
        if "Workbook".encode("utf-16-le") not in content and "Book".encode("utf-16-le") not in content:
            raise FeedError("an Office file, but no spreadsheet", where=file, expected="an Excel file")
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


def _password(file: str) -> FeedError:
    return FeedError("the spreadsheet has a password", where=file, hint="save it without one")


def _check_answer(found: dict[str, Any], feed: Feed, file: str, worker: _Worker) -> None:
    if "width" in found:
        return
    if not found:
        worker.end()
        raise FeedError("the spreadsheet takes too much memory or time, or is damaged", where=file, hint=_CSV)
    worker.give()
    if found.get("error") == "password":
        raise _password(file)
    if "error" in found:
        raise FeedError(
            f"not a readable spreadsheet: {found['error']}", where=file, hint="save it once more, or as CSV"
        )
    if feed.sheet:
        raise FeedError(f'there is no sheet "{feed.sheet}"', where=file, hint=nearest(feed.sheet, found["sheets"]))
    raise FeedError("there are no rows in the spreadsheet", where=file, expected="a header and rows")


def _received(worker: _Worker, file: str, keep: bool) -> Iterator[Row]:
    """Rows as the other process sends them."""
    whole = False
    try:
        with pa.ipc.open_stream(worker.out) as batches:
            for batch in batches:
                yield from zip(batch.column(0).to_pylist(), batch.column(1).to_pylist(), strict=True)
        whole = True
    except (pa.ArrowException, OSError):
        raise FeedError("the spreadsheet cannot be read to its end", where=file, hint=_CSV) from None
    finally:
        if whole and keep:
            worker.give()
        else:
            worker.end()


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


class _Worker:
    """A process that reads spreadsheets, see `excel_worker`."""

    _free: ClassVar[list[_Worker]] = []

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "shelver.feeds.excel_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        self.out = cast(IO[bytes], self._process.stdout)
        self._alarm: threading.Timer | None = None

    @classmethod
    def take(cls) -> _Worker:
        """One that is free, or a new one."""
        while cls._free:
            worker = cls._free.pop()
            if worker._process.poll() is None:
                return worker
            worker.end()
        return cls()

    def ask(self, request: dict[str, str], seconds: float) -> dict[str, Any]:
        """Send a request; the first line of the answer, nothing if the process died or took more than `seconds`."""
        requests = cast(IO[bytes], self._process.stdin)
        self._alarm = threading.Timer(seconds, self._process.kill)
        self._alarm.daemon = True
        self._alarm.start()
        requests.write(json.dumps(request).encode() + b"\n")
        requests.flush()
        line = self.out.readline()
        found: dict[str, Any] = json.loads(line) if line.endswith(b"\n") else {}
        return found

    def give(self) -> None:
        """Keep it for the next spreadsheet."""
        if self._alarm:
            self._alarm.cancel()
        if _Worker._free:
            self.end()
        else:
            _Worker._free.append(self)

    def end(self) -> None:
        """End the process."""
        if self._alarm:
            self._alarm.cancel()
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                with suppress(OSError):  # a request that it did not take any more
                    stream.close()


@atexit.register
def _end_free() -> None:
    while _Worker._free:
        _Worker._free.pop().end()
