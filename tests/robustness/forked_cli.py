"""Run the command line in processes of its own, without waiting two seconds for imports each time.

`WarmCli` keeps a server process that has imported the big third-party libraries, and nothing of Shelver, Lance or Daft.
For each command it forks a child, which becomes the leader of its own process group and does what
``python -m shelver.cli.main`` does. `cold` is that very command, for comparison.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import resource
import runpy
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

PRELOADED = (
    "alembic.command", "alembic.config", "numpy", "pyarrow.compute", "pyarrow.fs", "pyarrow.parquet", "pydantic",
    "rich.console", "rich.progress", "rich.table", "safetensors.torch", "sqlalchemy", "sqlalchemy.dialects.sqlite",
    "tomli_w", "torch", "torch._dynamo", "typer", "glob", "urllib.parse", "encodings.idna", "encodings.latin_1",
    "encodings.utf_8_sig",
)  # fmt: skip
NOBODY = 65534


@dataclass(frozen=True)
class Done:
    """How a command ended: exit code (negative: killed by that signal) and what it printed."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Job:
    """A command to run: arguments, and how the process is to be crippled first."""

    args: list[str]
    folder: str = ""
    env: dict[str, str] = field(default_factory=dict)
    user: int = 0
    file_limit: int = 0
    patch: list[str] = field(default_factory=list)  # file of a module, function, arguments


class WarmCli:
    """Runs commands one after the other in forks of a server process."""

    def __init__(self, env: dict[str, str]) -> None:
        self.folder = tempfile.mkdtemp(prefix="shelver-cli-")
        os.chmod(self.folder, 0o755)  # noqa: S103 (to be entered, not written to)
        self.server = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | env
        )

    def start(self, *args: str, **options: object) -> int:
        """Begin a command; gives the process (and process group) id."""
        self._send({"args": [str(arg) for arg in args], **options})
        return int(self._answer())

    def wait(self) -> Done:
        """Wait for the command begun last."""
        code = int(self._answer())
        texts = [Path(self.folder, name).read_text(errors="replace") for name in ("out", "err")]
        return Done(code, *texts)

    def run(self, *args: str, **options: object) -> Done:
        """Run a command to its end."""
        self.start(*args, **options)
        return self.wait()

    def ok(self, *args: str, **options: object) -> Done:
        """Run a command that must succeed."""
        done = self.run(*args, **options)
        assert done.code == 0, f"{args}: exit {done.code}\n{done.err}"
        return done

    def close(self) -> None:
        """End the server."""
        assert self.server.stdin is not None
        self.server.stdin.close()
        self.server.wait(20)
        for name in ("out", "err"):
            Path(self.folder, name).unlink(missing_ok=True)
        os.rmdir(self.folder)

    def _send(self, job: dict[str, object]) -> None:
        assert self.server.stdin is not None
        self.server.stdin.write(json.dumps({"job": job, "output": self.folder}) + "\n")
        self.server.stdin.flush()

    def _answer(self) -> str:
        assert self.server.stdout is not None
        answer = self.server.stdout.readline()
        assert answer, "the server has ended"
        return answer


def cold(*args: str, env: dict[str, str] | None = None, cwd: str | None = None) -> Done:
    """Run ``python -m shelver.cli.main`` to its end."""
    command = [sys.executable, "-m", "shelver.cli.main", *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | (env or {}), cwd=cwd, check=False)
    return Done(done.returncode, done.stdout, done.stderr)


def _serve() -> None:
    for name in PRELOADED:
        try:
            importlib.import_module(name)
        except ImportError:
            continue
    for line in sys.stdin:
        request = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(Job(**request["job"]), request["output"])
        print(pid, flush=True)  # noqa: T201 (the answer to the tests)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)  # noqa: T201 (as above)


def _become(job: Job, output: str) -> None:
    """Turn this process into the command; never returns."""
    os.setsid()
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: do not outlive the tests
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(os.path.join(output, name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), number)
    sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
    code = 70
    try:
        os.environ.update(job.env)
        if job.folder:
            os.chdir(job.folder)
        if job.file_limit:
            resource.setrlimit(resource.RLIMIT_FSIZE, (job.file_limit, job.file_limit))
        if job.user:
            for name in ("pipeline.workspace", "pipeline.ingest", "cli.rules_commands", "cli.label_commands"):
                importlib.import_module(f"shelver.{name}")  # the user may have no access to this Python's folder
            os.setgroups([])
            os.setresgid(job.user, job.user, job.user)
            os.setresuid(job.user, job.user, job.user)
        if job.patch:
            file, function, *arguments = job.patch
            runpy.run_path(file)[function](*arguments)
        sys.argv = ["shelver", *job.args]
        runpy.run_module("shelver.cli.main", run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:  # what the interpreter would do
        sys.excepthook(*sys.exc_info())
        code = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
