"""A database's refusals as errors that say what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import StatementError

from shelver.errors import CatalogueError, ShelverError

_ACCESS = "change its permissions, or name another database in control.url"
_SQLITE = {
    "SQLITE_NOTADB": ("not a database", "move the file away, or name another in control.url"),
    "SQLITE_CORRUPT": ("the database is damaged", "restore a copy of it; sqlite3 FILE .recover may save its rows"),
    "SQLITE_READONLY": ("no permission to write", _ACCESS),
    "SQLITE_PERM": ("no permission", _ACCESS),
    "SQLITE_CANTOPEN": ("cannot open or make the database: no permission, or a folder is in its place", _ACCESS),
    "SQLITE_FULL": ("the disk is full; nothing was changed", "free some space and run the command again"),
    "SQLITE_IOERR": ("the disk is full or cannot be used; nothing was changed", "free some space, or check the disk"),
    "SQLITE_BUSY": ("another process holds the database", "wait for it to finish and run the command again"),
    "SQLITE_LOCKED": ("another process holds the database", "wait for it to finish and run the command again"),
}
_POSTGRESQL = {  # SQLSTATE, PostgreSQL manual, appendix A
    "53100": ("the server's disk is full; nothing was changed", "free some space and run the command again"),
    "42501": ("no permission", "grant the user rights on the database's schema"),
    "25006": ("the server is read-only", "connect to the primary server"),
    "28P01": ("the password is wrong", "correct control.url"),
    "28000": ("the server refuses this user", "correct control.url, or the server's pg_hba.conf"),
    "3D000": ("no such database", "make it with: createdb NAME"),
    "40P01": ("two writers wait for each other; nothing was changed", "run the command again"),
}


@contextmanager
def database_errors(where: str) -> Iterator[None]:
    """Turn the errors of SQLite and PostgreSQL that a user can mend into `CatalogueError`s; others pass."""
    try:
        yield
    except StatementError as error:  # among them all errors of drivers
        if isinstance(error.orig, ShelverError):  # a value that the tables refuse
            raise error.orig from None
        known = explain(error.orig, where)
        if known is None:
            raise
        raise known from error
    except (sqlite3.Error, OSError) as error:
        known = explain(error, where)
        if known is None:
            raise
        raise known from error


def explain(error: BaseException | None, where: str) -> CatalogueError | None:
    """Say what an error of a driver means; None where only a developer can mend it."""
    if isinstance(error, PermissionError):
        return CatalogueError("no permission to write", where=where, hint=_ACCESS)
    if isinstance(error, OSError):
        return CatalogueError(f"cannot make the database: {error.strerror}", where=where, hint=_ACCESS)
    if isinstance(error, sqlite3.Error):
        name = getattr(error, "sqlite_errorname", "")
        primary = "_".join(name.split("_")[:2])  # SQLITE_READONLY_DBMOVED → SQLITE_READONLY
        found = _SQLITE.get(primary)
    else:
        found = _POSTGRESQL.get(getattr(error, "sqlstate", None) or "")
    text = str(error).strip()
    if found is None and "append-only" in text:
        found = (text.split("\n")[0].removeprefix("ERROR: ").strip(), "nothing was changed")
    if found is None and "connection" in text and not getattr(error, "sqlstate", None):
        found = (f"cannot connect: {text.splitlines()[0]}", "is the server running, and control.url right?")
    return CatalogueError(found[0], where=where, hint=found[1]) if found else None
