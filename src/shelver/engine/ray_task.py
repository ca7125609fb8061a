"""What a worker of a Ray cluster does, and how its answer travels."""

from __future__ import annotations

import os
import pickle
import socket
import threading
import traceback
from dataclasses import dataclass
from typing import Any, cast

import pyarrow as pa
import ray

from shelver.engine.nodes import all_nodes
from shelver.engine.shelf import NAMESPACE, Place
from shelver.engine.work import Work
from shelver.errors import ShelverError

ROWS, FAILURE = b"rows    ", b"failure "
REMEMBERED = 2
"""Stages that a worker process keeps."""

_lock = threading.Lock()
_known: dict[str, Work] = {}


class UnwantedError(Exception):
    """Nobody waits for the answer any more."""


@dataclass(frozen=True)
class RayTask:
    """Does a task wherever it is called.

    Attributes
    ----------
    place : Place
        Where the stage is.
    """

    place: Place

    def __call__(self, start: int, stop: int) -> bytes:
        """Do one task; what the stage raises is an answer, not an error, so that it arrives as it is."""
        keeper = ray.get_actor(self.place.shelf, NAMESPACE)
        if not ray.get(keeper.has.remote(self.place.key)):
            raise UnwantedError
        try:
            work = self._work(keeper)
            return pack_rows(work.made(start, stop), work.stage.schema)
        except ray.exceptions.RayError:
            raise
        except Exception as error:
            return pack_failure(Failure.of(error))

    def _work(self, keeper: Any) -> Work:
        key = self.place.key
        with _lock:
            if key not in _known:
                content: bytes = ray.get(keeper.take.remote(key))
                os.environ.setdefault("SHELVER_PROCESSORS", str(_processors()))
                try:
                    work: Work = pickle.loads(content)  # noqa: S301  (made by the process that began the work)
                except Exception as error:
                    raise ShelverError(
                        f"the stage cannot be made here: {type(error).__name__}: {error}",
                        where=f"node {socket.gethostname()}",
                        hint="install the same Shelver, packages and encoders on every node",
                    ) from error
                while len(_known) >= REMEMBERED:
                    del _known[next(iter(_known))]
                _known[key] = work
            return _known[key]


def _processors() -> int:
    own = ray.get_runtime_context().get_node_id()
    return next((max(1, int(n["Resources"].get("CPU", 1))) for n in all_nodes() if n["NodeID"] == own), 1)


@dataclass(frozen=True)
class Failure:
    """What went wrong on a worker.

    Attributes
    ----------
    pickled : bytes
        The error itself; empty if it cannot be pickled.
    text : str
        Its kind and text.
    trace : str
        Where it was raised.
    """

    pickled: bytes
    text: str
    trace: str

    @classmethod
    def of(cls, error: Exception) -> Failure:
        """Describe an error, in the process that raised it."""
        try:
            pickled = ray.cloudpickle.dumps(error)  # type: ignore[no-untyped-call]
        except Exception:  # an error may hold anything
            pickled = b""
        trace = "".join(traceback.format_exception(error))
        return cls(pickled, f"{type(error).__name__}: {error}", f"on {socket.gethostname()}:\n{trace}")

    def error(self) -> Exception:
        """The error, in the process that waits for it."""
        try:
            error: Any = pickle.loads(self.pickled)  # noqa: S301  (made by our own workers)
        except Exception:  # of a class that this process does not have
            error = None
        if not isinstance(error, Exception):
            error = ShelverError(self.text)
        error.add_note(self.trace)
        return cast(Exception, error)


def pack_rows(batches: list[pa.RecordBatch], schema: pa.Schema) -> bytes:
    """Batches as bytes: an Arrow stream."""
    sink = pa.BufferOutputStream()
    sink.write(ROWS)
    with pa.ipc.new_stream(sink, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return bytes(sink.getvalue())


def pack_failure(failure: Failure) -> bytes:
    """A failure as bytes."""
    return FAILURE + pickle.dumps(failure)


def unpack(token: bytes) -> list[pa.RecordBatch] | Failure:
    """Read what a worker packed."""
    kind, content = token[: len(ROWS)], memoryview(token)[len(ROWS) :]
    if kind == FAILURE:
        failure: Failure = pickle.loads(content)  # noqa: S301  (made by our own workers)
        return failure
    return list(pa.ipc.open_stream(pa.py_buffer(content)))
