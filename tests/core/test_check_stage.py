"""The contract check itself: it must catch every kind of broken stage."""

import pyarrow as pa
import pytest

from shelver.errors import ModelError
from shelver.stage import digest
from shelver.testing.stages import check_stage

BATCH = pa.RecordBatch.from_pydict({"product_id": [f"p{i}" for i in range(23)], "x": [float(i) for i in range(23)]})


class Half:
    name = "half.v1"
    columns = ("product_id", "x")
    schema = pa.schema([("product_id", pa.string()), ("y", pa.float64())])

    def fingerprint(self):
        return digest(self.name)

    def fit(self, batches):
        return self

    def answer(self, numbers):
        return [x / 2 for x in numbers]

    def apply(self, batch):
        return pa.RecordBatch.from_arrays(
            [batch["product_id"], pa.array(self.answer(batch["x"].to_pylist()), pa.float64())], schema=self.schema
        )

    def save(self, files):
        files.write("half", "")

    @classmethod
    def load(cls, files):
        return cls()


class NoVersion(Half):
    name = "half"


class LooksAtNeighbours(Half):
    def answer(self, numbers):
        return [x - sum(numbers) for x in numbers]


class LooksAtBatchSize(Half):
    def answer(self, numbers):
        return [x + 1e-15 * (len(numbers) > 7) for x in numbers]


class LooksAtPlace(Half):
    def answer(self, numbers):
        return [x + i for i, x in enumerate(numbers)]


class Remembers(Half):
    seen = 0

    def answer(self, numbers):
        self.seen += 1
        return [x + self.seen for x in numbers]


class DropsRows(Half):
    def apply(self, batch):
        return super().apply(batch).slice(1)


class OtherSchema(Half):
    def apply(self, batch):
        return super().apply(batch).rename_columns(["product_id", "z"])


class FingerprintMoves(Half):
    count = 0

    def fingerprint(self):
        self.count += 1
        return str(self.count)


class FingerprintIsNoText(Half):
    def fingerprint(self):
        return 5


class ForgetsOnSave(Half):
    def __init__(self, factor=3):
        self.factor = factor

    def answer(self, numbers):
        return [x * self.factor for x in numbers]

    @classmethod
    def load(cls, files):
        return cls(2)


class CannotBePickled(Half):
    def __init__(self):
        self.hook = lambda: None


class TakesColumnsByPlace(Half):
    def apply(self, batch):
        return super().apply(batch.rename_columns(["product_id", "x"]))


def test_a_good_stage_passes():
    check_stage(Half(), BATCH)


def test_a_stage_with_nothing_to_save_passes():
    class Made(Half):
        def save(self, files):
            raise ModelError("nothing to save")

    Made.__qualname__, globals()["Made"] = "Made", Made  # where pickle looks for it
    check_stage(Made(), BATCH)


@pytest.mark.parametrize(
    ("kind", "promise"),
    [
        (NoVersion, "no version"),
        (LooksAtNeighbours, "batches of 1"),
        (LooksAtBatchSize, "batches of 1"),
        (LooksAtPlace, "batches of 1"),
        (Remembers, "another answer"),
        (DropsRows, "22 rows from 23"),
        (OtherSchema, "apply gave the schema"),
        (FingerprintMoves, "fingerprint"),
        (FingerprintIsNoText, "fingerprint is 5"),
        (ForgetsOnSave, "saved and loaded"),
    ],
)
def test_a_broken_stage_is_caught(kind, promise):
    with pytest.raises(AssertionError, match=promise):
        check_stage(kind(), BATCH)


@pytest.mark.parametrize("kind", [CannotBePickled, TakesColumnsByPlace, object])
def test_a_stage_that_cannot_even_be_used_is_caught(kind):
    with pytest.raises(Exception):  # noqa: B017, PT011 (whatever it raises)
        check_stage(kind(), BATCH)


def test_columns_that_are_missing_are_named():
    with pytest.raises(AssertionError, match=r"lacks \['x'\]"):
        check_stage(Half(), BATCH.select(["product_id"]))
