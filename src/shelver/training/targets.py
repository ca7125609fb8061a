"""The stage that says what is to be learnt about each product: rule labels and people's labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from shelver.catalogue.on_offer import ACTIVE, is_on_offer
from shelver.catalogue.origins import HUMAN, human_only, is_human
from shelver.catalogue.tree import Tree
from shelver.errors import ModelError
from shelver.features.batch import Ints
from shelver.features.hits import as_lists, distinct, hit_positions
from shelver.features.split import Side
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
        Current labels that count, see `countable`: columns product_id, category_id and, if some were taken over, how.
    answers : sequence of Answers
        Objectives of the user's own.
    nodes : pyarrow.Table, optional
        Current labels of the objective ``node`` that count, with the same columns: of these products people said below
        which category they belong, and no more.

    Notes
    -----
    Output columns: ``hits``, positions in the tree that rules assigned; ``rule_based``, those and all above them, as
    classes of the objective (null: no rule fired, nothing is known); ``counts``, is the product on offer, or did people
    label it? Others are in no part of the run; ``propagated``, was the label in ``exclusive``
    taken over from another product; ``exclusive``, the class a person chose, or −1; ``below``, where nobody chose one,
    the place in the tree of the category that it belongs to or below, or −1; a column for each objective of the user's
    own, as `Answers.apply` gives it.
    """

    name = "targets.v5"

    def __init__(
        self, classes: Classes, labels: pa.Table, answers: Sequence[Answers] = (), nodes: pa.Table | None = None
    ) -> None:
        self.classes, self.labels, self.answers = classes, labels, tuple(answers)
        tree = classes.tree
        self._ids = pa.array([category.category_id for category in tree.categories], pa.string())
        chosen = labels["category_id"].combine_chunks().cast(pa.string())
        found = pc.index_in(chosen, value_set=pa.array(classes.exclusive, pa.string()))
        places = pc.fill_null(found, UNKNOWN).to_pylist()
        names = labels["product_id"].to_pylist()
        self._chosen = dict(zip(names, places, strict=True))
        ways = labels["how"].to_pylist() if "how" in labels.column_names else []
        known = (name for name, how in zip(names, ways or [HUMAN] * len(names), strict=True) if not is_human(how))
        self._propagated = {name for name in known if self._chosen[name] != UNKNOWN}
        self._above = ancestor_table(classes)
        below = _places(nodes, tree) if nodes is not None else {}
        self._below = {name: place for name, place in below.items() if self._chosen.get(name, UNKNOWN) == UNKNOWN}

    @property
    def columns(self) -> tuple[str, ...]:
        """Input columns."""
        return tuple(dict.fromkeys(["product_id", "labels", ACTIVE, *(answers.column for answers in self.answers)]))

    @property
    def schema(self) -> pa.Schema:
        """``product_id``, ``hits``, and a column for each objective."""
        fields = [
            pa.field("product_id", pa.string()),
            pa.field("hits", pa.list_(pa.int32())),
            pa.field("counts", pa.bool_()),
            pa.field("propagated", pa.bool_()),
            pa.field("rule_based", pa.list_(pa.int32())),
            pa.field("below", pa.int32()),
            pa.field("exclusive", pa.int32()),
        ]
        return pa.schema([*fields, *(pa.field(answers.name, answers.type) for answers in self.answers)])

    def fingerprint(self) -> str:
        """Hash of tree, classes, labels and how they came about, and the user's own objectives."""
        own = [(a.name, a.spec.model_dump(mode="json"), a.names, a.edges) for a in self.answers]
        said = sorted(self._chosen.items()), sorted(self._propagated), sorted(self._below.items())
        return digest(self.classes.tree.fingerprint(), self.classes.rule_based, *said, own)

    def fit(self, batches: Batches) -> Self:
        """Nothing to learn."""
        return self

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Targets of n products."""
        rows, positions = hit_positions(batch["labels"], self._ids)
        n = batch.num_rows
        every = with_above(rows, positions, self._above, self.classes)
        names = batch["product_id"].to_pylist()
        below = np.asarray([self._below.get(name, UNKNOWN) for name in names], np.int32)
        chosen = np.asarray([self._chosen.get(name, UNKNOWN) for name in names], np.int32)
        labelled = pa.array((below != UNKNOWN) | (chosen != UNKNOWN))
        columns = [
            batch["product_id"].cast(pa.string()),
            as_lists(rows, positions, n),
            pc.or_(is_on_offer(batch[ACTIVE]), labelled),
            pa.array([name in self._propagated for name in names], pa.bool_()),
            _or_null(as_lists(*every, n)),
            pa.array(below),
            pa.array(chosen),
        ]
        own = [answers.apply(batch) for answers in self.answers]
        return pa.RecordBatch.from_arrays([*columns, *own], schema=self.schema)

    def save(self, files: Files) -> None:
        """Not stored by itself: made anew from the tree and the labels."""
        raise ModelError("targets are made anew from tree and labels; there is nothing to save", where=files.prefix)

    @classmethod
    def load(cls, files: Files) -> Self:
        """Not stored by itself."""
        raise ModelError("targets are made anew from tree and labels; there is nothing to load", where=files.prefix)


def _places(nodes: pa.Table, tree: Tree) -> dict[str, int]:
    """Place in the tree of the node that people named, for each product; those not in the tree any more left out."""
    pairs = zip(nodes["product_id"].to_pylist(), nodes["category_id"].to_pylist(), strict=True)
    return {product: tree.position(category) for product, category in pairs if category in tree}


def countable(labels: pa.Table, sources: pa.Table, product_ids: pa.Array, side: npt.NDArray[np.int8]) -> pa.Table:
    """Labels that may be learnt from or measured with: those that are no right answer where they stand are left out.

    A label that was taken over is never a right answer on the validation or test side. On the training side it counts,
    unless it comes from a product of another side: what is measured with would be learnt by heart.

    Parameters
    ----------
    labels : pyarrow.Table
        Current labels, one a product: columns product_id and how.
    sources : pyarrow.Table
        Where those come from that were taken over: columns product_id, source_product and source_how.
    product_ids : pyarrow.Array of string, length n
        All products.
    side : ndarray of int8, shape (n,)
        Their side of the split.

    Returns
    -------
    pyarrow.Table
        Some of the labels, in their order.
    """
    if human_only(labels).num_rows == labels.num_rows:
        return labels
    train = product_ids.filter(pa.array(side == Side.TRAIN))
    away = pc.invert(pc.is_in(sources["source_product"], value_set=train))
    said = pa.chunked_array([[is_human(how) for how in sources["source_how"].to_pylist()]], pa.bool_())
    leaks = sources["product_id"].filter(pc.and_(away, said)).combine_chunks()
    taught = pc.and_(
        pc.is_in(labels["product_id"], value_set=train), pc.invert(pc.is_in(labels["product_id"], value_set=leaks))
    )
    human = pc.is_in(labels["product_id"], value_set=human_only(labels)["product_id"].combine_chunks())
    return labels.filter(pc.or_(human, taught))


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
