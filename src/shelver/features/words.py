"""Texts as words, and as runs of words.

There is no Python loop over rows or words; what is made of words is made once for each distinct word.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shelver.features.batch import Ints
from shelver.features.utf8 import PLAIN, SPACE, as_bytes, as_strings, bare, ranges


@dataclass(frozen=True)
class Tokens:
    """Tokens of n texts.

    Attributes
    ----------
    rows : ndarray of int64, shape (tokens,)
        Text that each token stands in.
    codes : ndarray of int64, shape (tokens,)
        Which of the distinct tokens it is.
    distinct : pyarrow.Array of string
        Distinct tokens.
    """

    rows: Ints
    codes: Ints
    distinct: pa.Array

    def numbered(self, numbers: Ints) -> tuple[Ints, Ints]:
        """Rows and numbers of the tokens.

        Parameters
        ----------
        numbers : ndarray of int64, shape (distinct,)
            Number of each distinct token; tokens with a negative one are left out.

        Returns
        -------
        rows, numbers : ndarray of int64, shape (known tokens,)
        """
        found = numbers[self.codes]
        known = found >= 0
        return self.rows[known], found[known]

    def to_pylist(self) -> list[str]:
        """The tokens themselves."""
        found: list[str] = self.distinct.take(pa.array(self.codes)).to_pylist()
        return found


def words(texts: pa.Array) -> Tokens:
    """Cut texts into lower-case words without accents; anything but letters and digits separates.

    Parameters
    ----------
    texts : pyarrow.Array of string, length n
        Null is an empty text.

    Returns
    -------
    Tokens
        In the order of the texts.

    Examples
    --------
    >>> found = words(pa.array(["Café au lait", None, "2x Tea"]))
    >>> found.rows.tolist(), found.to_pylist()
    ([0, 0, 0, 2, 2], ['cafe', 'au', 'lait', '2x', 'tea'])
    """
    rows, found = _cut(pc.fill_null(texts.cast(pa.string()), ""))
    coded = found.dictionary_encode()
    return _without_accents(Tokens(rows, coded.indices.to_numpy().astype(np.int64), coded.dictionary))


def _cut(texts: pa.Array) -> tuple[Ints, pa.Array]:
    """Rows, and what is between all that is ASCII, but neither letter nor digit; ASCII in lower case."""
    offsets, data = as_bytes(texts)
    letters = PLAIN[data]
    inside = letters != SPACE
    after = np.empty(len(inside) + 1, bool)  # after[i]: byte i - 1 is in a word of the same text
    after[0], after[1:] = False, inside
    after[offsets] = False
    starts = np.flatnonzero(inside & ~after[:-1])
    before = np.empty(len(inside) + 1, bool)  # before[i]: byte i is in a word of the same text as byte i - 1
    before[:-1], before[-1] = inside, False
    before[offsets] = False
    ends = np.flatnonzero(inside & ~before[1:]) + 1
    return np.searchsorted(offsets, starts, side="right") - 1, as_strings(letters[inside], ends - starts)


def _without_accents(found: Tokens) -> Tokens:
    """The distinct tokens that are not ASCII normalised, and cut where they have other separators."""
    odd = pc.invert(pc.string_is_ascii(found.distinct)).to_numpy(zero_copy_only=False)
    if not odd.any():
        return found
    owners, parts = _cut(bare(found.distinct.filter(pa.array(odd))))
    sizes = np.bincount(owners, minlength=int(odd.sum()))
    coded = pa.concat_arrays([found.distinct.filter(pa.array(~odd)), parts]).dictionary_encode()
    counts = np.ones(len(odd), np.int64)  # of the words that each token becomes
    counts[odd] = sizes
    starts = np.cumsum(~odd) - 1  # of these words, in `coded`
    starts[odd] = len(odd) - len(sizes) + np.cumsum(sizes) - sizes
    here = counts[found.codes]
    codes = coded.indices.to_numpy().astype(np.int64)[ranges(starts[found.codes], here)]
    return Tokens(np.repeat(found.rows, here), codes, coded.dictionary)


def runs_of_words(found: Tokens, longest: int) -> Tokens:
    """Words, and runs of up to `longest` neighbouring words, joined by a space.

    Parameters
    ----------
    found : Tokens
        Words, in order.
    longest : int
        1: the words alone.

    Returns
    -------
    Tokens
        The words, then the runs of two, and so on.
    """
    starts, codes, names = np.arange(len(found.rows)), found.codes, found.distinct
    all_rows, all_codes, all_names = [found.rows], [codes], [names]
    for length in range(2, longest + 1):
        ends = starts + length - 1
        inside = ends < len(found.rows)
        inside[inside] = found.rows[starts[inside]] == found.rows[ends[inside]]
        starts, ends, codes = starts[inside], ends[inside], codes[inside]
        pairs, codes = np.unique(codes * len(found.distinct) + found.codes[ends], return_inverse=True)
        first, last = np.divmod(pairs, max(1, len(found.distinct)))
        names = pc.binary_join_element_wise(names.take(pa.array(first)), found.distinct.take(pa.array(last)), " ")
        all_codes.append(codes + sum(map(len, all_names)))
        all_rows.append(found.rows[starts])
        all_names.append(names)
    return Tokens(np.concatenate(all_rows), np.concatenate(all_codes), pa.concat_arrays(all_names))
