"""The stage that puts products on shelves: products, vectors and rule labels in, ranked categories out.

`classify` and `predict` are this stage on one row and on a table; evaluation uses it too.
"""

from __future__ import annotations

from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch

from shelver.features.batch import Batch
from shelver.features.hits import as_bag, hit_positions
from shelver.files import Files
from shelver.models.folder import SavedModel, load_model, save_model
from shelver.models.nets import HITS
from shelver.stage import Batches, digest

BLOCK = 256
"""Rows scored at once. Always this many (the last block is filled up), and in float64, rounded to float32 at the end:
the order in which a matrix product adds up depends on its shape and on a row's place, and so would its last digits."""

SETTINGS = "predict.json"

RANKED = pa.list_(pa.struct([("category_id", pa.string()), ("probability", pa.float32())]))


class PredictStage:
    """Products → ranked categories of every objective (a `Stage`; fitted by training).

    Parameters
    ----------
    model : SavedModel
        The model.
    top_k : int
        Categories kept per product and objective.
    """

    name = "predict.v1"

    def __init__(self, model: SavedModel, top_k: int = 5) -> None:
        self.model, self.top_k = model, top_k
        tree = model.classes.tree
        self._ids = pa.array([category.category_id for category in tree.categories], pa.string())
        self._class_ids = {name: pa.array(model.classes.of(name), pa.string()) for name in model.net.objectives}

    @property
    def columns(self) -> tuple[str, ...]:
        """Input columns: what the transform takes, and the rule labels."""
        return (*self.model.transform.columns, "labels")

    @property
    def schema(self) -> pa.Schema:
        """``product_id``, and a ranked list per objective."""
        return pa.schema([("product_id", pa.string()), *((name, RANKED) for name in self.model.net.objectives)])

    def fingerprint(self) -> str:
        """Hash of the model and the number of answers."""
        return digest(self.model.fingerprint, self.top_k)

    def fit(self, batches: Batches) -> Self:
        """Models are fitted by training."""
        return self

    def inputs(self, batch: pa.RecordBatch) -> Batch:
        """Model inputs of n products."""
        found = self.model.transform.to_batch(self.model.transform.apply(batch))
        hits = as_bag(*hit_positions(batch["labels"], self._ids), batch.num_rows, len(self._ids))
        return Batch(found.rows, {**found.bags, HITS: hits}, found.categories, found.numbers, found.vectors)

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Ranked categories of n products."""
        inputs = self.inputs(batch)
        columns = [batch["product_id"].cast(pa.string())]
        for objective in self.model.net.objectives:
            columns.append(self._ranked(objective, probabilities(self.model, inputs, objective)))
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def _ranked(self, objective: str, probability: npt.NDArray[np.float32]) -> pa.ListArray:
        classes, best = rank(probability, self.top_k)
        rows, k = classes.shape
        entries = pa.StructArray.from_arrays(
            [self._class_ids[objective].take(pa.array(classes.ravel())), pa.array(best.ravel())],
            fields=list(RANKED.value_type),
        )
        return pa.ListArray.from_arrays(pa.array(np.arange(rows + 1, dtype=np.int32) * k), entries, type=RANKED)

    def save(self, files: Files) -> None:
        """Write the model folder, and the number of answers beside it."""
        save_model(files, self.model)
        files.write_json(SETTINGS, {"top_k": self.top_k})

    @classmethod
    def load(cls, files: Files) -> Self:
        """Read what `save` wrote."""
        return cls(load_model(files), **(files.read_json(SETTINGS) if files.exists(SETTINGS) else {}))


@torch.no_grad()
def probabilities(model: SavedModel, inputs: Batch, objective: str) -> npt.NDArray[np.float32]:
    """Probability of every class: float32, shape (rows, classes). A row's answer depends on that row alone."""
    parts = []
    for start in range(0, len(inputs), BLOCK):
        stop = min(start + BLOCK, len(inputs))
        rows = np.minimum(np.arange(start, start + BLOCK), stop - 1)  # the last row fills the block up
        logits = model.net(inputs.take(rows), objective)
        scores = torch.softmax(logits, 1) if objective == "exclusive" else torch.sigmoid(logits)
        parts.append(scores[: stop - start].float().numpy())
    return np.concatenate(parts) if parts else np.empty((0, len(model.classes.of(objective))), np.float32)


def rank(probability: npt.NDArray[np.float32], k: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """The k most probable classes, best first, equals in class order: two arrays of shape (rows, min(k, classes))."""
    k = min(k, probability.shape[1])
    order = np.argpartition(-probability, max(0, k - 1), axis=1)[:, :k]
    last = np.take_along_axis(probability, order, axis=1).min(axis=1, keepdims=True, initial=np.inf)
    tied = np.flatnonzero((probability >= last).sum(axis=1) > k)  # which of equals were taken is by chance: sort these
    order[tied] = np.argsort(-probability[tied], axis=1, kind="stable")[:, :k]
    order.sort(axis=1)  # so that the stable sort below keeps equals in class order
    best = np.take_along_axis(probability, order, axis=1)
    inner = np.argsort(-best, axis=1, kind="stable")
    return np.take_along_axis(order, inner, axis=1), np.take_along_axis(best, inner, axis=1)
