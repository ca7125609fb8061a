"""The stage that says what is to be learnt about each product: rule labels and people's labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shelver.errors import ModelError
from shelver.features.batch import Ints
from shelver.features.hits import as_lists, distinct, hit_positions
from shelver.files import Files
from shelver.models.classes import Classes
from shelver.stage import Batches, digest
from shelver.training.answers import UNKNOWN, Answers


class TargetsStage:
    """Rule labels and products → targets of all objectives (a `Stage`; nothing to fit).

    Parameters
    ----------
    classes : Classes
        Classes and tree.
    labels : pyarrow.Table
        Current labels of people: columns product_id and category_id.
    answers : sequence of Answers
        Objectives of the user's own.

    Notes
    -----
    Output columns: ``hits``, positions in the tree that rules assigned; ``rule_based``, those and all above them, as
    classes of the objective (null: no rule fired, nothing is known); ``exclusive``, the class a person chose, or −1; a
    column for each objective of the user's own, as `Answers.apply` gives it.
    """

    name = "targets.v2"

    def __init__(self, classes: Classes, labels: pa.Table, answers: Sequence[Answers] = ()) -> None:
        self.classes, self.labels, self.answers = classes, labels, tuple(answers)
        tree = classes.tree
        self._ids = pa.array([category.category_id for category in tree.categories], pa.string())
        chosen = labels["category_id"].combine_chunks().cast(pa.string())
        found = pc.index_in(chosen, value_set=pa.array(classes.exclusive, pa.string()))
        places = pc.fill_null(found, UNKNOWN).to_pylist()
        self._chosen = dict(zip(labels["product_id"].to_pylist(), places, strict=True))
        self._above = ancestor_table(classes)

    @property
    def columns(self) -> tuple[str, ...]:
        """Input columns."""
        return tuple(dict.fromkeys(["product_id", "labels", *(answers.column for answers in self.answers)]))

    @property
    def schema(self) -> pa.Schema:
        """``product_id``, ``hits``, and a column for each objective."""
        fields = [
            pa.field("product_id", pa.string()),
            pa.field("hits", pa.list_(pa.int32())),
            pa.field("rule_based", pa.list_(pa.int32())),
            pa.field("exclusive", pa.int32()),
        ]
        return pa.schema([*fields, *(pa.field(answers.name, answers.type) for answers in self.answers)])

    def fingerprint(self) -> str:
        """Hash of tree, classes, labels and the user's own objectives."""
        own = [(a.name, a.spec.model_dump(mode="json"), a.names, a.edges) for a in self.answers]
        return digest(self.classes.tree.fingerprint(), self.classes.rule_based, sorted(self._chosen.items()), own)

    def fit(self, batches: Batches) -> Self:
        """Nothing to learn."""
        return self

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Targets of n products."""
        rows, positions = hit_positions(batch["labels"], self._ids)
        n = batch.num_rows
        every = with_above(rows, positions, self._above, self.classes)
        chosen = [self._chosen.get(name, UNKNOWN) for name in batch["product_id"].to_pylist()]
        columns = [batch["product_id"].cast(pa.string()), as_lists(rows, positions, n), _or_null(as_lists(*every, n))]
        own = [answers.apply(batch) for answers in self.answers]
        return pa.RecordBatch.from_arrays([*columns, pa.array(chosen, pa.int32()), *own], schema=self.schema)

    def save(self, files: Files) -> None:
        """Not stored by itself: made anew from the tree and the labels."""
        raise ModelError("targets are made anew from tree and labels; there is nothing to save", where=files.prefix)

    @classmethod
    def load(cls, files: Files) -> Self:
        """Not stored by itself."""
        raise ModelError("targets are made anew from tree and labels; there is nothing to load", where=files.prefix)


def _or_null(lists: pa.ListArray) -> pa.ListArray:
    """Empty lists become null."""
    return pc.if_else(pc.greater(pc.list_value_length(lists), 0), lists, pa.scalar(None, lists.type))


def with_above(rows: Ints, positions: Ints, table: Ints, classes: Classes) -> tuple[Ints, Ints]:
    """Categories that rules assigned, with all above them, as classes of the rule-based objective.

    Parameters
    ----------
    rows, positions : ndarray of int64, shape (hits,)
        Products and places in the tree.
    table : ndarray of int64, shape (categories, depth)
        From `ancestor_table`.
    classes : Classes
        Classes and tree.

    Returns
    -------
    rows, classes : ndarray of int64
        Distinct pairs, in ascending order.
    """
    above = table[positions]  # (hits, depth)
    there = above.ravel() >= 0
    return distinct(np.repeat(rows, table.shape[1])[there], above.ravel()[there], max(1, len(classes.rule_based)))


def ancestor_table(classes: Classes) -> Ints:
    """Rule-based classes of each category and all above it: shape (categories, depth), −1 where there is none."""
    place = {category_id: i for i, category_id in enumerate(classes.rule_based)}
    chains = [
        [place.get(c.category_id, -1), *(place.get(a.category_id, -1) for a in classes.tree.ancestors(c.category_id))]
        for c in classes.tree.categories
    ]
    depth = max((len(chain) for chain in chains), default=1)
    return np.asarray([chain + [-1] * (depth - len(chain)) for chain in chains], np.int64).reshape(-1, depth)
