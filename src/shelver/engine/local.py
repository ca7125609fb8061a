"""The engine ``local``: Daft's native runner, one thread for each processor of this machine."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa

from shelver.engine.plan import run
from shelver.engine.work import Work

AHEAD = max(4, 2 * (os.cpu_count() or 1))
"""Tasks done before they are asked for, at most: memory does not grow where the writer is slower than the stage."""


_JOBS: dict[str, LocalJob] = {}


class Local:
    """Runs work in this process; see `shelver.engine.work.Runner`."""

    @contextmanager
    def job(self, work: Work) -> Iterator[LocalJob]:
        """Make work ready to be done."""
        job = LocalJob(work)
        _JOBS[job.key] = job
        try:
            yield job
        finally:
            del _JOBS[job.key]


@dataclass(frozen=True)
class LocalTask:
    """What Daft is given: it pickles what it is given, which would take long for a net, and finds no lock in it."""

    key: str

    def __call__(self, start: int, stop: int) -> bytes:
        """Do one task of a job of this process; of one that has ended, nothing."""
        job = _JOBS.get(self.key)
        if job is not None:
            job.do(start, stop)
        return b""


class LocalJob:
    """Work done by threads of this process: answers stay in its memory, and Daft passes on no rows.

    Parameters
    ----------
    work : Work
        What is to be done.
    """

    def __init__(self, work: Work) -> None:
        self.work, self.key = work, uuid.uuid4().hex
        self._made: dict[int, list[pa.RecordBatch] | Exception] = {}
        self._place: dict[int, int] = {}
        self._collected = 0
        self._left = False
        self._turn = threading.Condition()

    def do(self, start: int, stop: int) -> None:
        """Do one task, when it is near enough to those that were asked for."""
        with self._turn:
            self._turn.wait_for(lambda: self._left or self._place[start] < self._collected + AHEAD)
            if self._left:
                return
        try:
            self._made[start] = self.work.made(start, stop)
        except Exception as error:  # Daft passes on the text alone
            self._made[start] = error

    def tasks(self) -> dict[int, int]:
        """One or more batches each."""
        return self.work.tasks()

    def answers(self, tasks: Mapping[int, int]) -> Generator[tuple[int, bytes]]:
        """Do tasks; they come in order."""
        self._place, self._collected, self._left = {start: place for place, start in enumerate(tasks)}, 0, False
        found = run(LocalTask(self.key), tasks)
        try:
            for each in found:  # noqa: UP028  (tasks that wait must be let go before Daft is told to end)
                yield each
        finally:
            with self._turn:
                self._left = True
                self._turn.notify_all()
            found.close()

    def collect(self, start: int, token: bytes) -> list[pa.RecordBatch]:
        """What a task made; raises what its stage raised."""
        made = self._made.pop(start)
        with self._turn:
            self._collected += 1
            self._turn.notify_all()
        if isinstance(made, Exception):
            raise made
        return made
