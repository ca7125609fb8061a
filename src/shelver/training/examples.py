"""Labelled rows of a run, in batches, for one objective at a time."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator
from typing import Any, TypeAlias

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
from shelver.training.restrict import within

BLOCK = 1024
"""Neighbouring rows read at once."""
WINDOW = 64
"""Blocks held in memory and shuffled together."""
PART = 4096
"""Rows looked at together where nothing is learnt."""

PROPAGATED = "propagated"
"""Column of the targets that says which labels were taken over."""
COUNTS = "counts"
"""Column of the targets that says which products count; see `shelver.catalogue.on_offer`."""
NO_SIDE = -1
"""Side of the products that do not count."""
BELOW = "below"
"""Column of the targets with the category that a product without a label of its own belongs to or below."""

Rows = npt.NDArray[np.int64]
Answers: TypeAlias = Bag | npt.NDArray[np.signedinteger[Any]]
"""Right classes of some rows: one each, or any number for a multi-label objective."""


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
    learn_propagated : bool
        Do labels that were taken over from another product count? They are only ever on the training side.

    Attributes
    ----------
    side : ndarray of int8, shape (products,)
        Side of the split; `NO_SIDE` for products that are gone from their feed and that nobody labelled: nothing is
        learnt from them, and they are counted nowhere.
    propagated : ndarray of bool, shape (products,)
        Was the label of the exclusive objective taken over?
    below : ndarray of int32, shape (products,)
        Place in the tree of the category that a product belongs to or below, where nobody chose an exclusive one; −1
        where nothing is known.
    """

    def __init__(
        self,
        features: Table,
        targets: Table,
        transform: Transform,
        classes: Classes,
        *,
        learn_propagated: bool = True,
    ) -> None:
        self.features, self.transform, self.classes = features, transform, classes
        self.columns = ["product_id", *transform.features]
        self.side = features.read(["side"])["side"].to_numpy()
        names = [name for name in targets.schema.names if name not in ("product_id", PROPAGATED, COUNTS, BELOW)]
        held = targets.read(names).combine_chunks()
        if COUNTS in targets.schema.names:
            self.side = np.where(targets.read([COUNTS])[COUNTS].to_numpy(), self.side, NO_SIDE).astype(np.int8)
        self.hits = read_lists(_chunk(held["hits"]), len(classes.tree.categories))
        self.answers: dict[str, Answers] = {}
        self.known: dict[str, npt.NDArray[np.bool_]] = {}
        for name in names[1:]:
            column = _chunk(held[name])
            if classes.kind(name) == "multi_label":
                self.known[name] = column.is_valid().to_numpy(zero_copy_only=False)
                self.answers[name] = read_lists(column, max(1, len(classes.of(name))))
            else:
                self.answers[name] = column.to_numpy()
                self.known[name] = column.to_numpy() != UNKNOWN
        self.propagated = np.zeros(self.products, np.bool_)
        if PROPAGATED in targets.schema.names:
            self.propagated = targets.read([PROPAGATED])[PROPAGATED].to_numpy()
        self.below = np.full(self.products, UNKNOWN, np.int32)
        if BELOW in targets.schema.names:
            self.below = targets.read([BELOW])[BELOW].to_numpy()
        if not learn_propagated and "exclusive" in self.known:
            self.known["exclusive"] = self.known["exclusive"] & ~self.propagated
        self._cache: dict[str, Batch] = {}
        self._chosen: dict[tuple[str, Side], Rows] = {}

    def __repr__(self) -> str:
        sizes = {f"{name} {side.name.lower()}": len(self.rows(name, side)) for name in self.answers for side in Side}
        return f"Examples({len(self.side):,} products; {', '.join(f'{name}: {n:,}' for name, n in sizes.items())})"

    @property
    def products(self) -> int:
        """Number of products, labelled or not, on offer or not: rows of the tables."""
        return len(self.side)

    @property
    def counted(self) -> int:
        """Number of products that count."""
        return int(np.sum(self.side != NO_SIDE))

    def rows(self, objective: str, side: Side) -> Rows:
        """Numbers of the rows on one side that have a label for the objective, ascending."""
        if (objective, side) in self._chosen:
            return self._chosen[objective, side]
        return np.flatnonzero(self.known[objective] & (self.side == side))

    def ranges(self) -> tuple[Rows, Rows]:
        """Training rows of which only a node is known, and the exclusive classes that this leaves; see `within`."""
        rows = np.flatnonzero((self.below != UNKNOWN) & (self.side == Side.TRAIN))
        return within(rows, self.below[rows], self.classes)

    def taken_over(self, objective: str, side: Side) -> int:
        """How many of these labels nobody gave to the product itself: they come from a look-alike or a cluster."""
        return int(self.propagated[self.rows(objective, side)].sum()) if objective == "exclusive" else 0

    def bootstrap(self, seed: int) -> Examples:
        """The same data, with the training labels of every objective drawn anew, with replacement (Efron 1979)."""
        drawn = copy.copy(self)
        drawn._cache = {}
        rng = np.random.default_rng(seed)
        kept = {name: self.rows(name, Side.TRAIN) for name in self.answers}
        sample = {(name, Side.TRAIN): np.sort(rng.choice(rows, len(rows))) for name, rows in kept.items() if len(rows)}
        drawn._chosen = self._chosen | sample
        return drawn

    def relabelled(self, objective: str, rows: Rows, answers: Answers, held_out: Rows | None = None) -> Examples:
        """The same data with other labels for one objective, whatever side of the split they are on.

        Parameters
        ----------
        objective : str
            Which; what is known of the others stays.
        rows : ndarray of int64, shape (labels,)
            Rows that have a label; a row may be named again, and then counts again, with its last answer.
        answers : ndarray of int, shape (labels,), or Bag of as many rows
            Their right classes: one each, or any number for a multi-label objective.
        held_out : ndarray of int64, optional
            Places in `rows` that are validated on instead of trained on.

        Raises
        ------
        ValueError
            Not one answer for each row, or answers of the other kind.
        """
        if len(rows) != len(answers):
            raise ValueError(f"{len(answers)} answers for {len(rows)} rows")
        if isinstance(answers, Bag) != (self.classes.kind(objective) == "multi_label"):
            raise ValueError(f"{objective} is {self.classes.kind(objective)}, its answers are {answers!r}")
        taught = copy.copy(self)
        taught._cache = {}
        held = np.zeros(len(rows), np.bool_)
        held[[] if held_out is None else held_out] = True
        sides = {Side.TRAIN: rows[~held], Side.VALID: rows[held], Side.TEST: rows[:0]}
        taught._chosen = self._chosen | {(objective, side): np.sort(each) for side, each in sides.items()}
        known = np.zeros(self.products, np.bool_)
        known[rows] = True
        taught.known = {**self.known, objective: known}
        taught.answers = {**self.answers, objective: _spread_out(rows, answers, self.products)}
        return taught

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


def _spread_out(rows: Rows, answers: Answers, products: int) -> Answers:
    """Answers of some rows as answers of all products: unknown, or none, for the others."""
    if isinstance(answers, Bag):
        last = np.full(products, len(rows), np.int64)  # the row after the last answer: one without any
        last[rows] = np.arange(len(rows))
        empty = Bag(np.append(answers.offsets, answers.offsets[-1]), answers.ids, answers.weights, answers.size)
        return empty.take(last)
    whole = np.full(products, UNKNOWN, np.int32)
    whole[rows] = answers
    return whole


def _chunk(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks else pa.array([], column.type)
