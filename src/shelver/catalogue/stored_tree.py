"""The tree in the control database."""

from __future__ import annotations

import sqlalchemy as sa

from shelver.catalogue.database import name_of, reading, writing
from shelver.catalogue.label_events import EXCLUSIVE, current_select
from shelver.catalogue.tables import categories
from shelver.catalogue.tree import Category, Tree
from shelver.errors import CatalogueError


def save_tree(engine: sa.Engine, tree: Tree, *, force: bool = False) -> None:
    """Replace the stored tree, whole or not at all.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        The database.
    tree : Tree
        The new tree.
    force : bool
        Also drop categories (or their mark as exclusive) that current labels use. These labels stay in the history,
        are left out of `current_labels`, and come back with the category.

    Raises
    ------
    CatalogueError
        Current labels use a category that the new tree lacks or does not let people assign.
    """
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("LOCK TABLE categories IN EXCLUSIVE MODE"))  # see add_labels
        if not force:
            _check_used(connection, tree)
        connection.execute(sa.delete(categories))
        columns = set(categories.columns.keys()) - {"position"}
        rows = [
            {"position": position} | {column: getattr(category, column) for column in columns}
            for position, category in enumerate(tree)
        ]
        if rows:
            connection.execute(sa.insert(categories), rows)


def load_tree(engine: sa.Engine) -> Tree:
    """Read the stored tree; it has no categories before the first `save_tree`."""
    with reading(engine) as connection:
        rows = connection.execute(sa.select(categories).order_by(categories.c.position)).all()
    paths: dict[str | None, tuple[str, ...]] = {None: ()}
    found = []
    for row in rows:
        paths[row.category_id] = path = (*paths[row.parent_id], row.name)
        found.append(Category(row.category_id, row.parent_id, row.name, path, row.exclusive))
    return Tree(found)


def _check_used(connection: sa.Connection, tree: Tree) -> None:
    current = current_select(EXCLUSIVE).subquery()
    count = sa.func.count().label("labels")
    used = connection.execute(
        sa.select(current.c.category_id, categories.c.name, count)
        .join(categories, categories.c.category_id == current.c.category_id)
        .group_by(current.c.category_id, categories.c.name)
        .order_by(count.desc(), current.c.category_id)
    ).all()
    assignable = {category.category_id for category in tree.exclusive}
    lost = [row for row in used if row.category_id not in assignable]
    if not lost:
        return
    shown = ", ".join(f"{row.name} (id {row.category_id}, {row.labels} labels)" for row in lost[:5])
    kept = sum(row.category_id in tree for row in lost)
    fault = "does not let people assign" if kept == len(lost) else "lacks" if not kept else "lacks or does not assign"
    raise CatalogueError(
        f"{sum(row.labels for row in lost)} current labels use {len(lost)} categories that the new tree {fault}: "
        f"{shown}{', ...' if len(lost) > 5 else ''}",
        where=name_of(connection.engine.url),
        expected="a tree with these categories as exclusive ones; nothing was changed",
        hint="keep the category in the file, label these products anew, then take it out; or take the new tree over "
        "all the same with: shelver categories --force (the labels then wait until the category comes back)",
    )
