"""Which rules are wrong: every rule judged by people's labels and by a model that does not see the rules."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shelver.catalogue.on_offer import ACTIVE, is_on_offer
from shelver.catalogue.origins import human_only
from shelver.catalogue.tree import Tree
from shelver.labelling.candidates import Ints
from shelver.labelling.wrong_rules import (
    Basis,
    Firings,
    RulePrecision,
    TellingWord,
    judge_rules,
    sample_firings,
    verdicts,
)
from shelver.pipeline.base import Base
from shelver.pipeline.prepare import apply_rules, dataset
from shelver.pipeline.rule_examples import RuleExample, examples_of, excluding
from shelver.pipeline.second_look import believed_firings, without_rules
from shelver.rules.stage import RulesStage
from shelver.table import Table

SAMPLE = 60
"""Products without a label that the model is asked about for each rule."""


@dataclass(frozen=True)
class RuleReview:
    """One rule.

    Attributes
    ----------
    rule_id, category, sentence : str
        Its name, the path of what it assigns, and what it asks for.
    matches, right, wrong, basis, precision, low, high
        See `shelver.labelling.wrong_rules.RulePrecision`.
    wrong_products : (float, float, float)
        Products it puts in a wrong place: at least, likely, at most.
    examples : tuple of RuleExample
        The surest mistakes first.
    exclude : tuple of TellingWord
        Words whose matches are wrong: candidates for ``title.not``.
    """

    rule_id: str
    category: str
    sentence: str
    matches: int
    right: int
    wrong: int
    basis: Basis
    precision: float
    low: float
    high: float
    wrong_products: tuple[float, float, float]
    examples: tuple[RuleExample, ...]
    exclude: tuple[TellingWord, ...]


@dataclass(frozen=True)
class RulesReview:
    """All rules that fired, the most harmful first.

    Attributes
    ----------
    labels : int
        Labels that rules were judged by.
    model : bool
        Was a model asked, too?
    unjudged : int
        Rules that fired, of which nothing is known.
    rules : tuple of RuleReview
        The first ones.
    """

    labels: int
    model: bool
    unjudged: int
    rules: tuple[RuleReview, ...]

    def as_dict(self) -> dict[str, Any]:
        """As JSON-like values."""
        return asdict(self)


def review_rules(workspace: Base, limit: int = 20) -> RulesReview:
    """Judge every rule; gives the `limit` most harmful with examples.

    Raises
    ------
    ShelverError
        Nothing was prepared, or the rules cannot be read.
    """
    tree = workspace.tree()
    stage = workspace.rules_stage(tree)
    examples = without_rules(dataset(workspace).examples)
    apply_rules(workspace)
    products, fired = workspace.products(), workspace.table("rule_labels").pinned()
    row, rule = _firings(fired, stage)
    labels = _label_places(workspace, products, tree)
    offered = is_on_offer(products.read([ACTIVE])[ACTIVE]).to_numpy()
    counted = offered[row] | (labels[row] >= 0)
    row, rule = row[counted], rule[counted]
    assigned = np.asarray([tree.position(category) for category in stage.category_ids], np.int64)
    right = verdicts(tree, assigned[rule], labels[row])
    human = ~np.isnan(right)
    sample = np.flatnonzero(sample_firings(row, rule, labels[row] < 0, SAMPLE))
    told = believed_firings(workspace, examples, products, stage.category_ids, row, rule, right, sample)
    if told is not None:
        right[sample] = told
    kept = np.sort(np.concatenate([np.flatnonzero(human), sample]))
    known = Firings(rule[kept], row[kept], right[kept], human[kept])
    ranked = [one for one in judge_rules(known, np.bincount(rule, minlength=len(stage.rules))) if one.matches]
    return RulesReview(
        labels=int((labels >= 0).sum()),
        model=told is not None,
        unjudged=sum(one.basis == "nothing" for one in ranked),
        rules=tuple(
            _reviewed(one, known.of(one.rule), stage, tree, products, fired, labels)
            for one in [one for one in ranked if one.basis != "nothing"][:limit]
        ),
    )


def _firings(fired: Table, stage: RulesStage) -> tuple[Ints, Ints]:
    """Row and rule of every label that rules gave, in the order of rows."""
    ids = pa.array([rule.id for rule in stage.rules.rules], pa.string())
    rows, rules, start = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], 0
    for batch in fired.batches(["labels"], 8192):
        lists = batch["labels"]
        counts = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
        found = pc.index_in(pc.struct_field(pc.list_flatten(lists), "rule_id"), value_set=ids)
        rules.append(found.to_numpy(zero_copy_only=False).astype(np.int64))
        rows.append(np.repeat(np.arange(start, start + batch.num_rows), counts))
        start += batch.num_rows
    return np.concatenate(rows), np.concatenate(rules)


def _reviewed(
    one: RulePrecision, firings: Firings, stage: RulesStage, tree: Tree, products: Table, fired: Table, labels: Ints
) -> RuleReview:
    """What is told of one rule; `labels` are places in the tree."""
    rule = stage.rules.rules[one.rule]
    return RuleReview(
        rule_id=rule.id,
        category=str(tree.by_id(stage.category_ids[one.rule])),
        sentence=rule.sentence(),
        **{name: getattr(one, name) for name in ("matches", "right", "wrong", "basis", "precision", "low", "high")},
        wrong_products=one.wrong_products,
        examples=examples_of(firings, rule.id, tree, products, fired, labels),
        exclude=excluding(firings, rule.id, products, fired),
    )


def _label_places(workspace: Base, products: Table, tree: Tree) -> Ints:
    """Place in the tree of the label of each product, −1 where people gave none: shape (products,)."""
    ids = products.read(["product_id"])["product_id"].combine_chunks()
    current = human_only(workspace.control.current_labels())
    found = np.full(len(ids), -1, np.int64)
    rows = pc.index_in(current["product_id"].combine_chunks().cast(ids.type), value_set=ids).to_pylist()
    for row, category in zip(rows, current["category_id"].to_pylist(), strict=True):
        if row is not None and category in tree:
            found[row] = tree.position(category)
    return found
