"""The table of known headers is sound, and most of what it has is found."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from shelver.config import FIELDS

ROOT = Path(__file__).parent.parent.parent
FORMATS = tomllib.loads((ROOT / "benchmarks" / "known_headers.toml").read_text(encoding="utf-8"))["feeds"]
MEASURED = {*(set(FIELDS) - {"raw_category", "image_url", "image_urls"}), "image", "images"}


@pytest.mark.parametrize("block", FORMATS, ids=lambda block: block["name"])
def test_a_header_says_what_its_columns_hold(block: dict[str, object]) -> None:
    lines = str(block["columns"]).strip().splitlines()
    names = [line.rsplit(" = ", 1)[0] for line in lines]
    fields = [line.rsplit(" = ", 1)[1].split(" ", 1)[0] for line in lines]
    assert len(set(names)) == len(names)
    assert {field.removeprefix("~") for field in fields} <= MEASURED | {"-"}
    assert {"title", "~title"} & set(fields)
    assert block["source"] in ("documented", "seen")
    assert block["batch"] in (1, 2, 3)


def test_formats_are_named_once() -> None:
    assert len({block["name"] for block in FORMATS}) == len(FORMATS) >= 80


def test_most_fields_of_all_formats_are_found() -> None:
    done = subprocess.run(
        [sys.executable, "benchmarks/header_guesses.py", "--rows", "40"],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shares = [float(share) for share in re.findall(r"^all fields.* ([\d.]+)$", done.stdout, re.MULTILINE)]
    everything, no_networks, names, values = shares
    assert everything >= 96
    assert no_networks >= 96
    assert names >= 88
    assert values >= 75
