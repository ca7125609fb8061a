"""Open a SQLite or PostgreSQL database so that both behave alike: whole transactions, one writer at a time waits."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError

from shelver.catalogue.database_errors import database_errors
from shelver.errors import CatalogueError

PATIENCE = 60.0
"""Seconds to wait for another process's transaction (an import of a million labels takes about 20)."""

_WRITING = "shelver_writing"


def open_engine(url: str) -> sa.Engine:
    """Make the engine; nothing is connected yet.

    Parameters
    ----------
    url : str
        Path of a SQLite file, ``sqlite:///path`` or ``postgresql://user:password@host/name``.

    Raises
    ------
    CatalogueError
        A kind of database that is not supported, a missing driver, or a folder that cannot be made.
    """
    try:
        parsed = sa.make_url(url if "://" in url else f"sqlite:///{os.path.abspath(url)}")
    except ArgumentError:
        raise _unsupported("control.url") from None
    where = name_of(parsed)
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return _open_sqlite(parsed, where)
    if backend != "postgresql":
        raise _unsupported(where)
    try:
        return sa.create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise CatalogueError(
            f"PostgreSQL needs the package {error.name}", where=where, hint='pip install "shelver[postgresql]"'
        ) from error


def name_of(url: sa.URL) -> str:
    """Name of a database for messages: the file, or the URL without its password."""
    if url.get_backend_name() == "sqlite":
        return url.database or "sqlite in memory"
    return url.render_as_string(hide_password=True)


def _unsupported(where: str) -> CatalogueError:
    return CatalogueError(
        "cannot keep the control database there",
        where=where,
        expected="a file, sqlite:///path or postgresql://user:password@host/name",
        hint="with a workspace on an object store, set control.url to a local file or a PostgreSQL server",
    )


def _open_sqlite(url: sa.URL, where: str) -> sa.Engine:
    if url.database and url.database != ":memory:":
        with database_errors(where):
            os.makedirs(os.path.dirname(os.path.abspath(url.database)), exist_ok=True)
    engine = sa.create_engine(url.set(drivername="sqlite"), connect_args={"timeout": PATIENCE})
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, record: object) -> None:
    connection.isolation_level = None  # transactions are begun by _begin_sqlite, not behind our back
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA recursive_triggers = ON")  # so that INSERT OR REPLACE fires the delete trigger
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -65536")  # 64 MiB, for the indexes of a million labels
    deadline = time.monotonic() + PATIENCE
    while True:  # the change to WAL does not wait for other processes by itself
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _begin_sqlite(connection: sa.Connection) -> None:
    writing = connection.get_execution_options().get(_WRITING, False)
    # A reader that later becomes a writer fails at once if another wrote in between; a writer from the start waits.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open a transaction that sees one state of the database."""
    with database_errors(name_of(engine.url)), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open a transaction that changes all it is to change or, after an error or a kill, nothing."""
    engine = engine.execution_options(**{_WRITING: True})  # same connections, other flag
    with database_errors(name_of(engine.url)), engine.begin() as connection:
        yield connection
