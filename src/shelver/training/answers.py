"""Right answers of the user's own objectives, read from a column of the products."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shelver.config import Binary, Buckets, FromColumn, MultiClass, MultiLabel, kind_of
from shelver.errors import ConfigError
from shelver.features.categorical import tidy
from shelver.models.classes import Values
from shelver.stage import Batches

UNKNOWN = -1
"""Class of a product whose right answer is not known."""


@dataclass(frozen=True)
class Answers:
    """How a column gives the classes of one objective.

    Attributes
    ----------
    name : str
        Name of the objective.
    spec : MultiClass, MultiLabel, Binary or Buckets
        Its settings.
    names : tuple of str
        Its classes.
    edges : tuple of float
        Where one range ends and the next begins, for `Buckets`.
    """

    name: str
    spec: FromColumn
    names: tuple[str, ...]
    edges: tuple[float, ...] = ()

    @property
    def values(self) -> Values:
        """The classes, as a model needs them."""
        return Values(kind_of(self.spec), self.names)

    @property
    def column(self) -> str:
        """Product field that is read."""
        return column_of(self.name, self.spec)

    @property
    def type(self) -> pa.DataType:
        """Arrow type of what `apply` gives."""
        return pa.list_(pa.int32()) if isinstance(self.spec, MultiLabel) else pa.int32()

    def apply(self, batch: pa.RecordBatch) -> pa.Array:
        """Classes of n products.

        Returns
        -------
        pyarrow.Array of int32 (−1: not known), or of list<int32> (null: not known), length n
            Values that are not classes are left out of lists.
        """
        column = _read(batch, self.name, self.spec)
        if isinstance(self.spec, Buckets):
            numbers = _numbers(column)
            return pa.array(np.where(np.isnan(numbers), UNKNOWN, np.digitize(numbers, self.edges)).astype(np.int32))
        if isinstance(self.spec, Binary):
            said = _whole(tidy(column))
            yes = pc.is_in(said, value_set=pa.array([value.strip().lower() for value in self.spec.yes], pa.string()))
            known = pc.and_(pc.is_valid(said), pc.not_equal(pc.fill_null(said, ""), ""))
            return pc.if_else(known, yes.cast(pa.int32()), pa.scalar(UNKNOWN, pa.int32()))
        if isinstance(self.spec, MultiClass):
            place = pc.index_in(tidy(column), value_set=pa.array(self.names, pa.string()), skip_nulls=True)
            return pc.fill_null(place, UNKNOWN).cast(pa.int32())
        places = {name: i for i, name in enumerate(self.names)}
        rows = [
            None if not found else sorted({places[value] for value in found if value in places})
            for found in _split(column, self.spec.delimiters)
        ]
        return pa.array(rows, self.type)


def column_of(name: str, spec: FromColumn) -> str:
    """Product field that an objective reads: ``raw``, the row as delivered, for one of the feed's own columns."""
    return "raw" if spec.raw_column else spec.column or name


def fit_answers(name: str, spec: FromColumn, batches: Batches) -> Answers:
    """Find the classes of an objective.

    Parameters
    ----------
    name : str
        Name of the objective.
    spec : MultiClass, MultiLabel, Binary or Buckets
        Its settings.
    batches : callable
        Products, with the column that `column_of` names.

    Raises
    ------
    ConfigError
        The column gives fewer than two classes (or none, for a multi-label objective).
    """
    if isinstance(spec, Binary):
        made = Answers(name, spec, ("no", "yes"))
        seen = {value for batch in batches() for value in pc.unique(made.apply(batch)).to_pylist()}
        if not {0, 1} <= seen:
            what = f"the column {spec.raw_column or column_of(name, spec)} never says {'yes' if 0 in seen else 'no'}"
            hint = f"say which values mean yes; now they are {', '.join(spec.yes)}"
            raise ConfigError(what, where=f"objectives.{name}.yes", hint=hint)
        return made
    columns = (_read(batch, name, spec) for batch in batches())
    if isinstance(spec, Buckets):
        edges = spec.edges or _quantiles(columns, spec.buckets)
        if list(edges) != sorted(set(edges)):
            raise ConfigError("edges do not ascend", where=f"objectives.{name}.edges", expected="for example [10, 50]")
        found = Answers(name, spec, _ranges(edges), tuple(edges))
    else:
        counts: Counter[str] = Counter()
        for column in columns:
            counts.update(_mentioned(column, spec))
        kept = sorted((-count, value) for value, count in counts.items() if count >= spec.min_count)[: spec.max_values]
        found = Answers(name, spec, tuple(sorted(value for _, value in kept)))
    if len(found.names) < (1 if isinstance(spec, MultiLabel) else 2):
        what = f"the column {spec.raw_column or column_of(name, spec)} has too few values to learn from"
        raise ConfigError(what, where=f"objectives.{name}", hint="name another column, or make min_count smaller")
    return found


def _read(batch: pa.RecordBatch, name: str, spec: FromColumn) -> pa.Array:
    column = batch[column_of(name, spec)]
    if not spec.raw_column:
        return column.cast(pa.string())
    rows = (json.loads(text) if text else {} for text in column.to_pylist())
    return pa.array([_text(row.get(spec.raw_column)) if isinstance(row, dict) else None for row in rows], pa.string())


def _whole(values: pa.Array) -> pa.Array:
    """Whole numbers as such: 1.0 is 1."""
    return pc.replace_substring_regex(values, r"^(-?\d+)\.0+$", r"\1")


def _text(value: Any) -> str | None:
    return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _split(column: pa.Array, delimiters: str) -> Iterator[list[str]]:
    pattern = re.compile("[" + re.escape(delimiters) + "]") if delimiters else None
    for text in tidy(column).to_pylist():
        parts = (pattern.split(text) if pattern else [text]) if text else []
        yield [part.strip() for part in parts if part.strip()]


def _mentioned(column: pa.Array, spec: MultiClass | MultiLabel) -> Counter[str]:
    """In how many products each value occurs."""
    if isinstance(spec, MultiLabel):
        return Counter(value for row in _split(column, spec.delimiters) for value in set(row))
    return Counter(
        {found["values"]: found["counts"] for found in pc.value_counts(tidy(column)).to_pylist() if found["values"]}
    )


def _numbers(column: pa.Array) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    def number(text: str | None) -> float:
        try:
            value = float(text) if text else np.nan
        except ValueError:
            return np.nan
        return value if np.isfinite(value) else np.nan

    return np.asarray([number(text) for text in column.to_pylist()], np.float64)


def _quantiles(columns: Iterator[pa.Array], buckets: int) -> tuple[float, ...]:
    """Edges that put equally many products into each range; fewer where many numbers are equal."""
    seen = np.concatenate([_numbers(column) for column in columns] or [np.empty(0)])
    seen = seen[~np.isnan(seen)]
    if len(seen) == 0:
        return ()
    edges = np.unique(np.quantile(seen, np.arange(1, buckets) / buckets, method="higher"))
    return tuple(float(edge) for edge in edges if edge > seen.min())


def _ranges(edges: tuple[float, ...]) -> tuple[str, ...]:
    """What the ranges are called.

    Examples
    --------
    >>> _ranges((10.0, 50.0))
    ('below 10', '10 to 50', 'from 50')
    """
    if not edges:
        return ()
    words = [f"{edge:g}" for edge in edges]
    middle = [f"{low} to {high}" for low, high in pairwise(words)]
    return (f"below {words[0]}", *middle, f"from {words[-1]}")
