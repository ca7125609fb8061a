"""Which language a product's text is in, for whole columns at the cost of a lookup per word."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from tempfile import gettempdir
from threading import Lock, Thread
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from shelver.files import tidy_errors

LANGUAGES = (
    "ar", "bg", "bn", "bs", "ca", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "he", "hi", "hr", "hu",
    "id", "is", "it", "ja", "ka", "kk", "ko", "lt", "lv", "mk", "ms", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl",
    "sq", "sr", "sv", "sw", "ta", "te", "th", "tl", "tr", "uk", "ur", "vi", "zh",
)  # fmt: skip
"""Languages of trade, of the 97 that the model knows (ISO 639-1); small ones would win texts of brands and numbers."""

NO_LANGUAGE = "zxx"
"""Code of a text in no language, such as a part number (ISO 639)."""

CERTAIN = 0.5
"""Least probability of a language that is told."""

MAX_CHARS = 300
"""Characters of a description that are looked at."""

REMEMBERED = 65_536
"""Words whose scores are kept from one batch to the next: 14 MB."""

_MAX_WORD = 24
_LOADING = Lock()
_WORDS_AT_ONCE = 1 << 18

Floats: TypeAlias = npt.NDArray[np.float32]
Ints: TypeAlias = npt.NDArray[np.int64]


def languages(titles: pa.Array, descriptions: pa.Array) -> pa.Array:
    """Language of n products.

    Parameters
    ----------
    titles, descriptions : pyarrow.StringArray, shape (n,)
        Clean texts.

    Returns
    -------
    pyarrow.StringArray, shape (n,)
        ISO 639-1 codes; null where no language has the probability `CERTAIN`. The title decides, or if it is not sure,
        title and beginning of the description. A pure function of each row.
    """
    best, sure = _decide(titles)
    unsure = pc.and_(pa.array(~sure), pc.is_valid(descriptions))
    if unsure.true_count:
        start = pc.utf8_slice_codeunits(descriptions.filter(unsure), 0, MAX_CHARS)
        more = pc.binary_join_element_wise(pc.fill_null(titles.filter(unsure), ""), start, " ")
        rows = np.flatnonzero(unsure.to_numpy(zero_copy_only=False))
        best[rows], sure[rows] = _decide(more)
    return pa.DictionaryArray.from_arrays(pa.array(best, mask=~sure), pa.array(_model().codes)).dictionary_decode()


def get_ready() -> None:
    """Load the model in a thread of its own; who needs it meanwhile waits, and is told what is wrong with it."""

    def load() -> None:
        with suppress(Exception):
            _model()

    Thread(target=load, name="language model", daemon=True).start()


def probabilities(texts: pa.Array) -> tuple[tuple[str, ...], Floats]:
    """Probability of each language.

    Parameters
    ----------
    texts : pyarrow.StringArray, shape (n,)
        Texts; null is an empty one.

    Returns
    -------
    codes : tuple of str
        `LANGUAGES` and `NO_LANGUAGE`.
    probabilities : numpy.ndarray of float32, shape (n, languages)
        Each row sums to 1; equal shares for a text without words.

    Notes
    -----
    py3langid's model is naive Bayes over short byte strings (Lui and Baldwin 2011, Cross-domain feature selection for
    language identification). Its scores of single words, each with a blank around it, are added up, which leaves out
    byte strings that reach over three words, and lets every word be scored once. The sum is divided by the root of the
    bytes, as py3langid does, because the features are not independent.
    """
    model = _model()
    lists = pc.utf8_split_whitespace(pc.utf8_lower(pc.fill_null(texts, "")))
    words = lists.flatten().dictionary_encode()
    scores, sizes = _memory().score(words.dictionary)
    ends = np.asarray(lists.offsets).astype(np.int64)
    ends -= ends[0]
    codes = words.indices.to_numpy().astype(np.int64)
    ones = np.ones(len(codes), np.float32)
    counts = sparse.csr_array((ones, codes, ends), shape=(len(texts), len(sizes)))
    size = np.maximum(counts @ sizes, 1).astype(np.float32)
    found: Floats = (counts @ scores + model.prior * (size > 1)[:, None]) / np.sqrt(size)[:, None]
    np.exp(found - found.max(axis=1, keepdims=True), out=found)
    return model.codes, found / found.sum(axis=1, keepdims=True)


def _decide(texts: pa.Array) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Best language of each text, and whether it is told."""
    codes, found = probabilities(texts)
    best = found.argmax(axis=1)
    sure = found[np.arange(len(found)), best] >= CERTAIN
    return best, sure & (best != codes.index(NO_LANGUAGE))


