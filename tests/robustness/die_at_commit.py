"""Run inside the process of a command: count its commits, or end it without warning just before one of them.

A commit is what makes something visible: a new version of a table, a small file put in its place, a transaction of the
control database. All that comes before (rows streamed to Lance, temporary files) has been written then.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any


def count(log: str) -> None:
    """Write a line to a file for every commit."""

    def note(what: str) -> None:
        with open(log, "a") as stream:
            stream.write(f"{what}\n")

    _watch(note)


def die(number: str) -> None:
    """End the process just before the commit of this number (from 1)."""
    left = int(number)

    def step(what: str) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os._exit(9)

    _watch(step)


def _watch(before_commit: Callable[[str], None]) -> None:
    import sqlalchemy as sa

    from shelver import files
    from shelver.catalogue import database
    from shelver.feeds.parted import Draft
    from shelver.table import Table

    def streamed(batches: Iterable[Any], what: str) -> Iterator[Any]:
        yield from batches
        before_commit(what)  # Lance has written nearly all of the rows, and commits when this iterator ends

    write = Table.write
    Table.write = lambda self, batches, *rest: write(self, streamed(batches, f"write {self.name}"), *rest)

    commit = Draft.commit

    def drafted(self: Draft, *rest: Any) -> Any:
        before_commit(f"write {self.parted.table.name}")
        return commit(self, *rest)

    Draft.commit = drafted

    class Os:
        """The module os, with a watched `replace` and `remove`."""

        def __getattr__(self, name: str) -> Any:
            return getattr(os, name)

        def replace(self, source: str, target: str) -> None:
            before_commit(f"file {target}")
            os.replace(source, target)

        def remove(self, path: str) -> None:
            before_commit(f"remove {path}")
            os.remove(path)

    files.os = Os()

    @contextmanager
    def watched(engine: sa.Engine) -> Iterator[sa.Connection]:
        with inner(engine) as connection:
            yield connection
            before_commit("database")

    inner = database.writing
    import importlib

    for name in ("deliveries", "label_events", "runs", "stored_tree", "migrate"):
        module = importlib.import_module(f"shelver.catalogue.{name}")
        if hasattr(module, "writing"):
            module.writing = watched
