"""The stage that puts products on shelves: products, vectors and rule labels in, ranked categories out.

`classify` and `predict` are this stage on one row and on a table; evaluation uses it too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
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
from shelver.training.treewise import back_off, node_probabilities

BLOCK = 256
"""Rows scored at once. Always this many (the last block is filled up), and in float64, rounded to float32 at the end:
the order in which a matrix product adds up depends on its shape and on a row's place, and so would its last digits."""

SETTINGS = "predict.json"

RANKED = pa.list_(pa.struct([("category_id", pa.string()), ("probability", pa.float32())]))


Places = npt.NDArray[np.int64]
Shares = npt.NDArray[np.float32]


class PredictStage:
    """Products → ranked categories of every objective (a `Stage`; fitted by training).

    Parameters
    ----------
    model : SavedModel
        The model.
    top_k : int
        Categories kept per product and objective.
    threshold : float
        Probability that the shelf of a product needs, see `shelver.training.treewise.back_off`.
    """

    name = "predict.v2"

    def __init__(self, model: SavedModel, top_k: int = 5, threshold: float = 0.8) -> None:
        self.model, self.top_k, self.threshold = model, top_k, threshold
        tree = model.classes.tree
        self._ids = pa.array([category.category_id for category in tree.categories], pa.string())
        self._class_ids = {name: pa.array(model.classes.of(name), pa.string()) for name in model.net.objectives}

    @property
    def columns(self) -> tuple[str, ...]:
        """Input columns: what the transform takes, and the rule labels."""
        return (*self.model.transform.columns, "labels")

    @property
    def schema(self) -> pa.Schema:
        """``product_id``, a ranked list per objective, and the shelf if the objective ``exclusive`` is learnt."""
        ranked = [(name, RANKED) for name in self.model.net.objectives]
        shelf = [("shelf", RANKED.value_type)] if "exclusive" in self.model.net.objectives else []
        return pa.schema([("product_id", pa.string()), *ranked, *shelf])

    def fingerprint(self) -> str:
        """Hash of the model and of what is answered."""
        return digest(self.model.fingerprint, self.top_k, self.threshold)

    def fit(self, batches: Batches) -> Self:
        """Models are fitted by training."""
        return self

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Ranked categories of n products."""
        inputs = model_inputs(self.model, batch)
        ranked: dict[str, list[tuple[Places, Shares]]] = {name: [] for name in self.model.net.objectives}
        shelves: list[tuple[Places, Shares]] = []
        for start in range(0, max(1, len(inputs)), BLOCK):  # all of it block by block: so it stays in the cache
            block = inputs.take(np.arange(start, min(start + BLOCK, len(inputs))))
            for objective, found in ranked.items():
                probability = probabilities(self.model, block, objective)
                found.append(rank(probability, self.top_k))
                if objective == "exclusive":
                    shelves.append(self._shelves(probability))
        columns = [batch["product_id"].cast(pa.string())]
        columns += [self._ranked(objective, *_joined(found)) for objective, found in ranked.items()]
        columns += [self._shelf(*_joined(shelves))] if shelves else []
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def _ranked(self, objective: str, classes: Places, probability: Shares) -> pa.ListArray:
        rows, k = classes.shape
        entries = pa.StructArray.from_arrays(
            [self._class_ids[objective].take(pa.array(classes.ravel())), pa.array(probability.ravel())],
            fields=list(RANKED.value_type),
        )
        return pa.ListArray.from_arrays(pa.array(np.arange(rows + 1, dtype=np.int32) * k), entries, type=RANKED)

    def _shelves(self, probability: Shares) -> tuple[Places, Shares]:
        nodes = node_probabilities(probability, self.model.classes)
        positions, sure = back_off(nodes, self.model.classes, self.threshold)
        return positions, sure.astype(np.float32)

    def _shelf(self, positions: Places, sure: Shares) -> pa.StructArray:
        nowhere = pa.array(positions < 0)
        ids = self._ids.take(pa.array(positions, mask=positions < 0))
        return pa.StructArray.from_arrays([ids, pa.array(sure)], fields=list(RANKED.value_type), mask=nowhere)

    def save(self, files: Files) -> None:
        """Write the model folder, and what is answered beside it."""
        save_model(files, self.model)
        files.write_json(SETTINGS, {"top_k": self.top_k, "threshold": self.threshold})

    @classmethod
    def load(cls, files: Files) -> Self:
        """Read what `save` wrote."""
        return cls(load_model(files), **(files.read_json(SETTINGS) if files.exists(SETTINGS) else {}))


def model_inputs(model: SavedModel, batch: pa.RecordBatch) -> Batch:
    """Inputs of a model, of n products with their vectors and rule labels."""
    found = model.transform.to_batch(model.transform.apply(batch))
    ids = pa.array([category.category_id for category in model.classes.tree.categories], pa.string())
    hits = as_bag(*hit_positions(batch["labels"], ids), batch.num_rows, len(ids))
    return replace(found, bags={**found.bags, HITS: hits})


@torch.no_grad()
def probabilities(model: SavedModel, inputs: Batch, objective: str) -> npt.NDArray[np.float32]:
    """Probability of every class: float32, shape (rows, classes). A row's answer depends on that row alone."""
    temperature, kind = model.temperatures.get(objective, 1.0), model.classes.kind(objective)

    def score(block: Batch) -> torch.Tensor:
        logits = model.net(block, objective) / temperature
        return torch.softmax(logits, 1) if kind == "multi_class" else torch.sigmoid(logits)

    return in_blocks(score, inputs, len(model.classes.of(objective)))


def in_blocks(score: Callable[[Batch], torch.Tensor], inputs: Batch, width: int) -> npt.NDArray[np.float32]:
    """What a function gives for some rows, always in blocks of `BLOCK`: float32, shape (rows, width)."""
    parts = []
    for start in range(0, len(inputs), BLOCK):
        stop = min(start + BLOCK, len(inputs))
        rows = np.minimum(np.arange(start, start + BLOCK), stop - 1)  # the last row fills the block up
        block = inputs if len(inputs) == BLOCK else inputs.take(rows)
        parts.append(score(block)[: stop - start].float().numpy())
    return np.concatenate(parts) if parts else np.empty((0, width), np.float32)


def _joined(parts: list[tuple[Places, Shares]]) -> tuple[Places, Shares]:
    places, shares = zip(*parts, strict=True)
    return np.concatenate(places), np.concatenate(shares)


def rank(probability: npt.NDArray[np.float32], k: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """The k most probable classes, best first, equals in class order: two arrays of shape (rows, min(k, classes))."""
    classes = probability.shape[1]
    k = min(k, classes)
    found = torch.topk(torch.from_numpy(probability), min(k + 1, classes), dim=1)
    values, order = found.values.numpy(), found.indices.numpy()[:, :k]
    if 0 < k < classes:  # which of equals at the cut were taken is by chance: sort these rows
        tied = np.flatnonzero(values[:, k - 1] == values[:, k])
        order[tied] = np.argsort(-probability[tied], axis=1, kind="stable")[:, :k]
    order.sort(axis=1)  # so that the stable sort below keeps equals in class order
    best = np.take_along_axis(probability, order, axis=1)
    inner = np.argsort(-best, axis=1, kind="stable")
    return np.take_along_axis(order, inner, axis=1), np.take_along_axis(best, inner, axis=1)
