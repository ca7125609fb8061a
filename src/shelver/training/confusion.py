"""Where answers go wrong along the tree, as plain functions of predictions and truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from shelver.catalogue.tree import Tree

Ints = npt.NDArray[np.int64]
Relation = Literal["siblings", "above or below", "same branch", "other branch", "values"]
"""How a wrong answer lies to the right one in the tree; ``values``: the objective has no tree."""


@dataclass(frozen=True)
class Level:
    """How often answers are right down to one depth of the tree.

    Attributes
    ----------
    depth : int
        1 for the roots.
    rows : int
        Products whose right category is at least so deep.
    right : float
        Share of them whose answer has the right category at this depth.
    """

    depth: int
    rows: int
    right: float


@dataclass(frozen=True)
class Pair:
    """Two classes that are mixed up: `rows` products of `truth` were put into `predicted`."""

    truth: int
    predicted: int
    rows: int
    relation: Relation


def path_table(class_ids: tuple[str, ...], tree: Tree) -> Ints:
    """Each class with all above it, from the root on.

    Returns
    -------
    ndarray of int64, shape (classes, depth of the tree)
        Positions in the tree; −1 below the class itself.
    """
    chains = [[*(tree.position(c.category_id) for c in tree.ancestors(i)), tree.position(i)] for i in class_ids]
    depth = max((len(chain) for chain in chains), default=1)
    return np.asarray([chain + [-1] * (depth - len(chain)) for chain in chains], np.int64).reshape(-1, depth)


def right_by_level(truth: Ints, predicted: Ints, paths: Ints) -> tuple[Level, ...]:
    """Share of answers that are right down to each depth.

    Parameters
    ----------
    truth : ndarray of int64, shape (rows,)
        Right classes.
    predicted : ndarray of int64, shape (rows,)
        Answers; −1 is no answer, which is wrong at every depth.
    paths : ndarray of int64, shape (classes, depth)
        See `path_table`.
    """
    wanted = paths[truth]  # (rows, depth)
    given = np.where((predicted >= 0)[:, None], paths[predicted], -2)
    found = []
    for depth in range(paths.shape[1]):
        deep = wanted[:, depth] >= 0
        if deep.any():
            share = float((wanted[deep, depth] == given[deep, depth]).mean())
            found.append(Level(depth + 1, int(deep.sum()), share))
    return tuple(found)


def relation(first: Ints, second: Ints) -> Relation:
    """How two classes lie to each other, by their rows of `path_table`."""
    if first[0] != second[0]:
        return "other branch"
    one, two = first[first >= 0], second[second >= 0]
    shared = int((one[: len(two)] == two[: len(one)]).sum())
    if shared == min(len(one), len(two)):
        return "above or below"
    return "siblings" if shared == len(one) - 1 == len(two) - 1 else "same branch"


def confused_pairs(truth: Ints, predicted: Ints, paths: Ints | None) -> tuple[Pair, ...]:
    """All wrong answers as ordered pairs of classes, most frequent first; rows without an answer are left out.

    Parameters
    ----------
    truth, predicted : ndarray of int64, shape (rows,)
        Right classes, and answers; −1 is no answer.
    paths : ndarray of int64, shape (classes, depth), optional
        See `path_table`; None: the classes are no categories.
    """
    wrong = (truth != predicted) & (predicted >= 0)
    pairs, counts = np.unique(np.stack([truth[wrong], predicted[wrong]], axis=1), axis=0, return_counts=True)
    return tuple(
        Pair(a, b, int(count), relation(paths[a], paths[b]) if paths is not None else "values")
        for (a, b), count in (
            (tuple(pairs[i].tolist()), counts[i]) for i in np.argsort(-counts, kind="stable").tolist()
        )
    )


def branch_matrix(truth: Ints, predicted: Ints, paths: Ints) -> tuple[Ints, Ints]:
    """How the branches below the roots are mixed up.

    Returns
    -------
    roots : ndarray of int64, shape (branches,)
        Positions in the tree of the roots that occur in truth or answers, ascending.
    counts : ndarray of int64, shape (branches, branches + 1)
        Row: right branch; column: answered branch, the last one no answer.
    """
    wanted = paths[truth, 0]
    given = np.where(predicted >= 0, paths[predicted, 0], -1)
    roots = np.unique(np.concatenate([wanted, given[given >= 0]]))
    counts = np.zeros((len(roots), len(roots) + 1), np.int64)
    column = np.where(given >= 0, np.searchsorted(roots, given), len(roots))
    np.add.at(counts, (np.searchsorted(roots, wanted), column), 1)
    return roots, counts
