"""Rows of spreadsheets as texts; runs in the process of `reader_worker`, as Rust aborts where memory ends."""

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO
from xml.parsers import expat  # nosec - it bounds what entities become

import pyarrow as pa
from python_calamine import CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from shelver.errors import FeedError, nearest
from shelver.feeds.no_rows import NoRowsError
from shelver.feeds.rows import BATCH_CHARS, number_text

SCHEMA = pa.schema([("line", pa.int64()), ("cells", pa.list_(pa.string()))])
"""Rows as sent: number in the sheet from 1, texts of the cells."""

ROWS = 2_000
"""Rows sent at a time at most."""

AGAIN = "save it once more, or export it as CSV"

CONTENT = "content.xml"
"""Where an OpenDocument file has its rows."""

Cell = int | float | str | bool | datetime.time | datetime.date | datetime.datetime | datetime.timedelta


def open_rows(request: dict[str, Any]) -> tuple[dict[str, Any], Iterator[pa.RecordBatch]]:
    """Open a spreadsheet.

    Parameters
    ----------
    request : dict
        ``path``; ``file``: its name for messages; ``sheet``: which one, or empty for the first with rows.

    Returns
    -------
    found : dict
        ``sheet``: its name; ``width``: cells of its rows.
    batches : iterator of pyarrow.RecordBatch
        Of `SCHEMA`.

    Raises
    ------
    FeedError
        A damaged file, one with a password, no such sheet, no rows.
    """
    file, name = request["file"], request["sheet"]
    try:
        with open(request["path"], "rb") as stream:
            _check_open_document(stream)
            stream.seek(0)
            book = CalamineWorkbook.from_filelike(stream)
        sheet = choose_sheet(book, name)
    except PasswordError:
        raise FeedError("the spreadsheet has a password", where=file, hint="save it without one") from None
    except BaseException as error:
        raise _damaged(error, file) from None
    if sheet is None and name:
        raise FeedError(f'there is no sheet "{name}"', where=file, hint=nearest(name, book.sheet_names))
    if sheet is None:
        raise NoRowsError("there are no rows in the spreadsheet", where=file, expected="a header and rows")
    return {"sheet": sheet.name, "width": sheet.width}, _batches(rows_of(sheet), file)


def _check_open_document(stream: BinaryIO) -> None:
    """Refuse an OpenDocument file whose content is no XML: calamine would look for the end of it for ever."""
    if zipfile.is_zipfile(stream):
        with zipfile.ZipFile(stream) as archive:
            if CONTENT in archive.namelist():
                with archive.open(CONTENT) as content:
                    expat.ParserCreate().ParseFile(content)


def _damaged(error: BaseException, file: str) -> BaseException:
    """What a damaged spreadsheet raises; a panic of Rust is no `Exception`."""
    if isinstance(error, MemoryError) or not (isinstance(error, Exception) or type(error).__name__ == "PanicException"):
        return error
    said = (str(error).splitlines() or [type(error).__name__])[0]
    return FeedError(f"not a readable spreadsheet: {said}", where=file, hint=AGAIN)


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


def rows_of(sheet: CalamineSheet) -> Iterator[tuple[int, list[str | None]]]:
    """Rows of a sheet that are not empty, with their numbers from 1."""
    for number, row in enumerate(sheet.iter_rows(), start=1):
        cells = [cell_text(value) for value in row]
        if any(cell is not None and not cell.isspace() for cell in cells):
            yield number, cells


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


def _batches(rows: Iterator[tuple[int, Sequence[str | None]]], file: str) -> Iterator[pa.RecordBatch]:
    lines: list[int] = []
    cells: list[Sequence[str | None]] = []
    chars = 0
    try:
        for line, row in rows:
            lines.append(line)
            cells.append(row)
            chars += sum(map(len, filter(None, row)))
            if len(lines) == ROWS or chars > BATCH_CHARS:
                yield pa.record_batch([lines, cells], schema=SCHEMA)
                lines, cells, chars = [], [], 0
    except BaseException as error:
        raise _damaged(error, f"{file} row {lines[-1] + 1 if lines else 1}") from None
    if lines:
        yield pa.record_batch([lines, cells], schema=SCHEMA)
