"""Lists of paths → rows: missing levels are added and ids made from the path itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from shelver.catalogue.names import clean_name
from shelver.catalogue.tree import Tree
from shelver.catalogue.tree_rows import TreeRow, tree_from_rows
from shelver.errors import CatalogueError


@dataclass(frozen=True, slots=True)
class PathRow:
    """One category as a list of paths says it; an empty id is made from the path."""

    path: tuple[str, ...]
    category_id: str = ""
    exclusive: bool | None = None
    where: str = ""


def path_id(path: Sequence[str]) -> str:
    """Make the id of a category whose file gives none (12 hex digits).

    BLAKE2b with 6 bytes of the names joined by U+001F, which no clean name contains; the same path has the same id
    in every file.
    """
    return hashlib.blake2b("\x1f".join(path).encode(), digest_size=6).hexdigest()


def rows_from_paths(rows: Iterable[PathRow]) -> list[TreeRow]:
    """Add levels that no row names, and ids.

    Raises
    ------
    CatalogueError
        An empty name, or a path that occurs twice with different ids or marks (saying the same twice is fine).
    """
    given: dict[tuple[str, ...], PathRow] = {}
    for row in rows:
        path = tuple(map(clean_name, row.path))
        if not all(path):
            raise CatalogueError(
                f'a name in the path "{" > ".join(path)}" is empty',
                where=row.where,
                expected="names between delimiters",
            )
        other = given.setdefault(path, row)
        if (other.category_id, other.exclusive) != (row.category_id, row.exclusive):
            raise CatalogueError(
                f'the path "{" > ".join(path)}" occurs twice, with different ids or marks',
                where=row.where,
                hint=f"the other is in {other.where}",
            )
    whole = dict(given)
    for path, row in given.items():
        for level in range(len(path) - 1, 0, -1):
            if path[:level] in whole:
                break
            whole[path[:level]] = replace(row, path=path[:level], category_id="", exclusive=None)
    ids = {path: row.category_id or path_id(path) for path, row in whole.items()}
    return [
        TreeRow(ids[path], ids.get(path[:-1], ""), path[-1], row.exclusive, row.where) for path, row in whole.items()
    ]


def tree_from_paths(paths: Iterable[Sequence[str]], exclusive: Literal["leaves", "all"] = "leaves") -> Tree:
    """Make a tree from paths in any order.

    Parameters
    ----------
    paths : iterable of sequence of str
        Names from the root to a category; levels above need not be listed, and paths may repeat.
    exclusive : {"leaves", "all"}
        Which categories a person can assign.

    Raises
    ------
    CatalogueError
        Nothing in it, an empty name, or paths that differ only in case or blanks.
    """
    rows = []
    for number, path in enumerate(paths, start=1):
        if isinstance(path, str) or not path:
            raise CatalogueError(
                f"path {number} is {path!r}", expected='names from the root, such as ("Shoes", "Boots")'
            )
        rows.append(PathRow(tuple(path), where=f"path {number}"))
    return tree_from_rows(rows_from_paths(rows), exclusive)
