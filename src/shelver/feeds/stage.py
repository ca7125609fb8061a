"""The stage that turns rows as read into products."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal, Self

import pyarrow as pa
import pyarrow.compute as pc

from shelver.feeds.clean import CLEANERS, is_url
from shelver.feeds.columnar import Notes, clean_column, note_lists
from shelver.feeds.identity import bits, product_ids, row_hashes
from shelver.feeds.language import languages
from shelver.feeds.picture_urls import BETWEEN, picture_urls
from shelver.feeds.price_column import parse_prices
from shelver.feeds.schema import CLEAN_SCHEMA, RAW_SCHEMA
from shelver.files import Files
from shelver.stage import Batches, digest

HASHED = (
    "product_id", "title", "brand", "category", "raw_category", "description", "gender", "size", "colour", "currency",
    "url", "gtin", "mpn", "availability", "item_group",
)  # fmt: skip
"""Columns whose values, with the price and the pictures, make up the content hash."""


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
    decimal : {"auto", ".", ","}
        Decimal sign of the feed's prices.
    language : bool
        Whether to find out the language of each product.
    """

    source: str
    merchant: str = ""
    has_id: bool = True
    decimal: Literal["auto", ".", ","] = "auto"
    language: bool = True

    @property
    def name(self) -> str:
        """Name with a version."""
        return "clean.v2"

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
        notes: list[Notes | None] = []
        found: dict[str, pa.Array] = {}
        for name, cleaner in CLEANERS.items():
            found[name], refused = clean_column(batch.column(name), cleaner, name)
            notes.append(refused)
        found["image_urls"], found["image_url"], refused_pictures = picture_urls(
            batch.column("image_url"), batch.column("image_urls"), is_url
        )
        found["price"], found["currency"], refused_prices = parse_prices(
            batch.column("price"), found["currency"], self.decimal
        )
        notes += [*refused_pictures, *refused_prices]
        if not self.has_id:
            key = row_hashes([found["title"], found["url"]])
            found["id"] = pc.if_else(found["title"].is_valid(), key, None)
        found["merchant_id"] = found.pop("id")
        found["merchant"] = pc.fill_null(found["merchant"], self.merchant) if self.merchant else found["merchant"]
        found["product_id"] = product_ids(self.source, found["merchant"], found["merchant_id"])
        pictures = pc.binary_join(found["image_urls"], BETWEEN)
        found["content_hash"] = row_hashes([*(found[name] for name in HASHED), bits(found["price"]), pictures])
        found["source"] = pa.repeat(pa.scalar(self.source), rows)
        found["active"] = pa.repeat(pa.scalar(True), rows)
        found["language"] = (
            languages(found["title"], found["description"]) if self.language else pa.nulls(rows, pa.string())
        )
        found["notes"] = note_lists(notes, rows)
        found["reject"] = self._rejects(batch.column("reason"), found["merchant_id"], found["title"])
        found |= {name: batch.column(name) for name in ("raw", "file", "line")}
        return pa.RecordBatch.from_arrays([found[name] for name in CLEAN_SCHEMA.names], schema=CLEAN_SCHEMA)

    def _rejects(self, reasons: pa.Array, keys: pa.Array, titles: pa.Array) -> pa.Array:
        """Why each row is no product, a string array of shape (n,); null for products."""
        own = pc.if_else(titles.is_null(), "title: empty", pa.scalar(None, pa.string()))
        if self.has_id:
            own = pc.if_else(keys.is_null(), "id: empty", own)
        return pc.coalesce(pc.if_else(pc.equal(reasons, ""), None, reasons), own)

    def save(self, files: Files) -> None:
        """Write the settings."""
        files.write_json("clean.json", asdict(self))

    @classmethod
    def load(cls, files: Files) -> Self:
        """Read back what `save` wrote."""
        return cls(**files.read_json("clean.json"))
