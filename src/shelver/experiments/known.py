"""Products whose category is known: read from their original row, and given out little by little as labels."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from shelver.catalogue.delimiters import detect_delimiter, split_path
from shelver.catalogue.names import clean_name, fold

Path = tuple[str, ...]


def known_categories(products: pa.Table, *columns: str, where: Mapping[str, str] | None = None) -> dict[str, Path]:
    """Path of the known category of each product that has one.

    Parameters
    ----------
    products : pyarrow.Table
        Columns product_id and raw, the original row as JSON.
    *columns, where
        See `known_paths`.
    """
    ids = products["product_id"].to_pylist()
    found = known_paths([json.loads(row) for row in products["raw"].to_pylist()], columns, where or {})
    return {product_id: path for product_id, path in zip(ids, found, strict=True) if path}


def known_paths(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], where: Mapping[str, str]) -> list[Path]:
    """Path of the known category of each row; empty where there is none.

    Parameters
    ----------
    rows : sequence of mapping
        Values by column.
    columns : sequence of str
        One column with whole paths, whose delimiter is found out from all rows; or one for each level, root first, in
        which case a row without all of them has no known category.
    where : mapping of str to str
        Values that a row must have for its category to count, by column.

    Returns
    -------
    list of tuple of str
        Names from the root. Paths that differ only in case or blanks are written as the first of them is.
    """
    said = [
        tuple(str(row.get(column) or "").strip() for column in columns)
        if all(str(row.get(column) or "").strip() == value for column, value in where.items())
        else ()
        for row in rows
    ]
    said = [names if all(names) else () for names in said]
    if len(columns) == 1:
        delimiter = detect_delimiter([names[0] for names in said if names])
        said = [split_path(names[0], delimiter) if names else () for names in said]
    spelling: dict[Path, str] = {}
    return [_spelt(names, spelling) for names in said]


def _spelt(names: Path, spelling: dict[Path, str]) -> Path:
    folded = tuple(map(fold, names))
    return tuple(spelling.setdefault(folded[: level + 1], clean_name(name)) for level, name in enumerate(names))


def choose(truth: dict[str, str], count: int, seed: int = 0) -> dict[str, str]:
    """Up to `count` random products of every category; more is always a superset of less."""
    ids = sorted(truth)
    taken: dict[str, int] = {}
    chosen = {}
    for place in np.random.default_rng(seed).permutation(len(ids)):
        category = truth[ids[place]]
        if taken.get(category, 0) < count:
            taken[category] = taken.get(category, 0) + 1
            chosen[ids[place]] = category
    return chosen


def as_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """CSV text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
