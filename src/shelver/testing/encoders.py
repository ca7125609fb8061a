"""What every encoder must do; a new encoder's test is one call of `check_encoder`."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias, cast

import numpy as np

from shelver.encoders.base import Encoder, Vectors
from shelver.testing.pictures import broken_pictures, odd_pictures, product_pictures

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


def check_encoder(encoder: Encoder, contents: int = 1000, tolerance: float = 1e-3) -> None:
    """Check that an encoder keeps its promises; equal means equal bits.

    Parameters
    ----------
    encoder : Encoder
        The one to check, of texts or of pictures; it is pickled, too.
    contents : int
        Number of made-up titles (of 1 to 12 words) or pictures; some odd ones are added.
    tolerance : float
        How far a norm may be from 1 (float16 rounding: about 1e-3).

    Raises
    ------
    AssertionError
        A promise is broken; the message says which.
    """
    _true(encoder.name.rpartition(".")[2].startswith("v"), f"the name {encoder.name!r} has no version")
    _true(encoder.modality in ("text", "image"), f"modality is {encoder.modality!r}")
    rng = np.random.default_rng(0)
    made, odd = _texts(contents, rng) if encoder.modality == "text" else _pictures(contents)
    whole = encoder.encode(made + list(odd))
    _check_form(encoder, made, odd, whole, tolerance)
    _check_alone(encoder, made, odd, whole, rng)
    copy = cast(Encoder, pickle.loads(pickle.dumps(encoder)))  # noqa: S301 (made in the line itself)
    few = min(50, len(made))
    expected = np.concatenate([whole[:few], whole[len(made) :]])
    _same(copy.encode(made[:few] + list(odd)), expected, "a pickled copy")
    parts = [(made + list(odd))[i::4] for i in range(4)]
    with ThreadPoolExecutor(2) as pool:
        for i, part in enumerate(pool.map(copy.encode, parts)):
            _same(part, whole[i::4], "two threads")


Odd: TypeAlias = Mapping[Any, str]
"""Odd contents, each with what it is; empty if its vector must be zeros."""


def _texts(count: int, rng: np.random.Generator) -> tuple[list[Any], Odd]:
    titles: list[Any] = [" ".join(rng.choice(WORDS, rng.integers(1, 13))) for _ in range(count)]
    return titles, {text: repr(text[:40]) if text else "" for text in ODD}


def _pictures(count: int) -> tuple[list[Any], Odd]:
    odd: dict[Any, str] = {content: what for what, content in odd_pictures().items()}
    return list(product_pictures(count)), odd | dict.fromkeys(broken_pictures().values(), "")


def _check_form(encoder: Encoder, made: list[Any], odd: Odd, whole: Vectors, tolerance: float) -> None:
    total = len(made) + len(odd)
    for count in (0, 1, total):
        rows = whole if count == total else encoder.encode(made[:count])
        _true(rows.shape == (count, encoder.dims), f"{count} {encoder.modality}s gave the shape {rows.shape}")
        _true(rows.dtype == np.float32, f"dtype is {rows.dtype}, not float32")
    norms = np.linalg.norm(whole, axis=1)
    empty = np.array([False] * len(made) + [not what for what in odd.values()])
    _true(bool((whole[empty] == 0).all()), f"an empty or broken {encoder.modality} must give zeros")
    _true(bool(np.isfinite(whole).all()), "not all numbers are finite")
    worst = np.abs(norms[~empty] - 1).max()
    _true(bool(worst <= tolerance), f"a norm is {worst:.2g} away from 1")


def _check_alone(encoder: Encoder, made: list[Any], odd: Odd, whole: Vectors, rng: np.random.Generator) -> None:
    everything = made + list(odd)
    for i in [*rng.choice(len(made), 20), *range(len(made), len(everything))]:
        _same(encoder.encode([everything[i]]), whole[i : i + 1], f"alone: number {i} {odd.get(everything[i], '')}")
    for size in (7, 333):
        parts = [encoder.encode(everything[i : i + size]) for i in range(0, len(everything), size)]
        _same(np.concatenate(parts), whole, f"batches of {size}")
    order = rng.permutation(len(everything))
    _same(encoder.encode([everything[i] for i in order]), whole[order], "another order")
    twice = encoder.encode([everything[0]] * 30)
    _same(twice, np.repeat(whole[:1], 30, axis=0), "the same 30 times")


def _same(found: Vectors, expected: Vectors, how: str) -> None:
    _true(found.tobytes() == np.ascontiguousarray(expected).tobytes(), f"other bits: {how}")


def _true(condition: bool, promise: str) -> None:
    if not condition:
        raise AssertionError(promise)
