"""Which of the lists in a JSON or XML document are the products."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from shelver.errors import FeedError, nearest

Kind = Literal["list", "map", "one"]

NAMES = frozenset(
    (
        "item", "items", "entry", "entries", "product", "products", "offer", "offers", "row", "rows", "record",
        "records", "listing", "listings", "goods", "article", "articles", "produkt", "produkte", "produit", "produits",
        "artikel", "producto", "productos", "prodotto", "prodotti", "shopitem", "prod", "ad",
    )
)  # fmt: skip
"""Names that lists and elements of products have."""

HINT = 'say where the products are, for example: item = "products"'


@dataclass(frozen=True)
class Place:
    """Where products may be.

    Attributes
    ----------
    path : tuple of str
        Keys or elements on the way; ``*`` is every item of a list.
    kind : str
        ``list``: objects in a list, or elements that are repeated; ``map``: objects by key; ``one``: a single one.
    words : int
        Names of product fields among its keys.
    count : int
        Objects seen.
    """

    path: tuple[str, ...]
    kind: Kind
    words: int
    count: int

    @property
    def name(self) -> str:
        """The keys as in the setting ``item``."""
        return ".".join(key for key in self.path if key != "*")

    @property
    def score(self) -> int:
        """Signs that these are products."""
        last = next((key for key in reversed(self.path) if key != "*"), "")
        return self.words + 2 * (last.rpartition(":")[2].lower() in NAMES)


def choose(places: Sequence[Place]) -> Place:
    """Choose the place whose objects have most names of product fields; in doubt the one with most objects.

    A list around it that has half as many goes before it: variants and pictures are within products.
    """
    best = max(places, key=lambda place: (place.score, place.count, -len(place.path)))
    if best.kind == "one":
        return best
    around = [
        place
        for place in places
        if place.kind != "one"
        and place.path == best.path[: len(place.path)]
        and place.words >= 2
        and 2 * place.score >= best.score
    ]
    return min(around, key=lambda place: len(place.path), default=best)


def named(places: Sequence[Place], item: str, file: str) -> Place:
    """Choose the place that the setting ``item`` names: the last of its keys, or several parted by dots.

    Raises
    ------
    FeedError
        There is none.
    """
    keys = item.split(".")
    found = [place for place in places if place.name.split(".")[-len(keys) :] == keys]
    if found:
        return max(found, key=lambda place: (place.kind != "one", place.words, place.count))
    known = sorted({place.name for place in places if place.name})
    hint = nearest(item, known) if known else HINT
    raise FeedError(f'there is no "{item}" with products', where=file, hint=hint)
