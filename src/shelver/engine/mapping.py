"""Map a stage over tables; nothing is done for a table that is up to date."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass

import pyarrow as pa

from shelver.config import Engine
from shelver.engine.aligned import Aligned
from shelver.engine.choose import choose
from shelver.engine.work import Work, in_order
from shelver.stage import Stage, digest
from shelver.table import Progress, Table, watched


@dataclass(frozen=True)
class Outcome:
    """What running a stage did.

    Attributes
    ----------
    table : Table
        The table made, at its version.
    rows : int
        Its number of rows.
    fresh : bool
        True if it was up to date already and nothing was done.
    seconds : float
        Wall time.
    """

    table: Table
    rows: int
    fresh: bool
    seconds: float


def run_stage(
    stage: Stage,
    inputs: Sequence[Table],
    output: Table,
    *,
    engine: Engine | None = None,
    batch_size: int = 0,
    progress: Progress | None = None,
    only: str = "",
) -> Outcome:
    """Make a table by mapping a stage over others; nothing is done if it is up to date.

    Parameters
    ----------
    stage : Stage
        Fitted stage.
    inputs : sequence of Table
        Row-aligned tables; a column is taken from the first that has it.
    output : Table
        What to write, whole or not at all.
    engine : Engine, optional
        Where stages run, ``local`` by default; never changes the answer.
    batch_size : int, optional
        Rows given to `Stage.apply` at once, that of the engine's settings by default; never changes the answer.
    progress : callable, optional
        Told how many rows are done.
    only : str, optional
        A column of truth values: the table is made of the rows where it is not false. It is not row-aligned then.

    Raises
    ------
    ShelverError
        The tables do not fit each other or the stage, or the engine cannot do the work.
    """
    begun = time.perf_counter()
    pinned = [table.pinned() for table in inputs]
    wanted = digest(stage.name, stage.fingerprint(), [identity(table) for table in pinned], *filter(None, [only]))
    if output.fingerprint() == wanted:
        return Outcome(output.pinned(), output.count(), True, time.perf_counter() - begun)
    with closing(map_stage(stage, pinned, batch_size, engine, only)) as batches:
        made = output.write(watched(batches, progress), stage.schema, wanted)
    return Outcome(made, made.count(), False, time.perf_counter() - begun)


def identity(table: Table) -> str:
    """What a table holds: its fingerprint where it has one, else its name and version."""
    return table.fingerprint() or f"{table.name}@{table.version}"


def map_stage(
    stage: Stage, inputs: Sequence[Table], batch_size: int = 0, engine: Engine | None = None, only: str = ""
) -> Generator[pa.RecordBatch]:
    """Apply a stage to every row of row-aligned tables; batches come in row order. See `run_stage`."""
    settings = engine or Engine()
    columns = tuple(dict.fromkeys([*stage.columns, *filter(None, [only])]))
    work = Work(stage, Aligned(list(inputs), columns), batch_size or settings.batch_size, only)
    with choose(settings).job(work) as job, closing(in_order(job, stage.name)) as batches:
        yield from batches
