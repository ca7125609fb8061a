"""Products that were seen before, found with sorted arrays: no Python object for any of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Keys = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

DIGITS = 16
"""Hex digits of an id that make its key: 64 bits."""

_NIBBLE = np.full(256, 255, np.uint8)
_NIBBLE[np.frombuffer(b"0123456789abcdef", np.uint8)] = np.arange(16)


def keys_of(ids: pa.StringArray) -> Keys:
    """First 64 bits of ids that are written in hex digits; in their order, keys are as the ids are.

    Parameters
    ----------
    ids : pyarrow.StringArray, shape (n,)
        Without nulls, each of `DIGITS` hex digits at least.

    Returns
    -------
    ndarray of uint64, shape (n,)

    Raises
    ------
    ValueError
        An id that is none.

    Examples
    --------
    >>> keys_of(pa.array(["00000000000000ff12"]))
    array([255], dtype=uint64)
    """
    if not len(ids):
        return np.zeros(0, np.uint64)
    _, offsets, data = ids.buffers()
    starts = np.frombuffer(offsets, np.int32)[ids.offset : ids.offset + len(ids) + 1]
    if ids.null_count or np.diff(starts).min() < DIGITS:
        raise ValueError(f"an id has fewer than {DIGITS} digits")
    digits = _NIBBLE[np.frombuffer(data, np.uint8)[starts[:-1, None] + np.arange(DIGITS)]]  # (n, DIGITS)
    if digits.max() > 15:
        raise ValueError("an id is not written in hex digits")
    octets = (digits[:, ::2] << 4) | digits[:, 1::2]  # (n, 8)
    return np.ascontiguousarray(octets).view(">u8").ravel().astype(np.uint64)


class FirstSeen:
    """Where each product was seen first: 16 bytes for each, and twice that for a moment.

    Notes
    -----
    Keys lie in a few sorted runs; a run is merged with the one before as soon as that is not twice as long, so n keys
    cost O(n log n) in all and a look-up O(log² n). Two of ten million different ids have the same 64 bits with a
    probability of 3e-6.
    """

    def __init__(self) -> None:
        self._runs: list[tuple[Keys, Places]] = []

    def __len__(self) -> int:
        return sum(len(keys) for keys, _ in self._runs)

    def __repr__(self) -> str:
        return f"FirstSeen({len(self):,} products)"

    def look(self, keys: Keys, counts: npt.NDArray[np.bool_], places: Places) -> Places:
        """Say where products stood before, and remember the new ones.

        Parameters
        ----------
        keys : ndarray of uint64, shape (n,)
            Rows in the order of the feed.
        counts : ndarray of bool, shape (n,)
            Whether the row is a product of its own; one that is not is looked up, but not remembered.
        places : ndarray of int64, shape (n,)
            Where each row stands, from 0.

        Returns
        -------
        ndarray of int64, shape (n,)
            Place of the first row that counts with the same key, before this one; -1 where there is none.
        """
        rows = np.flatnonzero(counts)
        own, first = np.unique(keys[rows], return_index=True)
        first = rows[first]
        seen = self._find(keys)
        if len(own):
            near = np.minimum(np.searchsorted(own, keys), len(own) - 1)
            above = (seen < 0) & (own[near] == keys) & (first[near] < np.arange(len(keys)))
            seen[above] = places[first[near[above]]]
        fresh = seen[first] < 0
        self._add(own[fresh], places[first[fresh]])
        return seen

    def _find(self, keys: Keys) -> Places:
        found = np.full(len(keys), -1, np.int64)
        for known, places in self._runs:
            near = np.minimum(np.searchsorted(known, keys), len(known) - 1)
            same = known[near] == keys
            found[same] = places[near[same]]
        return found

    def _add(self, keys: Keys, places: Places) -> None:
        if not len(keys):
            return
        self._runs.append((keys, places))
        while len(self._runs) > 1 and len(self._runs[-2][0]) < 2 * len(self._runs[-1][0]):
            (older, its_places), (newer, new_places) = self._runs[-2:]
            both = np.concatenate([older, newer])
            order = np.argsort(both, kind="stable")
            self._runs[-2:] = [(both[order], np.concatenate([its_places, new_places])[order])]
