"""The products that people can be asked about, in memory, as a model takes them."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from shelver.features.batch import Batch
from shelver.labelling.candidates import Floats, Ints
from shelver.training.examples import Examples


class Pool:
    """Some products of a prepared run.

    A *place* is a product's number in the pool, from 0; a *row* is its number in the tables of the run.

    Parameters
    ----------
    examples : Examples
        The run.
    rows : ndarray of int64, shape (n,)
        The products, ascending.
    text : str
        Name of the vector feature that says how alike products are; empty: the first there is.
    """

    def __init__(self, examples: Examples, rows: Ints, text: str = "") -> None:
        self.examples, self.rows = examples, rows
        self.batch: Batch = examples.batch(rows)
        self.text = text or next(iter(self.batch.vectors), "")

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"Pool({len(self):,} of {self.examples.products:,} products)"

    @cached_property
    def vectors(self) -> Floats:
        """Embeddings of unit length: float32, shape (n, dims); zero where there is none, no dimension without any."""
        if not self.text:
            return np.zeros((len(self), 0), np.float32)
        found = self.batch.vectors[self.text].astype(np.float32)
        length = np.linalg.norm(found, axis=1, keepdims=True)
        unit: Floats = np.divide(found, length, out=np.zeros_like(found), where=length > 0)
        return unit

    @cached_property
    def product_ids(self) -> npt.NDArray[np.object_]:
        """Ids of the products: shape (n,)."""
        ids = self.examples.features.read(["product_id"])["product_id"].to_numpy()
        return np.asarray(ids[self.rows], object)
