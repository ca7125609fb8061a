"""Vectors that a trained model makes: of products, and of categories (thesis, sections 2.2.4 and 2.4)."""

from __future__ import annotations

from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch

from shelver.errors import ModelError
from shelver.files import Files
from shelver.models.folder import SavedModel, load_model, save_model
from shelver.stage import Batches, digest
from shelver.training.predict import in_blocks, model_inputs


class EmbedStage:
    """Products → vectors, the output of a net just before its last layer (a `Stage`; fitted by training).

    Parameters
    ----------
    model : SavedModel
        A model with a shared representation: any kind but ``linear``.

    Raises
    ------
    ModelError
        The model has none.
    """

    name = "embed.v1"

    def __init__(self, model: SavedModel) -> None:
        self.model = model
        self.width = model.net.width

    @property
    def columns(self) -> tuple[str, ...]:
        """Input columns: what the transform takes, and the rule labels."""
        return (*self.model.transform.columns, "labels")

    @property
    def schema(self) -> pa.Schema:
        """``product_id`` and ``embedding``: float16, fixed size."""
        return pa.schema([("product_id", pa.string()), ("embedding", pa.list_(pa.float16(), self.width))])

    def fingerprint(self) -> str:
        """Hash of the model."""
        return digest(self.name, self.model.fingerprint)

    def fit(self, batches: Batches) -> Self:
        """Models are fitted by training."""
        return self

    @torch.no_grad()
    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Vectors of n products."""
        vectors = in_blocks(self.model.net.embed, model_inputs(self.model, batch), self.width)
        values = pa.array(vectors.astype(np.float16).ravel())
        column = pa.FixedSizeListArray.from_arrays(values, self.width)
        return pa.RecordBatch.from_arrays([batch["product_id"].cast(pa.string()), column], schema=self.schema)

    def save(self, files: Files) -> None:
        """Write the model folder."""
        save_model(files, self.model)

    @classmethod
    def load(cls, files: Files) -> Self:
        """Read what `save` wrote."""
        return cls(load_model(files))


def category_embeddings(model: SavedModel, objective: str = "exclusive") -> npt.NDArray[np.float32]:
    """Weights of the last layer: categories that the model tells apart by the same signs are near to each other.

    Returns
    -------
    ndarray of float32, shape (classes, width)

    Raises
    ------
    ModelError
        The model does not learn the objective.
    """
    if objective not in model.net.objectives:
        raise ModelError(f'the model does not learn the objective "{objective}"', expected=str(model.net.objectives))
    return np.asarray(model.net.head_weight(objective).detach().float().numpy(), np.float32)


def nearest(vectors: npt.NDArray[np.float32], place: int, k: int) -> list[tuple[int, float]]:
    """The k rows with the greatest cosine to one row, best first, that row left out: (row, cosine)."""
    lengths = np.linalg.norm(vectors, axis=1)
    units = vectors / np.where(lengths == 0, 1, lengths)[:, None]
    cosines = units @ units[place]
    cosines[place] = -np.inf
    best = np.argsort(-cosines, kind="stable")[: min(k, len(vectors) - 1)]
    return [(int(i), float(cosines[i])) for i in best]
