"""The stage that encodes text columns of products into one vector column."""

from __future__ import annotations

from typing import Self

import numpy as np
import pyarrow as pa

from shelver.encoders.base import Encoder, Vectors
from shelver.encoders.registry import open_encoder
from shelver.files import Files
from shelver.stage import Batches, digest

SETTINGS = "encode.json"


class EncodeStage:
    """Text columns → vector.

    Parameters
    ----------
    encoder : Encoder
        Best from `open_encoder`, with a cache where that pays.
    feature_name : str
        Name of the vector column.
    columns : tuple of str
        Text columns, joined by a space; nulls and blanks are left out. A product without any text gets zeros.
    """

    name = "encode.v1"

    def __init__(self, encoder: Encoder, feature_name: str, columns: tuple[str, ...]) -> None:
        self.encoder, self.feature_name, self.text_columns = encoder, feature_name, tuple(columns)

    def __repr__(self) -> str:
        return f"EncodeStage({self.encoder!r}, {self.feature_name!r}, {self.text_columns!r})"

    @property
    def columns(self) -> tuple[str, ...]:
        """Input columns."""
        return ("product_id", *self.text_columns)

    @property
    def schema(self) -> pa.Schema:
        """``product_id`` and the vector: float16, fixed size."""
        vector = pa.list_(pa.float16(), self.encoder.dims)
        return pa.schema([("product_id", pa.string()), (self.feature_name, vector)])

    def fingerprint(self) -> str:
        """Hash of encoder and columns; where the cache is does not matter."""
        return digest(self.name, self.encoder.name, self.feature_name, self.text_columns)

    def fit(self, batches: Batches) -> Self:
        """Nothing to learn: encoders are frozen."""
        return self

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Encode a batch of n rows."""
        columns = [batch.column(name).to_pylist() for name in self.text_columns]
        vectors = self.encoder.encode([join_text(row) for row in zip(*columns, strict=True)])  # (n, dims)
        ids = batch.column("product_id").cast(pa.string())
        return pa.record_batch([ids, vector_array(vectors)], schema=self.schema)

    def save(self, files: Files) -> None:
        """Write the settings; weights stay where they are."""
        settings = {"encoder": self.encoder.name, "feature_name": self.feature_name, "columns": self.text_columns}
        files.write_json(SETTINGS, settings)

    @classmethod
    def load(cls, files: Files) -> Self:
        """Read back what `save` wrote; without a cache, which changes no vector.

        Raises
        ------
        ConfigError, ShelverError
            This Shelver has not that version of the encoder, or its weights are not installed.
        """
        settings = files.read_json(SETTINGS)
        return cls(open_encoder(settings["encoder"]), settings["feature_name"], tuple(settings["columns"]))


def vector_array(vectors: Vectors) -> pa.FixedSizeListArray:
    """Vectors as a column: float16, fixed size."""
    return pa.FixedSizeListArray.from_arrays(pa.array(vectors.astype(np.float16).ravel()), vectors.shape[1])


def join_text(parts: tuple[str | None, ...]) -> str:
    """Join what is there by single spaces; surrounding blanks are dropped."""
    return " ".join(text for part in parts if part and (text := part.strip()))
