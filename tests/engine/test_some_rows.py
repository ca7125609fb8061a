"""A table made of some rows of others: those where a column is not false."""

from __future__ import annotations

import pyarrow as pa
import pytest

from shelver.engine import aligned, run_stage, work
from shelver.stage import digest
from shelver.table import Table

SCHEMA = pa.schema([("product_id", pa.string()), ("active", pa.bool_()), ("number", pa.int64())])
ACTIVE = [True, False, None]


class Twice:
    """Twice the number; counts the rows it is given."""

    name = "twice.v1"
    columns = ("product_id", "number")
    schema = pa.schema([("product_id", pa.string()), ("twice", pa.int64())])

    def __init__(self):
        self.seen = 0

    def fingerprint(self):
        return digest("twice")

    def apply(self, batch):
        assert batch.schema.names == list(self.columns)
        self.seen += batch.num_rows
        twice = pa.array([2 * number for number in batch["number"].to_pylist()], pa.int64())
        return pa.RecordBatch.from_arrays([batch["product_id"], twice], schema=self.schema)


def table(folder, rows):
    batch = pa.RecordBatch.from_pydict(
        {
            "product_id": [f"p{i}" for i in range(rows)],
            "active": [ACTIVE[i % 3] for i in range(rows)],
            "number": range(rows),
        },
        schema=SCHEMA,
    )
    return Table(f"{folder}/in.lance").write([batch], SCHEMA, f"made of {rows}")


@pytest.mark.parametrize("batch_size", [1, 7, 4096])
def test_only_rows_where_it_is_not_false(tmp_path, monkeypatch, batch_size):
    monkeypatch.setattr(work, "LEAST_ROWS", 50)
    monkeypatch.setattr(aligned, "ROWS_PER_READ", 20)
    source, out, stage = table(tmp_path, 403), Table(f"{tmp_path}/out.lance"), Twice()
    made = run_stage(stage, [source], out, batch_size=batch_size, only="active")
    wanted = [i for i in range(403) if i % 3 != 1]
    assert made.rows == len(wanted) == stage.seen
    assert made.table.read()["product_id"].to_pylist() == [f"p{i}" for i in wanted]
    assert made.table.read()["twice"].to_pylist() == [2 * i for i in wanted]
    assert run_stage(stage, [source], out, batch_size=batch_size, only="active").fresh
    assert run_stage(stage, [source], out, batch_size=batch_size).rows == 403, "all rows are another table"


def test_no_row_at_all(tmp_path):
    batch = pa.RecordBatch.from_pydict({"product_id": ["p"], "active": [False], "number": [1]}, schema=SCHEMA)
    source = Table(f"{tmp_path}/in.lance").write([batch], SCHEMA, "x")
    made = run_stage(Twice(), [source], Table(f"{tmp_path}/out.lance"), only="active")
    assert (made.rows, made.table.schema.names) == (0, ["product_id", "twice"])
