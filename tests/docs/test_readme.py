"""The README's commands and Python code run as they stand there, in their order."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
ELSEWHERE = ("git clone", "make ")
"""Commands that are not run here: `make` runs this test."""


def blocks(page: str) -> list[tuple[str, str]]:
    return re.findall(r"^```(\w+)\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)


def script(page: str) -> str:
    lines = ["set -euo pipefail"]
    for language, code in blocks(page):
        if language == "python":
            lines.append(f"python - <<'END_OF_PYTHON'\n{code}END_OF_PYTHON")
        elif language == "console" and not code.startswith(ELSEWHERE):
            lines.append(code)
    return "\n".join(lines)


def shapes(text: str) -> list[str]:
    """Lines without figures, which differ a little from machine to machine."""
    return [re.sub(r"\s+", " ", re.sub(r"\d+(\.\d+)?%", "N%", line)).strip() for line in text.strip().splitlines()]


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the README's blocks print, run in an empty folder."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-c", script((ROOT / "README.md").read_text())],
        cwd=tmp_path_factory.mktemp("readme"),
        env={**os.environ, "PATH": path, "OMP_NUM_THREADS": "1"},  # so small a net is slower with more threads
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.usefixtures("needs_vectors")
class TestBlocks:
    def test_all_run(self, answer):
        for said in ("1 of 1 rejected rows", "wrote 6 rules", "9 products now have a label", "3 labelled products"):
            assert said in answer

    def test_classify_prints_what_the_page_shows(self, answer):
        shown = next(code for _, code in blocks((ROOT / "README.md").read_text()) if code.startswith("Waterproof"))
        printed = answer[answer.index("Waterproof winter boots\n") :]
        wanted, found = shapes(shown), shapes(printed)
        for lines in (slice(0, 3), slice(5, 8), slice(9, 13)):  # the others hang on tiny probabilities
            assert found[lines] == wanted[lines]

    def test_a_rucksack_is_a_backpack(self, answer):
        assert re.search(r"Rucksack olive +Bags > Backpacks", answer)
        assert re.search(r"'Bags > Backpacks', 0\.\d+\)", answer)


def test_links_lead_to_pages():
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name} links to {link}"
