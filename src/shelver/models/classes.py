"""What a model can answer: the classes of each objective, and the tree they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from shelver.catalogue.tree import Category, Tree


@dataclass(frozen=True)
class Classes:
    """Classes of both objectives over one tree.

    Attributes
    ----------
    tree : Tree
        All categories, in depth-first order.
    rule_based : tuple of str
        Ids of the categories that rules can assign, and of all above them, in depth-first order.
    """

    tree: Tree
    rule_based: tuple[str, ...]

    @cached_property
    def exclusive(self) -> tuple[str, ...]:
        """Ids of the categories a person can assign, in depth-first order."""
        return tuple(category.category_id for category in self.tree.exclusive)

    def of(self, objective: str) -> tuple[str, ...]:
        """Class ids of an objective."""
        return self.exclusive if objective == "exclusive" else self.rule_based

    @cached_property
    def spans(self) -> npt.NDArray[np.int64]:
        """Exclusive classes at or below each category.

        Returns
        -------
        ndarray of int64, shape (categories, 2)
            Category *i* of the tree holds the exclusive classes ``spans[i, 0] <= class < spans[i, 1]``.
        """
        before = np.cumsum([0, *(category.exclusive for category in self.tree.categories)])
        slices = [self.tree.span(category.category_id) for category in self.tree.categories]
        return np.asarray([(before[span.start], before[span.stop]) for span in slices], np.int64).reshape(-1, 2)

    def as_rows(self) -> dict[str, Any]:
        """As JSON-like values; `of_rows` reads them back."""
        rows = [[c.category_id, c.parent_id, c.name, c.exclusive, list(c.path)] for c in self.tree.categories]
        return {"categories": rows, "rule_based": list(self.rule_based)}

    @classmethod
    def of_rows(cls, saved: dict[str, Any]) -> Classes:
        """What `as_rows` gave.

        Raises
        ------
        KeyError, ValueError
            Something else was given.
        """
        rows = saved["categories"]
        categories = [Category(i, parent, name, tuple(path), flag) for i, parent, name, flag, path in rows]
        return cls(Tree(categories), tuple(saved["rule_based"]))

    @classmethod
    def from_rules(cls, tree: Tree, assigned: Sequence[str]) -> Classes:
        """Classes where rules assign some categories; a rule's category implies all above it (thesis, 3.1.1)."""
        wanted = set(assigned)
        for category_id in assigned:
            wanted.update(above.category_id for above in tree.ancestors(category_id))
        return cls(tree, tuple(c.category_id for c in tree.categories if c.category_id in wanted))
