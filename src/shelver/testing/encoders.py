"""What every encoder must do; a new encoder's test is one call of `check_encoder`."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import numpy as np

from shelver.encoders.base import Encoder, Vectors

WORDS = (
    "red",
    "shoe",
    "organic",
    "milk",
    "12",
    "oz",
    "bag",
    "of",
    "gluten-free",
    "snack",
    "women's",
    "jacket",
    "XL",
    "café",
)
ODD = (
    "",
    "a",
    "A  double  space",
    "tab\tand\nnewline",
    "日本語のタイトル",
    "😀 emoji",
    "naïve façade Ærø ß",
    "e\u0301 combining",
    "\u200bzero width",
    "[CLS] <s> </s> [PAD]",
    "word " * 300,
)


def check_encoder(encoder: Encoder, texts: int = 1000, tolerance: float = 1e-3) -> None:
    """Check that an encoder keeps its promises; equal means equal bits.

    Parameters
    ----------
    encoder : Encoder
        The one to check; it is pickled, too.
    texts : int
        Number of made-up titles of 1 to 12 words.
    tolerance : float
        How far a norm may be from 1 (float16 rounding: about 1e-3).

    Raises
    ------
    AssertionError
        A promise is broken; the message says which.
    """
    _true(encoder.name.rpartition(".")[2].startswith("v"), f"the name {encoder.name!r} has no version")
    rng = np.random.default_rng(0)
    titles = [" ".join(rng.choice(WORDS, rng.integers(1, 13))) for _ in range(texts)] + list(ODD)
    whole = encoder.encode(titles)
    _check_form(encoder, titles, whole, tolerance)
    _check_alone(encoder, titles, whole, rng)
    copy = cast(Encoder, pickle.loads(pickle.dumps(encoder)))  # noqa: S301 (made in the line itself)
    _same(copy.encode(titles[:50] + list(ODD)), np.concatenate([whole[:50], whole[-len(ODD) :]]), "a pickled copy")
    parts = [titles[i::4] for i in range(4)]
    with ThreadPoolExecutor(2) as pool:
        for i, part in enumerate(pool.map(copy.encode, parts)):
            _same(part, whole[i::4], "two threads")


def _check_form(encoder: Encoder, titles: list[str], whole: Vectors, tolerance: float) -> None:
    for count in (0, 1, len(titles)):
        rows = whole if count == len(titles) else encoder.encode(titles[:count])
        _true(rows.shape == (count, encoder.dims), f"{count} texts gave the shape {rows.shape}")
        _true(rows.dtype == np.float32, f"dtype is {rows.dtype}, not float32")
    norms = np.linalg.norm(whole, axis=1)
    empty = np.array([text == "" for text in titles])
    _true(bool((whole[empty] == 0).all()), "an empty text must give zeros")
    _true(bool(np.isfinite(whole).all()), "not all numbers are finite")
    worst = np.abs(norms[~empty] - 1).max()
    _true(bool(worst <= tolerance), f"a norm is {worst:.2g} away from 1")


def _check_alone(encoder: Encoder, titles: list[str], whole: Vectors, rng: np.random.Generator) -> None:
    for i in [*rng.choice(len(titles), 20), *range(len(titles) - len(ODD), len(titles))]:
        _same(encoder.encode([titles[i]]), whole[i : i + 1], f"alone: {titles[i][:40]!r}")
    for size in (7, 333):
        parts = [encoder.encode(titles[i : i + size]) for i in range(0, len(titles), size)]
        _same(np.concatenate(parts), whole, f"batches of {size}")
    order = rng.permutation(len(titles))
    _same(encoder.encode([titles[i] for i in order]), whole[order], "another order")
    twice = encoder.encode([titles[0]] * 30)
    _same(twice, np.repeat(whole[:1], 30, axis=0), "the same text 30 times")


def _same(found: Vectors, expected: Vectors, how: str) -> None:
    _true(found.tobytes() == np.ascontiguousarray(expected).tobytes(), f"other bits: {how}")


def _true(condition: bool, promise: str) -> None:
    if not condition:
        raise AssertionError(promise)
