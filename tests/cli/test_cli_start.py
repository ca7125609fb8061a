"""Ctrl-C in the first moments of a command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

LATE = "stopped; everything finished so far is kept, run the command again to go on\n"
EARLY = "stopped before anything was done\n"
ESCAPED = "stopped\n"
BEGIN = "import sys; sys.argv[0] = 'shelver'; from shelver.cli.start import main; print('begun', flush=True); main()"


def start(folder, *before: str) -> subprocess.Popen[str]:
    """The command as its script starts it; it says when Python is there, and works for a while."""
    command = [*before, sys.executable, "-c", BEGIN, "demo", "-w", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


@pytest.mark.parametrize("seconds", [0.02, 0.1, 0.3, 1.0])
def test_ctrl_c_while_the_command_is_imported(tmp_path, seconds: float) -> None:
    process = start(tmp_path / "demo")
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert said in (EARLY, LATE, ESCAPED)
    if seconds < 0.1:
        assert said == EARLY


def test_ctrl_c_that_escapes_the_command() -> None:
    code = (
        "import signal, shelver.cli.main as command, shelver.cli.start as start\n"
        "command.main = lambda: signal.raise_signal(signal.SIGINT)\n"
        "start.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (130, ESCAPED)


def test_ctrl_c_that_is_ignored_stays_so(tmp_path) -> None:
    ignoring = [
        sys.executable,
        "-c",
        "import os, signal, sys; signal.signal(2, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])",
    ]
    command = [*ignoring, sys.executable, "-c", BEGIN, "--version"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    os.kill(process.pid, signal.SIGINT)
    out, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, "")
    assert out.startswith("shelver ")
