"""What a model can answer: the classes of each objective, and the tree they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from shelver.catalogue.tree import Category, Tree
from shelver.config.objectives import Kind


@dataclass(frozen=True)
class Values:
    """Classes of an objective of the user's own.

    Attributes
    ----------
    kind : str
        ``multi_class`` or ``multi_label``.
    names : tuple of str
        What the classes are called.
    """

    kind: Kind
    names: tuple[str, ...]


@dataclass(frozen=True)
class Classes:
    """Classes of all objectives.

    Attributes
    ----------
    tree : Tree
        All categories, in depth-first order.
    rule_based : tuple of str
        Ids of the categories that rules can assign, and of all above them, in depth-first order.
    others : mapping of str to Values
        Classes of the user's own objectives.
    """

    tree: Tree
    rule_based: tuple[str, ...]
    others: Mapping[str, Values] = field(default_factory=dict)

    @cached_property
    def exclusive(self) -> tuple[str, ...]:
        """Ids of the categories a person can assign, in depth-first order."""
        return tuple(category.category_id for category in self.tree.exclusive)

    def of(self, objective: str) -> tuple[str, ...]:
        """Class ids of an objective: ids of categories, or names of values."""
        if objective in self.others:
            return self.others[objective].names
        return {"exclusive": self.exclusive, "rule_based": self.rule_based}[objective]

    def kind(self, objective: str) -> Kind:
        """How the classes of an objective exclude each other."""
        if objective in self.others:
            return self.others[objective].kind
        kinds: dict[str, Kind] = {"exclusive": "multi_class", "rule_based": "multi_label"}
        return kinds[objective]

    def label(self, objective: str, place: int) -> str:
        """A class in words: the path of a category, or the value."""
        name = self.of(objective)[place]
        return name if objective in self.others else str(self.tree.by_id(name))

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

    @cached_property
    def depths(self) -> npt.NDArray[np.int64]:
        """Depth of each category in the tree, 1 at the top; 0 where no exclusive class is at or below it."""
        depths = np.asarray([len(category.path) for category in self.tree.categories], np.int64)
        return np.where(self.spans[:, 1] > self.spans[:, 0], depths, 0)

    def as_rows(self) -> dict[str, Any]:
        """As JSON-like values; `of_rows` reads them back."""
        rows = [[c.category_id, c.parent_id, c.name, c.exclusive, list(c.path)] for c in self.tree.categories]
        others = {name: {"kind": found.kind, "names": list(found.names)} for name, found in self.others.items()}
        return {"categories": rows, "rule_based": list(self.rule_based), "others": others}

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
        others = {name: Values(found["kind"], tuple(found["names"])) for name, found in saved["others"].items()}
        return cls(Tree(categories), tuple(saved["rule_based"]), others)

    @classmethod
    def from_rules(cls, tree: Tree, assigned: Sequence[str], others: Mapping[str, Values] | None = None) -> Classes:
        """Classes where rules assign some categories; a rule's category implies all above it (thesis, 3.1.1)."""
        wanted = set(assigned)
        for category_id in assigned:
            wanted.update(above.category_id for above in tree.ancestors(category_id))
        return cls(tree, tuple(c.category_id for c in tree.categories if c.category_id in wanted), others or {})
