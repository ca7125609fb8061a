"""Texts as bytes: cut, normalised and put together again without a loop over rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from shelver.features.batch import Ints

Bytes = npt.NDArray[np.uint8]

PIECE = 1 << 20
"""Bytes of text worked on at a time (a longer text is a piece of its own); bounds memory, never changes an answer."""

SPACE = ord(" ")
PLAIN: Bytes = np.array(
    [ord(chr(i).lower()) if chr(i).isalnum() else SPACE for i in range(128)] + list(range(128, 256)),
    np.uint8,
)
"""Byte of UTF-8 → lower case if it is an ASCII letter, space if ASCII and neither letter nor digit, else as it is."""


def pieces(texts: pa.Array) -> Iterator[pa.Array]:
    """A column cut into slices of about `PIECE` bytes, of a row at least; nothing for an empty column."""
    texts = texts.cast(pa.string())
    ends = np.cumsum(pc.fill_null(pc.binary_length(texts), 0).to_numpy(zero_copy_only=False), dtype=np.int64)
    start = 0
    while start < len(texts):
        done = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, done + PIECE, side="right")))
        yield texts.slice(start, stop - start)
        start = stop


def bare(texts: pa.Array) -> pa.Array:
    """Texts in lower case without accents; anything but letters and digits is a space."""
    lower = pc.utf8_lower(pc.utf8_normalize(texts, "NFKD"))
    return pc.replace_substring_regex(pc.replace_substring_regex(lower, r"\p{M}+", ""), r"[^\p{L}\p{N}]+", " ")


def as_bytes(texts: pa.Array) -> tuple[Ints, Bytes]:
    """Offsets from 0, shape (n + 1,), and UTF-8 of texts without nulls."""
    if len(texts) == 0:
        return np.zeros(1, np.int64), np.empty(0, np.uint8)
    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    found = np.frombuffer(data or b"", np.uint8)[ends[0] : ends[-1]]
    return ends - ends[0], found


def as_strings(data: Bytes, sizes: Ints) -> pa.Array:
    """UTF-8 of strings one after the other, and their sizes, as an Arrow array."""
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    return pa.StringArray.from_buffers(len(sizes), pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(data)))


def ranges(starts: Ints, sizes: Ints) -> Ints:
    """``starts[0], starts[0] + 1, ...``, `sizes[0]` numbers, then the same for the next."""
    ends = np.cumsum(sizes)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - ends + sizes, sizes)
