"""The command line in processes of its own, and small workspaces to ill-treat."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from forked_cli import WarmCli

from shelver.testing import toy as toys

QUICK = "\n[training]\nepochs = 2\nmin_steps = 2\n"


@pytest.fixture(scope="session")
def cli():
    """Runs commands, quickly."""
    warm = WarmCli({"OMP_NUM_THREADS": "1", "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"})
    yield warm
    warm.close()


@pytest.fixture(scope="session")
def open_folder():
    """A folder that every user may enter (pytest's own is private)."""
    folder = Path(tempfile.mkdtemp(prefix="shelver-robust-"))
    os.chmod(folder, 0o755)  # noqa: S103 (to be entered, not written to)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def new_shop(tmp_path_factory):
    """Only the files that people write; look at it only."""
    folder = tmp_path_factory.mktemp("new") / "shop"
    toys.write_toy(folder, 120, settings=QUICK)
    return folder


@pytest.fixture(scope="session")
def done_shop(tmp_path_factory, cli, new_shop):
    """Everything done: products, labels, run, model, predictions; look at it only."""
    folder = tmp_path_factory.mktemp("done") / "shop"
    shutil.copytree(new_shop, folder)
    cli.ok("ingest", "-w", folder)
    cli.ok("label", "import", folder / "labels.csv", "-w", folder)
    cli.ok("run", "-w", folder)
    return folder
