"""A choice at every node of the tree, multiplied along the path (hierarchical softmax: Morin & Bengio 2005)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from shelver.catalogue.tree import Tree


class TreeHead(nn.Module):
    """Scores of choices → log-probabilities of the exclusive classes.

    At every inner node, and above the roots, one of the *options* is chosen: a child that has exclusive classes at or
    below it, or, if the node is exclusive itself, "none of its children". So
    ``log p(class) = Σ log softmax(scores of the siblings)[option]`` over the options on the path to the class.

    Parameters
    ----------
    tree : Tree
        Categories; those without exclusive ones at or below them take no part.

    Attributes
    ----------
    options : int
        Number of scores that go in.
    """

    group: torch.Tensor
    paths: torch.Tensor
    ends: torch.Tensor
    classes: torch.Tensor

    def __init__(self, tree: Tree) -> None:
        super().__init__()
        group, above, leaves = _options(tree)
        self.options, self.groups = len(group), max(group, default=-1) + 1
        self._index("group", np.asarray(group, np.int64))
        paths = [_path(above, leaf) for leaf in leaves]
        depth = max(map(len, paths), default=1)
        padded = [path + [self.options] * (depth - len(path)) for path in paths]  # a place after the last: zeros
        paths_down = np.ascontiguousarray(np.asarray(padded, np.int64).reshape(len(leaves), depth).T)
        on_path = paths_down < self.options
        self._index("paths", paths_down)  # (depth, classes)
        self._index("ends", paths_down[on_path])  # every option of every path ...
        self._index("classes", np.nonzero(on_path)[1])  # ... and the class it leads to

    def _index(self, name: str, values: npt.NDArray[np.int64]) -> None:
        self.register_buffer(name, torch.from_numpy(values), persistent=False)

    def log_probabilities(self, scores: torch.Tensor) -> torch.Tensor:
        """Log-probabilities of the exclusive classes.

        Parameters
        ----------
        scores : Tensor of float32, shape (rows, options)
            Any numbers.

        Returns
        -------
        Tensor of float32, shape (rows, classes)
            They sum to one as probabilities, so a softmax of them changes nothing.
        """
        by_option = scores.T.contiguous()  # sums over siblings are then sums of whole rows of memory
        chosen = by_option - self._totals(by_option)[self.group]
        return self._along(chosen).T.contiguous()

    def lift(self, classes: torch.Tensor) -> torch.Tensor:
        """Scores of options that make the classes as probable as a flat softmax of some scores would.

        Parameters
        ----------
        classes : Tensor of float32, shape (rows, classes)
            Scores of the exclusive classes.

        Returns
        -------
        Tensor of float32, shape (rows, options)
            Of each option the log of the sum of exp over the classes at or below it.
        """
        return _sum_exp(classes.T.contiguous()[self.classes], self.ends, self.options).T

    def weights(self, options: torch.Tensor) -> torch.Tensor:
        """Rows of options added up along the path to each class: shape (classes, width)."""
        return self._along(options)

    def _totals(self, by_option: torch.Tensor) -> torch.Tensor:
        return _sum_exp(by_option, self.group, self.groups)

    def _along(self, by_option: torch.Tensor) -> torch.Tensor:
        """Sum along each class's path: shape (options, n) → (classes, n)."""
        padded = torch.cat([by_option, by_option.new_zeros(1, by_option.shape[1])])
        total = padded[self.paths[0]]
        for step in self.paths[1:]:
            total = total + padded[step]
        return total


def _sum_exp(values: torch.Tensor, segment: torch.Tensor, segments: int) -> torch.Tensor:
    """Log of the sum of exp within each segment: shape (values, n) → (segments, n); every segment has a value."""
    index = segment[:, None].expand_as(values)
    top = values.new_full((segments, values.shape[1]), -torch.inf)
    top = top.scatter_reduce(0, index, values.detach(), "amax")
    sums = torch.zeros_like(top).index_add(0, segment, (values - top[segment]).exp())
    return top + sums.log()


def _options(tree: Tree) -> tuple[list[int], list[int], list[int]]:
    """The group of siblings of each option, the option above it (−1: none), and the option that ends at each class."""
    group: list[int] = []
    above: list[int] = []
    leaves: list[int] = []
    of_node: dict[str | None, int] = {None: -1}  # category → its option
    group_of: dict[str | None, int] = {}  # category → the group of its children
    for position, category in enumerate(tree.categories):
        below = tree.categories[tree.span(category.category_id)]
        if not any(found.exclusive for found in below):
            continue
        parent = category.parent_id
        of_node[category.category_id] = _add(group, above, group_of, parent, of_node[parent])
        if category.exclusive:
            inner = any(found.exclusive for found in tree.categories[position + 1 : position + len(below)])
            own = category.category_id
            leaves.append(_add(group, above, group_of, own, of_node[own]) if inner else of_node[own])
    return group, above, leaves


def _add(
    group: list[int], above: list[int], group_of: dict[str | None, int], parent: str | None, option_above: int
) -> int:
    group.append(group_of.setdefault(parent, len(group_of)))
    above.append(option_above)
    return len(group) - 1


def _path(above: Sequence[int], option: int) -> list[int]:
    found = []
    while option >= 0:
        found.append(option)
        option = above[option]
    return found
