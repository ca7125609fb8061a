"""What the values of one column have in common with those of another, row by row."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from shelver.feeds.value_signs import key

PAIRS = 200
"""Pairs of a value and a title that are compared at most."""

FEW = 5
"""Titles below which it says nothing that values differ."""


def begins(values: pa.StringArray, titles: pa.StringArray) -> float:
    """Share of titles that begin with the value of their row."""
    pairs = [(a, b) for a, b in zip(values.to_pylist(), titles.to_pylist(), strict=True) if a and b and a != b]
    return sum(key(b).startswith(key(a)) for a, b in pairs) / len(pairs) if pairs else 0.0


def ends(values: pa.StringArray, titles: pa.StringArray | None) -> float:
    """Share of titles in which a word of the value of their row stands behind the first, be it singular or plural."""
    if titles is None:
        return 0.0
    pairs = [
        (key(a), key(b)) for a, b in zip(values.to_pylist(), titles.to_pylist(), strict=True) if a and b and a != b
    ]
    found = 0
    for value, title in pairs[:PAIRS]:
        stems = {word[: max(4, len(word) - 2)] for word in value.split() if len(word) >= 4}
        behind = title.split()[1:]
        found += not title.startswith(value) and any(word.startswith(stem) for word in behind for stem in stems)
    return found / len(pairs[:PAIRS]) if pairs else 0.0


def once_a_product(values: pa.StringArray, titles: pa.StringArray | None) -> bool:
    """Whether the values differ in all rows with a title, where further rows of a product have none."""
    if titles is None or not titles.null_count or len(titles) - titles.null_count < FEW:
        return False
    there = values.filter(pc.is_valid(titles))
    return int(pc.count_distinct(there, mode="all").as_py()) == len(there)


def in_paths(values: pa.StringArray, paths: pa.StringArray | None) -> float:
    """Share of the words of values that stand in the address of their row; of the first rows that have both."""
    if paths is None:
        return 0.0
    pairs = [
        (key(a).split(), set(key(b).split()))
        for a, b in zip(values.to_pylist(), paths.to_pylist(), strict=True)
        if a and b
    ]
    shares = [sum(word in there for word in words) / len(words) for words, there in pairs[:50] if words]
    return sum(shares) / len(shares) if shares else 0.0
