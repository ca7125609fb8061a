import time
from contextlib import closing

import numpy as np
import pyarrow as pa
import pytest

from shelver.engine import Aligned, aligned, identity, map_stage, read_aligned, run_stage, work
from shelver.engine.local import AHEAD
from shelver.errors import FeedError, ShelverError
from shelver.stage import Stage, digest
from shelver.table import Table
from shelver.testing.stages import check_stage

LEFT = pa.schema([("product_id", pa.string()), ("title", pa.string()), ("number", pa.int64())])
RIGHT = pa.schema([("product_id", pa.string()), ("title", pa.string()), ("weight", pa.float32())])


class Shout:
    """Titles in upper case, and twice the number."""

    name = "shout.v1"
    columns = ("product_id", "title", "number")
    schema = pa.schema([("product_id", pa.string()), ("loud", pa.string()), ("twice", pa.int64())])

    def __init__(self, mark="!"):
        self.mark = mark
        self.sizes = []

    def fingerprint(self):
        return digest(self.mark)

    def fit(self, batches):
        return self

    def apply(self, batch):
        loud = [None if title is None else title.upper() + self.mark for title in batch["title"].to_pylist()]
        twice = [None if number is None else 2 * number for number in batch["number"].to_pylist()]
        return pa.RecordBatch.from_arrays([batch["product_id"], pa.array(loud), pa.array(twice)], schema=self.schema)

    def save(self, files):
        files.write_json("shout.json", self.mark)

    @classmethod
    def load(cls, files):
        return cls(files.read_json("shout.json"))


def left(n):
    numbers = [None if i % 7 == 3 else i for i in range(n)]
    titles = [None if i % 5 == 2 else f"title {i}" for i in range(n)]
    return pa.RecordBatch.from_arrays(
        [
            pa.array([f"p{i}" for i in range(n)], pa.string()),
            pa.array(titles, pa.string()),
            pa.array(numbers, pa.int64()),
        ],
        schema=LEFT,
    )


def right(n, start=0):
    ids = pa.array([f"p{i}" for i in range(start, start + n)], pa.string())
    titles = pa.array(["other"] * n, pa.string())
    weights = pa.array(np.arange(n), pa.float32())
    return pa.RecordBatch.from_arrays([ids, titles, weights], schema=RIGHT)


def table(folder, name, *batches, schema=LEFT, fingerprint=""):
    return Table(f"{folder}/{name}.lance").write(batches, schema, fingerprint)


@pytest.fixture
def small_tasks(monkeypatch):
    """Many tasks and many reads for few rows."""
    monkeypatch.setattr(work, "LEAST_ROWS", 50)
    monkeypatch.setattr(aligned, "ROWS_PER_READ", 20)


def test_the_stage_of_these_tests_keeps_the_contract():
    assert isinstance(Shout(), Stage)
    check_stage(Shout(), left(23))


@pytest.mark.parametrize("batch_size", [1, 7, 33, 4096])
def test_order_is_kept_over_many_tasks(tmp_path, small_tasks, batch_size):
    source = table(tmp_path, "left", left(403))
    outcome = run_stage(Shout(), [source], Table(f"{tmp_path}/out.lance"), batch_size=batch_size)
    assert (outcome.rows, outcome.fresh) == (403, False)
    assert outcome.table.read().combine_chunks().to_batches()[0].equals(Shout().apply(left(403)))


def test_order_is_kept_when_tasks_take_different_times(tmp_path, small_tasks):
    class Slow(Shout):
        def apply(self, batch):
            time.sleep(0.05 if (batch["number"][0].as_py() or 0) < 50 else 0)
            return super().apply(batch)

    made = run_stage(Slow(), [table(tmp_path, "left", left(203))], Table(f"{tmp_path}/out.lance")).table
    assert made.read(["product_id"])["product_id"].to_pylist() == [f"p{i}" for i in range(203)]


