"""What is worth knowing of a column, by its name and type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from shelver.config.section import TEXT_FIELDS

SKIPPED = ("product_id", "raw", "file", "line", "content_hash", "notes", "active")
"""Columns of the products table that Shelver keeps for itself; refused values come from ``notes``."""
PATH_FIELDS = ("category", "raw_category")
CODE_FIELDS = ("gtin",)
FIRST = ("title", "brand", "category", "raw_category", "description", "gender", "size", "colour", "price")
"""Fields in the order they are shown; the others follow as they stand in the table."""

Kind = Literal["text", "number", "list", "flag"]


@dataclass(frozen=True)
class Role:
    """How one column is looked at; `words`, `paths`, `codes`: also for words, category paths, GTINs."""

    kind: Kind
    words: bool = False
    paths: bool = False
    codes: bool = False
    numbers: bool = False


def kind_of(type_: pa.DataType) -> Kind:
    """Kind of a column by its type; what is neither number, list nor flag is looked at as text."""
    if pa.types.is_boolean(type_):
        return "flag"
    if pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_):
        return "number"
    if pa.types.is_list(type_) or pa.types.is_large_list(type_):
        return "list"
    return "text"


def product_roles(schema: pa.Schema) -> dict[str, Role]:
    """Roles of the columns of the products table, in the order they are shown."""
    names = [name for name in schema.names if name not in SKIPPED]
    ordered = [*(name for name in FIRST if name in names), *(name for name in names if name not in FIRST)]
    return {
        name: Role(
            kind_of(schema.field(name).type),
            words=name in TEXT_FIELDS,
            paths=name in PATH_FIELDS,
            codes=name in CODE_FIELDS,
        )
        for name in ordered
    }


RAW = Role("text", words=True, paths=True, codes=True, numbers=True)
"""Of every column of a feed as it stands in its file."""
