"""Run a graph in blocks of fixed shape, so that a row's numbers never depend on its companions or their number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from shelver.encoders.base import Vectors, unit_rows

CHUNK = 8192
"""Texts tokenised at a time; bounds memory, never changes an answer."""

Run: TypeAlias = Callable[[npt.NDArray[Any]], Vectors]
"""Rows (block, ...) → (block, dims)."""


def in_blocks(run: Run, rows: npt.NDArray[Any], block: int) -> Vectors:
    """Run rows a block at a time; rows that the last block lacks are filled up with copies of the first.

    Every call of the graph thus has the same number of rows: the shapes that a row's arithmetic sees do not depend on
    how many others there are.

    Parameters
    ----------
    run : Run
        The graph.
    rows : ndarray, shape (n, ...), n ≥ 1
    block : int
        Rows in a call.

    Returns
    -------
    ndarray of float32, shape (n, dims)
    """
    count = len(rows)
    filled = np.concatenate([rows, np.repeat(rows[:1], -count % block, axis=0)])
    return np.concatenate([run(filled[i : i + block]) for i in range(0, len(filled), block)])[:count]


def encode_by_length(tokenizer: Tokenizer, run: Run, texts: Sequence[str], dims: int, block: int) -> Vectors:
    """Encode texts in blocks of the same number of tokens: no padding that a row could see, and none to compute.

    Parameters
    ----------
    tokenizer : Tokenizer
        Without padding, with truncation.
    run : Run
        Token ids int64 (block, tokens) → (block, dims).
    texts : sequence of str
        n texts.
    dims, block : int
        Length of a vector; rows in a call of the graph.

    Returns
    -------
    ndarray of float32, shape (n, dims)
        Rows of L2 norm 1; an empty text, and one of no tokens, gives zeros.
    """
    rows = np.zeros((len(texts), dims), np.float32)
    for start in range(0, len(texts), CHUNK):
        chunk = list(texts[start : start + CHUNK])
        ids = [encoding.ids for encoding in tokenizer.encode_batch_fast(chunk)]
        lengths = np.array([len(row) if text else 0 for row, text in zip(ids, chunk, strict=True)])
        for length in np.unique(lengths[lengths > 0]):
            where = np.flatnonzero(lengths == length)
            tokens = np.array([ids[i] for i in where], np.int64)  # (texts of this length, length)
            rows[start + where] = in_blocks(run, tokens, block)
    return unit_rows(rows)
