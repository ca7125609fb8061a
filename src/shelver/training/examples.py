"""Labelled rows of a run, in batches, for one objective at a time."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch

from shelver.features.batch import Bag, Batch
from shelver.features.hits import read_lists
from shelver.features.split import Side
from shelver.features.transform import Transform
from shelver.models.classes import Classes
from shelver.models.nets import HITS
from shelver.table import Table
from shelver.training.answers import UNKNOWN

BLOCK = 1024
"""Neighbouring rows read at once."""
WINDOW = 64
"""Blocks held in memory and shuffled together."""
PART = 4096
"""Rows looked at together where nothing is learnt."""

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
        names = [name for name in targets.schema.names if name != "product_id"]
        held = targets.read(names).combine_chunks()
        self.hits = read_lists(_chunk(held["hits"]), len(classes.tree.categories))
        self.answers: dict[str, Bag | npt.NDArray[np.int32]] = {}
        self.known: dict[str, npt.NDArray[np.bool_]] = {}
        for name in names[1:]:
            column = _chunk(held[name])
            if classes.kind(name) == "multi_label":
                self.known[name] = column.is_valid().to_numpy(zero_copy_only=False)
                self.answers[name] = read_lists(column, max(1, len(classes.of(name))))
            else:
                self.answers[name] = column.to_numpy()
                self.known[name] = column.to_numpy() != UNKNOWN
        self._cache: dict[str, Batch] = {}
        self._sample: dict[str, Rows] = {}

    def __repr__(self) -> str:
        sizes = {f"{name} {side.name.lower()}": len(self.rows(name, side)) for name in self.answers for side in Side}
        return f"Examples({len(self.side):,} products; {', '.join(f'{name}: {n:,}' for name, n in sizes.items())})"

    @property
    def products(self) -> int:
        """Number of products, labelled or not."""
        return len(self.side)

    def rows(self, objective: str, side: Side) -> Rows:
        """Numbers of the rows on one side that have a label for the objective, ascending."""
        if side == Side.TRAIN and objective in self._sample:
            return self._sample[objective]
        return np.flatnonzero(self.known[objective] & (self.side == side))

    def bootstrap(self, seed: int) -> Examples:
        """The same data, with the training labels of every objective drawn anew, with replacement (Efron 1979)."""
        drawn = copy.copy(self)
        drawn._cache = {}
        rng = np.random.default_rng(seed)
        kept = {name: self.rows(name, Side.TRAIN) for name in self.answers}
        drawn._sample = {name: np.sort(rng.choice(rows, len(rows))) for name, rows in kept.items() if len(rows)}
        return drawn

    def unlabelled(self, objective: str) -> Rows:
        """Numbers of the training rows that have no label for the objective, ascending."""
        return np.flatnonzero(~self.known[objective] & (self.side == Side.TRAIN))

    def counts(self, objective: str, rows: Rows) -> npt.NDArray[np.int64]:
        """In how many of some rows each class is right: shape (classes,)."""
        answers = self.answers[objective]
        ids = answers.take(rows).ids if isinstance(answers, Bag) else answers[rows]
        return np.bincount(ids, minlength=len(self.classes.of(objective)))

    def target(self, objective: str, rows: Rows) -> torch.Tensor:
        """What is right for some rows: int64 (rows,) for one class of several, else float32 (rows, classes)."""
        answers = self.answers[objective]
        if not isinstance(answers, Bag):
            return torch.from_numpy(answers[rows].astype(np.int64))
        bag = answers.take(rows)
        answer = torch.zeros(len(rows), bag.size)
        answer[np.repeat(np.arange(len(rows)), np.diff(bag.offsets)), bag.ids] = 1.0
        return answer

    def batch(self, rows: Rows) -> Batch:
        """Model inputs of some rows, in the order asked for."""
        order = np.argsort(rows, kind="stable")
        taken = self.features.take(rows[order], self.columns).combine_chunks().to_batches()[0]
        found = self.transform.to_batch(taken).take(np.argsort(order, kind="stable"))
        return dataclasses.replace(found, bags={**found.bags, HITS: self.hits.take(rows)})

    def parts(self, rows: Rows, size: int = PART) -> Iterator[Batch]:
        """Model inputs of some rows, in order, a part at a time; nothing is kept."""
        for start in range(0, len(rows), size):
            yield self.batch(rows[start : start + size])

    def windows(self, rows: Rows, rng: np.random.Generator | None, name: str = "") -> Iterator[tuple[Rows, Batch]]:
        """Rows once, in windows that fit in memory; in order without a generator.

        Parameters
        ----------
        rows : ndarray of int64
            Which.
        rng : Generator, optional
            Shuffles blocks of neighbouring rows.
        name : str
            If given and all rows fit in one window, it is kept under this name: the same name always means these rows.
        """
        if len(rows) <= BLOCK * WINDOW:
            window = self._cache.get(name) or (self.batch(rows) if len(rows) else None)
            if name and window is not None:
                self._cache[name] = window
            if window is not None:
                yield rows, window
            return
        blocks = [rows[start : start + BLOCK] for start in range(0, len(rows), BLOCK)]
        order = rng.permutation(len(blocks)) if rng is not None else np.arange(len(blocks))
        for start in range(0, len(blocks), WINDOW):
            chosen = np.concatenate([blocks[i] for i in np.sort(order[start : start + WINDOW])])
            yield chosen, self.batch(chosen)

    def batches(
        self, objective: str, side: Side, size: int, rng: np.random.Generator | None = None
    ) -> Iterator[tuple[Batch, torch.Tensor]]:
        """Batches of inputs and targets of all labelled rows; shuffled if a generator is given."""
        for rows, batch in self._cut(self.rows(objective, side), size, rng, f"{objective} {side.name}"):
            yield batch, self.target(objective, rows)

    def unlabelled_batches(self, objective: str, size: int, rng: np.random.Generator) -> Iterator[Batch]:
        """Shuffled batches of the training rows without a label."""
        for _, batch in self._cut(self.unlabelled(objective), size, rng, f"{objective} unlabelled"):
            yield batch

    def _cut(self, rows: Rows, size: int, rng: np.random.Generator | None, name: str) -> Iterator[tuple[Rows, Batch]]:
        for chosen, window in self.windows(rows, rng, name):
            order = rng.permutation(len(chosen)) if rng is not None else np.arange(len(chosen))
            for start in range(0, len(chosen), size):
                part = order[start : start + size]
                yield chosen[part], window.take(part)


def spread(rows: Rows, most: int) -> Rows:
    """At most so many of some rows, evenly over all of them, hence over all feeds."""
    return rows[:: max(1, -(-len(rows) // most))]


def _chunk(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks else pa.array([], column.type)
