"""The engine: map a stage over row-aligned tables, in order, streamed.

The ``local`` engine is Daft's native runner. Input tables made from the same products have the same rows in the same
order; `Aligned` reads them side by side, by row ranges, and checks that they really are aligned.
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

os.environ.setdefault("DAFT_ANALYTICS_ENABLED", "0")  # nothing is sent anywhere
os.environ.setdefault("DAFT_PROGRESS_BAR", "0")  # the command line has its own

import daft
import pyarrow as pa
import pyarrow.compute as pc
from daft.functions import get
from daft.io.pushdowns import Pushdowns
from daft.io.source import DataSource, DataSourceTask

from shelver.errors import ShelverError
from shelver.stage import Stage, digest
from shelver.table import Progress, Table, watched

KEY = "product_id"
ROWS_PER_TASK = 65_536
ROWS_PER_READ = 8_192


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
    batch_size: int = 4096,
    progress: Progress | None = None,
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
    batch_size : int
        Rows given to `Stage.apply` at once; never changes the answer.
    progress : callable, optional
        Told how many rows are done.
    """
    begun = time.perf_counter()
    pinned = [table.pinned() for table in inputs]
    wanted = digest(stage.name, stage.fingerprint(), [identity(table) for table in pinned])
    if output.fingerprint() == wanted:
        return Outcome(output.pinned(), output.count(), True, time.perf_counter() - begun)
    made = output.write(watched(map_stage(stage, pinned, batch_size), progress), stage.schema, wanted)
    return Outcome(made, made.count(), False, time.perf_counter() - begun)


def identity(table: Table) -> str:
    """What a table holds: its fingerprint where it has one, else its name and version."""
    return table.fingerprint() or f"{table.name}@{table.version}"


def map_stage(stage: Stage, inputs: Sequence[Table], batch_size: int) -> Iterator[pa.RecordBatch]:
    """Apply a stage to every row of row-aligned tables; batches come in row order."""
    source = Aligned(list(inputs), stage.columns)
    answer = pa.struct(list(stage.schema))

    @daft.cls
    class Mapper:
        def __init__(self, stage: Stage, schema: pa.Schema) -> None:
            self.stage, self.schema = stage, schema

        @daft.method.batch(return_dtype=daft.DataType.from_arrow_type(answer), batch_size=batch_size)
        def apply(self, *columns: daft.Series) -> pa.Array:
            arrays = [
                _plain(column.to_arrow()).cast(field.type) for column, field in zip(columns, self.schema, strict=True)
            ]
            made = self.stage.apply(pa.RecordBatch.from_arrays(arrays, schema=self.schema))
            if made.num_rows != len(arrays[0]):
                raise ValueError(f"{self.stage.name} made {made.num_rows} rows of {len(arrays[0])}")
            return pa.StructArray.from_arrays(made.columns, fields=list(self.stage.schema))

    mapper = Mapper(stage, source.arrow_schema)
    frame = source.read()
    frame = frame.select(mapper.apply(*[frame[name] for name in source.arrow_schema.names]).alias("made"))
    frame = frame.select(*[get(frame["made"], name).alias(name) for name in stage.schema.names])
    done = 0
    try:
        for batch in frame.to_arrow_iter():
            done += batch.num_rows
            yield batch.cast(stage.schema)
    except Exception as error:  # Daft wraps what a stage raises; the user is shown our own error
        raise source.failures[0] if source.failures else _own_error(error) from error
    if source.failures:  # Daft 0.7 at times ends in silence when reading fails (20 of 60 runs of two tests at once)
        raise source.failures[0]
    if done != source.rows:
        raise ShelverError(f"only {done:,} of {source.rows:,} rows came back", where=stage.name, hint="run it again")


def _plain(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _own_error(error: BaseException) -> BaseException:
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, ShelverError):
            return inner
        inner = inner.__cause__ or inner.__context__
    return error


class Aligned(DataSource):
    """Row-aligned tables read side by side.

    Parameters
    ----------
    tables : list of Table
        Tables at fixed versions, with the same number of rows.
    columns : tuple of str
        Columns wanted; each is taken from the first table that has it.

    Raises
    ------
    ShelverError
        The tables do not have the same rows, or no table has a column.
    """

    def __init__(self, tables: list[Table], columns: Sequence[str]) -> None:
        self.failures: list[Exception] = []
        self.tables, self.taken = tables, [[] for _ in tables]  # type: list[Table], list[list[str]]
        fields = []
        for name in columns:
            owner = next((i for i, table in enumerate(tables) if name in table.schema.names), None)
            if owner is None:
                raise ShelverError(
                    f'no column "{name}"', where=", ".join(table.name for table in tables), hint="run: shelver run"
                )
            self.taken[owner].append(name)
            fields.append(tables[owner].schema.field(name))
        self.arrow_schema = pa.schema(fields)
        self.rows = tables[0].count()
        for table in tables[1:]:
            if table.count() != self.rows:
                raise ShelverError(
                    f"{table.name} has {table.count():,} rows, {tables[0].name} has {self.rows:,}",
                    hint="one of them is out of date; run: shelver run",
                )

    @property
    def name(self) -> str:
        """Name for Daft's plans."""
        return "+".join(table.name for table in self.tables)

    @property
    def schema(self) -> daft.Schema:
        """Daft's view of the columns."""
        return daft.Schema.from_pyarrow_schema(self.arrow_schema)

    async def get_tasks(self, pushdowns: Pushdowns) -> AsyncIterator[DataSourceTask]:
        """One task per row range."""
        for start in range(0, self.rows, ROWS_PER_TASK):
            yield _Range(self, start, min(start + ROWS_PER_TASK, self.rows))


@dataclass
class _Range(DataSourceTask):
    source: Aligned
    start: int
    stop: int

    @property
    def schema(self) -> daft.Schema:
        return self.source.schema

    async def read(self) -> AsyncIterator[daft.recordbatch.RecordBatch]:
        try:
            for batch in read_aligned(self.source, self.start, self.stop):
                yield daft.recordbatch.RecordBatch.from_arrow_record_batches([batch], batch.schema)
        except Exception as error:  # Daft passes on the text alone
            self.source.failures.append(error)
            raise


def read_aligned(source: Aligned, start: int, stop: int) -> Iterator[pa.RecordBatch]:
    """Rows of the tables side by side, checked to be about the same products; an empty batch where there are none."""
    wanted = [
        (table, list(dict.fromkeys([KEY, *names])))
        for table, names in zip(source.tables, source.taken, strict=True)
        if names
    ]
    for first in range(start, max(stop, start + 1), ROWS_PER_READ):
        last = min(first + ROWS_PER_READ, stop)
        parts = [table.rows(first, last, names) for table, names in wanted]
        for other in parts[1:]:
            if not pc.all(pc.equal(other[KEY], parts[0][KEY])).as_py():
                raise ShelverError(f"the tables {source.name} are not about the same rows", hint="run: shelver run")
        columns = {name: part[name] for part in reversed(parts) for name in part.schema.names}
        yield pa.RecordBatch.from_arrays(
            [columns[name] for name in source.arrow_schema.names], schema=source.arrow_schema
        )