def test_rows_in_several_files_and_batches_are_one_table(tmp_path, monkeypatch):
    monkeypatch.setattr(work, "LEAST_ROWS", 8)
    source = table(tmp_path, "left", left(19).slice(0, 5), left(19).slice(5, 11), left(19).slice(16))
    made = [row for batch in map_stage(Shout(), [source], 3) for row in batch.to_pylist()]
    assert made == Shout().apply(left(19)).to_pylist()


def test_empty_table(tmp_path):
    source = table(tmp_path, "left")
    outcome = run_stage(Shout(), [source], Table(f"{tmp_path}/out.lance"))
    assert (outcome.rows, outcome.fresh, outcome.table.schema.names) == (0, False, Shout.schema.names)
    assert run_stage(Shout(), [source], Table(f"{tmp_path}/out.lance")).fresh


def test_columns_come_from_the_first_table_that_has_them(tmp_path, small_tasks):
    tables = [table(tmp_path, "left", left(61)), table(tmp_path, "right", right(61), schema=RIGHT)]
    source = Aligned(tables, ("weight", "title", "product_id"))
    batches = list(read_aligned(source, 0, 61))
    assert [batch.num_rows for batch in batches] == [20, 20, 20, 1]
    assert batches[0].schema.names == ["weight", "title", "product_id"]
    assert [w for batch in batches for w in batch["weight"].to_pylist()] == list(range(61))
    assert batches[0]["title"].to_pylist() == left(61)["title"].to_pylist()[:20]
    part = next(read_aligned(source, 57, 60))
    assert part["product_id"].to_pylist() == ["p57", "p58", "p59"]


class Both(Shout):
    name = "both.v1"
    columns = ("product_id", "title", "number", "weight")


def test_misaligned_tables_are_refused(tmp_path, small_tasks):
    one, out = table(tmp_path, "left", left(61)), Table(f"{tmp_path}/out.lance")
    longer = table(tmp_path, "longer", right(62), schema=RIGHT)
    with pytest.raises(ShelverError, match="longer has 62 rows, left has 61") as caught:
        run_stage(Both(), [one, longer], out)
    assert "shelver run" in caught.value.hint
    moved = table(tmp_path, "moved", right(60, start=0), right(1, start=61), schema=RIGHT)
    with pytest.raises(Exception, match="not about the same rows"):
        run_stage(Both(), [one, moved], out)
    assert not out.exists()
    assert run_stage(Both(), [one, table(tmp_path, "right", right(61), schema=RIGHT)], out).rows == 61


def test_misaligned_tables_are_refused_with_our_own_error(tmp_path):
    tables = [table(tmp_path, "left", left(9)), table(tmp_path, "moved", right(9, start=1), schema=RIGHT)]
    with pytest.raises(ShelverError, match="not about the same rows"):
        run_stage(Both(), tables, Table(f"{tmp_path}/out.lance"))


def test_an_engine_that_ends_early_in_silence_makes_no_table(tmp_path, monkeypatch):
    out = Table(f"{tmp_path}/out.lance")
    monkeypatch.setattr("daft.DataFrame.to_arrow_iter", lambda self: (_ for _ in ()))
    with pytest.raises(ShelverError, match="only 0 of 9 rows came back"):
        run_stage(Shout("!"), [table(tmp_path, "left", left(9))], out)
    assert not out.exists()


def test_missing_column_and_missing_table_are_refused(tmp_path):
    one = table(tmp_path, "left", left(3))
    with pytest.raises(ShelverError, match='left: no column "weight"'):
        run_stage(Both(), [one], Table(f"{tmp_path}/out.lance"))
    with pytest.raises(ShelverError, match="there is no table nothing yet"):
        run_stage(Both(), [one, Table(f"{tmp_path}/nothing.lance")], Table(f"{tmp_path}/out.lance"))


