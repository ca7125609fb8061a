"""A process that makes new rounds of questions while people answer: one for a workspace, however many answer."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from typing import IO

from filelock import FileLock

from shelver.catalogue.queue import Queue
from shelver.files import is_url

LINES = 3
"""Last lines of what a process that failed had said."""
PATIENCE = 5.0
"""Seconds that a process has to end before it is killed."""


def lock_of(prefix: str, work: str = "asking") -> FileLock:
    """Lock of the one process that does some work for a workspace; for one on an object store, on this machine."""
    if is_url(prefix):
        name = hashlib.blake2b(prefix.encode(), digest_size=8).hexdigest()
        return FileLock(os.path.join(tempfile.gettempdir(), f"shelver-{work}-{name}.lock"))
    return FileLock(os.path.join(prefix, f"{work}.lock"))


def due(queue: Queue, batch: int) -> bool:
    """Is it time for a new round: after a batch of new labels, or with new ones and nothing left to give out?"""
    newest, new = queue.newest_round()
    if newest is None or new >= batch:
        return True
    return new > 0 and not queue.any_free()


class Worker:
    """Starts ``python -m shelver.pipeline.ask_worker`` for a workspace and watches it (a `Background` of a session).

    It looks by itself for new labels, whoever gave them. It ends with this process, even if that is killed; if it dies
    itself, no answer is touched, and another is started after a batch of new labels.

    Parameters
    ----------
    prefix : str
        The workspace.
    batch : int
        Labels after which a new one is tried.
    """

    def __init__(self, prefix: str, batch: int) -> None:
        self._prefix, self._batch = prefix, batch
        self._labels = 0
        self._trouble = ""
        self._start()

    def __repr__(self) -> str:
        return f"Worker({self._prefix!r}, {'running' if self.alive() else 'ended'})"

    def _start(self) -> None:
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the process)
        command = [sys.executable, "-P", "-m", "shelver.pipeline.ask_worker", self._prefix]
        self._process = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self._said, start_new_session=True
        )
        self._watched = True

    @property
    def pid(self) -> int:
        """Id of the process."""
        return self._process.pid

    def answered(self) -> None:
        """Count a label; a process that died is started anew once there is a batch of them."""
        if self.alive():
            return
        self._labels += 1
        if self._labels >= self._batch:
            self._labels = 0
            self._note_end()
            self._start()

    def alive(self) -> bool:
        """Is the process there?"""
        return self._process.poll() is None

    def trouble(self) -> str:
        """Why the process ended, said once; empty while it runs."""
        if not self.alive():
            self._note_end()
        found, self._trouble = self._trouble, ""
        return found

    def close(self) -> None:
        """End the process: a round is stored whole or not at all, so it may end at any moment."""
        if self.alive():
            self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:  # stopped, for example
            self._process.kill()
            self._process.wait()
        self._let_go()

    def _note_end(self) -> None:
        if not self._watched:
            return
        self._watched = False
        code = self._process.wait()
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()[-LINES:]
        self._trouble = "\n".join(lines) or f"the process that chooses questions ended ({code})"
        self._let_go()

    def _let_go(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._said.close()
