"""What makes two products look the same: their titles, their pictures, their vectors. Exact search, no index."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import torch

from shelver.features.split import title_key
from shelver.labelling.candidates import Floats, Ints

NONE = -1
"""Code of a product without title, or without picture."""
BLOCK = 32_768
"""Vectors compared at once: 50 MB as float32 of 384 dimensions."""
SHARED = 50
"""A picture of more products than this is a stand-in such as "no picture yet", and says nothing."""
SAMPLE, FEWEST, PAIRS = 256, 64, 50_000_000
"""Products whose nearest neighbour is looked for to learn what is near here: fewer in a catalogue of millions."""
SLACK = 0.01
"""More than the cosine of two float16 vectors is off if it is summed up in float16."""


@dataclass(frozen=True)
class Likeness:
    """Signs by which products are compared; row *i* of each is the same product.

    Attributes
    ----------
    titles, pictures : ndarray of int64, shape (n,)
        Products with the same number have the same title or picture; −1: none.
    vectors : ndarray of float16 or float32, shape (n, dims)
        Embeddings of unit length; zero where there is none. No dimension if there are no embeddings.

    Raises
    ------
    ValueError
        The shapes do not fit together.
    """

    titles: Ints
    pictures: Ints
    vectors: npt.NDArray[np.float16] | Floats

    def __post_init__(self) -> None:
        n = len(self.titles)
        if self.pictures.shape != (n,) or self.vectors.ndim != 2 or len(self.vectors) != n:
            raise ValueError(f"{n} titles, but pictures {self.pictures.shape} and vectors {self.vectors.shape}")

    def __len__(self) -> int:
        return len(self.titles)

    def __repr__(self) -> str:
        return f"Likeness({len(self):,} products, {self.vectors.shape[1]} dimensions)"

    def near(self, place: int, nearness: float) -> Ints:
        """Products whose cosine to one is at least so great, itself included: ascending; none without embeddings."""
        if self.vectors.shape[1] == 0:
            return np.empty(0, np.int64)
        whole = torch.from_numpy(self.vectors)
        rough = torch.mv(whole, whole[place]).float().numpy()  # float16 as it is: 10 times faster than made float32
        maybe = np.flatnonzero(rough >= nearness - SLACK)
        return maybe[self.cosines(place, maybe) >= nearness]

    def cosines(self, place: int, places: Ints) -> Floats:
        """Cosine of some products to one: float32, shape (places,); zeros without embeddings."""
        found = [block[:, 0] for _, block in compared(self.vectors[places], self.vectors[[place]])]
        return np.concatenate(found) if found else np.zeros(len(places), np.float32)


def title_codes(titles: pa.Array) -> Ints:
    """Number of each title, equal where titles differ only in case, accents, punctuation or spaces.

    Parameters
    ----------
    titles : pyarrow.Array of string, length n

    Returns
    -------
    ndarray of int64, shape (n,)
        −1 where nothing is left of the title.
    """
    keys = title_key(titles)
    return _codes(pc.if_else(pc.equal(keys, ""), pa.scalar(None, pa.string()), keys), len(keys))


def picture_codes(pictures: pa.Array, shared: int = SHARED) -> Ints:
    """Number of each picture.

    Parameters
    ----------
    pictures : pyarrow.Array, length n
        What tells pictures apart: a hash, an address or a vector's bytes; null or empty without a picture.
    shared : int
        A picture of more products than this is a stand-in, and taken as none.

    Returns
    -------
    ndarray of int64, shape (n,)
        −1 without a picture.
    """
    keys = pc.if_else(pc.equal(pc.binary_length(pictures), 0), pa.scalar(None, pictures.type), pictures)
    codes = _codes(keys, len(pictures))
    counts = np.bincount(codes[codes != NONE], minlength=1)
    often = (codes != NONE) & (counts[codes] > shared)
    return np.where(often, NONE, codes)


def compared(
    vectors: npt.NDArray[np.float16] | Floats, queries: npt.NDArray[np.float16] | Floats, block: int = BLOCK
) -> Iterator[tuple[int, Floats]]:
    """Cosines of unit vectors, a block of rows at a time: (first row, float32 of shape (rows, queries))."""
    if vectors.shape[1] == 0:
        return
    asked = torch.from_numpy(np.ascontiguousarray(queries)).float().T
    for start in range(0, len(vectors), block):
        part = torch.from_numpy(vectors[start : start + block]).float()
        yield start, (part @ asked).numpy()


def usual_nearness(likeness: Likeness, rng: np.random.Generator, share: float = 0.25) -> float:
    """Cosine that only the given share of products reaches with its nearest neighbour of another title.

    Parameters
    ----------
    likeness : Likeness
        The catalogue.
    rng : Generator
        Draws the products that are looked at.
    share : float
        Of the products, 0 to 1.

    Returns
    -------
    float
        From −1 to 1; 1 if there is nothing to compare.
    """
    there = np.flatnonzero(likeness.vectors.any(1))
    if len(there) < 2:
        return 1.0
    wanted = int(np.clip(PAIRS // len(likeness), FEWEST, SAMPLE))
    places = np.sort(rng.choice(there, min(wanted, len(there)), replace=False))
    best = np.full(len(places), -1.0, np.float32)
    for start, cosines in compared(likeness.vectors, likeness.vectors[places]):
        rows = np.arange(start, start + len(cosines))
        own = rows[:, None] == places
        named = likeness.titles[rows, None]
        same = (named == likeness.titles[places]) & (named != NONE)
        best = np.maximum(best, np.where(own | same, -1.0, cosines).max(0).astype(np.float32))
    return float(np.quantile(best, 1 - share))


def safe_nearness(vectors: npt.NDArray[np.float16] | Floats, answers: Ints, least: float, right: float = 0.98) -> float:
    """Cosine from which on labelled products agree: raised above `least` as far as known labels ask for it.

    Parameters
    ----------
    vectors : ndarray, shape (labelled, dims)
        Embeddings of products that people labelled.
    answers : ndarray of int64, shape (labelled,)
        Their classes.
    least : float
        What is near enough while nothing speaks against it.
    right : float
        Share of the pairs above the cosine that must have the same class.
    """
    if len(answers) < 2 or vectors.shape[1] == 0:
        return least
    found, agree = [], []
    for start, cosines in compared(vectors, vectors, block=2048):
        row, column = np.nonzero(cosines >= least)
        above = column > row + start
        row, column = row[above], column[above]
        found.append(cosines[row, column])
        agree.append(answers[row + start] == answers[column])
    cosine, same = np.concatenate(found), np.concatenate(agree)
    order = np.argsort(-cosine, kind="stable")
    cosine, same = cosine[order], same[order]
    share = np.cumsum(same) / np.arange(1, len(same) + 1)
    if len(share) == 0 or share[-1] >= right:
        return least
    good = np.flatnonzero(share >= right)
    if len(good) == 0:
        return 1.0
    return float(np.nextafter(cosine[good[-1] + 1], np.float32(2)))


def _codes(keys: pa.Array, n: int) -> Ints:
    found = keys.dictionary_encode().indices
    return (
        np.asarray(pc.fill_null(found, NONE).to_numpy(zero_copy_only=False), np.int64) if n else np.empty(0, np.int64)
    )
