"""One rule: conditions over product fields that assign a category."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field, model_validator

from shelver.config import TEXT_FIELDS, Section
from shelver.rules.conditions import Range, Words
from shelver.rules.tomltext import write_value

ANY_TEXT = ("title", "brand", "category", "raw_category", "description")
"""Product fields that the key ``text`` stands for."""


class Rule(Section):
    """All conditions must hold; there may be many rules for a category and many categories for a product.

    In a rule, ``category`` is what the rule assigns; the product's own field of that name is ``feed_category``.
    """

    id: str = Field("", description="Name of the rule; empty: made from the category.")
    category: str = Field(min_length=1, description="Category assigned: its path or its id.")
    title: Words | None = None
    brand: Words | None = None
    feed_category: Words | None = Field(None, description="The category the feed gives.")
    raw_category: Words | None = None
    description: Words | None = None
    gender: Words | None = None
    size: Words | None = None
    colour: Words | None = None
    merchant: Words | None = None
    text: Words | None = Field(None, description="Any of title, brand, feed_category, raw_category, description.")
    price: Range | None = None

    @model_validator(mode="after")
    def _can_fire(self) -> Rule:
        if self.price is None and not any(words.positive for _, _, words in self.conditions()):
            raise ValueError("no positive condition; add one, for example title.any = [...]")
        return self

    def conditions(self) -> Iterator[tuple[str, tuple[str, ...], Words]]:
        """Each condition on text: its key, the product fields that can meet it, what it asks."""
        for field in TEXT_FIELDS:
            key = "feed_category" if field == "category" else field
            words = getattr(self, key)
            if words is not None:
                yield key, (field,), words
        if self.text is not None:
            yield "text", ANY_TEXT, self.text

    def sentence(self) -> str:
        """In words, for example ``title contains "sandal" or "flip flop" but not "toy"``."""
        parts = [words.sentence("any text" if key == "text" else key) for key, _, words in self.conditions()]
        if self.price is not None:
            parts.append(self.price.sentence("price"))
        return ", and ".join(parts)

    def toml(self) -> str:
        """As written in a rules file."""
        lines = ["[[rule]]"]
        if self.id:
            lines.append(f"id = {write_value(self.id)}")
        lines.append(f"category = {write_value(self.category)}")
        blocks: list[tuple[str, Words | Range]] = [(key, words) for key, _, words in self.conditions()]
        if self.price is not None:
            blocks.append(("price", self.price))
        for key, block in blocks:
            for name, value in block.model_dump(by_alias=True, exclude_defaults=True).items():
                lines.append(f"{key}.{name} = {write_value(value)}")
        return "\n".join(lines) + "\n"
