"""Reads spreadsheets in a process of its own: a crafted file can ask for more memory than there is, and Rust aborts.

Started as ``python -m shelver.feeds.excel_worker``; reads requests (JSON lines) from its standard input, answers each
with a JSON line and, if the sheet was found, an Arrow stream of rows.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import sys
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import pyarrow as pa
from python_calamine import CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from shelver.feeds.rows import number_text

MEMORY = 4 << 30
"""Bytes of address space that a spreadsheet may take."""

SECONDS = 1800
"""Processor time for all spreadsheets of one process."""

SCHEMA = pa.schema([("line", pa.int64()), ("cells", pa.list_(pa.string()))])
"""Rows as sent: number in the sheet from 1, texts of the cells."""

ROWS = 2_000
"""Rows sent at a time."""

Cell = int | float | str | bool | datetime.time | datetime.date | datetime.datetime | datetime.timedelta


def cell_text(value: Cell) -> str | None:  # noqa: PLR0911 - one line for each kind of cell
    """Text of a cell: dates in ISO 8601, numbers with all their digits; None for an empty one.

    Examples
    --------
    >>> cell_text(4006381333931.0), cell_text(1e17), cell_text(datetime.datetime(2024, 5, 1)), cell_text("")
    ('4006381333931', '100000000000000000', '2024-05-01', None)
    """
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if value in (float("inf"), float("-inf")):
            return None
        return f"{value:.0f}" if abs(value) >= 2**53 else number_text(value)
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, (datetime.date, datetime.time)) else str(value)


def rows_of(sheet: CalamineSheet) -> Iterator[tuple[int, list[str | None]]]:
    """Rows of a sheet that are not empty, with their numbers from 1."""
    for number, row in enumerate(sheet.iter_rows(), start=1):
        cells = [cell_text(value) for value in row]
        if any(cell is not None and not cell.isspace() for cell in cells):
            yield number, cells


def choose_sheet(book: CalamineWorkbook, name: str) -> CalamineSheet | None:
    """Find the sheet of a name, or the first with two rows at least, visible ones first; None if there is none."""
    if name:
        return book.get_sheet_by_name(name) if name in book.sheet_names else None
    sheets = [sheet for sheet in book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
    sheets.sort(key=lambda sheet: sheet.visible != SheetVisibleEnum.Visible)
    best: CalamineSheet | None = None
    for each in sheets:
        sheet = book.get_sheet_by_name(each.name)
        if sheet.height > 1:
            return sheet
        best = sheet if best is None and sheet.height else best
    return best


def answer(request: dict[str, str], out: BinaryIO) -> None:
    """Read one spreadsheet."""
    try:
        with open(request["path"], "rb") as stream:
            book = CalamineWorkbook.from_filelike(stream)
        sheet = choose_sheet(book, request["sheet"])
        found: dict[str, object] = {"sheet": sheet.name if sheet else "", "sheets": list(book.sheet_names)}
        if sheet:
            found["width"] = sheet.width
    except PasswordError:
        sheet, found = None, {"error": "password"}
    except Exception as error:
        sheet, found = None, {"error": (str(error).splitlines() or [type(error).__name__])[0]}
    out.write(json.dumps(found).encode() + b"\n")
    if sheet:
        _send(rows_of(sheet), out)
    out.flush()


def _send(rows: Iterator[tuple[int, Sequence[str | None]]], out: BinaryIO) -> None:
    with pa.ipc.new_stream(out, SCHEMA) as writer:
        lines: list[int] = []
        cells: list[Sequence[str | None]] = []
        for line, row in rows:
            lines.append(line)
            cells.append(row)
            if len(lines) == ROWS:
                writer.write_batch(pa.record_batch([lines, cells], schema=SCHEMA))
                lines, cells = [], []
        if lines:
            writer.write_batch(pa.record_batch([lines, cells], schema=SCHEMA))


def _limit() -> None:
    """Bound memory and time, on systems that can."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource  # noqa: PLC0415 - not on Windows

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 5))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def main() -> None:
    """Answer requests until there are no more."""
    _limit()
    out = sys.stdout.buffer
    for line in sys.stdin:
        answer(json.loads(line), out)


if __name__ == "__main__":
    main()
