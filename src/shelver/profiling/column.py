"""Statistics of one column over a stream of batches."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from shelver.features.batch import Ints
from shelver.profiling.gtins import Gtins
from shelver.profiling.paths import PathShapes
from shelver.profiling.profile import Column, Spread
from shelver.profiling.roles import Role
from shelver.profiling.spread import Lengths, Numbers
from shelver.profiling.values import Values
from shelver.profiling.wording import Wording

TOP = 50
"""Most frequent values that are kept of a column."""
SIZES = (10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)
"""Numbers of values whose share of the rows is told."""
NUMBER = r"^\s*[-+]?\d{1,15}(\.\d{1,10})?\s*$"
"""A text that is a number, for columns of feeds; prices of other notations become numbers when they are ingested."""

Mask = npt.NDArray[np.bool_]


class ColumnStats:
    """What is known of one column so far.

    Equal values of a batch are counted first; all else is worked out once for each different value, so there is no
    Python work for rows.

    Parameters
    ----------
    name : str
        Name of the column.
    role : Role
        What is looked at.
    """

    def __init__(self, name: str, role: Role) -> None:
        self.name, self.role = name, role
        self.rows, self.filled, self.refused = 0, 0, 0
        self.values = Values()
        self.characters = Lengths() if role.kind in ("text", "list") else None
        self.items = Lengths() if role.kind == "list" else None
        self.numbers = Numbers() if role.kind == "number" or role.numbers else None
        self.words = Wording() if role.words else None
        self.paths = PathShapes() if role.paths else None
        self.codes = Gtins() if role.codes else None

    def add(self, array: pa.Array) -> Mask:
        """Count a column of n rows; gives which of them have a value: bool, shape (n,)."""
        if self.role.kind == "list":
            return self._add_lists(array)
        mask = self._add_number(array) if self.role.kind == "number" else self._add_text(array)
        self.rows += len(array)
        self.filled += int(mask.sum())
        return mask

    def merge(self, other: ColumnStats) -> None:
        """Count also what another has counted of the same column."""
        self.rows += other.rows
        self.filled += other.filled
        self.refused += other.refused
        for name in ("values", "characters", "items", "numbers", "words", "paths", "codes"):
            own, more = getattr(self, name), getattr(other, name)
            if own is not None:
                own.merge(more)

    def absent(self, rows: int) -> None:
        """Count rows that do not have the column at all."""
        self.rows += rows

    def _add_text(self, array: pa.Array) -> Mask:
        if not pa.types.is_string(array.type):
            array = array.cast(pa.string())
        found = pc.value_counts(array)
        different, counts = found.field("values"), _ints(found.field("counts"))
        filled = _flags(pc.greater(pc.binary_length(pc.utf8_trim_whitespace(different)), 0))
        self._add_different(different.filter(pa.array(filled)), counts[filled])
        if filled.all():
            return _flags(pc.is_valid(array))
        blank = different.filter(pa.array(~filled))
        return ~_flags(pc.is_in(array, value_set=blank)) & _flags(pc.is_valid(array))

    def _add_different(self, different: pa.Array, counts: Ints) -> None:
        if len(different) == 0:
            return
        self.values.add(different, counts)
        if self.characters is not None:
            self.characters.add(_ints(pc.utf8_length(different)), counts)
        if self.words is not None:
            self.words.add(different, counts)
        if self.paths is not None:
            self.paths.add(different, counts)
        if self.codes is not None:
            self.codes.add(different, counts)
        if self.numbers is not None:
            like = _flags(pc.match_substring_regex(different, NUMBER))
            if like.any():
                numbers = pc.utf8_trim_whitespace(different.filter(pa.array(like))).cast(pa.float64())
                self.numbers.add(np.repeat(numbers.to_numpy(zero_copy_only=False), counts[like]))

    def _add_number(self, array: pa.Array) -> Mask:
        numbers = pc.fill_null(array.cast(pa.float64()), float("nan"))
        mask = _flags(pc.is_finite(numbers))
        found = pc.value_counts(numbers.filter(pa.array(mask)))
        different, counts = found.field("values"), _ints(found.field("counts"))
        self.values.add(different.cast(pa.string()), counts)
        if self.numbers is not None:
            self.numbers.add(np.repeat(different.to_numpy(zero_copy_only=False), counts))
        return mask

    def _add_lists(self, array: pa.Array) -> Mask:
        sizes = _ints(pc.fill_null(pc.list_value_length(array), 0))
        mask = np.asarray(sizes > 0)
        self.rows += len(array)
        self.filled += int(mask.sum())
        if self.items is not None:
            self.items.add(sizes[mask], np.ones(int(mask.sum()), np.int64))
        entries = pc.list_flatten(array)
        self._add_text(entries)
        return mask

    def summary(self) -> Column:
        """All that is known."""
        distinct = self.values.distinct()
        numbers = self.numbers.summary() if self.numbers is not None else None
        return Column(
            name=self.name,
            kind=self.role.kind,
            rows=self.rows,
            filled=self.filled,
            distinct=distinct.count,
            error=distinct.error,
            single=self.values.single(),
            top=tuple(self.values.top(TOP)),
            floor=self.values.floor(TOP),
            short=self.values.short,
            covered=tuple(self.values.covered(SIZES)),
            examples=tuple(self.values.examples()),
            characters=_summary(self.characters),
            words=self.words.lengths() if self.words is not None else None,
            numbers=numbers,
            items=_summary(self.items),
            vocabulary=self.words.summary() if self.words is not None and self.filled else None,
            paths=self.paths.summary() if self.paths is not None else None,
            codes=self.codes.summary() if self.codes is not None else None,
            refused=self.refused,
        )


def _summary(lengths: Lengths | None) -> Spread | None:
    return lengths.summary() if lengths is not None else None


def _ints(array: pa.Array) -> Ints:
    return np.asarray(array.to_numpy(zero_copy_only=False), np.int64)


def _flags(array: pa.Array) -> Mask:
    """Booleans of Arrow; null is False."""
    return np.asarray(pc.fill_null(array, False).to_numpy(zero_copy_only=False), bool)
