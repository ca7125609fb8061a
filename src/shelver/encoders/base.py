"""What an encoder is: texts or pictures in, unit vectors out, each on its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

Vectors: TypeAlias = npt.NDArray[np.float32]
"""Shape (n, dims), float32; row *i* belongs to text or picture *i*."""

Modality: TypeAlias = Literal["text", "image"]
"""What an encoder takes: ``text``, each a str; ``image``, each the bytes of a picture file, or None for no picture."""


@runtime_checkable
class Encoder(Protocol):
    """A frozen model that turns texts, or pictures, into vectors.

    Attributes
    ----------
    name : str
        Name with a version, for example ``static.v1``. Other weights, another tokeniser or other arithmetic is a new
        version: vectors made by the old one are then known to be stale.
    dims : int
        Length of a vector.
    cheap : bool
        Encoding costs less than a look-up in a cache on disk.
    modality : "text" or "image"
        What it takes.

    Notes
    -----
    A vector depends on its text or picture alone: not on the others of the call, their order or their number, not on
    the number of threads; equal means equal bits. `shelver.testing.encoders.check_encoder` checks it.
    Encoders are used from several threads at once and can be pickled; weights are read when first needed.
    """

    @property
    def name(self) -> str:
        """Name with a version."""
        ...

    @property
    def dims(self) -> int:
        """Length of a vector."""
        ...

    @property
    def cheap(self) -> bool:
        """Not worth a cache on disk."""
        ...

    @property
    def modality(self) -> Modality:
        """What it takes."""
        ...

    def encode(self, contents: Sequence[Any], /) -> Vectors:
        """Encode texts, or pictures.

        Parameters
        ----------
        contents : sequence of str, or of bytes or None
            Any length, also 0. Texts: any unicode, also the empty string. Pictures: files as they are stored.

        Returns
        -------
        ndarray of float32, shape (len(contents), dims)
            Rows of L2 norm 1; an empty text, and a picture that is missing or cannot be read, gives a row of zeros.
        """
        ...


def unit_rows(rows: Vectors) -> Vectors:
    """Divide every row by its L2 norm; rows of zeros stay.

    Parameters
    ----------
    rows : ndarray of float32, shape (n, dims)

    Returns
    -------
    ndarray of float32, shape (n, dims)
    """
    # A product and a sum along contiguous rows: NumPy adds each row in an order that depends on dims alone.
    norms = np.sqrt(np.square(np.ascontiguousarray(rows)).sum(axis=1, keepdims=True, dtype=np.float32))
    return np.divide(rows, np.where(norms == 0, np.float32(1), norms), dtype=np.float32)


def half(rows: Vectors) -> Vectors:
    """Round to what float16 can hold, as float32: what tables and caches store, whether stored or not.

    Parameters
    ----------
    rows : ndarray of float32, shape (n, dims)

    Returns
    -------
    ndarray of float32, shape (n, dims)
    """
    return rows.astype(np.float16).astype(np.float32)
