"""Look at what rules do: what they match, where they overlap, where they contradict each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shelver.rules.rulefile import RuleSet
from shelver.rules.scanner import Ints

EXAMPLES = 3
"""Titles kept for each rule."""

TOP = 20
"""Pairs reported."""


@dataclass(frozen=True)
class RuleUse:
    """What one rule did."""

    rule_id: str
    category_id: str
    sentence: str
    products: int
    examples: tuple[str, ...]


@dataclass(frozen=True)
class RulePair:
    """Two rules that fire on the same products."""

    rule_ids: tuple[str, str]
    category_ids: tuple[str, str]
    products: int


@dataclass(frozen=True)
class CategoryPair:
    """Two exclusive categories given to the same products: only one can be right."""

    category_ids: tuple[str, str]
    products: int


@dataclass(frozen=True)
class RulesReport:
    """What all rules did; shares are of all products, NaN-free (0 where there are no products).

    Attributes
    ----------
    products : int
        Products looked at.
    no_rule, one_rule, several_rules : float
        Share of products on which so many rules fired.
    conflicted : float
        Share of products that were given two or more exclusive categories.
    rules : tuple of RuleUse
        Every rule, in the order of the file.
    silent : tuple of str
        Ids of the rules that never fired.
    overlaps : tuple of RulePair
        The pairs of rules with most products in common.
    conflicts : tuple of CategoryPair
        The pairs of exclusive categories with most products in common.
    """

    products: int
    no_rule: float
    one_rule: float
    several_rules: float
    conflicted: float
    rules: tuple[RuleUse, ...]
    silent: tuple[str, ...]
    overlaps: tuple[RulePair, ...]
    conflicts: tuple[CategoryPair, ...]

    def as_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return asdict(self)


def check_rules(
    rules: RuleSet,
    category_ids: Sequence[str],
    batches: Iterable[pa.RecordBatch],
    exclusive: Collection[str] | None = None,
) -> RulesReport:
    """Count what rules did.

    Parameters
    ----------
    rules : RuleSet
        The rules that labelled the products.
    category_ids : sequence of str
        What each rule assigns (`resolve_categories`).
    batches : iterable of pyarrow.RecordBatch
        Products with the column ``labels`` (`RulesStage.apply`) and, for examples, ``title``; without titles the
        ``product_id`` is the example. Read once; memory depends on the rules, not on the number of products.
    exclusive : collection of str, optional
        Categories that exclude each other; all, if not given.

    Returns
    -------
    RulesReport
        The same for any division into batches.

    Raises
    ------
    ValueError
        A label names a rule that is not among `rules`.
    """
    tally = _Tally(rules, category_ids, exclusive)
    for batch in batches:
        tally.add(batch)
    return tally.report()


class _Tally:
    """Running counts."""

    def __init__(self, rules: RuleSet, category_ids: Sequence[str], exclusive: Collection[str] | None) -> None:
        if len(category_ids) != len(rules):
            raise ValueError(f"{len(rules)} rules, {len(category_ids)} category ids")
        self._rules, self._category_ids = rules, tuple(category_ids)
        self._ids = pa.array([rule.id for rule in rules.rules], pa.string())
        self._names = sorted(set(category_ids))
        position = {name: number for number, name in enumerate(self._names)}
        self._category = np.array([position[name] for name in category_ids], np.int64)  # (rules,)
        excludes = [exclusive is None or name in exclusive for name in category_ids]
        self._exclusive = np.array(excludes, bool)  # (rules,)
        self._uses = np.zeros(len(rules), np.int64)
        self._examples: list[list[str]] = [[] for _ in rules.rules]
        self._overlaps: Counter[int] = Counter()
        self._conflicts: Counter[int] = Counter()
        self._products = self._one = self._several = self._conflicted = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Count one batch."""
        lists = batch.column("labels")
        counts = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)  # (n,)
        found = pc.index_in(pc.struct_field(pc.list_flatten(lists), "rule_id"), self._ids)
        if found.null_count:
            raise ValueError("labels name a rule that is not in the rules given; they were made by other rules")
        rule = found.to_numpy(zero_copy_only=False).astype(np.int64)  # (labels,)
        row = np.repeat(np.arange(batch.num_rows), counts)  # (labels,)
        self._products += batch.num_rows
        self._one += int((counts == 1).sum())
        self._several += int((counts > 1).sum())
        self._keep_examples(batch, row, rule)
        self._uses += np.bincount(rule, minlength=len(self._rules))
        _count_pairs(self._overlaps, row, rule, len(self._rules))
        apart = self._exclusive[rule]
        size = max(len(self._names), 1)
        given = np.unique(row[apart] * size + self._category[rule[apart]])  # (row, category), each once
        _count_pairs(self._conflicts, given // size, given % size, size)
        self._conflicted += int((np.bincount(given // size) > 1).sum())

    def _keep_examples(self, batch: pa.RecordBatch, row: Ints, rule: Ints) -> None:
        wanted = np.array([len(kept) < EXAMPLES for kept in self._examples], bool)[rule]
        column = batch.column("title" if "title" in batch.schema.names else "product_id")
        for number, at in zip(rule[wanted].tolist(), row[wanted].tolist(), strict=True):
            kept = self._examples[number]
            title = column[at].as_py() if len(kept) < EXAMPLES else None
            if title and title not in kept:
                kept.append(title)

    def report(self) -> RulesReport:
        """Everything counted so far."""
        total = max(self._products, 1)
        ids = [rule.id for rule in self._rules.rules]
        uses = [
            RuleUse(rule.id, self._category_ids[number], rule.sentence(), int(self._uses[number]), tuple(examples))
            for number, (rule, examples) in enumerate(zip(self._rules.rules, self._examples, strict=True))
        ]
        overlaps = [
            RulePair((ids[a], ids[b]), (self._category_ids[a], self._category_ids[b]), products)
            for a, b, products in _top(self._overlaps, len(ids))
        ]
        conflicts = [
            CategoryPair((self._names[a], self._names[b]), products)
            for a, b, products in _top(self._conflicts, len(self._names))
        ]
        return RulesReport(
            products=self._products,
            no_rule=(self._products - self._one - self._several) / total,
            one_rule=self._one / total,
            several_rules=self._several / total,
            conflicted=self._conflicted / total,
            rules=tuple(uses),
            silent=tuple(use.rule_id for use in uses if use.products == 0),
            overlaps=tuple(overlaps),
            conflicts=tuple(conflicts),
        )


def _count_pairs(counter: Counter[int], row: Ints, item: Ints, size: int) -> None:
    """Add every pair of items (rising numbers below `size`) of one row, as ``first * size + second``.

    `row` (ascending) and `item` (ascending within a row) have one shape (labels,).
    """
    for step in range(1, len(row)):
        same = row[:-step] == row[step:]
        if not same.any():
            break
        pairs, counts = np.unique(item[:-step][same] * size + item[step:][same], return_counts=True)
        counter.update(dict(zip(pairs.tolist(), counts.tolist(), strict=True)))


def _top(counter: Counter[int], size: int) -> list[tuple[int, int, int]]:
    """Find the pairs with most products; ties in the order of the pairs."""
    ranked = sorted(counter.items(), key=lambda pair: (-pair[1], pair[0]))[:TOP]
    return [(pair // size, pair % size, products) for pair, products in ranked]
