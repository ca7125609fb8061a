"""The words of a column: how many there are, and how many of the most frequent ones cover most of the text."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from shelver.features.batch import Ints
from shelver.features.utf8 import pieces
from shelver.features.words import words
from shelver.profiling.profile import Spread, Vocabulary
from shelver.profiling.spread import Lengths
from shelver.profiling.values import Values

WORDS = 1 << 20
"""Different words up to which counts are exact."""
LONGEST_WORD = 40
"""Characters of a word that are remembered for showing it."""
SIZES = (500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 512_000, 1_024_000)
"""Sizes of a vocabulary that are tried."""
TOP = 20


class Wording:
    """Counts of words and of texts by their number of words; words are those of features of kind ``text``."""

    def __init__(self) -> None:
        self._values, self._lengths = Values(WORDS, LONGEST_WORD), Lengths()

    def add(self, texts: pa.Array, counts: Ints) -> None:
        """Count n different texts, `counts` times each."""
        start = 0
        for piece in pieces(texts):
            here = counts[start : start + len(piece)]
            found = words(piece)
            weights = np.bincount(found.codes, weights=here[found.rows], minlength=len(found.distinct))
            used = np.flatnonzero(weights)
            self._values.add(found.distinct.take(pa.array(used)), weights[used].astype(np.int64))
            self._lengths.add(np.bincount(found.rows, minlength=len(piece)), here)
            start += len(piece)

    def merge(self, other: Wording) -> None:
        """Count also what another has counted."""
        self._values.merge(other._values)
        self._lengths.merge(other._lengths)

    def lengths(self) -> Spread | None:
        """Words of a text."""
        return self._lengths.summary()

    def summary(self) -> Vocabulary:
        """The words."""
        distinct = self._values.distinct()
        return Vocabulary(
            words=self._values.rows,
            distinct=distinct.count,
            error=distinct.error,
            single=self._values.single(),
            covered=tuple(self._values.covered(SIZES)),
            top=tuple(self._values.top(TOP)),
        )
