"""What is known about the products that people may be asked about: all that a strategy looks at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from shelver.config.objectives import Kind

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Candidates:
    """Products without a label, and what a model says about them.

    Attributes
    ----------
    probabilities : ndarray of float32, shape (n, classes)
        What the model says. Rows add up to 1 for ``multi_class``; for ``multi_label`` each class stands for itself.
    vectors : ndarray of float32, shape (n, dims)
        Embeddings of unit length; zero where there is none.
    groups : ndarray of int64, shape (n,)
        Products with the same number are near-duplicates: a batch holds one of them at most.
    kind : str
        ``multi_class`` or ``multi_label``.
    labelled : ndarray of float32, shape (labelled, dims)
        Embeddings of the products that have a label.
    beliefs : ndarray of float32, shape (n, classes), optional
        Probabilities from the rules and the tree's words alone, without any label.
    ask_committee : callable, optional
        Gives the probabilities of every member: float32, shape (members, n, classes). Asked only by strategies that
        need it.

    Raises
    ------
    ValueError
        The shapes do not fit together.
    """

    probabilities: Floats
    vectors: Floats
    groups: Ints
    kind: Kind = "multi_class"
    labelled: Floats | None = None
    beliefs: Floats | None = None
    ask_committee: Callable[[], Floats] | None = None

    def __post_init__(self) -> None:
        n, classes = self.probabilities.shape
        shapes = {"vectors": (n, self.vectors.shape[1]), "groups": (n,)}
        if self.labelled is not None:
            shapes["labelled"] = (len(self.labelled), self.vectors.shape[1])
        if self.beliefs is not None:
            shapes["beliefs"] = (n, classes)
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} has the shape {getattr(self, name).shape}, not {shape}")

    def __len__(self) -> int:
        return len(self.probabilities)

    def __repr__(self) -> str:
        return f"Candidates({len(self)} products, {self.probabilities.shape[1]} classes, {self.kind})"

    @cached_property
    def committee(self) -> Floats:
        """Probabilities of every member of the committee: float32, shape (members, n, classes)."""
        if self.ask_committee is None:
            raise ValueError("there is no committee to ask")
        found = self.ask_committee()
        if found.ndim != 3 or found.shape[1:] != self.probabilities.shape:
            raise ValueError(f"the committee answers with the shape {found.shape}")
        return found


Strategy = Callable[[Candidates, int, np.random.Generator], Ints]
"""``strategy(candidates, size, rng) -> places``: int64, shape (at most size,), best first, each once, and no two of the
same group. Fewer than asked for only if there are not so many groups."""
