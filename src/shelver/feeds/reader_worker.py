"""Reads files in a process of its own: a damaged file can end the process, hang it, or ask for all the memory.

Started as ``python -P -m shelver.feeds.reader_worker`` by `reader_process`, which is the other end. From its standard
input come requests, one JSON object on a line; each is answered on what was its standard output:

- a line with what was found;
- for every schema that the rows have, a line ``{"rows": true}`` and an Arrow stream;
- a line ``{"end": true}``.

In the place of any line may stand why it ended: ``{"refused": [what, where, expected, hint], "no_rows": false}``,
``{"memory": true}``, or a ``fault`` of our own with its traceback.

It ends with the process that started it, however that ends.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from itertools import groupby
from typing import Any, BinaryIO

import pyarrow as pa

from shelver.errors import FeedError
from shelver.feeds.no_rows import NoRowsError

MEMORY = 4 << 30
"""Bytes of address space that it may take beyond what it has at its start."""

LOG = 1 << 20
"""Bytes that libraries may write to its standard error, or to any file."""

BATCH_SECONDS = 120
"""Processor time that it may take for one batch of rows."""

THREADS = 4
"""Threads of Arrow at most: each takes address space."""

KINDS = {"excel": "shelver.feeds.excel_rows", "parquet": "shelver.feeds.parquet_rows"}
"""Module that reads each kind of file by its ``open_rows``; imported when it is first needed."""

Request = dict[str, Any]
OpenRows = Callable[[Request], tuple[dict[str, Any], Iterator[pa.RecordBatch]]]
"""Opens a file: what there is to say about it, and its rows. Raises `FeedError`."""


def answer(request: Request, out: BinaryIO) -> None:
    """Read one file and send its rows; ``request`` has ``kind``, ``path``, ``seconds`` and what its reader needs."""
    try:
        allow(request["seconds"])
        open_rows: OpenRows = import_module(KINDS[request["kind"]]).open_rows
        found, batches = open_rows(request)
        _say(out, found)
        for schema, same in groupby(_timed(batches), key=lambda batch: batch.schema):
            _say(out, {"rows": True})
            with pa.ipc.new_stream(out, schema) as writer:
                for batch in same:
                    writer.write_batch(batch)
                    out.flush()
        last: dict[str, object] = {"end": True}
    except BrokenPipeError:
        raise
    except FeedError as error:
        last = {
            "refused": [error.what, error.where, error.expected, error.hint],
            "no_rows": isinstance(error, NoRowsError),
        }
    except MemoryError:
        last = {"memory": True}
    except Exception:
        last = {"fault": traceback.format_exc()}
    _say(out, last)
    out.flush()


def _say(out: BinaryIO, found: dict[str, Any]) -> None:
    out.write(json.dumps(found).encode() + b"\n")


def _timed(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        yield batch
        allow(BATCH_SECONDS)


def allow(seconds: float) -> None:
    """Allow so much processor time from now on, on systems that can bound it; beyond it the system ends the process."""
    with suppress(ImportError, OSError, ValueError):
        import resource  # noqa: PLC0415 - not on Windows

        used = resource.getrusage(resource.RUSAGE_SELF)
        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime + seconds) + 1, most))


def _bound() -> None:
    """Bound memory and files, on systems that can."""
    with suppress(ImportError, OSError, ValueError):
        import resource  # noqa: PLC0415 - not on Windows

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (LOG, LOG))
        resource.setrlimit(resource.RLIMIT_AS, (_taken() + MEMORY,) * 2)


def _taken() -> int:
    """Bytes of address space that are taken already."""
    with suppress(OSError), open("/proc/self/statm", "rb") as stream:
        return int(stream.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def main() -> None:
    """Answer requests until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asked: it ends this one
    _bound()
    pa.set_cpu_count(min(pa.cpu_count(), THREADS))
    pa.set_io_thread_count(1)
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    requests: queue.SimpleQueue[Request] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    with suppress(BrokenPipeError):
        while True:
            answer(requests.get(), out)
    os._exit(0)


def _listen(requests: queue.SimpleQueue[Request]) -> None:
    """Take requests; end the process with the one that asks, also in the middle of a file."""
    for line in sys.stdin.buffer:
        requests.put(json.loads(line))
    os._exit(0)


if __name__ == "__main__":
    main()
