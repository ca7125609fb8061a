"""Which side of the split a product is on: decided by its title alone, so repeated titles stay together.

Nothing needs to be remembered: the same title gives the same side in every run, on every machine, for any catalogue.
"""

from __future__ import annotations

import hashlib
from enum import IntEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from shelver.config import Split


class Side(IntEnum):
    """Side of the split; the value is what tables hold."""

    TRAIN = 0
    VALID = 1
    TEST = 2


def title_key(titles: pa.Array) -> pa.Array:
    """Titles that differ only in case, accents, punctuation or spaces get the same key."""
    plain = pc.utf8_lower(pc.utf8_normalize(pc.fill_null(titles.cast(pa.string()), ""), "NFKD"))
    return pc.replace_substring_regex(plain, r"[^\p{L}\p{N}]+", "")


def sides(titles: pa.Array, split: Split) -> npt.NDArray[np.int8]:
    """Side of each product.

    Parameters
    ----------
    titles : pyarrow.Array of string, length n
        Their titles.
    split : Split
        Shares and seed: `test` of all, then `valid` of the rest (thesis, section 2.6: development and test first).

    Returns
    -------
    ndarray of int8, shape (n,)
        Values of `Side`.
    """
    seed = str(split.seed).encode()
    keys = title_key(titles).to_pylist()
    hashes = (hashlib.blake2b(key.encode(), digest_size=8, key=seed).digest() for key in keys)
    place = np.frombuffer(b"".join(hashes), ">u8").astype(np.float64) / 2.0**64
    valid_from = 1 - split.test - (1 - split.test) * split.valid
    answer = np.full(len(keys), Side.TRAIN, np.int8)
    answer[place >= valid_from] = Side.VALID
    answer[place >= 1 - split.test] = Side.TEST
    return answer
