"""Which features a net takes, and how they become tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from shelver.config import Categorical, Number, Text, Vector
from shelver.errors import ModelError, nearest
from shelver.features.batch import Bag, Batch, concatenate
from shelver.features.transform import Transform


@dataclass(frozen=True)
class Inputs:
    """Names and sizes of a net's inputs, by kind.

    Attributes
    ----------
    bags, categories, vectors : dict of str to int
        Vocabulary sizes; dimensions of vectors.
    numbers : tuple of str
        Number features.
    """

    bags: dict[str, int]
    categories: dict[str, int]
    vectors: dict[str, int]
    numbers: tuple[str, ...]

    @classmethod
    def of(cls, transform: Transform, names: Sequence[str]) -> Inputs:
        """Inputs of a fitted transform; all of its features if no names are given."""
        kinds: dict[type, dict[str, int]] = {Text: {}, Categorical: {}, Vector: {}, Number: {}}
        for name in names or transform.features:
            if name not in transform.features:
                raise ModelError(f'the run has no feature "{name}"', hint=nearest(name, transform.features))
            kinds[type(transform.features[name])][name] = transform.size(name)
        return cls(kinds[Text], kinds[Categorical], kinds[Vector], tuple(kinds[Number]))

    @property
    def sparse_size(self) -> int:
        """Size of the joint vocabulary of all bags and categorical values."""
        return sum(self.bags.values()) + sum(self.categories.values())

    @property
    def dense_size(self) -> int:
        """Dimensions of all vectors and numbers together; a number takes two (its value, and whether it is missing)."""
        return sum(self.vectors.values()) + 2 * len(self.numbers)

    def sparse(self, batch: Batch) -> Bag:
        """All bags and categorical values as one bag over the joint vocabulary."""
        bags = [batch.bags[name] for name in self.bags]
        for name, size in self.categories.items():
            ids, ones = batch.categories[name], np.ones(len(batch), np.float32)
            bags.append(Bag(np.arange(len(batch) + 1), ids, ones, size))
        if not bags:
            return Bag(np.zeros(len(batch) + 1, np.int64), np.empty(0, np.int64), np.empty(0, np.float32), 0)
        return concatenate(bags)

    def dense(self, batch: Batch) -> torch.Tensor:
        """All vectors and numbers: float32, shape (rows, dense_size)."""
        parts = [batch.vectors[name] for name in self.vectors]
        for name in self.numbers:
            missing = np.isnan(batch.numbers[name])
            parts.append(np.stack([np.where(missing, 0, batch.numbers[name]), missing], axis=1).astype(np.float32))
        if not parts:
            return torch.zeros(len(batch), 0)
        return torch.from_numpy(np.concatenate(parts, axis=1))
