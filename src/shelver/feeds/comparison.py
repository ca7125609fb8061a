"""What a delivery changes: the products of a feed now beside those of the delivery before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from shelver.feeds.duplicates import Keys, keys_of

COMPARED = ("product_id", "content_hash", "active")
"""Columns of the products that a comparison needs."""


@dataclass(frozen=True)
class Contents:
    """Products of a feed in their order, as 17 bytes each; no two have the same id.

    Attributes
    ----------
    ids, hashes : ndarray of uint64, shape (n,)
        First 64 bits of ``product_id`` and ``content_hash``.
    active : ndarray of bool, shape (n,)
        Whether the feed delivers the product.
    """

    ids: Keys
    hashes: Keys
    active: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def of(cls, batches: Iterable[pa.RecordBatch]) -> Contents:
        """Put products together of batches that have the columns `COMPARED`."""
        parts = [cls.one(batch) for batch in batches]
        none = cls(np.zeros(0, np.uint64), np.zeros(0, np.uint64), np.zeros(0, bool))
        return none.joined(parts) if parts else none

    @classmethod
    def one(cls, batch: pa.RecordBatch) -> Contents:
        """Products of one batch."""
        active = batch.column("active").fill_null(True).to_numpy(zero_copy_only=False)
        return cls(keys_of(batch.column("product_id")), keys_of(batch.column("content_hash")), active)

    def joined(self, more: Iterable[Contents]) -> Contents:
        """These products followed by others."""
        parts = [self, *more]
        return Contents(
            np.concatenate([part.ids for part in parts]),
            np.concatenate([part.hashes for part in parts]),
            np.concatenate([part.active for part in parts]),
        )


@dataclass(frozen=True)
class Changes:
    """What became of the products of a feed.

    Attributes
    ----------
    new, changed, unchanged, back : int
        Products delivered that were not known, that have other content, that are as they were, that were inactive.
    gone : ndarray of int64, shape (any,)
        Rows (of the former products) that were active and are not delivered, in their order.
    inactive : ndarray of int64, shape (any,)
        Rows of all former products that are not delivered, by ``product_id``.
    were_active : int
        Products that were active before.
    """

    new: int
    changed: int
    unchanged: int
    back: int
    gone: npt.NDArray[np.int64]
    inactive: npt.NDArray[np.int64]
    were_active: int

    @property
    def share_gone(self) -> float:
        """Share of the active products that are gone; 0 where there were none."""
        return len(self.gone) / self.were_active if self.were_active else 0.0


def compare(old: Contents, new: Contents) -> Changes:
    """Compare the products of two deliveries; all of `new` are active."""
    order = np.argsort(old.ids, kind="stable")
    known = np.zeros(len(new), bool)
    row = np.zeros(len(new), np.int64)
    if len(old):
        near = np.minimum(np.searchsorted(old.ids[order], new.ids), len(old) - 1)
        row = order[near]
        known = old.ids[row] == new.ids
    there = np.zeros(len(old), bool)
    there[row[known]] = True
    was_active = known.copy()
    was_active[known] = old.active[row[known]]
    same = was_active.copy()
    same[was_active] = old.hashes[row[was_active]] == new.hashes[was_active]
    return Changes(
        new=int(np.sum(~known)),
        changed=int(np.sum(was_active & ~same)),
        unchanged=int(np.sum(same)),
        back=int(np.sum(known & ~was_active)),
        gone=np.flatnonzero(old.active & ~there),
        inactive=order[~there[order]],
        were_active=int(np.sum(old.active)),
    )
