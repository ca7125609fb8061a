"""Row-aligned tables, read side by side.

Tables made from the same products have the same rows in the same order; reading checks that they really have.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from shelver.errors import ShelverError
from shelver.table import Table

KEY = "product_id"
ROWS_PER_READ = 8_192


class Aligned:
    """Row-aligned tables read side by side.

    Parameters
    ----------
    tables : list of Table
        Tables at fixed versions, with the same number of rows.
    columns : tuple of str
        Columns wanted; each is taken from the first table that has it.

    Attributes
    ----------
    arrow_schema : pyarrow.Schema
        The columns wanted, in their order.
    rows : int
        Rows of each table.

    Raises
    ------
    ShelverError
        The tables do not have the same rows, or no table has a column.
    """

    def __init__(self, tables: list[Table], columns: Sequence[str]) -> None:
        self.tables, self.taken = tables, [[] for _ in tables]  # type: list[Table], list[list[str]]
        fields = []
        schemas = [table.schema for table in tables]
        for name in columns:
            owner = next((i for i, schema in enumerate(schemas) if name in schema.names), None)
            if owner is None:
                raise ShelverError(
                    f'no column "{name}"', where=", ".join(table.name for table in tables), hint="run: shelver run"
                )
            self.taken[owner].append(name)
            fields.append(schemas[owner].field(name))
        self.arrow_schema = pa.schema(fields)
        self.rows = tables[0].count()
        for table in tables[1:]:
            if table.count() != self.rows:
                raise ShelverError(
                    f"{table.name} has {table.count():,} rows, {tables[0].name} has {self.rows:,}",
                    hint="one of them is out of date; run: shelver run",
                )

    def __repr__(self) -> str:
        return f"Aligned({self.name}, {self.rows:,} rows)"

    @property
    def name(self) -> str:
        """Names of the tables, for messages."""
        return "+".join(table.name for table in self.tables)


def read_aligned(source: Aligned, start: int, stop: int, size: int = 0) -> Iterator[pa.RecordBatch]:
    """Rows of the tables side by side, checked to be about the same products; an empty batch where there are none.

    Parameters
    ----------
    source : Aligned
        The tables.
    start, stop : int
        Rows ``start <= row < stop``.
    size : int, optional
        Rows in a batch at most; `ROWS_PER_READ` by default.

    Raises
    ------
    ShelverError
        The tables are not about the same products.
    """
    step = size or ROWS_PER_READ
    wanted = [
        (table, list(dict.fromkeys([KEY, *names])))
        for table, names in zip(source.tables, source.taken, strict=True)
        if names
    ]
    for first in range(start, max(stop, start + 1), step):
        last = min(first + step, stop)
        parts = [table.rows(first, last, names) for table, names in wanted]
        for other in parts[1:]:
            if not pc.all(pc.equal(other[KEY], parts[0][KEY])).as_py():
                raise ShelverError(f"the tables {source.name} are not about the same rows", hint="run: shelver run")
        columns = {name: part[name] for part in reversed(parts) for name in part.schema.names}
        yield pa.RecordBatch.from_arrays(
            [columns[name] for name in source.arrow_schema.names], schema=source.arrow_schema
        )
