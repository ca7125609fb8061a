"""How many products have each token, counted over a stream in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shelver.features.batch import Ints

WINDOW = 1 << 14
"""Rows between two looks at whether there are too many tokens."""
PENDING = 1 << 20
"""Counts that wait before they are added up; never changes an answer."""
CAPACITY = 1 << 20
"""Distinct tokens remembered from one window to the next."""


class TokenCounts:
    """Counts of tokens over a stream of rows.

    Parameters
    ----------
    capacity : int
        After every `WINDOW` rows, if there are more distinct tokens than this, the rarest are forgotten: all whose
        count is at most the smallest *t* that leaves half of the capacity. 0: nothing is ever forgotten.

    Attributes
    ----------
    rows : int
        Rows seen.
    short : int
        Sum of all *t*: no count is too small by more, none too large; 0 while nothing was forgotten, as for any
        vocabulary of words in practice. It concerns runs of characters and of words of big catalogues, and there only
        tokens far too rare to be among the most frequent.

    Notes
    -----
    A window is a number of rows, whatever the batches are, so the counts depend on the rows and their order alone. In
    the manner of lossy counting (Manku & Motwani 2002, "Approximate frequency counts over data streams", section 4.2),
    but with the memory fixed instead of the error.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.capacity, self.rows, self.short = capacity, 0, 0
        self._counts = pa.table({"token": pa.array([], pa.string()), "count": pa.array([], pa.int64())})
        self._pending: list[pa.Table] = []

    def __repr__(self) -> str:
        return f"TokenCounts({self.rows} rows)"

    def windows(self, column: pa.Array) -> Iterator[pa.Array]:
        """Slices of a column; rows count as seen, and too many tokens are forgotten, when the next one is asked for."""
        start = 0
        while start < len(column):
            size = min(len(column) - start, WINDOW - self.rows % WINDOW)
            yield column.slice(start, size)
            self.rows += size
            start += size
            if self.rows % WINDOW == 0:
                self._forget()

    def add(self, tokens: pa.Array, counts: Ints) -> None:
        """Add counts of tokens."""
        self._pending.append(pa.table({"token": tokens, "count": pa.array(counts, pa.int64())}))
        if sum(map(len, self._pending)) > PENDING:
            self._merge()

    def most_frequent(self, limit: int = 0, min_count: int = 1) -> tuple[tuple[str, ...], Ints]:
        """Tokens with at least `min_count`, most frequent first (ties in alphabetical order), and their counts.

        Parameters
        ----------
        limit : int
            At most so many; 0: all.
        min_count : int
            See above.
        """
        self._merge()
        counts = self._counts["count"].to_numpy()
        if 0 < limit < len(counts):
            min_count = max(min_count, int(np.partition(counts, len(counts) - limit)[len(counts) - limit]))
        kept = self._counts.filter(pc.greater_equal(self._counts["count"], min_count))
        kept = kept.sort_by([("count", "descending"), ("token", "ascending")]).slice(0, limit or None)
        return tuple(kept["token"].to_pylist()), kept["count"].to_numpy()

    def _merge(self) -> None:
        """Add up what waits."""
        if self._pending:
            both = pa.concat_tables([self._counts, *self._pending])
            summed = both.group_by("token", use_threads=False).aggregate([("count", "sum")])
            self._counts = pa.table({"token": summed["token"], "count": summed["count_sum"]})
            self._pending = []

    def _forget(self) -> None:
        """Drop the rarest tokens, if there are too many."""
        if not self.capacity or len(self._counts) + sum(map(len, self._pending)) <= self.capacity:
            return
        self._merge()
        if len(self._counts) > self.capacity:
            counts = self._counts["count"].to_numpy()
            surplus = len(counts) - self.capacity // 2
            most = int(np.partition(counts, surplus - 1)[surplus - 1])
            self._counts = self._counts.filter(pc.greater(self._counts["count"], most)).combine_chunks()
            self.short += most
