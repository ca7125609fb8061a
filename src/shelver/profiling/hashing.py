"""64-bit hashes of strings, a column at a time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from shelver.engine import daft

Hashes = npt.NDArray[np.uint64]


def hashes(texts: pa.Array) -> Hashes:
    """Hash of each of n strings (XXH3), none of them null: uint64, shape (n,).

    Two of a million different strings agree with probability 3e-8 (birthday bound ``n² / 2⁶⁵``).
    """
    if len(texts) == 0:
        return np.empty(0, np.uint64)
    made = daft.Series.from_arrow(texts.cast(pa.large_string())).hash().to_arrow()
    return np.asarray(made.to_numpy(zero_copy_only=False), np.uint64)
