"""Small tables that people write (CSV, TSV, JSON, JSON lines) as records that know their line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shelver.errors import CatalogueError, ShelverError
from shelver.files import Files

_SEPARATORS = ("\t", ";", ",", "|")
_HEADER = 10_000  # characters of a header
_ARCHIVES = {b"PK\x03\x04": "a ZIP or Excel file", b"\x1f\x8b": "a gzip file", b"PAR1": "a Parquet file"}


@dataclass(frozen=True, slots=True)
class Record:
    """One row: values by lower-case column, and where it is."""

    where: str
    values: dict[str, Any]

    def text(self, *columns: str) -> str:
        """Give the first value among some columns that is not empty, as stripped text; else empty.

        Raises
        ------
        CatalogueError
            The value is neither text nor a number.
        """
        for column in columns:
            value = self.values.get(column)
            if value is None or value == "":
                continue
            if isinstance(value, bool) or not isinstance(value, str | int | float):
                raise CatalogueError(f"{column} is {json.dumps(value)[:40]}", where=self.where, expected="text")
            if str(value).strip():
                return str(value).strip()
        return ""


def read_text(files: Files, name: str) -> str:
    """Content of a text file.

    Raises
    ------
    CatalogueError
        Missing, no permission, empty, binary, or not UTF-8 (with the line).
    """
    where = files.path(name)
    try:
        content = files.read(name)
    except FileNotFoundError:
        raise CatalogueError("no such file", where=where, hint="check the path") from None
    except ShelverError as error:
        raise CatalogueError(error.what, where=where, expected=error.expected, hint=error.hint) from None
    return decode(content, where)


def decode(content: bytes, where: str) -> str:
    """Bytes of a text file as text, with lines that end in a line feed; see `read_text`."""
    if not content.strip():
        raise CatalogueError("the file is empty", where=where, expected="text in UTF-8")
    for magic, kind in _ARCHIVES.items():
        if content.startswith(magic):
            raise CatalogueError(f"this is {kind}", where=where, expected="text in UTF-8", hint="export it as CSV")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise CatalogueError("this is UTF-16", where=where, expected="text in UTF-8", hint="save it as UTF-8")
    if b"\0" in content:
        line = content[: content.index(b"\0")].count(b"\n") + 1
        raise CatalogueError("binary data, not text", where=f"{where} line {line}", expected="text in UTF-8")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise CatalogueError(
            "not UTF-8", where=f"{where} line {line}", expected="text in UTF-8", hint="save it as UTF-8"
        ) from None


def is_json(text: str) -> bool:
    """Tell whether text looks like JSON or JSON lines."""
    return text.lstrip().startswith(("[", "{"))


def header_of(line: str) -> tuple[list[str], str]:
    """Columns of a header line, in lower case, and what separates them."""
    separator = max(_SEPARATORS, key=line.count)
    cells = next(csv.reader([line[:_HEADER]], delimiter=separator), [])
    return [cell.strip().lower() for cell in cells], separator


def table_records(text: str, where: str) -> Iterator[Record]:
    """Rows of a CSV or TSV file with a header.

    Raises
    ------
    CatalogueError
        A column twice, a row with more values than columns, or broken quoting.
    """
    columns, separator = header_of(next(line for line in text.split("\n") if line.strip()))
    twice = {column for column in columns if column and columns.count(column) > 1}
    if twice:
        raise CatalogueError(f'two columns are called "{sorted(twice)[0]}"', where=f"{where} line 1")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    seen_header = False
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if not seen_header:
                seen_header = True
                continue
            spot = f"{where} line {reader.line_num}"
            if len(cells) > len(columns):
                raise CatalogueError(
                    f"{len(cells)} values",
                    where=spot,
                    expected=f"{len(columns)}, as in the header",
                    hint="quote them",
                )
            yield Record(spot, dict(zip(columns, cells, strict=False)))
    except csv.Error as error:
        raise CatalogueError(f"broken CSV: {error}", where=f"{where} line {reader.line_num}") from None


def json_records(text: str, where: str) -> Iterator[Record]:
    """Items of a JSON list, or of JSON lines; an item that is no object becomes ``{"path": item}``.

    Raises
    ------
    CatalogueError
        Not JSON, with the line.
    """
    decoder = json.JSONDecoder()
    listed = text.lstrip().startswith("[")
    position = text.index("[") + 1 if listed else 0
    line, counted = 1, 0
    while True:
        position = _skip(text, position)
        line, counted = line + text.count("\n", counted, position), position
        if position == len(text) or (listed and text[position] == "]"):
            break
        try:
            item, position = decoder.raw_decode(text, position)
        except json.JSONDecodeError as error:
            raise CatalogueError(f"not valid JSON: {error.msg}", where=f"{where} line {error.lineno}") from None
        except RecursionError:
            raise CatalogueError("nested too deeply", where=f"{where} line {line}") from None
        values = {str(key).strip().lower(): value for key, value in item.items()} if isinstance(item, dict) else None
        yield Record(f"{where} line {line}", {"path": item} if values is None else values)
        position = _after_item(text, _skip(text, position), listed, where)
    if listed and text[position:].strip() != "]":
        line = text.count("\n", 0, position) + 1
        raise CatalogueError("not valid JSON: the list does not end with ]", where=f"{where} line {line}")


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position


def _after_item(text: str, position: int, listed: bool, where: str) -> int:
    """Step over the comma between items of a list."""
    if not listed or position == len(text) or text[position] == "]":
        return position
    if text[position] != ",":
        line = text.count("\n", 0, position) + 1
        raise CatalogueError("not valid JSON: a comma is missing between items", where=f"{where} line {line}")
    return position + 1
