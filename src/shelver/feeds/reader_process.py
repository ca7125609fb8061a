"""The process that `reader_worker` runs in, from the side that started it.

One is started when it is first needed, and kept for the next file: to start one takes longer than to read a small file.
It is at most one batch ahead of whoever takes the rows.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, ClassVar, cast

import pyarrow as pa

from shelver.errors import FeedError
from shelver.feeds.no_rows import NoRowsError
from shelver.feeds.reader_worker import BATCH_SECONDS

PATIENCE, LEAST = 5, 60.0
"""How many times longer than its processor time a process may take, as the machine has other work; seconds that it may
take in any case, as the disk may be slow."""

_START = [sys.executable, "-P", "-m", "shelver.feeds.reader_worker"]
"""Without the folder it is started in on its path: a ``calendar.py`` there is none of the standard library."""

_LITTLE = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
"""Settings of the process, so that libraries do not take address space for each core of the machine."""

_NO_MEMORY = re.compile(r"memory allocation of|bad_alloc|out of memory|cannot allocate memory|MemoryError", re.I)
_SAID = re.compile(r"(?:what\(\):\s*|panicked at [^\n]*\n)(\S[^\n]*)")

TOO_MUCH = "it takes too much memory"


class DiedError(Exception):
    """The process ended, or was ended; says why."""


class Worker:
    """The other process."""

    _free: ClassVar[list[Worker]] = []
    _every: ClassVar[weakref.WeakSet[Worker]] = weakref.WeakSet()

    def __init__(self) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `end`
        self._late, self._before = False, 0
        self._owner = os.getpid()
        self.process = subprocess.Popen(  # noqa: S603 - our own command
            _START,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=os.environ | _LITTLE | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        self._in = cast(IO[bytes], self.process.stdin)
        self._out = cast(IO[bytes], self.process.stdout)
        Worker._every.add(self)

    @classmethod
    def take(cls) -> Worker:
        """One that is free, or a new one."""
        while True:
            try:
                worker = cls._free.pop()
            except IndexError:
                return cls()
            if worker.process.poll() is None:
                return worker
            worker.end()

    def ask(self, request: dict[str, object]) -> None:
        """Send a request."""
        self._before = os.fstat(self._log.fileno()).st_size
        with self._watched(BATCH_SECONDS):
            self._in.write(json.dumps(request).encode() + b"\n")
            self._in.flush()

    def line(self, seconds: float) -> dict[str, Any]:
        """Receive a line of the answer, in so much processor time.

        Raises
        ------
        FeedError
            The reader refused the file.
        RuntimeError
            A fault of our own.
        """
        with self._watched(seconds):
            found: dict[str, Any] = json.loads(self._out.readline())
        if "refused" in found:
            what, where, expected, hint = found["refused"]
            kind = NoRowsError if found["no_rows"] else FeedError
            raise kind(what, where=where, expected=expected, hint=hint)
        if "memory" in found:
            raise DiedError(TOO_MUCH)
        if "fault" in found:
            raise RuntimeError(f"in the process that reads files:\n{found['fault']}")
        return found

    def batches(self, seconds: float) -> Iterator[pa.RecordBatch]:
        """Receive rows of one schema; each batch in so much processor time."""
        with self._watched(seconds):
            stream = pa.ipc.open_stream(self._out)
        while True:
            with self._watched(seconds):
                try:
                    batch = stream.read_next_batch()
                except StopIteration:
                    return
                batch.validate(full=True)
            yield batch

    @contextmanager
    def _watched(self, seconds: float) -> Iterator[None]:
        """End the process if it lets wait too long; what cannot be sent or received means that it died."""
        alarm = threading.Timer(max(LEAST, PATIENCE * seconds), self._too_late)
        alarm.daemon = True
        alarm.start()
        try:
            yield
        except (pa.ArrowException, OSError, ValueError):
            raise self._death() from None
        finally:
            alarm.cancel()

    def _too_late(self) -> None:
        self._late = True
        self.process.kill()

    def _death(self) -> DiedError:
        """Why it died, by how it ended and the last that it said."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(1)
        self.process.kill()
        code = self.process.wait()
        self._log.seek(self._before)
        said = self._log.read().decode("utf-8", "replace")
        if self._late or code == -getattr(signal, "SIGXCPU", 0):
            return DiedError("it takes too much time")
        if _NO_MEMORY.search(said):
            return DiedError(TOO_MUCH)
        name = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        found = _SAID.search(said)
        return DiedError(found[1] if found else f"the process that reads it ended ({name})")

    def give(self) -> None:
        """Keep it for the next file."""
        if Worker._free:
            self.end()
        else:
            Worker._free.append(self)

    def end(self) -> None:
        """End the process; in a fork of the one that started it, leave it alone."""
        Worker._every.discard(self)
        if os.getpid() != self._owner:
            return
        self.process.kill()
        self.process.wait()
        for stream in (self._in, self._out, self._log):
            with suppress(OSError):  # a request that it did not take any more
                stream.close()

    @classmethod
    def end_free(cls) -> None:
        """End those that are kept."""
        while cls._free:
            cls._free.pop().end()

    @classmethod
    def forget(cls) -> None:
        """In a fork of this process: they are not ours, and must see when their own parent ends."""
        cls._free.clear()
        for worker in cls._every:
            for stream in (worker._in, worker._out):
                cast(Any, stream).raw.close()  # past the buffer, which another thread may have locked


atexit.register(Worker.end_free)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=Worker.forget)
