"""Text as the numbers of its words in order, for nets that read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shelver.config import Sequence, Text
from shelver.features.batch import Ints
from shelver.features.text import TextLearner
from shelver.features.utf8 import pieces
from shelver.features.words import words

SEQUENCE = pa.list_(pa.int32())
"""Arrow type of a sequence column: as many numbers as the row has words; padding is added in memory alone."""

UNKNOWN = 1
"""Number of a word that is not in the vocabulary; 0 is padding."""
FIRST = 2
"""Number of the first word of the vocabulary."""


@dataclass(frozen=True)
class SequenceFeature:
    """A fitted sequence feature (thesis, section 2.1.2: text as a sequence of word embeddings).

    Attributes
    ----------
    spec : Sequence
        Its settings.
    tokens : tuple of str
        Words, most frequent first (ties in alphabetical order); the word at place *i* has the number ``i + 2``.
    """

    spec: Sequence
    tokens: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "_lookup", pa.array(self.tokens, pa.string()))

    @property
    def size(self) -> int:
        """Number of words kept, one for padding and one for unknown words."""
        return len(self.tokens) + FIRST

    @classmethod
    def fit(cls, spec: Sequence, columns: Iterable[pa.Array]) -> Self:
        """Count in how many products each word occurs and keep the most frequent."""
        learner = SequenceLearner(spec)
        for texts in columns:
            learner.add(texts)
        return cls(spec, learner.words())

    def apply(self, texts: pa.Array) -> pa.ListArray:
        """Numbers of the first ``length`` words of n texts: list<int32>, length n; empty where the text is missing."""
        return pa.concat_arrays([pa.array([], SEQUENCE), *(self._numbers(piece) for piece in pieces(texts))])

    def _numbers(self, texts: pa.Array) -> pa.ListArray:
        found = words(texts)
        numbers = pc.fill_null(pc.add(pc.index_in(found.distinct, value_set=self._lookup), FIRST), UNKNOWN)  # type: ignore[attr-defined]
        counts = np.bincount(found.rows, minlength=len(texts))
        places = np.arange(len(found.rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        kept = found.codes[places < self.spec.length]
        offsets = np.concatenate([[0], np.cumsum(np.minimum(counts, self.spec.length))]).astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(offsets), numbers.cast(pa.int32()).take(pa.array(kept)))


class SequenceLearner:
    """Learns the words of a sequence feature from a stream of columns; as `TextLearner`.

    Parameters
    ----------
    spec : Sequence
        The feature's settings.
    """

    def __init__(self, spec: Sequence) -> None:
        self.spec = spec
        self.learner = TextLearner(Text(max_tokens=spec.max_tokens, min_count=spec.min_count))

    def add(self, texts: pa.Array) -> None:
        """Count the words of a column."""
        self.learner.add(texts)

    def words(self) -> tuple[str, ...]:
        """Words kept; see `SequenceFeature`."""
        return self.learner.vocabulary()[0]

    def fitted(self) -> SequenceFeature:
        """What was learnt."""
        return SequenceFeature(self.spec, self.words())


def read_sequence(column: pa.ListArray, length: int) -> Ints:
    """A sequence column as a table: int64, shape (rows, length); 0 after the last word.

    Raises
    ------
    ValueError
        A row has more than `length` words.
    """
    counts = pc.fill_null(pc.list_value_length(column), 0).to_numpy()
    if len(counts) and counts.max() > length:
        raise ValueError(f"a sequence has {counts.max()} words; its feature has {length}")
    table = np.zeros((len(column), length), np.int64)
    table[np.arange(length) < counts[:, None]] = column.flatten().to_numpy()
    return table
