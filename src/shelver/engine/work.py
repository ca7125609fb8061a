"""What the engine does: apply a stage to ranges of rows, and put the answers in order."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from shelver.engine.aligned import Aligned, read_aligned
from shelver.errors import ShelverError
from shelver.stage import Stage

LEAST_ROWS = 512
"""Rows of a task at least: it costs a millisecond, and its rows are read at once."""

TRIES = 3
"""How often the rest is tried again where nothing at all came back."""


@dataclass(frozen=True)
class Work:
    """A stage and the rows it is for.

    Attributes
    ----------
    stage : Stage
        Fitted stage.
    source : Aligned
        Where rows come from.
    batch_size : int
        Rows given to `Stage.apply` at once at most.
    only : str
        A column of truth values: rows where it is false are left out, and the answer is about the others alone.
    """

    stage: Stage
    source: Aligned
    batch_size: int
    only: str = ""

    def made(self, start: int, stop: int) -> list[pa.RecordBatch]:
        """What the stage makes of the rows ``start <= row < stop``.

        Raises
        ------
        ValueError
            The stage broke its promise to keep rows.
        """
        answers = []
        read = self.batch_size * math.ceil(LEAST_ROWS / self.batch_size)
        for rows in read_aligned(self.source, start, stop, read):
            if self.only:
                rows = rows.filter(pc.fill_null(rows[self.only], True)).select(self.stage.columns)  # noqa: PLW2901
            for first in range(0, rows.num_rows, self.batch_size):
                batch = rows.slice(first, self.batch_size)
                answer = self.stage.apply(batch)
                if answer.num_rows != batch.num_rows:
                    raise ValueError(f"{self.stage.name} made {answer.num_rows} rows of {batch.num_rows}")
                answers.append(answer.cast(self.stage.schema))
        return answers

    def tasks(self, least: int = 0) -> dict[int, int]:
        """Ranges of rows: where each starts and stops; whole batches, of `least` (`LEAST_ROWS`) rows or more."""
        rows = self.batch_size * math.ceil((least or LEAST_ROWS) / self.batch_size)
        return {start: min(start + rows, self.source.rows) for start in range(0, self.source.rows, rows)}


Token = bytes
"""What a worker gives back to the engine about one task."""


class Job(Protocol):
    """Work that a runner can do."""

    def tasks(self) -> dict[int, int]:
        """Ranges of rows, each the work of one task."""
        ...

    def answers(self, tasks: Mapping[int, int]) -> Generator[tuple[int, Token]]:
        """Do tasks; gives the start of each and its token, in any order.

        Raises
        ------
        CutOffError
            The runner lost workers; tasks that have not come back are to be asked for again.
        """
        ...

    def collect(self, start: int, token: Token) -> list[pa.RecordBatch]:
        """What a task made; raises what its stage raised."""
        ...


class Runner(Protocol):
    """Does work."""

    def job(self, work: Work) -> AbstractContextManager[Job]:
        """Make work ready to be done."""
        ...


class CutOffError(Exception):
    """A runner ended before its work was done, for no fault of the work."""


def in_order(job: Job, what: str) -> Generator[pa.RecordBatch]:
    """Do a job; batches come in the order of rows.

    Tasks that did not come back are done again: stages are pure, so it makes no difference where and how often.

    Parameters
    ----------
    job : Job
        What is to be done.
    what : str
        Name of the stage, for messages.

    Raises
    ------
    ShelverError
        Rows are missing, and trying again brought none of them.
    """
    tasks = job.tasks()
    starts, todo = iter(tasks), dict(tasks)
    following = next(starts, None)
    ready: dict[int, list[pa.RecordBatch]] = {}
    vain = 0
    cause: CutOffError | None = None
    while todo:
        before = len(todo)
        with closing(job.answers(dict(todo))) as answers:
            while (found := _next(answers)) is not None:
                if isinstance(found, CutOffError):
                    cause = found
                    break
                start, token = found
                if start not in todo:
                    continue
                ready[start] = job.collect(start, token)
                del todo[start]
                while following in ready:
                    yield from ready.pop(following)
                    following = next(starts, None)
        vain = vain + 1 if len(todo) == before else 0
        if vain == TRIES:
            rows = [sum(each[start] - start for start in each) for each in (tasks, todo)]
            text = f"only {rows[0] - rows[1]:,} of {rows[0]:,} rows came back" + (f": {cause}" if cause else "")
            raise ShelverError(text, where=what, hint="run it again") from cause


def _next(answers: Iterator[tuple[int, Token]]) -> tuple[int, Token] | CutOffError | None:
    try:
        return next(answers, None)
    except CutOffError as error:
        return error
