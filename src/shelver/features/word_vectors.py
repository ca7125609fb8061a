"""Vectors that a text encoder makes of the words of a vocabulary: where pretrained embeddings begin."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from shelver.errors import ModelError
from shelver.features.sequence import FIRST, SequenceFeature
from shelver.features.text import TextFeature

Vectors = npt.NDArray[np.float32]
CHUNK = 4096
"""Words encoded at a time; bounds memory, never changes an answer."""


def word_vectors(tokens: Sequence[str], encode: Callable[[Sequence[str]], Vectors]) -> Vectors:
    """Encode every word on its own.

    Parameters
    ----------
    tokens : sequence of str
        ``Transform.fitted[name].tokens`` of a text or sequence feature.
    encode : callable
        Texts → float32, shape (texts, dims); ``encode`` of an `Encoder`.

    Returns
    -------
    ndarray of float32, shape (tokens, dims)
        Row *i* belongs to token *i*.

    Raises
    ------
    ModelError
        The encoder gave another number of rows, or numbers that are not finite.
    """
    parts = [encode(tokens[start : start + CHUNK]) for start in range(0, max(1, len(tokens)), CHUNK)]
    vectors = np.concatenate(parts).astype(np.float32)
    if len(vectors) != len(tokens) or not np.isfinite(vectors).all():
        raise ModelError(
            f"the encoder made an array of shape {vectors.shape} of {len(tokens)} words",
            expected="one row of finite numbers for each word",
            hint='use another encoder for the words, or: embedding = "trained"',
        )
    return vectors


def embedding_rows(feature: TextFeature | SequenceFeature, encode: Callable[[Sequence[str]], Vectors]) -> Vectors:
    """First values of a whole table of embeddings of a feature.

    Parameters
    ----------
    feature : TextFeature or SequenceFeature
        Fitted.
    encode : callable
        As for `word_vectors`.

    Returns
    -------
    ndarray of float32, shape (``Transform.size``, dims)
        Of a sequence, row 0 (padding) is zero and row 1 (unknown) is the mean word.
    """
    vectors = word_vectors(feature.tokens, encode)
    dims = vectors.shape[1]
    if isinstance(feature, TextFeature):
        return vectors if len(vectors) else np.zeros((1, dims), np.float32)
    mean = vectors.mean(axis=0, keepdims=True) if len(vectors) else np.zeros((1, dims), np.float32)
    return np.concatenate([np.zeros((FIRST - 1, dims), np.float32), mean, vectors])
