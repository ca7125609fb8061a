"""Databases to test with: SQLite always, PostgreSQL where a server can be had."""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator

import pytest


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """URL of a server, up to the name of the database: the one of SHELVER_TEST_POSTGRES, or one started here."""
    pytest.importorskip("psycopg", reason='no driver: pip install "shelver[postgresql]"')
    given = os.environ.get("SHELVER_TEST_POSTGRES")
    if given:
        yield given
        return
    programs = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    if not programs:
        pytest.skip("no PostgreSQL: no /usr/lib/postgresql/*/bin/initdb, and SHELVER_TEST_POSTGRES is not set")
    prefix: list[str] = []
    folder = tempfile.mkdtemp(prefix="shelver-pg-", dir="/tmp")
    if os.geteuid() == 0:  # servers refuse to run as root
        if shutil.which("runuser") is None:
            pytest.skip("PostgreSQL does not run as root, and there is no runuser to change to nobody")
        prefix = ["runuser", "-u", "nobody", "--"]
        os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
    control = os.path.join(os.path.dirname(programs[-1]), "pg_ctl")

    def run(*command: str) -> None:
        subprocess.run([*prefix, *command], check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)

    run(programs[-1], "-D", f"{folder}/data", "-U", "shelver", "-A", "trust", "--no-sync")
    options = f"-k {folder} -c listen_addresses='' -c fsync=off"
    run(control, "-D", f"{folder}/data", "-o", options, "-w", "-l", f"{folder}/log", "start")
    try:
        yield f"postgresql://shelver@/postgres?host={folder}"
    finally:
        run(control, "-D", f"{folder}/data", "-m", "immediate", "stop")
        shutil.rmtree(folder)


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """URL of a new, empty database."""
    import sqlalchemy as sa

    server = sa.make_url(postgresql_server).set(drivername="postgresql+psycopg")
    name = f"shelver_{uuid.uuid4().hex[:12]}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    yield server.set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def control_url(request: pytest.FixtureRequest, tmp_path: object) -> str:
    if request.param == "sqlite":
        return f"{tmp_path}/control.db"
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture
def python() -> Callable[..., subprocess.Popen[str]]:
    """Start a script in another process."""

    def start(script: str, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", script, *arguments]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    return start
