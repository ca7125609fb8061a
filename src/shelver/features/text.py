"""Text as a bag of tokens weighted by TF-IDF.

All work is done on whole Arrow columns (no Python loop over rows), and every row's answer depends on that row alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shelver.config import Text
from shelver.features.batch import Ints

BAG = pa.list_(pa.struct([("id", pa.int32()), ("weight", pa.float32())]))
"""Arrow type of a bag column."""


def tokenize(texts: pa.Array, ngrams: int = 1) -> tuple[Ints, pa.Array]:
    """Split texts into lower-case tokens without accents; anything but letters and digits separates.

    Parameters
    ----------
    texts : pyarrow.Array of string, length n
        Null is an empty text.
    ngrams : int
        Also give runs of up to this many neighbouring tokens, joined by a space.

    Returns
    -------
    rows : ndarray of int64, shape (tokens,)
        Row that each token comes from.
    tokens : pyarrow.Array of string, length tokens
        The tokens.

    Examples
    --------
    >>> rows, tokens = tokenize(pa.array(["Café au lait", None, "2x Tea"]))
    >>> rows.tolist(), tokens.to_pylist()
    ([0, 0, 0, 2, 2], ['cafe', 'au', 'lait', '2x', 'tea'])
    """
    plain = pc.utf8_lower(pc.utf8_normalize(pc.fill_null(texts.cast(pa.string()), ""), "NFKD"))
    spaced = pc.replace_substring_regex(pc.replace_substring_regex(plain, r"\p{M}+", ""), r"[^\p{L}\p{N}]+", " ")
    words = pc.split_pattern(pc.utf8_trim_whitespace(spaced), " ")
    rows = np.repeat(np.arange(len(words)), np.diff(words.offsets.to_numpy()))
    flat = words.flatten()
    if len(flat):
        filled = pc.not_equal(flat, "").to_numpy(zero_copy_only=False)
        rows, flat = rows[filled], flat.filter(pa.array(filled))
    every_rows, every = [rows], [flat]
    for length in range(2, ngrams + 1):
        starts = (
            np.flatnonzero(rows[: len(rows) - length + 1] == rows[length - 1 :]) if len(rows) >= length else rows[:0]
        )
        parts = [flat.take(pa.array(starts + offset)) for offset in range(length)]
        every.append(pc.binary_join_element_wise(*parts, " "))
        every_rows.append(rows[starts])
    return np.concatenate(every_rows), pa.concat_arrays(every)


@dataclass(frozen=True)
class TextFeature:
    """A fitted text feature.

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
    def fit(cls, spec: Text, columns: Iterable[pa.Array]) -> TextFeature:
        """Count in how many products each token occurs and keep the most frequent."""
        found: Counter[str] = Counter()
        documents = 0
        for texts in columns:
            documents += len(texts)
            rows, tokens = tokenize(texts, spec.ngrams)
            coded = tokens.dictionary_encode()
            pairs = np.unique(rows * max(1, len(coded.dictionary)) + coded.indices.to_numpy())
            counts = np.bincount(pairs % max(1, len(coded.dictionary)), minlength=len(coded.dictionary))
            found.update(dict(zip(coded.dictionary.to_pylist(), counts.tolist(), strict=True)))
        kept = sorted((-count, token) for token, count in found.items() if count >= spec.min_count)[: spec.max_tokens]
        idf = (float(np.log((1 + documents) / (1 - count)) + 1) for count, _ in kept)
        return cls(spec, tuple(token for _, token in kept), tuple(idf))

    def apply(self, texts: pa.Array) -> pa.ListArray:
        """Bags of n texts.

        Returns
        -------
        pyarrow.ListArray of struct<id: int32, weight: float32>, length n
            Weights of a row are TF × IDF, divided by their Euclidean length; ids ascend; unknown tokens are dropped.
        """
        rows, tokens = tokenize(texts, self.spec.ngrams)
        ids = pc.fill_null(pc.index_in(tokens, value_set=self._lookup), -1).to_numpy()  # type: ignore[attr-defined]
        known = ids >= 0
        size = max(1, self.size)
        pairs, counts = np.unique(rows[known] * size + ids[known], return_counts=True)
        rows, ids = pairs // size, pairs % size
        weights = counts * self._idf[ids] if len(ids) else np.empty(0)  # type: ignore[attr-defined]
        offsets = np.searchsorted(rows, np.arange(len(texts) + 1))
        if len(rows):
            lengths = np.sqrt(np.bincount(rows, weights * weights, minlength=len(texts)))
            weights = weights / lengths[rows]
        entries = pa.StructArray.from_arrays(
            [pa.array(ids.astype(np.int32)), pa.array(weights.astype(np.float32))], fields=list(BAG.value_type)
        )
        return pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), entries, type=BAG)
