"""The plan that Daft runs: one task for each range of rows, which gives a token back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator, Mapping
from contextlib import closing
from typing import Any

import daft
import pyarrow as pa
from daft.functions import get
from daft.io.pushdowns import Pushdowns
from daft.io.source import DataSource, DataSourceTask

RANGE = pa.schema([("start", pa.int64()), ("stop", pa.int64())])
TOKEN = pa.struct([("start", pa.int64()), ("token", pa.large_binary())])

Do = Callable[[int, int], bytes]
"""Does the rows of a range; gives a token."""


class _Ranges(DataSource):
    """Ranges of rows, each a task of its own."""

    def __init__(self, tasks: Mapping[int, int]) -> None:
        self.tasks = dict(tasks)

    @property
    def name(self) -> str:
        return "ranges"

    @property
    def schema(self) -> daft.Schema:
        return daft.Schema.from_pyarrow_schema(RANGE)

    async def get_tasks(self, pushdowns: Pushdowns) -> AsyncIterator[DataSourceTask]:
        for start, stop in self.tasks.items():
            yield _Range(start, stop)


class _Range(DataSourceTask):
    def __init__(self, start: int, stop: int) -> None:
        self.start, self.stop = start, stop

    @property
    def schema(self) -> daft.Schema:
        return daft.Schema.from_pyarrow_schema(RANGE)

    async def read(self) -> AsyncIterator[daft.recordbatch.RecordBatch]:
        batch = pa.RecordBatch.from_pydict({"start": [self.start], "stop": [self.stop]}, schema=RANGE)
        yield daft.recordbatch.RecordBatch.from_arrow_record_batches([batch], RANGE)


@daft.cls
class _Worker:
    def __init__(self, do: Do) -> None:
        self.do = do

    @daft.method.batch(return_dtype=daft.DataType.from_arrow_type(TOKEN), batch_size=1)
    def tokens(self, start: daft.Series, stop: daft.Series) -> pa.Array:
        starts = start.to_pylist()
        tokens = [self.do(first, last) for first, last in zip(starts, stop.to_pylist(), strict=True)]
        return pa.StructArray.from_arrays(
            [pa.array(starts, pa.int64()), pa.array(tokens, pa.large_binary())], fields=list(TOKEN)
        )


def run(do: Do, tasks: Mapping[int, int]) -> Generator[tuple[int, bytes]]:
    """Let Daft's present runner do tasks; gives the start of each and its token as they come."""
    frame = _Ranges(tasks).read()
    worker: Any = _Worker(do)  # called with columns, its methods give a column
    made = worker.tokens(frame["start"], frame["stop"])
    frame = frame.select(made.alias("made"))
    frame = frame.select(*[get(frame["made"], field.name).alias(field.name) for field in TOKEN])
    found: Any = frame.to_arrow_iter()
    with closing(found) as batches:  # by the collector, Daft may deadlock
        for batch in batches:
            yield from zip(batch["start"].to_pylist(), batch["token"].to_pylist(), strict=True)
