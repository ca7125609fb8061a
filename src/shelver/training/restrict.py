"""What is left of an answer once it is known below which category a product belongs."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from shelver.catalogue.tree import Tree
from shelver.models.classes import Classes

ANYWHERE = -1
"""Node of a product of which nothing is known: the whole tree."""


def restrict(
    probabilities: npt.NDArray[np.float32], spans: npt.NDArray[np.int64], nodes: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """Probabilities given that each product belongs at or below a node: nothing outside of it, and 1 in all.

    Parameters
    ----------
    probabilities : ndarray of float32, shape (n, classes)
        Of the exclusive classes, in depth-first order; rows add up to 1.
    spans : ndarray of int64, shape (categories, 2)
        Classes at or below each category, see `Classes.spans`.
    nodes : ndarray of int64, shape (n,)
        Position of the node in the tree; −1: anywhere.

    Returns
    -------
    ndarray of float32, shape (n, classes)
        ``P(class | node) = P(class) / P(node)``. Where the model held the node for impossible, all classes there are
        equally probable. A node without a class says nothing.
    """
    found = probabilities.copy()
    for row in np.flatnonzero(nodes != ANYWHERE):
        low, high = spans[nodes[row]]
        if low == high:
            continue
        inside = probabilities[row, low:high].astype(np.float64)
        total = inside.sum()
        found[row] = 0
        found[row, low:high] = inside / total if total > 0 else 1 / (high - low)
    return found


def within(
    rows: npt.NDArray[np.int64], nodes: npt.NDArray[np.integer[Any]], classes: Classes
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows of which a node is known, and the exclusive classes that this leaves.

    Parameters
    ----------
    rows : ndarray of int64, shape (n,)
        Rows.
    nodes : ndarray of int, shape (n,)
        Position of the node of each in the tree.
    classes : Classes
        The classes.

    Returns
    -------
    rows, ranges : ndarray of int64, shapes (m,) and (m, 2)
        First class and the one after the last. Nodes without any class, and those that leave all, say nothing: their
        rows are left out.
    """
    ranges = classes.spans[nodes].astype(np.int64).reshape(-1, 2)
    width = ranges[:, 1] - ranges[:, 0]
    kept = (width > 0) & (width < len(classes.exclusive))
    return rows[kept], ranges[kept]


def nodes_of(labels: pa.Table, product_ids: npt.NDArray[np.object_], tree: Tree) -> npt.NDArray[np.int64]:
    """Node that people named for each product, as its position in the tree.

    Parameters
    ----------
    labels : pyarrow.Table
        Current labels of the objective ``node``: columns product_id and category_id.
    product_ids : ndarray of str, shape (n,)
        Products.
    tree : Tree
        The tree.

    Returns
    -------
    ndarray of int64, shape (n,)
        −1 where nobody named one, or where it is in the tree no more.
    """
    said = dict(zip(labels["product_id"].to_pylist(), labels["category_id"].to_pylist(), strict=True))
    places = [said.get(product) for product in product_ids]
    return np.asarray([tree.position(c) if c is not None and c in tree else ANYWHERE for c in places], np.int64)