@pytest.mark.parametrize("change", [1, -1])
def test_a_stage_that_changes_the_number_of_rows_is_refused(tmp_path, change):
    class Wrong(Shout):
        name = "wrong.v1"

        def apply(self, batch):
            made = super().apply(batch)
            return made.slice(1) if change < 0 else pa.concat_batches([made, made.slice(0, 1)])

    out = table(tmp_path, "out", left(2), fingerprint="old")
    with pytest.raises(Exception, match=f"wrong.v1 made {9 + change} rows of 9"):
        run_stage(Wrong(), [table(tmp_path, "left", left(9))], Table(out.uri))
    assert (Table(out.uri).count(), Table(out.uri).fingerprint()) == (2, "old")


def test_what_a_stage_raises_is_shown_as_itself(tmp_path, small_tasks):
    class Broken(Shout):
        def apply(self, batch):
            if "p120" in batch["product_id"].to_pylist():
                raise FeedError("no good", where="here")
            return super().apply(batch)

    out = Table(f"{tmp_path}/out.lance")
    with pytest.raises(FeedError, match="here: no good"):
        run_stage(Broken(), [table(tmp_path, "left", left(150))], out)
    assert not out.exists()


def test_freshness_follows_stage_settings_and_inputs(tmp_path):
    source, out = table(tmp_path, "left", left(9), fingerprint="f1"), Table(f"{tmp_path}/out.lance")
    told = []
    assert not run_stage(Shout(), [source], out, progress=told.append).fresh
    assert told[-1] == 9
    again = run_stage(Shout(), [source], out, batch_size=2)
    assert (again.fresh, again.rows, again.table.version) == (True, 9, 1)
    assert not run_stage(Shout("?"), [source], out).fresh
    assert out.read(["loud"])["loud"][0].as_py() == "TITLE 0?"

    class Newer(Shout):
        name = "shout.v2"

    assert not run_stage(Newer("?"), [source], out).fresh
    changed = table(tmp_path, "left", left(8), fingerprint="f2")
    assert not run_stage(Newer("?"), [changed], out).fresh
    assert run_stage(Newer("?"), [changed], out).fresh


def test_identity_is_the_fingerprint_or_else_name_and_version(tmp_path):
    assert identity(table(tmp_path, "a", left(1), fingerprint="f")) == "f"
    assert identity(table(tmp_path, "b", left(1))) == "b@1"
    assert identity(table(tmp_path, "b", left(2))) == "b@2"


def test_inputs_are_read_at_the_version_they_had_at_the_start(tmp_path, small_tasks):
    source = table(tmp_path, "left", left(130))

    class Meddler(Shout):
        def apply(self, batch):
            if "p0" in batch["product_id"].to_pylist():
                table(tmp_path, "left", left(3))
            return super().apply(batch)

    made = run_stage(Meddler(), [Table(source.uri)], Table(f"{tmp_path}/out.lance"), batch_size=4)
    assert (Table(source.uri).count(), made.rows) == (3, 130)


def test_a_slow_writer_holds_the_stage_back(tmp_path):
    done = []

    class Counted(Shout):
        def apply(self, batch):
            done.append(batch.num_rows)
            return super().apply(batch)

    most = 0
    with closing(map_stage(Counted(), [table(tmp_path, "left", left(40 * 512))], 512)) as batches:
        for given, _ in enumerate(batches, 1):
            time.sleep(0.01)
            most = max(most, len(done) - given)
    assert len(done) == 40
    assert most <= AHEAD


def test_a_stage_that_nobody_waits_for_ends(tmp_path):
    source = table(tmp_path, "left", left(60 * 512))
    for _ in range(3):
        with closing(map_stage(Shout(), [source], 512)) as batches:
            next(batches)
    assert sum(batch.num_rows for batch in map_stage(Shout(), [source], 512)) == 60 * 512


def test_a_writer_that_fails_leaves_the_engine_usable(tmp_path):
    source, out = table(tmp_path, "left", left(60 * 512)), Table(f"{tmp_path}/out.lance")

    def full(rows):
        if rows > 512:
            raise ShelverError("the disk is full")

    with pytest.raises(ShelverError, match="disk is full"):
        run_stage(Shout(), [source], out, batch_size=512, progress=full)
    assert not out.exists()
    assert run_stage(Shout(), [source], out, batch_size=512).rows == 60 * 512
