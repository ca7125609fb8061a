"""The stage that turns rows as read into products."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Self

import pyarrow as pa

from shelver.errors import Reject
from shelver.feeds.clean import (
    clean_category,
    clean_gtin,
    clean_text,
    clean_url,
    clean_value,
    product_id,
    tidy,
)
from shelver.feeds.price import Price, clean_currency, parse_price
from shelver.feeds.schema import CLEAN_SCHEMA, RAW_SCHEMA
from shelver.files import Files
from shelver.stage import Batches, digest

Texts = list[str | None]
Notes = list[list[str]]

CLEANERS: dict[str, Callable[[str | None], str | Reject | None]] = {
    "title": clean_text,
    "brand": clean_value,
    "category": clean_category,
    "raw_category": clean_category,
    "description": clean_value,
    "gender": clean_value,
    "size": clean_value,
    "colour": clean_value,
    "currency": clean_currency,
    "url": clean_url,
    "image_url": clean_url,
    "gtin": clean_gtin,
    "merchant": clean_value,
    "id": tidy,
}
"""Cleaner of each field; the price has its own, as it needs the currency too."""

HASHED = (
    "product_id", "title", "brand", "category", "raw_category", "description", "gender", "size", "colour",
    "currency", "url", "image_url", "gtin",
)  # fmt: skip
"""Columns whose values, with the price, make up the content hash."""


@dataclass(frozen=True)
class CleanStage:
    """Rows as read (`RAW_SCHEMA`) → products, or the reason why not (`CLEAN_SCHEMA`); n rows → n rows.

    Parameters
    ----------
    source : str
        Name of the feed.
    merchant : str
        Merchant of rows that name none.
    has_id : bool
        Whether the feed has a column that tells products apart. Without one the merchant's id is the hash of title
        and address: a product that changes its title is then a new product.
    """

    source: str
    merchant: str = ""
    has_id: bool = True

    @property
    def name(self) -> str:
        """Name with a version."""
        return "clean.v1"

    @property
    def columns(self) -> tuple[str, ...]:
        """Input columns."""
        return tuple(RAW_SCHEMA.names)

    @property
    def schema(self) -> pa.Schema:
        """Schema of the answer."""
        return CLEAN_SCHEMA

    def fingerprint(self) -> str:
        """Hash of name and settings."""
        return digest(self.name, asdict(self))

    def fit(self, batches: Batches) -> Self:
        """Nothing to learn."""
        return self

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Clean every field; a value that a cleaner refuses becomes null and a note, a row without title a reject."""
        rows = batch.num_rows
        notes: Notes = [[] for _ in range(rows)]
        found = {name: _each(batch.column(name), clean, name, notes) for name, clean in CLEANERS.items()}
        prices = _prices(batch.column("price"), found["currency"], notes)
        if not self.has_id:
            found["id"] = list(map(_key_without_id, found["title"], found["url"]))
        found["merchant_id"] = found.pop("id")
        found["merchant"] = [merchant or self.merchant or None for merchant in found["merchant"]]
        found["product_id"] = [
            None if key is None else product_id(self.source, merchant, key)
            for key, merchant in zip(found["merchant_id"], found["merchant"], strict=True)
        ]
        found["currency"] = [
            price.currency if price else unit for price, unit in zip(prices, found["currency"], strict=True)
        ]
        found["source"] = [self.source] * rows
        found["reject"] = list(
            map(self._reject, batch.column("reason").to_pylist(), found["merchant_id"], found["title"])
        )
        values = [price.value if price else None for price in prices]
        hashed = [found[name] for name in HASHED] + [[None if v is None else repr(v) for v in values]]
        found["content_hash"] = [_hash(row) for row in zip(*hashed, strict=True)]
        arrays = {name: pa.array(column, pa.string()) for name, column in found.items()}
        arrays |= {name: batch.column(name) for name in ("raw", "file", "line")}
        arrays |= {"price": pa.array(values, pa.float64()), "notes": pa.array(notes, pa.list_(pa.string()))}
        return pa.RecordBatch.from_arrays([arrays[name] for name in CLEAN_SCHEMA.names], schema=CLEAN_SCHEMA)

    def _reject(self, reason: str | None, key: str | None, title: str | None) -> str | None:
        if reason:
            return reason
        if self.has_id and key is None:
            return "id: empty"
        return None if title else "title: empty"

    def save(self, files: Files) -> None:
        """Write the settings."""
        files.write_json("clean.json", asdict(self))

    @classmethod
    def load(cls, files: Files) -> Self:
        """Read back what `save` wrote."""
        return cls(**files.read_json("clean.json"))


def _each(column: pa.Array, cleaner: Callable[[str | None], str | Reject | None], name: str, notes: Notes) -> Texts:
    """Clean a column, each distinct value once; refusals go to `notes`."""
    if column.null_count == len(column):
        return [None] * len(column)
    values: Texts = column.to_pylist()
    clean = {value: cleaner(value) for value in set(values)}
    found: Texts = []
    for row, value in enumerate(values):
        result = clean[value]
        if isinstance(result, Reject):
            notes[row].append(str(Reject(name, result.reason)))
            result = None
        found.append(result)
    return found


def _prices(column: pa.Array, currencies: Texts, notes: Notes) -> list[Price | None]:
    found: list[Price | None] = []
    for row, (text, currency) in enumerate(zip(column.to_pylist(), currencies, strict=True)):
        price = parse_price(text, currency)
        if isinstance(price, Reject):
            notes[row].append(str(price))
            price = None
        elif price and currency and price.currency != currency:
            notes[row].append(f"currency: the price is in {price.currency}, the currency column says {currency}")
        found.append(price)
    return found


def _key_without_id(title: str | None, url: str | None) -> str | None:
    """Merchant's id of a product in a feed without ids: hash of title and address (20 hex digits)."""
    return _hash((title, url)) if title else None


def _hash(values: Sequence[str | None]) -> str:
    text = "\x1f".join([value or "" for value in values])
    return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()
