"""Levels of one tree in columns of their own (``category_level_1``, ``cat2``): together the shop's category."""

from __future__ import annotations

from collections.abc import Sequence, Set

import pyarrow as pa
import pyarrow.compute as pc

from shelver.feeds.candidates import Evidence
from shelver.feeds.column_names import name_words, normalise, split_compound, without_locale
from shelver.feeds.networks import table
from shelver.feeds.value_signs import Signs

LEVELS = frozenset({
    "level", "lvl", "levels", "ebene", "stufe", "niveau", "nivel", "livello", "niva", "poziom", "uroven", "taso",
    "szint", "seviye", "уровень", "рівень", "depth", "tier", "l", "階層", "级", "단계",
})  # fmt: skip
"""Words that say of a number that it is a level."""

PARENTS = 1.5
"""Names on the level above that one name may lie under, on average: in a tree it is one."""

PATHS = 0.3
"""Share of paths from which a column is no level, but whole paths."""

LEAST_ROWS = 5
"""Rows with two levels below which values are not asked whether they are a tree."""

SCORE = 0.75
"""How sure it is."""


def category_levels(evidence: Evidence, used: Set[str]) -> tuple[tuple[str, ...], str, float] | None:
    """Columns of the levels, from the top, if the values lie below each other as in a tree.

    Parameters
    ----------
    evidence : Evidence
        Of the file.
    used : set of str
        Columns given to fields.

    Returns
    -------
    tuple of (columns, reason, score), or None
        None if there are no such columns, or a column with whole paths, or the network says which column it is.
    """
    network = evidence.network.fields.get("raw_category", {}) if evidence.network else {}
    if any(normalise(column) in network and evidence.signs[column].filled for column in evidence.header):
        return None
    whole = (*evidence.candidates["raw_category"], *evidence.candidates["category"])
    if any(each.score >= 0.5 and evidence.signs[each.column].of("path") >= PATHS for each in whole):
        return None
    groups: dict[tuple[str, ...], dict[int, str]] = {}
    for column in evidence.header:
        found = None if column in used or not evidence.signs[column].filled else _level(column)
        if found is not None and _may_be_level(evidence.signs[column]):
            groups.setdefault(found[0], {}).setdefault(found[1], column)
    chains = [chain for chain in map(_chain, groups.values()) if len(chain) > 1 and _is_tree(chain, evidence)]
    best = max(chains, key=len, default=None)
    return (tuple(best), f"{len(best)} levels of categories, each below the one before", SCORE) if best else None


def _level(column: str) -> tuple[tuple[str, ...], int] | None:
    """What a name says apart from its level, and the level; none if it does not name a category."""
    known = table()
    words = [part for word in name_words(column) for part in split_compound(word, known.parts)]
    numbers = [word for word in words if word.isdigit() and len(word) == 1]
    words = [word for word in words if not word.isdigit() and word not in LEVELS and word not in known.neutral]
    stem = without_locale(tuple(words))
    names = known.fields["category"]
    named = {"".join(stem), *stem} & (names.words | names.ranks.keys() | known.fields["raw_category"].ranks.keys())
    strange = [word for word in stem if word not in names.words | names.beside | {"id", "cat", "sub"}]
    if not named or len(numbers) > 1 or (strange and "".join(stem) not in names.ranks):
        return None
    return stem, int(numbers[0]) if numbers else -1


def _chain(levels: dict[int, str]) -> list[str]:
    """Columns with numbers without a gap; one without number goes first if the others begin with 1 or 2."""
    numbers = sorted(number for number in levels if number >= 0)
    if not numbers or numbers[0] > 2 or numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        return []
    first = [levels[-1]] if -1 in levels and numbers[0] > 0 else []
    if numbers[0] == 2 and not first:
        return []
    return [*first, *(levels[number] for number in numbers)]


def _may_be_level(signs: Signs) -> bool:
    return signs.of("letters") >= 0.5 and signs.of("url") < 0.2 and signs.of("path") < PATHS and signs.words <= 8


def _is_tree(chain: Sequence[str], evidence: Evidence) -> bool:
    """Whether every name has, on average, hardly more than one name above it, and none stands without one."""
    above = evidence.signs[chain[0]].values
    for column in chain[1:]:
        below = evidence.signs[column].values
        both = pc.and_(pc.is_valid(above), pc.is_valid(below))
        count = pc.sum(both).as_py() or 0
        if count < 0.8 * (len(below) - below.null_count):
            return False
        if count >= LEAST_ROWS:
            pairs = pa.table({"above": above.filter(both), "below": below.filter(both)})
            kinds = pairs.group_by(["above", "below"]).aggregate([]).num_rows
            if kinds > PARENTS * pc.count_distinct(pairs["below"]).as_py():
                return False
        above = below
    return True
