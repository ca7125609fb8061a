"""Rows in any order → the tree, with errors that name the row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from shelver.catalogue.names import clean_name, fold
from shelver.catalogue.tree import Category, Tree
from shelver.errors import CatalogueError, nearest

Exclusive = Literal["leaves", "all", "file"]
"""Which categories a person can assign: leaves, all, or those the file marks."""

MAX_DEPTH = 100
"""Levels allowed; a deeper tree is a mistake in the file, and paths would need quadratic memory."""


@dataclass(frozen=True, slots=True)
class TreeRow:
    """One category as a file says it.

    Attributes
    ----------
    category_id, name : str
        Must not be empty.
    parent_id : str
        Empty for a root; ``0`` also means a root where no category has the id 0.
    exclusive : bool or None
        None if the file does not say.
    where : str
        File and line, for messages.
    """

    category_id: str
    parent_id: str
    name: str
    exclusive: bool | None = None
    where: str = ""


def tree_from_rows(rows: Sequence[TreeRow], exclusive: Exclusive = "leaves", where: str = "") -> Tree:
    """Check rows and put them in depth-first order, siblings by name.

    Parameters
    ----------
    rows : sequence of TreeRow
        In any order; the order does not change the answer.
    exclusive : {"leaves", "all", "file"}
        Which categories a person can assign.
    where : str
        Name of the whole file, for messages.

    Raises
    ------
    CatalogueError
        No rows, an empty id or name, an id twice, an unknown parent, a cycle, two siblings whose names differ at most
        in case or blanks, more than `MAX_DEPTH` levels, or ``exclusive="file"`` where the file marks nothing.
    """
    if not rows:
        raise CatalogueError("no categories", where=where, expected="at least one category")
    if exclusive == "file" and not any(row.exclusive for row in rows):
        raise CatalogueError(
            "no category is marked as exclusive",
            where=where,
            expected="a column exclusive with 1 or 0",
            hint='or set categories.exclusive = "leaves" in shelver.toml',
        )
    by_id = _by_id(rows)
    children = _children(rows, by_id)
    ordered: list[Category] = []
    waiting: list[tuple[TreeRow, tuple[str, ...]]] = [(row, ()) for row in reversed(children[""])]
    while waiting:
        row, above = waiting.pop()
        path = (*above, clean_name(row.name))
        if len(path) > MAX_DEPTH:
            raise CatalogueError(f"more than {MAX_DEPTH} levels deep", where=row.where)
        below = children.get(row.category_id, [])
        marked = bool(row.exclusive) if exclusive == "file" else exclusive == "all" or not below
        parent = _parent(row, by_id) or None
        ordered.append(Category(row.category_id, parent, path[-1], path, marked))
        waiting.extend((child, path) for child in reversed(below))
    if len(ordered) < len(rows):
        raise _cycle(by_id, {category.category_id for category in ordered})
    return Tree(ordered)


def _by_id(rows: Sequence[TreeRow]) -> dict[str, TreeRow]:
    by_id: dict[str, TreeRow] = {}
    for row in rows:
        if not row.category_id:
            raise CatalogueError("a category without id", where=row.where, expected="an id in every row")
        if not clean_name(row.name):
            raise CatalogueError(f'the name of category "{row.category_id}" is empty', where=row.where)
        other = by_id.setdefault(row.category_id, row)
        if other is not row:
            raise CatalogueError(
                f'the id "{row.category_id}" is used twice', where=row.where, hint=f"first used in {other.where}"
            )
    return by_id


def _parent(row: TreeRow, by_id: dict[str, TreeRow]) -> str:
    return "" if row.parent_id == "0" and "0" not in by_id else row.parent_id


def _children(rows: Sequence[TreeRow], by_id: dict[str, TreeRow]) -> dict[str, list[TreeRow]]:
    """Rows by the id of their parent ("" for roots), sorted by name."""
    children: dict[str, list[TreeRow]] = defaultdict(list)
    names: dict[tuple[str, str], TreeRow] = {}
    for row in rows:
        parent = _parent(row, by_id)
        if parent and parent not in by_id:
            raise CatalogueError(
                f'category "{row.category_id}" ({row.name}) has the unknown parent "{parent}"',
                where=row.where,
                expected="the id of another row, or nothing for a root",
                hint=nearest(parent, by_id),
            )
        other = names.setdefault((parent, fold(row.name)), row)
        if other is not row:
            raise CatalogueError(
                f'"{row.name}" (id {row.category_id}) has the same path as "{other.name}" (id {other.category_id})',
                where=row.where,
                expected="paths that differ in more than case and blanks",
                hint=f"the other is in {other.where}",
            )
        children[parent].append(row)
    for below in children.values():
        below.sort(key=lambda row: fold(row.name))
    children.setdefault("", [])
    return children


def _cycle(by_id: dict[str, TreeRow], reached: set[str]) -> CatalogueError:
    """Make the error for rows that no root leads to."""
    current = next(row for row in by_id.values() if row.category_id not in reached)
    walk: list[str] = []
    while current.category_id not in walk:
        walk.append(current.category_id)
        current = by_id[current.parent_id]
    circle = [*walk[walk.index(current.category_id) :], current.category_id]
    shown = " → ".join(circle if len(circle) < 8 else [*circle[:4], "...", circle[-1]])
    return CatalogueError(
        f"categories are their own ancestors: {shown}", where=current.where, hint="give one of them another parent"
    )
