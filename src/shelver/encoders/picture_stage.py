"""The stage that encodes the pictures of products into one vector column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

import numpy as np
import pyarrow as pa

from shelver.encoders.base import Encoder, Vectors
from shelver.encoders.pictures import PictureSource
from shelver.encoders.stage import vector_array
from shelver.errors import Reject, ShelverError
from shelver.files import Files
from shelver.images.decode import read_pixels
from shelver.stage import Batches, digest

CHUNK = 256
"""Pictures read at a time at most; bounds memory, never changes an answer."""
CHUNK_BYTES = 64 << 20
"""No further picture is read into a chunk that has this many bytes."""
KEYS = ("source", "merchant_id", "image_url")
"""Columns by which the picture of a product is found."""
MISSING, UNKNOWN = "no picture", "the encoder made nothing of it"
SIZE = 224  # at which a picture is tried


class EncodePicturesStage:
    """Pictures → vector, and a note where there is none.

    Parameters
    ----------
    encoder : Encoder
        Of pictures; best from `open_encoder`, with a cache.
    feature_name : str
        Name of the vector column; the column ``<feature_name>_note`` says why a vector is zeros.
    pictures : PictureSource
        Gives the picture of a product.
    """

    name = "encode_pictures.v1"
    columns = ("product_id", *KEYS)

    def __init__(self, encoder: Encoder, feature_name: str, pictures: PictureSource) -> None:
        self.encoder, self.feature_name, self.pictures = encoder, feature_name, pictures

    def __repr__(self) -> str:
        return f"EncodePicturesStage({self.encoder!r}, {self.feature_name!r}, {self.pictures!r})"

    @property
    def note(self) -> str:
        """Name of the column of notes."""
        return f"{self.feature_name}_note"

    @property
    def schema(self) -> pa.Schema:
        """``product_id``, the vector (float16, fixed size; zeros without a picture) and the note (null with one)."""
        vector = pa.list_(pa.float16(), self.encoder.dims)
        return pa.schema([("product_id", pa.string()), (self.feature_name, vector), (self.note, pa.string())])

    def fingerprint(self) -> str:
        """Hash of encoder and pictures.

        Raises
        ------
        ConfigError
            A place of pictures is neither a folder nor a zip.
        """
        return digest(self.name, self.encoder.name, self.feature_name, self.pictures.fingerprint())

    def fit(self, batches: Batches) -> Self:
        """Nothing to learn: encoders are frozen."""
        return self

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Encode a batch of n rows."""
        keys = list(zip(*(batch.column(name).to_pylist() for name in KEYS), strict=True))
        vectors = np.zeros((len(keys), self.encoder.dims), np.float32)
        notes: list[str | None] = []
        for contents in self._chunks(keys):
            rows = self.encoder.encode(contents)
            vectors[len(notes) : len(notes) + len(contents)] = rows
            notes += _notes(contents, rows)
        ids = batch.column("product_id").cast(pa.string())
        return pa.record_batch([ids, vector_array(vectors), pa.array(notes, pa.string())], schema=self.schema)

    def save(self, files: Files) -> None:
        """Nothing can be saved: pictures stay where they are.

        Raises
        ------
        ShelverError
            Always.
        """
        raise ShelverError("a stage over pictures is made anew each time, from shelver.toml", where=files.prefix)

    @classmethod
    def load(cls, files: Files) -> Self:
        """Nothing was saved; raises as `save`."""
        raise ShelverError("a stage over pictures is made anew each time, from shelver.toml", where=files.prefix)

    def _chunks(self, keys: list[tuple[str, str, str | None]]) -> Iterator[list[bytes | None]]:
        chunk: list[bytes | None] = []
        held = 0
        for source, merchant_id, url in keys:
            content = self.pictures.read(source, merchant_id, url)
            chunk.append(content)
            held += len(content or b"")
            if len(chunk) >= CHUNK or held >= CHUNK_BYTES:
                yield chunk
                chunk, held = [], 0
        if chunk:
            yield chunk


def _notes(contents: list[bytes | None], rows: Vectors) -> list[str | None]:
    """Why a row is zeros; the few pictures concerned are read once more to find out."""
    return [
        None if row.any() else MISSING if content is None else fault(content) or UNKNOWN
        for content, row in zip(contents, rows, strict=True)
    ]


def fault(content: bytes) -> str:
    """What is wrong with a picture; empty if nothing is."""
    found = read_pixels(content, SIZE)
    return found.reason if isinstance(found, Reject) else ""
