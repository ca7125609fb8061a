"""Read a tree from any file people keep it in.

=====================  =========================================================================================
format                 what a line looks like
=====================  =========================================================================================
paths                  ``Shoes > Boots`` (or ``//``, ``/``, ``|``: found out from the whole file)
table (CSV, TSV)       columns id, parent, name; or path with optional id; both with optional exclusive
Google's taxonomy      ``3237 - Animals & Pet Supplies > Live Animals``
Shopify's taxonomy     ``gid://shopify/TaxonomyCategory/ap-1 : Animals & Pet Supplies > Live Animals``
JSON, JSON lines       objects with the columns of a table; or paths as text or lists of names
=====================  =========================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from shelver.catalogue.delimiters import detect_delimiter, split_path
from shelver.catalogue.records import Record, header_of, is_json, json_records, read_text, table_records
from shelver.catalogue.tree import SHOPIFY_PREFIX, Tree
from shelver.catalogue.tree_paths import PathRow, rows_from_paths
from shelver.catalogue.tree_rows import Exclusive, TreeRow, tree_from_rows
from shelver.errors import CatalogueError
from shelver.files import Files

ID = ("id", "category_id")
PARENT = ("parent", "parent_id")
NAME = ("name", "title")
PATH = ("path", "category", "category_path", "full_path")
MARK = "exclusive"

_MARKS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}
_GOOGLE = re.compile(r"(\d+) - (\S.*)")
_SHOPIFY = re.compile(r"(gid://\S+)\s*:\s*(\S.*)")
_COLUMNS = "columns id, parent and name, or a column path"


def read_tree(files: Files, name: str, exclusive: Exclusive = "leaves") -> Tree:
    """Read a tree; the format is found out from the content.

    Parameters
    ----------
    files : Files
        Folder of the file.
    name : str
        The file.
    exclusive : {"leaves", "all", "file"}
        Which categories a person can assign.

    Raises
    ------
    CatalogueError
        The file cannot be read, or what it says contradicts itself; with file and line.
    """
    where = files.path(name)
    return tree_from_rows(_rows(read_text(files, name), where), exclusive, where)


def _rows(text: str, where: str) -> list[TreeRow]:
    if is_json(text):
        return _from_records(json_records(text, where), where)
    lines = _lines(text, where)
    if not lines:
        raise CatalogueError("no categories", where=where, expected="a category in each line")
    for pattern, shape in ((_SHOPIFY, f"{SHOPIFY_PREFIX}ID : path"), (_GOOGLE, "number - path")):
        if sum(pattern.match(line) is not None for _, line in lines) > len(lines) / 2:
            return rows_from_paths(_numbered(spot, line, pattern, shape) for spot, line in lines)
    columns, _ = header_of(lines[0][1])
    if set(columns) & set(PATH) or (set(columns) & {*NAME, *ID} and set(columns) & set(PARENT)):
        return _from_records(table_records(_without_comments(text), where), where)
    if len(columns) > 1 and where.lower().endswith((".csv", ".tsv")):
        found = ", ".join(columns[:8])
        raise CatalogueError(f"no tree in the columns {found}", where=lines[0][0], expected=_COLUMNS)
    delimiter = detect_delimiter([line for _, line in lines])
    return rows_from_paths(PathRow(split_path(line, delimiter), where=spot) for spot, line in lines)


def _without_comments(text: str) -> str:
    """Blank the comments above the first row; later lines keep their numbers and may begin with #."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if line.strip() and not line.lstrip().startswith("#"):
            break
        lines[number] = ""
    return "\n".join(lines)


def _lines(text: str, where: str) -> list[tuple[str, str]]:
    lines = enumerate(_without_comments(text).split("\n"), start=1)
    return [(f"{where} line {number}", line.strip()) for number, line in lines if line.strip()]


def _numbered(where: str, line: str, pattern: re.Pattern[str], shape: str) -> PathRow:
    match = pattern.fullmatch(line)
    if match is None or (match[1].startswith("gid://") and not match[1].startswith(SHOPIFY_PREFIX)):
        raise CatalogueError(f'cannot read "{line[:80]}"', where=where, expected=shape)
    return PathRow(split_path(match[2], ">"), match[1].removeprefix(SHOPIFY_PREFIX), where=where)


def _from_records(records: Iterable[Record], where: str) -> list[TreeRow]:
    rows = list(records)
    if not rows:
        raise CatalogueError("no categories", where=where, expected="a category in each row")
    columns = {column for row in rows for column in row.values}
    if columns & set(PATH):
        texts = [_path_text(row) for row in rows]
        delimiter = detect_delimiter([text for text in texts if isinstance(text, str)])
        return rows_from_paths(
            PathRow(
                split_path(text, delimiter) if isinstance(text, str) else text, row.text(*ID), _mark(row), row.where
            )
            for row, text in zip(rows, texts, strict=True)
        )
    for needed in (ID, NAME, PARENT):
        if not columns & set(needed):
            found = ", ".join(sorted(columns)[:8])
            raise CatalogueError(f"no column {needed[0]}; found {found}", where=where, expected=_COLUMNS)
    return [
        TreeRow(_bare(row.text(*ID)), _bare(row.text(*PARENT)), row.text(*NAME), _mark(row), row.where) for row in rows
    ]


def _bare(category_id: str) -> str:
    return category_id.removeprefix(SHOPIFY_PREFIX)


def _path_text(row: Record) -> str | tuple[str, ...]:
    value = next((row.values[column] for column in PATH if row.values.get(column)), "")
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return tuple(value)
    if not isinstance(value, str) or not value.strip():
        raise CatalogueError("no path", where=row.where, expected=f"text or a list of names in {PATH[0]}")
    return value


def _mark(row: Record) -> bool | None:
    if MARK not in row.values:
        return None
    value = row.values[MARK]
    text = "" if value is None else str(value).strip().lower()
    if text not in _MARKS:
        raise CatalogueError(f'exclusive is "{text}"', where=row.where, expected="1, 0, true, false, yes or no")
    return _MARKS[text]
