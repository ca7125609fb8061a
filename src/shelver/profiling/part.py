"""Statistics of all columns of one feed, or of several merged."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shelver.features.batch import Ints
from shelver.profiling.column import ColumnStats, Mask
from shelver.profiling.profile import Merchant, Part
from shelver.profiling.roles import RAW, Role

MERCHANTS = 1000
"""Merchants of a feed that are told apart at the same time; beyond, those with the fewest products become `OTHERS`."""
OTHERS = "(others)"
UNNAMED = "(no merchant)"


class PartStats:
    """What is known of the columns so far.

    Parameters
    ----------
    name : str
        Name of the feed; empty for all feeds together.
    roles : mapping of str to Role
        Columns that are looked at; others are passed over.
    open_ : bool
        Also look at columns that are not in `roles`, as at columns of a feed's files.
    """

    def __init__(self, name: str, roles: Mapping[str, Role], open_: bool = False) -> None:
        self.name, self.open, self.rows = name, open_, 0
        self.columns = {column: ColumnStats(column, role) for column, role in roles.items()}
        self._merchants: dict[str, tuple[int, Ints]] = {}

    def add(self, batch: pa.RecordBatch) -> None:
        """Count a batch; a column that it lacks is absent in all of its rows."""
        if self.open:
            self._open(batch.schema.names)
        masks = []
        for name, column in self.columns.items():
            if name in batch.schema.names:
                masks.append(column.add(batch.column(name)))
            else:
                column.absent(batch.num_rows)
                masks.append(np.zeros(batch.num_rows, bool))
        self.rows += batch.num_rows
        if "merchant" in self.columns and not self.open and "merchant" in batch.schema.names:
            self._add_merchants(batch.column("merchant"), masks)
        if "notes" in batch.schema.names and not self.open:
            self._add_notes(batch.column("notes"))

    def merge(self, other: PartStats) -> None:
        """Count also what another has counted; of merchants, it does not: they belong to their feed."""
        if self.open:
            self._open(list(other.columns))
        for name, column in self.columns.items():
            if name in other.columns:
                column.merge(other.columns[name])
            else:
                column.absent(other.rows)
        self.rows += other.rows

    def summary(self) -> Part:
        """All that is known."""
        found = sorted(self._merchants.items(), key=lambda item: (item[0] == OTHERS, -item[1][0], item[0]))
        merchants = [Merchant(name=name, rows=rows, filled=tuple(filled.tolist())) for name, (rows, filled) in found]
        columns = tuple(column.summary() for column in self.columns.values())
        return Part(name=self.name, rows=self.rows, columns=columns, merchants=tuple(merchants))

    def _open(self, names: list[str]) -> None:
        for name in names:
            if name not in self.columns:
                self.columns[name] = ColumnStats(name, RAW)
                self.columns[name].absent(self.rows)

    def _add_merchants(self, merchants: pa.Array, masks: list[Mask]) -> None:
        coded = pc.fill_null(merchants, UNNAMED).dictionary_encode()
        codes = coded.indices.to_numpy(zero_copy_only=False)
        names = coded.dictionary.to_pylist()
        rows = np.bincount(codes, minlength=len(names))
        filled = np.stack([np.bincount(codes[mask], minlength=len(names)) for mask in masks], axis=1)
        for place, name in enumerate(names):
            self._count_merchant(name, int(rows[place]), filled[place])
        if len(self._merchants) > MERCHANTS:
            self._fold_merchants()

    def _count_merchant(self, name: str, rows: int, filled: Ints) -> None:
        before, had = self._merchants.get(name, (0, np.zeros(len(filled), np.int64)))
        self._merchants[name] = before + rows, had + filled

    def _fold_merchants(self) -> None:
        order = sorted(self._merchants, key=lambda name: (name == OTHERS, -self._merchants[name][0], name))
        for name in [name for name in order if name != OTHERS][MERCHANTS // 2 :]:
            self._count_merchant(OTHERS, *self._merchants.pop(name))

    def _add_notes(self, notes: pa.Array) -> None:
        """Count refused values: a note begins with the field it is about."""
        texts = pc.list_flatten(notes)
        if len(texts) == 0:
            return
        fields = pc.list_element(pc.split_pattern(texts, ":", max_splits=1), 0)
        for name, count in zip(*(part.to_pylist() for part in pc.value_counts(fields).flatten()), strict=True):
            if name in self.columns:
                self.columns[name].refused += count
