"""Numbers that look like a GTIN, EAN, UPC or ISBN, and whether their check digits are right."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shelver.features.batch import Ints
from shelver.profiling.profile import Codes

DIGITS = 14
PATTERN = r"^(\d{8}|\d{12,14})$"
WEIGHTS = np.array([3, 1] * 7)
"""Of the 14 digits (GS1 General Specifications, section 7.9): the weighted sum is a multiple of 10."""


class Gtins:
    """Counts of right and wrong numbers of 8, 12, 13 or 14 digits."""

    def __init__(self) -> None:
        self._valid, self._wrong = 0, 0

    def add(self, codes: pa.Array, counts: Ints) -> None:
        """Count n different strings, `counts` times each; those that are no such number are passed over."""
        looks = pc.match_substring_regex(codes, PATTERN).to_numpy(zero_copy_only=False)
        if not looks.any():
            return
        right = valid(codes.filter(pa.array(looks)))
        found = counts[looks]
        self._valid += int(found[right].sum())
        self._wrong += int(found[~right].sum())

    def merge(self, other: Gtins) -> None:
        """Count also what another has counted."""
        self._valid, self._wrong = self._valid + other._valid, self._wrong + other._wrong

    def summary(self) -> Codes | None:
        """The counts; None if nothing looks like one."""
        if not self._valid + self._wrong:
            return None
        return Codes(valid=self._valid, wrong=self._wrong)


def valid(codes: pa.Array) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Are the check digits of n numbers right? bool, shape (n,).

    Parameters
    ----------
    codes : pyarrow.Array of string
        Each of at most 14 ASCII digits.
    """
    padded = pc.ascii_lpad(codes.cast(pa.string()), DIGITS, "0")
    data = b"".join(value.encode() for value in padded.to_pylist())
    digits = np.frombuffer(data, np.uint8).reshape(-1, DIGITS).astype(np.int64) - ord("0")
    return np.asarray((digits @ WEIGHTS) % 10 == 0)
