"""Runs of characters within words: spelling mistakes and inflections leave most of them as they were."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shelver.features.batch import Ints
from shelver.features.utf8 import as_bytes, as_strings, ranges
from shelver.features.words import Tokens


@dataclass(frozen=True)
class Spelling:
    """Runs of characters of the words of texts, made once for each distinct word.

    Attributes
    ----------
    words : Tokens
        The words, k distinct ones.
    offsets : ndarray of int64, shape (k + 1,)
        Distinct word *i* owns ``codes[offsets[i]:offsets[i + 1]]``.
    codes : ndarray of int64, shape (runs,)
        Which of the distinct runs.
    distinct : pyarrow.Array of string
        Distinct runs.
    """

    words: Tokens
    offsets: Ints
    codes: Ints
    distinct: pa.Array

    def numbered(self, numbers: Ints) -> tuple[Ints, Ints]:
        """Rows and numbers of the runs of the texts; as `Tokens.numbered`."""
        of_runs = numbers[self.codes]
        known = np.concatenate([[0], np.cumsum(of_runs >= 0)])
        offsets, of_runs = known[self.offsets], of_runs[of_runs >= 0]
        counts = np.diff(offsets)[self.words.codes]
        return np.repeat(self.words.rows, counts), of_runs[ranges(offsets[self.words.codes], counts)]


def spell(words: Tokens, shortest: int, longest: int) -> Spelling:
    """Runs of `shortest` to `longest` characters of words, with a space before and after each word.

    A word that is shorter than a run, spaces included, is one run as it is (as in scikit-learn's ``char_wb``).

    Parameters
    ----------
    words : Tokens
        Words of texts.
    shortest, longest : int
        Characters of a run.

    Examples
    --------
    >>> from shelver.features.words import words
    >>> spell(words(pa.array(["Hat a"])), 3, 4).distinct.to_pylist()
    [' ha', 'hat', 'at ', ' hat', 'hat ', ' a ']
    """
    offsets, data = as_bytes(pc.binary_join_element_wise(" ", words.distinct, " ", ""))
    begins = (data & 0xC0) != 0x80  # bytes that begin a character of UTF-8
    places = np.append(np.flatnonzero(begins), len(data))  # where each character begins
    spans = np.concatenate([[0], np.cumsum(begins)])[offsets]  # first character of each word
    sizes = np.diff(spans)
    of_word, firsts, lasts = [], [], []
    for length in range(shortest, longest + 1):
        counts = np.maximum(sizes - length + 1, 1 if length == shortest else 0)
        word = np.repeat(np.arange(len(sizes)), counts)
        first = ranges(spans[:-1], counts)
        of_word.append(word)
        firsts.append(first)
        lasts.append(np.minimum(first + length, spans[1:][word]))
    word = np.concatenate(of_word)
    order = np.argsort(word, kind="stable")
    start, end = places[np.concatenate(firsts)[order]], places[np.concatenate(lasts)[order]]
    coded = as_strings(data[ranges(start, end - start)], end - start).dictionary_encode()
    counts = np.bincount(word, minlength=len(sizes))
    codes = coded.indices.to_numpy().astype(np.int64)
    return Spelling(words, np.concatenate([[0], np.cumsum(counts)]), codes, coded.dictionary)
