"""A cleaner over a whole column: what is clean already stays, and each other value is cleaned once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shelver.errors import Reject
from shelver.feeds.answers import Noted

FEW = 32
"""Values of a column for which its test would take longer than cleaning them all."""

Clean = Callable[[str], str | Noted | Reject | None]
"""A cleaner of one value: the clean one, that with a note, a refusal, or None for nothing."""

IsClean = Callable[[pa.Array], pa.Array]
"""Tells of every value of a column whether the cleaner would give it back as it is; may say no where it would."""


@dataclass(frozen=True)
class Cleaner:
    """How one field is cleaned, a value at a time and a column at a time; both give the same.

    Parameters
    ----------
    clean : callable
        Cleans one value.
    is_clean : callable
        Finds the values, strings of shape (n,), that `clean` would not change; null for null.
    """

    clean: Clean
    is_clean: IsClean


@dataclass(frozen=True)
class Notes:
    """Notes on some rows of a batch.

    Attributes
    ----------
    rows : numpy.ndarray of int64, shape (m,)
        The rows, rising.
    texts : pyarrow.StringArray, shape (m,)
        ``field: reason``.
    """

    rows: np.ndarray[tuple[int], np.dtype[np.int64]]
    texts: pa.Array


def clean_column(column: pa.Array, cleaner: Cleaner, name: str) -> tuple[pa.Array, Notes | None]:
    """Clean a column.

    Parameters
    ----------
    column : pyarrow.StringArray, shape (n,)
        Values as read.
    cleaner : Cleaner
        The field's cleaner.
    name : str
        The field, for notes.

    Returns
    -------
    values : pyarrow.StringArray, shape (n,)
        Clean values; null where there was none, or where it was refused.
    notes : Notes or None
        What was refused or dropped.
    """
    if column.null_count == len(column):
        return column, None
    every = column.is_valid()
    dirty = every if len(column) < FEW else pc.fill_null(pc.invert(cleaner.is_clean(column)), False)
    if not dirty.true_count:
        return column, None
    values, reasons = answers(column.filter(dirty), cleaner.clean, name)
    found = pc.replace_with_mask(column, dirty, values)
    return found, None if reasons is None else noted(np.flatnonzero(dirty.to_numpy(zero_copy_only=False)), reasons)


def answers(column: pa.Array, clean: Clean, name: str) -> tuple[pa.Array, pa.Array | None]:
    """Clean each distinct value of a column once.

    Returns
    -------
    values : pyarrow.StringArray, shape (n,)
        Clean values.
    reasons : pyarrow.StringArray, shape (n,), or None
        ``field: reason``, null for values without a note; None if there is no note at all.
    """
    coded = column.dictionary_encode()
    found = [clean(value) for value in coded.dictionary.to_pylist()]
    values = pa.array([_value(each) for each in found], pa.string())
    reasons = [None if each is None or isinstance(each, str) else f"{name}: {each.reason}" for each in found]
    if any(reasons):
        return values.take(coded.indices), pa.array(reasons, pa.string()).take(coded.indices)
    return values.take(coded.indices), None


def noted(rows: np.ndarray[tuple[int], np.dtype[np.int64]], reasons: pa.Array) -> Notes | None:
    """Notes of `rows` whose reason, a string array of the same length, is not null; None if there is none."""
    there = pc.is_valid(reasons)
    return Notes(rows[there.to_numpy(zero_copy_only=False)], reasons.filter(there)) if there.true_count else None


def note_lists(notes: Sequence[Notes | None], rows: int) -> pa.Array:
    """Notes of every row of a batch, as a list array of shape (rows,); in each list in the order given."""
    given = [each for each in notes if each is not None]
    if not given:
        return pa.ListArray.from_arrays(pa.array(np.zeros(rows + 1, np.int32)), pa.array([], pa.string()))
    places = np.concatenate([each.rows for each in given])
    order = np.argsort(places, kind="stable")
    texts = pa.concat_arrays([each.texts for each in given]).take(pa.array(order))
    offsets = np.concatenate([[0], np.cumsum(np.bincount(places, minlength=rows))]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), texts)


def matches(pattern: str) -> IsClean:
    """Find values that a pattern of RE2 matches."""
    return lambda column: pc.match_substring_regex(column, pattern)


def _value(answer: str | Noted | Reject | None) -> str | None:
    if isinstance(answer, Noted):
        return answer.value
    return None if isinstance(answer, Reject) else answer