@dataclass(frozen=True)
class _Model:
    """py3langid's model, cut to some languages.

    Attributes
    ----------
    codes : tuple of str
        The languages.
    prior : numpy.ndarray of float32, shape (languages,)
        Log prior.
    features : numpy.ndarray of float32, shape (features, languages)
        Log probability of each feature.
    moves : numpy.ndarray of uint16, shape (distinct rows × 256,)
        Next state of the automaton that finds the features.
    rows : numpy.ndarray of int64, shape (states,)
        Where the moves of each state begin.
    found : numpy.ndarray of int32, shape (states,)
        Feature that ends in a state, or -1.
    """

    codes: tuple[str, ...]
    prior: Floats
    features: Floats
    moves: npt.NDArray[np.uint32]
    rows: Ints
    found: npt.NDArray[np.int32]

    def score(self, words: list[str]) -> tuple[Floats, Ints]:
        """Scores of each word, shape (words, languages), and its bytes if it counts, shape (words,)."""
        parts = [self._score(words[at : at + _WORDS_AT_ONCE]) for at in range(0, len(words), _WORDS_AT_ONCE)]
        if not parts:
            return np.zeros((0, len(self.codes)), np.float32), np.zeros(0, np.int64)
        scores, sizes = zip(*parts, strict=True)
        return np.concatenate(scores), np.concatenate(sizes)

    def _score(self, words: list[str]) -> tuple[Floats, Ints]:
        padded = [f" {bare[:_MAX_WORD]} ".encode() if (bare := _bare(word)) else b"" for word in words]
        sizes = np.array([len(word) for word in padded], np.int64)
        ends = np.concatenate([[0], np.cumsum(sizes)])
        data = np.frombuffer(b"".join(padded), np.uint8).astype(np.int64)
        order = np.argsort(-sizes, kind="stable")  # so that the words which are not at their end yet come first
        state = np.zeros(len(words), np.int64)
        at, feature = [], []
        for place in range(int(sizes.max(initial=0))):
            going = order[: int(np.searchsorted(-sizes[order], -place, side="left"))]
            state[going] = self.moves[self.rows[state[going]] + data[ends[going] + place]]
            hit = self.found[state[going]]
            at.append(going[hit >= 0])
            feature.append(hit[hit >= 0])
        if not at:
            return np.zeros((len(words), len(self.codes)), np.float32), sizes
        rows, columns = np.concatenate(at), np.concatenate(feature)
        by_word = np.argsort(rows, kind="stable")
        offsets = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(words)))])
        ones = np.full(len(rows), np.log(2), np.float32)  # py3langid: the logarithm of 1 + count
        hits = sparse.csr_array((ones, columns[by_word], offsets), shape=(len(words), len(self.features)))
        return np.asarray(hits @ self.features, np.float32), sizes


class _Memory:
    """Scores of the words of late: most words of a catalogue come again and again.

    Parameters
    ----------
    model : _Model
        Scores words that are new.
    """

    def __init__(self, model: _Model) -> None:
        self._model, self._lock = model, Lock()
        self._words = pa.array([], pa.string())
        self._scores = np.zeros((REMEMBERED, len(model.codes)), np.float32)
        self._sizes = np.zeros(REMEMBERED, np.int64)

    def score(self, words: pa.StringArray) -> tuple[Floats, Ints]:
        """As `_Model.score`, for distinct words."""
        with self._lock:
            known = pc.index_in(words, value_set=self._words)
            new = words.filter(known.is_null())
            if len(self._words) + len(new) > REMEMBERED:
                self._words = self._words.slice(0, 0)
                known, new = pa.nulls(len(words), pa.int32()), words
            if len(new) > REMEMBERED:
                return self._model.score(new.to_pylist())
            start = len(self._words)
            stop = start + len(new)
            self._scores[start:stop], self._sizes[start:stop] = self._model.score(new.to_pylist())
            self._words = pa.concat_arrays([self._words, new])
            places = pc.fill_null(known, 0).to_numpy().astype(np.int64)
            places[known.is_null().to_numpy(zero_copy_only=False)] = np.arange(start, stop)
            return self._scores[places], self._sizes[places]


@cache
def _memory() -> _Memory:
    return _Memory(_model())


def _bare(word: str) -> str:
    """Word without punctuation at its ends; empty if it has a digit or no letter."""
    bare = word.strip(".,;:!?()[]{}\"'«»„“”‚‘’-–—/|*+&®™©•")
    return "" if any(map(str.isdigit, bare)) or not any(map(str.isalpha, bare)) else bare


def _model() -> _Model:
    with _LOADING:
        return _loaded()


@cache
def _loaded() -> _Model:
    module = import_module("py3langid.langid")
    with tidy_errors(gettempdir()):  # where py3langid unpacks 68 MB
        loaded = module.LanguageIdentifier.from_model_file(module.MODEL_FILE)
    codes = (*LANGUAGES, NO_LANGUAGE)
    columns = [loaded.nb_classes.index(code) for code in codes]
    return _Model(
        codes=codes,
        prior=np.asarray(loaded.nb_pc, np.float32)[columns],
        features=np.ascontiguousarray(np.asarray(loaded.nb_ptc)[:, columns], np.float32),
        moves=np.asarray(loaded.tk_nextmove),
        rows=np.asarray(loaded.tk_row, np.int64) << 8,
        found=np.asarray(loaded.tk_output, np.int32),
    )
