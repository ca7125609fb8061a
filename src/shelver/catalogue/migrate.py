"""Bring the tables of a control database to the newest version, once, whoever opens it first."""

from __future__ import annotations

import threading
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from shelver.catalogue.database import name_of, reading, writing
from shelver.catalogue.tables import metadata
from shelver.errors import CatalogueError

FOLDER = Path(__file__).parent / "migrations"
VERSION_TABLE = "shelver_version"
"""Where Alembic keeps the version: not its usual name, as other programs may share a PostgreSQL database."""

_LOCK_KEY = 0x5E17E5  # PostgreSQL advisory lock, any constant
_ALEMBIC = threading.Lock()  # alembic.context and alembic.op are global in Alembic itself


def migrate(engine: sa.Engine) -> None:
    """Make or update the tables in one transaction; does nothing where they are up to date.

    Several processes may call this at once: one migrates, the others wait and then find nothing to do.

    Raises
    ------
    CatalogueError
        Not a database, no permission, made by a newer Shelver, or holding tables of another program.
    """
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    script = ScriptDirectory.from_config(config)
    with reading(engine) as connection:
        if _version(connection, script) == script.get_current_head():
            return
    with _ALEMBIC, writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
        if _version(connection, script) is None:
            _check_foreign(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _version(connection: sa.Connection, script: ScriptDirectory) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    version = context.get_current_revision()
    known = {revision.revision for revision in script.walk_revisions()}
    if version is not None and version not in known:
        raise CatalogueError(
            f"a newer Shelver made this database (version {version})",
            where=name_of(connection.engine.url),
            expected=f"version {script.get_current_head()} or older",
            hint="pip install --upgrade shelver",
        )
    return version


def _check_foreign(connection: sa.Connection) -> None:
    strange = sorted(set(sa.inspect(connection).get_table_names()) & set(metadata.tables))
    if strange:
        raise CatalogueError(
            f"another program's database: it has a table {strange[0]} but no {VERSION_TABLE}",
            where=name_of(connection.engine.url),
            hint="name another database in control.url",
        )
