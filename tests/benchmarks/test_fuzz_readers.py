"""Damaged files by the thousand: what fails is told and kept, also what no Python code can stop."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

STUCK = """
import sys
from pathlib import Path
sys.path.insert(0, "benchmarks")
import fuzz_readers
fuzz_readers.HANG = 0.5
fuzz_readers.one = lambda *_: {what}
print(fuzz_readers.shard("json", 7, 3, Path({keep!r})))
"""


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_every_reader_is_counted(tmp_path: Path) -> None:
    done = run("benchmarks/fuzz_readers.py", "--inputs", "20", "--only", "xml", "csv", "--keep", str(tmp_path / "kept"))
    assert done.returncode == 0, done.stdout + done.stderr
    told = [line.split()[:2] for line in done.stdout.splitlines()]
    assert told == [["reader", "inputs"], ["xml", "20"], ["csv", "20"]]
    assert list((tmp_path / "kept").iterdir()) == []


def test_what_hangs_within_a_library_is_ended_and_kept(tmp_path: Path) -> None:
    done = run("-c", STUCK.format(what="sum(range(10**12))", keep=str(tmp_path)))
    assert done.returncode == 1
    assert "Timeout" in done.stderr
    assert "in shard" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["running-json-7"]


def test_what_fails_is_told(tmp_path: Path) -> None:
    done = run("-c", STUCK.format(what="1 / 0", keep=str(tmp_path)))
    assert "inputs=3" in done.stdout
    assert done.stdout.count("ZeroDivisionError at <string>") == 3
    assert list(tmp_path.iterdir()) == []
