"""Rows of files that are read in a process of their own: whatever that dies of, this one lives.

with local_copy(stream, "feed.parquet") as path:
found, batches = read_apart(Task("parquet", "Parquet file", "feed.parquet", 60, "export it anew"), path)
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import pyarrow as pa

from shelver.errors import FeedError
from shelver.feeds.reader_process import DiedError, Worker
from shelver.feeds.reader_worker import BATCH_SECONDS

SMALL = 16 << 20
"""Bytes of a file up to which its process is kept for the next one; after larger ones its memory is given back."""


@dataclass(frozen=True)
class Task:
    """A file to read.

    Attributes
    ----------
    kind : str
        One of `reader_worker.KINDS`.
    noun : str
        What the file should be, for messages.
    file : str
        Its name, for messages.
    seconds : float
        Processor time until it must be open.
    again : str
        What to do if it cannot be read, for messages.
    settings : dict of str to object
        What the reader of this kind needs further; as JSON.
    """

    kind: str
    noun: str
    file: str
    seconds: float
    again: str
    settings: dict[str, object] = field(default_factory=dict)


def read_apart(task: Task, path: str) -> tuple[dict[str, Any], Iterator[pa.RecordBatch]]:
    """Open a file in another process; once it is open, the file may be removed.

    Parameters
    ----------
    task : Task
        What to read it as.
    path : str
        Where it lies on this machine.

    Returns
    -------
    found : dict
        What the reader says about the file.
    batches : iterator of pyarrow.RecordBatch
        Its rows; can be consumed once. The arrays are valid, whatever became of the other process.

    Raises
    ------
    FeedError
        Also while rows are consumed: the reader refused the file, or died of it, or took too much memory or time.
    """
    session = _session(task, path)
    return cast(dict[str, Any], next(session)), cast(Iterator[pa.RecordBatch], session)


def _session(task: Task, path: str) -> Iterator[dict[str, Any] | pa.RecordBatch]:
    """What was found, then the rows."""
    keep = os.path.getsize(path) <= SMALL
    worker, rows, ready = Worker.take(), 0, False
    try:
        request = {"kind": task.kind, "path": path, "file": task.file, "seconds": task.seconds, "again": task.again}
        worker.ask(request | task.settings)
        yield worker.line(task.seconds)
        while not (found := worker.line(BATCH_SECONDS)).get("end"):
            for batch in worker.batches(BATCH_SECONDS) if found.get("rows") else ():
                rows += batch.num_rows
                yield batch
        ready = True
    except DiedError as died:
        after = f", after {rows:,} rows" if rows else ""
        what = f"not a readable {task.noun}: {died}{after}"
        raise FeedError(what, where=task.file, hint=task.again) from None
    except FeedError:
        ready = True
        raise
    finally:
        if ready and keep:
            worker.give()
        else:
            worker.end()
