"""Text as a bag of tokens: a histogram, its support, or TF-IDF."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shelver.config import Text
from shelver.features.batch import Ints
from shelver.features.counts import CAPACITY, TokenCounts
from shelver.features.tokens import counted, tokenize
from shelver.features.utf8 import pieces

BAG = pa.list_(pa.struct([("id", pa.int32()), ("weight", pa.float32())]))
"""Arrow type of a bag column."""


@dataclass(frozen=True)
class TextFeature:
    """A fitted text feature (thesis, section 2.1.2).

    Attributes
    ----------
    spec : Text
        Its settings.
    tokens : tuple of str
        Vocabulary, most frequent first (ties in alphabetical order).
    idf : tuple of float
        Inverse document frequency of each token: ``ln((1 + n) / (1 + df)) + 1`` (as in scikit-learn's smooth idf).
    """

    spec: Text
    tokens: tuple[str, ...]
    idf: tuple[float, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "_lookup", pa.array(self.tokens, pa.string()))
        object.__setattr__(self, "_idf", np.asarray(self.idf, np.float64))

    @property
    def size(self) -> int:
        """Number of tokens kept."""
        return len(self.tokens)

    @classmethod
    def fit(cls, spec: Text, columns: Iterable[pa.Array]) -> Self:
        """Count in how many products each token occurs and keep the most frequent."""
        learner = TextLearner(spec)
        for texts in columns:
            learner.add(texts)
        return cls(spec, *learner.vocabulary())

    def apply(self, texts: pa.Array) -> pa.ListArray:
        """Bags of n texts.

        Returns
        -------
        pyarrow.ListArray of struct<id: int32, weight: float32>, length n
            With weight = ``count``: how often each token occurs in the row; ``binary``: 1; ``tfidf``: TF × IDF,
            divided by the Euclidean length of the row. Ids ascend; unknown tokens are dropped.
        """
        return pa.concat_arrays([pa.array([], BAG), *(self._bags(piece) for piece in pieces(texts))])

    def _bags(self, texts: pa.Array) -> pa.ListArray:
        tokens = tokenize(texts, self.spec)
        places = pc.index_in(tokens.distinct, value_set=self._lookup)  # type: ignore[attr-defined]
        rows, ids, counts = counted(*tokens.numbered(as_numbers(places)), self.size)
        weights = counts.astype(np.float64)
        if self.spec.weight == "binary":
            weights[:] = 1
        elif self.spec.weight == "tfidf":
            weights *= self._idf[ids]  # type: ignore[attr-defined]
            weights /= np.sqrt(np.bincount(rows, weights * weights, minlength=len(texts)))[rows]
        offsets = np.searchsorted(rows, np.arange(len(texts) + 1))
        entries = pa.StructArray.from_arrays(
            [pa.array(ids.astype(np.int32)), pa.array(weights.astype(np.float32))], fields=list(BAG.value_type)
        )
        return pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), entries, type=BAG)


def as_numbers(places: pa.Array) -> Ints:
    """Places found by ``index_in`` as int64; -1 where there is none."""
    return np.asarray(pc.fill_null(places, -1).to_numpy(), np.int64)


class TextLearner:
    """Learns the vocabulary of a text feature from a stream of columns; memory does not grow with the catalogue.

    Parameters
    ----------
    spec : Text
        Its settings.
    """

    def __init__(self, spec: Text) -> None:
        self.spec, self.counts = spec, TokenCounts(max(CAPACITY, 8 * spec.max_tokens))

    def add(self, texts: pa.Array) -> None:
        """Count the tokens of a column; a token counts once for each product."""
        for window in self.counts.windows(texts):
            for piece in pieces(window):
                tokens = tokenize(piece, self.spec)
                size = len(tokens.distinct)
                _, numbers, _ = counted(*tokens.numbered(np.arange(size)), size)
                self.counts.add(tokens.distinct, np.bincount(numbers, minlength=size))

    def vocabulary(self) -> tuple[tuple[str, ...], tuple[float, ...]]:
        """Tokens kept and their inverse document frequencies; see `TextFeature`."""
        tokens, counts = self.counts.most_frequent(self.spec.max_tokens, self.spec.min_count)
        idf = np.log((1 + self.counts.rows) / (1 + counts)) + 1
        return tokens, tuple(idf.tolist())

    def fitted(self) -> TextFeature:
        """What was learnt."""
        return TextFeature(self.spec, *self.vocabulary())
