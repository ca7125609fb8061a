"""The tree of categories, in depth-first order, so that any node with all below it is one slice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from shelver.catalogue.names import NameIndex, fold
from shelver.errors import CatalogueError, nearest
from shelver.stage import digest

SHOPIFY_PREFIX = "gid://shopify/TaxonomyCategory/"
"""Beginning of Shopify's own ids; left out of ours, accepted in references."""


@dataclass(frozen=True, slots=True)
class Category:
    """A node of the tree.

    Attributes
    ----------
    category_id : str
        Stable name of the node; never shown to shoppers.
    parent_id : str or None
        Its parent; None for a root.
    name : str
        Its own name.
    path : tuple of str
        Names from the root to itself.
    exclusive : bool
        Can a person assign it? An exclusive inner node means "this, and none of its exclusive children".
    """

    category_id: str
    parent_id: str | None
    name: str
    path: tuple[str, ...]
    exclusive: bool

    def __str__(self) -> str:
        return " > ".join(self.path)


class Tree:
    """All categories.

    Parameters
    ----------
    categories : iterable of Category
        In depth-first order, parents before children. `shelver.catalogue.tree_from_rows` and `tree_from_paths` make
        this order from rows in any order.

    Attributes
    ----------
    categories : tuple of Category
        In depth-first order; siblings by name (case-folded, by code point), so the order of a file does not matter.

    Raises
    ------
    CatalogueError
        The order is not depth-first, an id or a path occurs twice, or a path does not continue its parent's.
    """

    def __init__(self, categories: Iterable[Category]) -> None:
        self.categories = tuple(categories)
        self._positions = {category.category_id: position for position, category in enumerate(self.categories)}
        self._stops = _stops(self.categories)
        if len(self._positions) != len(self.categories):
            raise CatalogueError("a category id occurs twice in the tree")
        if len({tuple(map(fold, category.path)) for category in self.categories}) != len(self.categories):
            raise CatalogueError("a path occurs twice in the tree")

    def __len__(self) -> int:
        return len(self.categories)

    def __iter__(self) -> Iterator[Category]:
        return iter(self.categories)

    def __contains__(self, category_id: object) -> bool:
        return category_id in self._positions

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tree) and self.categories == other.categories

    def __hash__(self) -> int:
        return hash(self.categories)

    def __repr__(self) -> str:
        roots = sum(category.parent_id is None for category in self.categories)
        depth = max((len(category.path) for category in self.categories), default=0)
        return f"Tree({len(self)} categories, {len(self.exclusive)} exclusive, {roots} roots, {depth} levels)"

    @cached_property
    def exclusive(self) -> list[Category]:
        """Categories that a person can assign, in depth-first order."""
        return [category for category in self.categories if category.exclusive]

    @cached_property
    def _names(self) -> NameIndex:
        return NameIndex([category.path for category in self.categories])

    def position(self, category_id: str) -> int:
        """Place of a category in depth-first order.

        Raises
        ------
        CatalogueError
            No such id.
        """
        try:
            return self._positions[category_id]
        except KeyError:
            raise CatalogueError(
                f'no category has the id "{category_id}"', hint=nearest(category_id, self._positions)
            ) from None

    def by_id(self, category_id: str) -> Category:
        """Give the category of this id; `CatalogueError` if there is none."""
        return self.categories[self.position(category_id)]

    def span(self, category_id: str) -> slice:
        """Give the node, the category and all below it, as a slice of `categories`."""
        start = self.position(category_id)
        return slice(start, self._stops[start])

    def ancestors(self, category_id: str) -> list[Category]:
        """Categories above one, from the root to its parent."""
        found: list[Category] = []
        parent = self.by_id(category_id).parent_id
        while parent is not None:
            found.append(self.by_id(parent))
            parent = found[-1].parent_id
        return found[::-1]

    def children(self, category_id: str) -> list[Category]:
        """Categories directly below one, in order."""
        return [category for category in self.categories[self.span(category_id)] if category.parent_id == category_id]

    def find(self, reference: str) -> list[Category]:
        """All categories that a reference may mean: none, one, or several if it is ambiguous.

        Parameters
        ----------
        reference : str
            An id (also with Shopify's ``gid://`` prefix); else a path with any delimiter (``>``, ``//``, ``/``, ``|``,
            `` - ``); else a name. Case and white space do not matter, except in ids. A reading found earlier in this
            list wins, so the name of a root means that root.
        """
        for category_id in (reference.strip(), reference.strip().removeprefix(SHOPIFY_PREFIX)):
            if category_id in self._positions:
                return [self.by_id(category_id)]
        return [self.categories[position] for position in self._names.find(reference)]

    def resolve(self, reference: str) -> Category:
        """Give the one category that a reference means; see `find` for what a reference can be.

        Raises
        ------
        CatalogueError
            Unknown, with the nearest match; or ambiguous, with what it may mean.
        """
        found = self.find(reference)
        if len(found) == 1:
            return found[0]
        if found:
            shown = "; ".join(f'"{category}" (id {category.category_id})' for category in found[:3])
            raise CatalogueError(
                f'"{reference}" may mean {len(found)} categories', expected="an id or a whole path", hint=shown
            )
        near = self._names.closest(reference)
        raise CatalogueError(
            f'no category "{reference}"',
            expected="an id, a path or a unique name",
            hint="" if near is None else f'did you mean "{self.categories[near]}"?',
        )

    def fingerprint(self) -> str:
        """Short hash of all rows; any change of the tree changes it."""
        return digest([(c.category_id, c.parent_id, c.name, c.exclusive) for c in self.categories])


def _stops(categories: tuple[Category, ...]) -> list[int]:
    """Where the slice of each node ends; checks on the way that the order is depth-first."""
    stops = [len(categories)] * len(categories)
    above: list[int] = []
    for position, category in enumerate(categories):
        while above and categories[above[-1]].category_id != category.parent_id:
            stops[above.pop()] = position
        if not above and category.parent_id is not None:
            raise CatalogueError(f'"{category}" (id {category.category_id}) does not come right after its parent')
        if category.path != (*(categories[above[-1]].path if above else ()), category.name):
            raise CatalogueError(
                f'the path of "{category}" (id {category.category_id}) does not continue its parent\'s'
            )
        above.append(position)
    return stops
