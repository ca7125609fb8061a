"""What every stage must do; a new stage's test is one call of `check_stage`."""

from __future__ import annotations

import pickle
import re
import tempfile
from typing import cast

import numpy as np
import pyarrow as pa

from shelver.errors import ShelverError
from shelver.files import Files
from shelver.stage import Stage


def check_stage(stage: Stage, batch: pa.RecordBatch) -> None:
    """Check that a fitted stage keeps its promises; equal means equal to the last bit.

    Parameters
    ----------
    stage : Stage
        The one to check; it is pickled, and saved and loaded (unless its `save` says that there is nothing to save).
    batch : pyarrow.RecordBatch
        Input, best more than 7 different rows with missing and odd values; may have columns that the stage ignores.

    Raises
    ------
    AssertionError
        A promise is broken; the message says which.
    """
    _true(isinstance(stage, Stage), f"{type(stage).__name__} lacks a method or an attribute of a stage")
    _true(bool(re.search(r"\.v\d+$", stage.name)), f"the name {stage.name!r} has no version")
    missing = set(stage.columns) - set(batch.schema.names)
    _true(not missing, f"the batch to check with lacks {sorted(missing)}")
    batch = batch.select(list(stage.columns))
    fingerprint = stage.fingerprint()
    _true(isinstance(fingerprint, str) and fingerprint != "", f"fingerprint is {fingerprint!r}")
    whole = _rows(stage, batch, "the whole batch")
    _check_batching(stage, batch, whole)
    _same(_rows(stage, batch, "again"), whole, "applied twice")
    _true(stage.fingerprint() == fingerprint, "apply changed the fingerprint")
    _check_copies(stage, batch, whole)


def _check_batching(stage: Stage, batch: pa.RecordBatch, whole: list[str]) -> None:
    """Rows do not depend on their neighbours, nor on columns that are not theirs."""
    _rows(stage, batch.slice(0, 0), "no rows")
    for size in (1, 7):
        parts = [batch.slice(start, size) for start in range(0, batch.num_rows, size)]
        _same([row for part in parts for row in _rows(stage, part, f"{size} rows")], whole, f"batches of {size}")
    order = np.random.default_rng(0).permutation(batch.num_rows)
    shuffled = _rows(stage, batch.take(pa.array(order)), "shuffled rows")
    _same(shuffled, [whole[i] for i in order], "shuffled rows")
    names = batch.schema.names[::-1]
    other = batch.select(names).append_column("a column of no concern", pa.nulls(batch.num_rows))
    _same(_rows(stage, other, "columns in another order"), whole, "columns in another order, and one more")


def _check_copies(stage: Stage, batch: pa.RecordBatch, whole: list[str]) -> None:
    """What was pickled, or saved and loaded, is the same stage."""
    copy = cast(Stage, pickle.loads(pickle.dumps(stage)))  # noqa: S301 (made in the line itself)
    _same_stage(copy, stage, batch, whole, "a pickled copy")
    with tempfile.TemporaryDirectory() as folder:
        files = Files(folder)
        try:
            stage.save(files)
        except ShelverError:
            return  # a stage that is made anew each time
        _same_stage(type(stage).load(Files(folder)), stage, batch, whole, "saved and loaded")


def _same_stage(copy: Stage, stage: Stage, batch: pa.RecordBatch, whole: list[str], how: str) -> None:
    _true(copy.columns == stage.columns and copy.schema == stage.schema, f"other columns: {how}")
    _same(_rows(copy, batch, how), whole, how)
    _true(copy.fingerprint() == stage.fingerprint(), f"another fingerprint: {how}")


def _rows(stage: Stage, batch: pa.RecordBatch, how: str) -> list[str]:
    """The answer, each row as text with all digits (so that NaN equals NaN)."""
    before = _bits(batch)
    answer = stage.apply(batch)
    _true(answer.schema == stage.schema, f"{how}: apply gave the schema\n{answer.schema}\nnot\n{stage.schema}")
    _true(answer.num_rows == batch.num_rows, f"{how}: {answer.num_rows} rows from {batch.num_rows}")
    _true(_bits(batch) == before, f"{how}: apply changed its input")
    answer.validate(full=True)
    return [repr(row) for row in answer.to_pylist()]


def _bits(batch: pa.RecordBatch) -> bytes:
    return bytes(batch.serialize())


def _same(found: list[str], expected: list[str], how: str) -> None:
    _true(len(found) == len(expected), f"{len(found)} rows, not {len(expected)}: {how}")
    for i, (one, other) in enumerate(zip(found, expected, strict=True)):
        _true(one == other, f"another answer for row {i}: {how}\n{one[:500]}\nnot\n{other[:500]}")


def _true(condition: bool, promise: str) -> None:
    if not condition:
        raise AssertionError(promise)
