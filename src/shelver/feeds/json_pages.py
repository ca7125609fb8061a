"""Whether an object around the products is a page of them, or a product that damage put in the place of one.

A product that lacks a bracket may end the list of products too early. In ``{"pages": [{"products": [...]}, ...]}``
those behind it then stand where pages are, and would be passed over as pages without products.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from shelver.feeds.rows import MAX_COLUMNS

ALIKE = 0.75
"""Share of the first product's keys that makes an object behind a damaged product one of products."""


def alike(seen: int, product: Collection[str]) -> bool:
    """Whether text with so many of the first product's keys may hold a product; a single key says nothing."""
    return seen > 1 and seen >= ALIKE * len(product)


class Page:
    """What is seen of one object around the products.

    Parameters
    ----------
    key : str
        Where its products are.
    sound : bool
        Whether nothing was damaged before it.
    """

    def __init__(self, key: str, sound: bool) -> None:
        self.sound, self._key = sound, key
        self.found = False
        self.keys: set[str] = set()

    def add(self, key: str) -> None:
        """Take in a key; `MAX_COLUMNS` of them are kept, quoted, and one that tells that there were more."""
        self.found = self.found or key == self._key
        if len(self.keys) <= MAX_COLUMNS:
            self.keys.add(f'"{key}"')


class Pages:
    """The pages seen: by them others are known."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, bool], set[str]] = {}

    def learn(self, depth: int, page: Page) -> None:
        """Take in a page before which, and in which, nothing is damaged; `depth` says in which of several lists."""
        known = self._known.setdefault((depth, page.found), set())
        if len(known) <= MAX_COLUMNS:
            known |= page.keys

    def doubtful(self, depth: int, page: Page, product: Sequence[str]) -> bool:
        """Whether it may be a product: it has no products, or keys of one, and is not as others were before damage.

        Parameters
        ----------
        depth : int
            In which of several lists it is.
        page : Page
            An object behind a damaged product.
        product : sequence of str
            Keys of the first product that was whole, quoted.
        """
        if len(page.keys) <= MAX_COLUMNS and page.keys <= self._known.get((depth, page.found), set()):
            return False
        return not page.found or alike(len(page.keys.intersection(product)), product)
