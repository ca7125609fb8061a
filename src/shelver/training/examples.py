"""Labelled rows of a run, in batches, for one objective at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch

from shelver.features.batch import Batch
from shelver.features.hits import read_lists
from shelver.features.split import Side
from shelver.features.transform import Transform
from shelver.models.classes import Classes
from shelver.models.nets import HITS
from shelver.table import Table
from shelver.training.targets import UNLABELLED

BLOCK = 1024
"""Neighbouring rows read at once."""
WINDOW = 64
"""Blocks held in memory and shuffled together."""

Rows = npt.NDArray[np.int64]


class Examples:
    """The data set of a run, read as training needs it.

    Parameters
    ----------
    features, targets : Table
        Row-aligned tables of the run. Targets are held in memory (a few bytes a row); features are read in windows of
        65,536 rows, made of random blocks, so memory does not grow with the catalogue.
    transform : Transform
        Knows how features become tensors.
    classes : Classes
        Classes of the objectives.
    """

    def __init__(self, features: Table, targets: Table, transform: Transform, classes: Classes) -> None:
        self.features, self.transform, self.classes = features, transform, classes
        self.columns = ["product_id", *transform.features]
        self.side = features.read(["side"])["side"].to_numpy()
        held = targets.read(["hits", "rule_based", "exclusive"]).combine_chunks()
        self.hits = read_lists(held["hits"].chunk(0), len(classes.tree.categories)) if len(held) else None
        self.rules = read_lists(held["rule_based"].chunk(0), max(1, len(classes.rule_based))) if len(held) else None
        self.exclusive = held["exclusive"].to_numpy()
        self._cache: dict[tuple[str, Side], Batch] = {}

    def __repr__(self) -> str:
        sizes = {
            f"{o} {side.name.lower()}": len(self.rows(o, side)) for o in ("exclusive", "rule_based") for side in Side
        }
        return f"Examples({len(self.side):,} products; {', '.join(f'{name}: {n:,}' for name, n in sizes.items())})"

    @property
    def products(self) -> int:
        """Number of products, labelled or not."""
        return len(self.side)

    def rows(self, objective: str, side: Side) -> Rows:
        """Numbers of the rows on one side that have a label for the objective, ascending."""
        if self.rules is None:
            return np.empty(0, np.int64)
        known = self.exclusive != UNLABELLED if objective == "exclusive" else np.diff(self.rules.offsets) > 0
        return np.flatnonzero(known & (self.side == side))

    def target(self, objective: str, rows: Rows) -> torch.Tensor:
        """What is right for some rows: int64 (rows,) for the exclusive objective, else float32 (rows, classes)."""
        if objective == "exclusive":
            return torch.from_numpy(self.exclusive[rows].astype(np.int64))
        assert self.rules is not None  # noqa: S101  (rows come from `rows`, so there are some)
        bag = self.rules.take(rows)
        answer = torch.zeros(len(rows), bag.size)
        answer[np.repeat(np.arange(len(rows)), np.diff(bag.offsets)), bag.ids] = 1.0
        return answer

    def batch(self, rows: Rows) -> Batch:
        """Model inputs of some rows, in the order asked for."""
        order = np.argsort(rows, kind="stable")
        taken = self.features.take(rows[order], self.columns).combine_chunks().to_batches()[0]
        found = self.transform.to_batch(taken).take(np.argsort(order, kind="stable"))
        assert self.hits is not None  # noqa: S101  (there are rows)
        return Batch(
            found.rows, {**found.bags, HITS: self.hits.take(rows)}, found.categories, found.numbers, found.vectors
        )

    def windows(self, objective: str, side: Side, rng: np.random.Generator | None) -> Iterator[tuple[Rows, Batch]]:
        """All labelled rows once, in windows that fit in memory; in order without a generator."""
        rows = self.rows(objective, side)
        if len(rows) <= BLOCK * WINDOW:
            if (objective, side) not in self._cache and len(rows):
                self._cache[objective, side] = self.batch(rows)
            if len(rows):
                yield rows, self._cache[objective, side]
            return
        blocks = [rows[start : start + BLOCK] for start in range(0, len(rows), BLOCK)]
        order = rng.permutation(len(blocks)) if rng is not None else np.arange(len(blocks))
        for start in range(0, len(blocks), WINDOW):
            chosen = np.concatenate([blocks[i] for i in order[start : start + WINDOW]])
            yield chosen, self.batch(chosen)

    def batches(
        self, objective: str, side: Side, size: int, rng: np.random.Generator | None = None
    ) -> Iterator[tuple[Batch, torch.Tensor]]:
        """Batches of inputs and targets; shuffled if a generator is given."""
        for rows, window in self.windows(objective, side, rng):
            order = rng.permutation(len(rows)) if rng is not None else np.arange(len(rows))
            for start in range(0, len(rows), size):
                chosen = order[start : start + size]
                yield window.take(chosen), self.target(objective, rows[chosen])
