"""Settings of feeds, tree, rules, database, engine, split and answers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from shelver.config.section import FIELDS, JOINED, Section
from shelver.errors import nearest


class Feed(Section):
    """One feed: where it is and what its columns mean."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]+$", description="Name of the source; part of every product's identity.")
    path: str = Field(description="File, or pattern such as feeds/*.csv; relative to the workspace.")
    format: Literal["auto", "csv", "tsv", "json", "jsonl", "parquet", "excel", "xml"] = Field(
        "auto", description="How the file is written; auto: find out by its content and name."
    )
    encoding: str = Field("auto", description="Character encoding of text files; auto: find out.")
    delimiter: str = Field("", max_length=1, description="Column separator of CSV files; empty: find out.")
    header: bool | Literal["auto"] = Field(
        "auto", description="Does the first line of a CSV or Excel file name the columns? auto: find out."
    )
    item: str = Field(
        "",
        description="XML and JSON: name of the element, or key of the list, that holds the products; empty: find out.",
    )
    sheet: str = Field("", description="Excel: name of the sheet; empty: the first with rows.")
    decimal: Literal["auto", ".", ","] = Field("auto", description="Decimal sign of prices; auto: by each value.")
    language: bool = Field(True, description="Find out the language of each product.")
    merchant: str = Field("", description="Merchant of all rows, where no column says it.")
    images: str = Field(
        "", description="Folder or zip with the pictures, each named by the product's id in the feed, as in 4711.jpg."
    )
    columns: dict[str, str | tuple[str, ...]] = Field(
        default_factory=dict,
        description="Product field = column of the feed; fields not named are guessed. Several columns are put "
        "together in image_urls and, as steps of a path, in category and raw_category.",
    )
    max_rejects: float = Field(0.2, ge=0, le=1, description="Refuse the feed if more than this share of rows is bad.")
    max_gone: float = Field(
        0.3,
        ge=0,
        le=1,
        description="Hold a delivery back if more than this share of the feed's products is gone from it.",
    )
    hold_columns: bool = Field(
        True,
        description="Hold a delivery back if columns that fields are read from are gone or others took their place.",
    )
    forget_after: float = Field(
        0.0,
        ge=0,
        le=36_500,
        description="Days after which products that are gone from the feed are forgotten, unless people labelled them; "
        "0: never.",
    )

    @model_validator(mode="after")
    def _fields_exist(self) -> Feed:
        for field, columns in self.columns.items():
            if field not in FIELDS:
                raise ValueError(f'no product field "{field}"; {nearest(field, FIELDS)}')
            if not isinstance(columns, str) and field not in JOINED:
                raise ValueError(f"{field} takes one column; only {', '.join(JOINED)} can be put together of several")
        return self


class Images(Section):
    """How pictures of products are fetched from their addresses."""

    per_host: int = Field(4, ge=1, le=64, description="Requests to one host at the same time.")
    rate: float = Field(10.0, gt=0, description="Requests to one host in a second, at most.")
    connections: int = Field(64, ge=1, le=1024, description="Requests at the same time, to all hosts together.")
    max_bytes: int = Field(20_000_000, ge=1, description="Bytes of a picture; more is refused.")
    max_pixels: int = Field(
        50_000_000, ge=1, le=50_000_000, description="Pixels of a picture; more is refused before it is unpacked."
    )
    timeout: float = Field(
        30.0, gt=0, description="Seconds for one picture, from the first byte asked to the last got."
    )
    redirects: int = Field(5, ge=0, le=20, description="Redirects followed; each is checked as the first address is.")
    retries: int = Field(3, ge=0, le=10, description="Further tries after an error that may pass.")
    retry_after: float = Field(24.0, ge=0, description="Hours after which pictures that failed are tried again.")
    refresh_after: float = Field(
        720.0, ge=0, description="Hours after which a picture is asked for again, unless it has not changed."
    )


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

    kind: Literal["local", "ray"] = Field(
        "local", description="local: Daft's native runner on this machine; ray: Daft on a Ray cluster."
    )
    address: str = Field(
        "",
        description="Ray: address of the cluster, as in ray://head:10001 or head:6379; empty: one on this machine.",
    )
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
