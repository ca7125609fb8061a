"""What a person is shown of a product."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from shelver.table import Table

FIELDS = ("title", "brand", "category", "raw_category", "description", "gender", "size", "colour", "price", "currency")
"""Product fields on a card."""
_KEYS = ("product_id", "source", "merchant", "merchant_id", "url", "image_url", "active")

FindPicture = Callable[[str, str], str]
"""Name of a feed and the merchant's id → where the picture lies; empty if there is none."""


@dataclass(frozen=True, slots=True)
class Fired:
    """A rule that fired for a product: which, what it says, and the characters of the field it was recognised by."""

    rule_id: str
    category_id: str
    field: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Card:
    """One product.

    Attributes
    ----------
    product_id : str
        Which.
    fields : dict of str to (str or float)
        Its fields, without those that are missing; see `FIELDS`.
    url, image : str
        Its page, and its picture: a path if the feed brought it, else a URL; empty if there is none.
    fired : tuple of Fired
        Rules that fired.
    merchant, merchant_id : str
        Who sells it, and the merchant's own id of it; empty if unknown.
    active : bool
        Whether its feed still delivers it.
    """

    product_id: str
    fields: dict[str, str | float]
    url: str
    image: str
    fired: tuple[Fired, ...]
    merchant: str = ""
    merchant_id: str = ""
    active: bool = True

    @property
    def title(self) -> str:
        """The title; empty if it has none."""
        return str(self.fields.get("title", ""))


class Cards:
    """Finds products by their ids, a few at a time, in milliseconds: 16 bytes a product are held in memory.

    Parameters
    ----------
    products : Table
        The products; read at the version that they have now.
    rule_labels : Table
        Rules that fired; rows that do not fit the products are not shown.
    find_picture : callable, optional
        Where pictures are.
    """

    def __init__(self, products: Table, rule_labels: Table, find_picture: FindPicture | None = None) -> None:
        self._newest, self._find_picture = (products, rule_labels), find_picture
        self.reload()

    def __repr__(self) -> str:
        return f"Cards({len(self._keys):,} products)"

    def reload(self) -> None:
        """Look at the tables as they are now."""
        products, rules = self._newest
        self._products = products.pinned()
        self._rules = rules.pinned() if rules.exists() else None
        keys = _hashes(self._products.read(["product_id"])["product_id"])
        self._rows = np.argsort(keys, kind="stable")
        self._keys = keys[self._rows]

    def find(self, product_ids: Iterable[str]) -> dict[str, Card]:
        """Cards of some products; those that do not exist any more are left out."""
        wanted = list(product_ids)
        if not wanted or not len(self._keys):
            return {}
        place = np.searchsorted(self._keys, _hashes(pa.array(wanted, pa.string())))
        rows = self._rows[np.minimum(place, len(self._keys) - 1)]
        found = self._products.take(rows, [*_KEYS, *FIELDS]).to_pylist()
        fired = self._fired(rows)
        return {
            row["product_id"]: self._card(row, fired.get(row["product_id"], ()))
            for row, name in zip(found, wanted, strict=True)
            if row["product_id"] == name
        }

    def _fired(self, rows: npt.NDArray[np.int64]) -> dict[str, tuple[Fired, ...]]:
        if self._rules is None or self._rules.count() <= rows.max():
            return {}
        return {
            row["product_id"]: tuple(Fired(**label) for label in row["labels"] or ())
            for row in self._rules.take(rows, ["product_id", "labels"]).to_pylist()
        }

    def _card(self, row: dict[str, Any], fired: tuple[Fired, ...]) -> Card:
        fields = {name: row[name] for name in FIELDS if row[name] not in (None, "")}
        picture = self._find_picture(row["source"], row["merchant_id"]) if self._find_picture else ""
        own = row["merchant"] or "", row["merchant_id"] or "", row["active"] is not False
        return Card(row["product_id"], fields, row["url"] or "", picture or row["image_url"] or "", fired, *own)


def _hashes(ids: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.uint64]:
    """A number for each id; two ids may have the same one, which the id read with the row then tells."""
    return np.fromiter((hash(name) & 0xFFFFFFFFFFFFFFFF for name in ids.to_pylist()), np.uint64, len(ids))
