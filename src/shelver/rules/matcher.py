"""Which rules fire on which products of a batch, and where, in one pass over the text.

**The naive design** asks every rule about every product: 1,300 rules × 1,000,000 titles are 10⁹ questions. Instead all
patterns of all rules are found at once; each pattern knows the rules that wait for it, and only those are evaluated.
Every positive condition of a rule that a pattern (or a whole value) can meet is a *clause*, and so is every ``not``: a
rule is a candidate for a row where all its clauses were met and no ``not`` was. Price and regular expressions are
asked of candidates only; rules that have nothing else are candidates everywhere. All of it works on arrays; nothing
loops over products in Python but the text comparison itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from shelver.config import TEXT_FIELDS
from shelver.rules.conditions import compile_regex
from shelver.rules.fold import fold, tidy
from shelver.rules.patterns import Pattern, parse_pattern
from shelver.rules.rule import Rule
from shelver.rules.scanner import Ints, Scanner

PRICE = "price"
FIELDS = (*TEXT_FIELDS, PRICE)
"""Names of the numbers in `Matches.field`."""


class Matches(NamedTuple):
    """Which rules fired: arrays of one length m, ordered by row, then by rule.

    Attributes
    ----------
    row, rule : ndarray of int64, shape (m,)
        Index of the product in the batch, index of the rule.
    field : ndarray of int64, shape (m,)
        Index into `FIELDS` of the field that the rule was recognised by.
    start, end : ndarray of int64, shape (m,)
        Characters of that field: of the first (longest, if several begin there) pattern; 0 and the length for
        ``equals``; the match of a regular expression for rules without patterns; -1 and -1 for the price alone.
    """

    row: Ints
    rule: Ints
    field: Ints
    start: Ints
    end: Ints


class Matcher:
    """Rules made ready for matching.

    Parameters
    ----------
    rules : sequence of Rule
        Their order is the order of the answers.

    Attributes
    ----------
    columns : tuple of str
        Product fields that the rules look at.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        clauses = _Clauses(rules)
        self._count = len(rules)
        self._clause_rule = np.array(clauses.rule, np.int64)  # (c,)
        self._clause_negative = np.array(clauses.negative, bool)  # (c,)
        self._needed = np.bincount(self._clause_rule[~self._clause_negative], minlength=len(rules))  # (rules,)
        self._fields = {
            FIELDS.index(field): _FieldIndex(clauses.patterns[field], clauses.values[field])
            for field in TEXT_FIELDS
            if clauses.patterns[field] or clauses.values[field]
        }
        self._regexes = {
            number: [
                (tuple(FIELDS.index(field) for field in fields), compile_regex(words.regex))
                for _, fields, words in rule.conditions()
                if words.regex
            ]
            for number, rule in enumerate(rules)
        }
        self._has_regex = np.array([bool(self._regexes[number]) for number in range(len(rules))], bool)
        limits = [(rule.price.min, rule.price.max) if rule.price else (None, None) for rule in rules]
        self._has_price = np.array([rule.price is not None for rule in rules], bool)
        self._low = np.array([-np.inf if low is None else low for low, _ in limits])
        self._high = np.array([np.inf if high is None else high for _, high in limits])
        used = {field for rule in rules for _, fields, _ in rule.conditions() for field in fields}
        self.columns = tuple(
            field for field in FIELDS if field in used or (field == PRICE and bool(self._has_price.any()))
        )

    def match(self, texts: Mapping[str, Sequence[str]], price: npt.NDArray[np.float64]) -> Matches:
        """Find the rules that fire.

        Parameters
        ----------
        texts : mapping of str to sequence of str
            For every text field of `columns`, its n values; missing ones are empty strings.
        price : ndarray of float64, shape (n,)
            NaN where missing.

        Returns
        -------
        Matches
            The same whatever other products are in the batch.
        """
        row, clause, field, start, end = self._clauses_met(texts)
        key = row * max(self._count, 1) + self._clause_rule[clause]  # one number for (row, rule), in order of both
        negative = self._clause_negative[clause]
        vetoed = np.unique(key[negative])
        met = ~negative
        key, clause, field, start, end = key[met], clause[met], field[met], start[met], end[met]
        order = np.lexsort((-end, start, field, key))
        candidates, first = np.unique(key[order], return_index=True)
        anchor = order[first]
        fulfilled = self._distinct(key, clause) == self._needed[candidates % max(self._count, 1)]
        candidates, anchor = candidates[fulfilled], anchor[fulfilled]
        field, start, end = field[anchor], start[anchor], end[anchor]

        free = self._free_candidates(price)
        candidates = np.concatenate([candidates, free])
        missing = np.full(len(free), -1, np.int64)
        field = np.concatenate([field, np.full(len(free), FIELDS.index(PRICE))])
        start, end = np.concatenate([start, missing]), np.concatenate([end, missing])
        row, rule = np.divmod(candidates, max(self._count, 1))
        with np.errstate(invalid="ignore"):
            keep = ~self._has_price[rule] | ((price[row] >= self._low[rule]) & (price[row] <= self._high[rule]))
        keep &= ~np.isin(candidates, vetoed, assume_unique=True)
        for index in np.flatnonzero(keep & self._has_regex[rule]).tolist():
            spot = self._search(int(rule[index]), int(row[index]), texts)
            keep[index] = spot is not None
            if spot is not None and self._needed[rule[index]] == 0:
                field[index], start[index], end[index] = spot
        order = np.flatnonzero(keep)
        order = order[np.argsort(candidates[order], kind="stable")]
        return Matches(row[order], rule[order], field[order], start[order], end[order])

    def _clauses_met(self, texts: Mapping[str, Sequence[str]]) -> tuple[Ints, Ints, Ints, Ints, Ints]:
        """Every pattern and whole value found: row, clause, field, start, end; each of shape (hits,)."""
        parts = [np.empty((5, 0), np.int64)]
        for number, index in self._fields.items():
            row, clause, start, end = index.find(texts[FIELDS[number]])
            parts.append(np.stack([row, clause, np.full_like(row, number), start, end]))
        row, clause, field, start, end = np.concatenate(parts, axis=1)
        return row, clause, field, start, end

    def _distinct(self, key: Ints, clause: Ints) -> Ints:
        """How many different clauses were met for each key; shape (distinct keys,), in order of keys."""
        pairs = np.unique(key * max(len(self._clause_rule), 1) + clause)
        counts: Ints = np.unique(pairs // max(len(self._clause_rule), 1), return_counts=True)[1]
        return counts

    def _free_candidates(self, price: npt.NDArray[np.float64]) -> Ints:
        """Keys of rules without a positive clause, on every row whose price they accept."""
        parts = [np.empty(0, np.int64)]
        rows = np.arange(len(price), dtype=np.int64)
        for number in np.flatnonzero(self._needed == 0).tolist():
            possible = rows
            if self._has_price[number]:
                possible = np.flatnonzero((price >= self._low[number]) & (price <= self._high[number]))
            parts.append(possible * self._count + number)
        return np.concatenate(parts)

    def _search(self, rule: int, row: int, texts: Mapping[str, Sequence[str]]) -> tuple[int, int, int] | None:
        """Do all regular expressions of the rule match? Then where the first one does: field, start, end."""
        spots = []
        for fields, regex in self._regexes[rule]:
            hits = ((number, regex.search(fold(texts[FIELDS[number]][row]))) for number in fields)
            spot = next(((number, *hit.span()) for number, hit in hits if hit), None)
            if spot is None:
                return None
            spots.append(spot)
        return min(spots)


class _Clauses:
    """The conditions of all rules, numbered, and what can meet them in each field."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rule: list[int] = []
        self.negative: list[bool] = []
        self.patterns: dict[str, dict[Pattern, list[int]]] = {field: defaultdict(list) for field in TEXT_FIELDS}
        self.values: dict[str, dict[str, list[int]]] = {field: defaultdict(list) for field in TEXT_FIELDS}
        for number, rule in enumerate(rules):
            for _, fields, words in rule.conditions():
                self._add_patterns(number, fields, words.any, False)
                for pattern in words.all:
                    self._add_patterns(number, fields, (pattern,), False)
                self._add_patterns(number, fields, words.none, True)
                if words.equals:
                    clause = self._new(number, False)
                    for field in fields:
                        for value in dict.fromkeys(map(tidy, words.equals)):
                            self.values[field][value].append(clause)

    def _add_patterns(self, rule: int, fields: Sequence[str], patterns: Sequence[str], negative: bool) -> None:
        if not patterns:
            return
        clause = self._new(rule, negative)
        for field in fields:
            for pattern in dict.fromkeys(map(parse_pattern, patterns)):
                self.patterns[field][pattern].append(clause)

    def _new(self, rule: int, negative: bool) -> int:
        self.rule.append(rule)
        self.negative.append(negative)
        return len(self.rule) - 1


class _FieldIndex:
    """From the text of one field to the clauses it meets."""

    def __init__(self, patterns: Mapping[Pattern, list[int]], values: Mapping[str, list[int]]) -> None:
        self._scanner = Scanner(list(patterns)) if patterns else None
        counts = np.array([len(clauses) for clauses in patterns.values()], np.int64)
        self._counts = counts  # (p,) clauses of each pattern
        self._offsets = np.cumsum(counts) - counts  # (p,) where they begin in `_clauses`
        self._clauses = np.array([clause for clauses in patterns.values() for clause in clauses], np.int64)
        self._values = dict(values)

    def find(self, texts: Sequence[str]) -> tuple[Ints, Ints, Ints, Ints]:
        """Row, clause, start, end of every clause met; each of shape (hits,)."""
        row, clause, start, end = (np.empty(0, np.int64) for _ in range(4))
        if self._scanner is not None:
            spots = self._scanner.scan(texts)
            counts = self._counts[spots.pattern]
            row, start, end = (np.repeat(column, counts) for column in (spots.row, spots.start, spots.end))
            begins = np.cumsum(counts) - counts
            within = np.arange(len(row)) - np.repeat(begins, counts)
            clause = self._clauses[np.repeat(self._offsets[spots.pattern], counts) + within]
        if self._values:
            whole = [
                (number, clause, 0, len(text))
                for number, text in enumerate(texts)
                for clause in self._values.get(tidy(text), ())
            ]
            extra = np.array(whole, np.int64).reshape(-1, 4)
            row, clause, start, end = (
                np.concatenate([old, new]) for old, new in zip((row, clause, start, end), extra.T, strict=True)
            )
        return row, clause, start, end
