"""What tells products apart, and what tells their content apart: hashes, stable for ever."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

BYTES = 10
"""Of a hash; two of ten million products agree by chance with probability 4e-11."""

_SEPARATOR = "\x1f"


def product_id(source: str, merchant: str | None, merchant_id: str) -> str:
    """Stable identity of a product: 20 hex digits.

    Examples
    --------
    >>> product_id("shop", None, "4711")
    'd7cb4b5f2761a57fff7f'
    """
    key = f"{source}{_SEPARATOR}{merchant or ''}{_SEPARATOR}{merchant_id}"
    return hashlib.blake2b(key.encode(), digest_size=BYTES).hexdigest()


def product_ids(source: str, merchants: pa.Array, merchant_ids: pa.Array) -> pa.Array:
    """`product_id` of n rows, as a string array of shape (n,); null where `merchant_ids` is."""
    keys = pc.binary_join_element_wise(source, pc.fill_null(merchants, ""), merchant_ids, _SEPARATOR)
    return _hashes(keys)


def row_hashes(columns: Sequence[pa.Array]) -> pa.Array:
    """Hash of every row: 20 hex digits, a string array of shape (n,).

    Parameters
    ----------
    columns : sequence of pyarrow.StringArray, each of shape (n,)
        What is hashed. Null and empty are the same. Texts must not hold the character U+001F, as no clean text does.
    """
    return _hashes(pc.binary_join_element_wise(*columns, _SEPARATOR, null_handling="replace", null_replacement=""))


def bits(values: pa.Array) -> pa.Array:
    """Numbers as text, the same for equal numbers only: their 64 bits as an integer; null stays null."""
    return pc.cast(values.view(pa.int64()), pa.string())


def _hashes(keys: pa.Array) -> pa.Array:
    """Hash of each text of a string array of shape (n,); null for null."""
    count, hashed = len(keys), hashlib.blake2b
    offsets = np.frombuffer(keys.buffers()[1], np.int32)[keys.offset : keys.offset + count + 1].tolist()
    data = memoryview(keys.buffers()[2] or b"")
    found = [hashed(data[start:end], digest_size=BYTES).digest() for start, end in pairwise(offsets)]
    text = pa.py_buffer(b"".join(found).hex().encode())
    ends = pa.py_buffer(np.arange(0, 2 * BYTES * count + 1, 2 * BYTES, dtype=np.int32))
    hexes = pa.StringArray.from_buffers(count, ends, text)
    return pc.if_else(keys.is_valid(), hexes, None) if keys.null_count else hexes
