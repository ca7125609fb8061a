"""``shelver feeds`` as a stranger runs it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from shelver.cli.feed_commands import feeds
from shelver.errors import ShelverError

FEED = "Product ID|Nom|Marque|Prix|Image 1|Image 2|délai\n" + "".join(
    f"P-{number}|Chapeau rouge {number}|Acme|{number},90 €|https://img.acme.example/{number}.jpg||2 jours\n"
    for number in range(9)
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shelver.toml").write_text("")
    (tmp_path / "export.csv").write_text(FEED)
    return tmp_path


def shelver(folder: Path, *args: str, columns: int = 80) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from shelver.cli.main import main; main()", "feeds", *args],
        cwd=folder,
        env={**os.environ, "COLUMNS": str(columns), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_file_is_shown_added_and_shown_again(folder: Path) -> None:
    shown = shelver(folder, "--file", "export.csv")
    assert shown.returncode == 0, shown.stderr
    assert 'delimiter "|"' in shown.stdout
    assert "the first 9 rows were looked at" in shown.stdout
    assert "a known name; amounts with a currency" in " ".join(shown.stdout.split())
    assert "not used: délai" in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 80
    added = shelver(folder, "--add", "export.csv", "--name", "acme", "--write")
    assert added.returncode == 0, added.stderr
    assert "next: shelver ingest --feed acme" in added.stdout
    assert 'price = "Prix"' in (folder / "shelver.toml").read_text()
    known = json.loads(shelver(folder, "acme", "--json").stdout)
    lines = {line["field"]: line for line in known[0]["fields"]}
    assert (lines["price"]["columns"], lines["price"]["sure"]) == (["Prix"], "given")
    assert lines["image_urls"]["columns"] == ["Image 2"]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"add": "export.csv"}, "--add, --name: give both or none"),
        ({"name": "acme", "file": "export.csv"}, "give only one of them"),
        ({"file": "export.csv", "write": True}, "shelver feeds --add export.csv --name NAME --write"),
        ({}, "add one: shelver feeds --add FILE --name NAME"),
    ],
)
def test_faults(folder: Path, args: dict[str, str | bool], said: str) -> None:
    given = {"name": "", "workspace": str(folder), "file": "", "add": "", "new_name": "", "write": False}
    with pytest.raises(ShelverError, match=re.escape(said)):
        feeds(**(given | args))
