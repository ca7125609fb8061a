"""Texts as tokens of the kind that a feature's settings want."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from shelver.config import Text
from shelver.features.batch import Ints
from shelver.features.characters import Spelling, spell
from shelver.features.words import Tokens, runs_of_words, words


def tokenize(texts: pa.Array, spec: Text) -> Tokens | Spelling:
    """Tokens of texts: words, runs of words, or runs of characters within words.

    Parameters
    ----------
    texts : pyarrow.Array of string, length n
        Null is an empty text. Best one of the `pieces` of a column.
    spec : Text
        What a token is.

    Returns
    -------
    Tokens or Spelling
        ``distinct``: the distinct tokens; ``numbered``: rows and numbers of all tokens, once the distinct ones have
        numbers.
    """
    found = words(texts)
    return spell(found, *spec.characters) if spec.tokens == "characters" else runs_of_words(found, spec.ngrams)


def counted(rows: Ints, numbers: Ints, size: int) -> tuple[Ints, Ints, Ints]:
    """Distinct pairs in ascending order and how often each occurs, for ``0 <= numbers < size``."""
    pairs, counts = np.unique(rows * size + numbers, return_counts=True)
    rows, numbers = np.divmod(pairs, max(1, size))
    return rows, numbers, counts
