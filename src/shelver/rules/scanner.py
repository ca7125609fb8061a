"""Find all patterns in many texts in one pass (Aho & Corasick 1975, doi:10.1145/360825.360855)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from shelver.rules.fold import MARKS, fold, is_word
from shelver.rules.patterns import Pattern

Ints = npt.NDArray[np.int64]

_EDGE = "\n"  # between texts; folding has made every line break inside a text a space
_ASCII_WORD = np.array([is_word(chr(code)) for code in range(128)])  # (128,) bool


class Spots(NamedTuple):
    """Where patterns were found: four arrays of one length, in no particular order.

    Attributes
    ----------
    row, pattern : ndarray of int64, shape (s,)
        Index of the text, index of the pattern.
    start, end : ndarray of int64, shape (s,)
        First character and the one after the last, in the text as it was given.
    """

    row: Ints
    pattern: Ints
    start: Ints
    end: Ints


class Scanner:
    """All patterns of one field.

    Parameters
    ----------
    patterns : sequence of Pattern
        At least one.
    """

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        literals = [pattern.literal for pattern in patterns]
        self._automaton = AhoCorasick(
            literals, matchkind=MatchKind.Standard, implementation=Implementation.ContiguousNFA
        )
        self._open_start = np.array([pattern.open_start for pattern in patterns])  # (p,)
        self._open_end = np.array([pattern.open_end for pattern in patterns])  # (p,)

    def scan(self, texts: Sequence[str]) -> Spots:
        """Find every occurrence of every pattern, overlapping ones too.

        Parameters
        ----------
        texts : sequence of str
            As written: case, accents and all.

        Returns
        -------
        Spots
            All matches that begin and end at the edge of a word (unless the pattern is open there).
        """
        joined = _EDGE + _EDGE.join(map(fold, texts)) + _EDGE
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        starts = 1 + np.cumsum(lengths + 1) - lengths - 1  # (n,) first character of each text in `joined`
        kept = None
        if not joined.isascii() and MARKS.search(joined):
            kept = np.flatnonzero(~_is_mark(_codes(joined)))  # position of every character that stays
            joined = MARKS.sub("", joined)
        found = self._automaton.find_matches_as_indexes(joined, overlapping=True)
        flat = np.fromiter(chain.from_iterable(found), np.int64, 3 * len(found)).reshape(-1, 3)
        pattern, start, end = flat[:, 0], flat[:, 1], flat[:, 2]
        codes = _codes(joined)
        whole = (self._open_start[pattern] | ~_are_words(codes[start - 1])) & (
            self._open_end[pattern] | ~_are_words(codes[end])
        )
        pattern, start, end = pattern[whole], start[whole], end[whole]
        if kept is not None:
            start, end = kept[start], kept[end]
        row = np.searchsorted(starts, start, side="right") - 1
        return Spots(row, pattern, start - starts[row], end - starts[row])


def _codes(text: str) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint32]:
    if text.isascii():
        return np.frombuffer(text.encode("ascii"), np.uint8)
    return np.frombuffer(text.encode("utf-32-le"), np.uint32)


def _is_mark(codes: npt.NDArray[np.uint8] | npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    marks: npt.NDArray[np.bool_] = (codes >= 0x300) & (codes <= 0x36F)
    return marks


def _are_words(codes: npt.NDArray[np.uint8] | npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    """Which characters belong to words; shape of `codes`."""
    words: npt.NDArray[np.bool_] = _ASCII_WORD[codes & 0x7F]
    beyond = codes > 0x7F
    if beyond.any():
        distinct, index = np.unique(codes[beyond], return_inverse=True)
        words[beyond] = np.array([is_word(chr(code)) for code in distinct.tolist()])[index]
    return words
