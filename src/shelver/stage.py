"""The one interface of everything that turns a table into another table.

A stage is fitted once (or not at all) and then applied to batches. ``apply`` is pure and keeps rows: row *i* of its
answer is about row *i* of its input, so batches of any size, in any order, give the same table, and serving one
product is ``apply`` on a batch of one row. There is no second code path that could drift away from training.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Protocol, Self, runtime_checkable

import pyarrow as pa

from shelver.files import Files

Batches = Callable[[], Iterator[pa.RecordBatch]]
"""Gives a fresh pass over the input each time it is called (fitting may need several)."""


@runtime_checkable
class Stage(Protocol):
    """What every stage can do; stateless stages return themselves from `fit`.

    Attributes
    ----------
    name : str
        Name with a version, for example ``rules.v1``. Changed behaviour gets a new version: tables made by the old one
        are then known to be stale.
    columns : tuple of str
        Input columns that `apply` needs.
    schema : pyarrow.Schema
        Schema of what `apply` returns.
    """

    @property
    def name(self) -> str:
        """Name with a version."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """Input columns."""
        ...

    @property
    def schema(self) -> pa.Schema:
        """Output columns and types."""
        ...

    def fingerprint(self) -> str:
        """Everything that decides the answer besides the input: settings and fitted state, as a short hash."""
        ...

    def fit(self, batches: Batches) -> Self:
        """Learn from the input; returns a fitted stage."""
        ...

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Turn n rows into n rows. Pure: no state is changed, nothing else is read or written."""
        ...

    def save(self, files: Files) -> None:
        """Write settings and fitted state into a folder."""
        ...

    @classmethod
    def load(cls, files: Files) -> Self:
        """Read back what `save` wrote."""
        ...


def digest(*parts: object) -> str:
    """Short stable hash of JSON-like values, for fingerprints (20 hex digits)."""
    text = json.dumps(parts, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()
