"""Settings of feeds, tree, rules, database, engine, split and answers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from shelver.config.section import FIELDS, Section
from shelver.errors import nearest


class Feed(Section):
    """One feed: where it is and what its columns mean."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]+$", description="Name of the source; part of every product's identity.")
    path: str = Field(description="File, or pattern such as feeds/*.csv; relative to the workspace.")
    format: Literal["auto", "csv", "tsv", "jsonl", "parquet"] = Field("auto", description="How the file is written.")
    encoding: str = Field("utf-8", description="Character encoding of text files.")
    delimiter: str = Field("", max_length=1, description="Column separator of CSV files; empty: find out.")
    merchant: str = Field("", description="Merchant of all rows, where no column says it.")
    images: str = Field(
        "", description="Folder or zip with the pictures, each named by the product's id in the feed, as in 4711.jpg."
    )
    columns: dict[str, str] = Field(
        default_factory=dict, description="Product field = column of the feed; fields not named are guessed."
    )
    max_rejects: float = Field(0.2, ge=0, le=1, description="Refuse the feed if more than this share of rows is bad.")

    @model_validator(mode="after")
    def _fields_exist(self) -> Feed:
        for field in self.columns:
            if field not in FIELDS:
                raise ValueError(f'no product field "{field}"; {nearest(field, FIELDS)}')
        return self


class Categories(Section):
    """The tree."""

    path: str = Field("", description="File with the tree: paths, id/parent/name table, Google or Shopify taxonomy.")
    exclusive: Literal["leaves", "all", "file"] = Field(
        "leaves", description="Which categories a person can assign: leaves, all, or those the file marks."
    )


class Rules(Section):
    """Keyword rules."""

    path: str = Field("rules.toml", description="File with the rules.")


class Control(Section):
    """Database of what people own: categories, labels, runs."""

    url: str = Field("", description="SQLAlchemy URL, e.g. postgresql+psycopg://...; empty: SQLite in the workspace.")


class Engine(Section):
    """What maps stages over tables."""

    kind: Literal["local"] = Field("local", description="local: Daft's native runner on this machine.")
    batch_size: int = Field(4096, ge=1, description="Rows in a batch; never changes an answer.")


class Split(Section):
    """How products are divided; products with the same title always stay on one side."""

    test: float = Field(0.1, gt=0, lt=1, description="Share kept for the final measure.")
    valid: float = Field(0.1, gt=0, lt=1, description="Share of the rest used for early stopping.")
    seed: int = Field(0, description="Another number gives another division.")


class Predict(Section):
    """What is written for every product."""

    top_k: int = Field(5, ge=1, le=100, description="Categories kept per product and objective.")
    threshold: float = Field(
        0.8, gt=0, le=1, description="A product's shelf is the deepest category with this probability at least."
    )
