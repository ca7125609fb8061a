"""What all parts of ``shelver.toml`` have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from shelver.stage import digest

TEXT_FIELDS = (
    "title", "brand", "category", "raw_category", "description", "gender", "size", "colour", "merchant",
)  # fmt: skip
"""Fields of a product that hold text; rules and features may use them."""

FIELDS = (
    "id", *TEXT_FIELDS, "price", "currency", "url", "image_url", "image_urls", "gtin", "mpn", "availability",
    "item_group",
)  # fmt: skip
"""Fields that a feed's columns can be mapped to."""

JOINED = {"image_urls": "\n", "category": " > ", "raw_category": " > "}
"""Fields that can be put together of several columns, and what stands between their values."""


class Section(BaseModel):
    """A part of the file; keys it does not know are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    def fingerprint(self) -> str:
        """Hash of all settings of this section."""
        return digest(self.model_dump(mode="json"))
