"""The one configuration file, ``shelver.toml``: every setting, its default and its limits, in one typed place.

Sizes of the default features are those of the thesis, section 3.1.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shelver.errors import ConfigError, nearest
from shelver.files import Files
from shelver.stage import digest
from shelver.tomlfile import parse

NAME = "shelver.toml"

TEXT_FIELDS = (
    "title", "brand", "category", "raw_category", "description", "gender", "size", "colour", "merchant",
)  # fmt: skip
"""Fields of a product that hold text; rules and features may use them."""

FIELDS = ("id", *TEXT_FIELDS, "price", "currency", "url", "image_url", "gtin")
"""Fields that a feed's columns can be mapped to."""


class Section(BaseModel):
    """A part of the file; keys it does not know are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def fingerprint(self) -> str:
        """Hash of all settings of this section."""
        return digest(self.model_dump(mode="json"))


class Feed(Section):
    """One feed: where it is and what its columns mean."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]+$", description="Name of the source; part of every product's identity.")
    path: str = Field(description="File, or pattern such as feeds/*.csv; relative to the workspace.")
    format: Literal["auto", "csv", "tsv", "jsonl", "parquet"] = Field("auto", description="How the file is written.")
    encoding: str = Field("utf-8", description="Character encoding of text files.")
    delimiter: str = Field("", max_length=1, description="Column separator of CSV files; empty: find out.")
    merchant: str = Field("", description="Merchant of all rows, where no column says it.")
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


class Text(Section):
    """A text column as a bag of tokens, weighted by TF-IDF."""

    kind: Literal["text"] = "text"
    column: str = Field("", description="Product field; empty: the feature's own name.")
    max_tokens: int = Field(8000, ge=1, description="Keep this many of the most frequent tokens.")
    ngrams: int = Field(1, ge=1, le=3, description="Also keep runs of up to this many tokens.")
    min_count: int = Field(2, ge=1, description="Drop tokens seen in fewer products.")


class Categorical(Section):
    """A column with few distinct values; 0 is missing or unknown."""

    kind: Literal["categorical"] = "categorical"
    column: str = Field("", description="Product field; empty: the feature's own name.")
    max_values: int = Field(0, ge=0, description="Keep this many of the most frequent values; 0: all.")
    dims: int = Field(10, ge=1, description="Size of the embedding in models that learn one.")


class Number(Section):
    """A number, centred on the median and divided by the interquartile range, then squashed; NaN if missing."""

    kind: Literal["number"] = "number"
    column: str = Field("", description="Product field; empty: the feature's own name.")


class Vector(Section):
    """A vector that a pretrained encoder makes of one or more columns."""

    kind: Literal["vector"] = "vector"
    encoder: str = Field("static", description="Encoder's name.")
    columns: tuple[str, ...] = Field(("title",), min_length=1, description="Text fields, joined by spaces.")


Feature = Annotated[Text | Categorical | Number | Vector, Field(discriminator="kind")]


def default_features() -> dict[str, Feature]:
    """The thesis's features (section 3.1) and a pretrained text vector."""
    return {
        "title": Text(max_tokens=8000),
        "brand": Categorical(max_values=5000, dims=10),
        "category": Categorical(max_values=950, dims=6),
        "raw_category": Text(max_tokens=1000),
        "description": Text(max_tokens=8000),
        "gender": Categorical(),
        "size": Categorical(max_values=100),
        "text_vector": Vector(encoder="static", columns=("title",)),
    }


class Split(Section):
    """How products are divided; products with the same title always stay on one side."""

    test: float = Field(0.1, gt=0, lt=1, description="Share kept for the final measure.")
    valid: float = Field(0.1, gt=0, lt=1, description="Share of the rest used for early stopping.")
    seed: int = Field(0, description="Another number gives another division.")


class Linear(Section):
    """Logistic regression over all inputs, on top of the tree's words and the rules."""

    kind: Literal["linear"] = "linear"
    inputs: tuple[str, ...] = Field((), description="Features used; empty: all.")
    prior: bool = Field(True, description="Start from the words of the tree and the rules instead of from nothing.")
    learning_rate: float = Field(0.03, gt=0, description="First step size of Adam; it falls to zero over the epochs.")
    l2: float = Field(0.03, ge=0, description="Strength of the pull of the weights towards zero, in labels.")


class WideDeep(Section):
    """Wide & deep (Cheng et al. 2016, arXiv:1606.07792): a linear part and a network, trained together."""

    kind: Literal["wide_deep"] = "wide_deep"
    inputs: tuple[str, ...] = Field((), description="Features used; empty: all.")
    prior: bool = Field(True, description="Start from the words of the tree and the rules instead of from nothing.")
    text_dims: int = Field(64, ge=1, description="Size of the token embeddings of text features.")
    hidden: tuple[int, ...] = Field((256, 128), description="Sizes of the hidden layers.")
    dropout: float = Field(0.3, ge=0, lt=1, description="Share of hidden units silenced in training.")
    learning_rate: float = Field(0.002, gt=0, description="First step size of Adam; it falls to zero over the epochs.")
    l2: float = Field(0.03, ge=0, description="Strength of the pull of the weights towards zero, in labels.")


Model = Annotated[Linear | WideDeep, Field(discriminator="kind")]


def default_models() -> dict[str, Model]:
    """One of each kind."""
    return {"linear": Linear(), "wide_deep": WideDeep()}


class Training(Section):
    """How models are trained."""

    model: str = Field("linear", description="Which of [models] to train.")
    objectives: tuple[Literal["exclusive", "rule_based"], ...] = Field(
        ("exclusive", "rule_based"), min_length=1, description="What to learn."
    )
    epochs: int = Field(10, ge=0, description="Passes over the training data at most; 0: the prior alone.")
    batch_size: int = Field(512, ge=1, description="Rows in a step.")
    patience: int = Field(3, ge=1, description="Stop after this many epochs without a better validation loss.")
    min_steps: int = Field(60, ge=1, description="Steps in an epoch at least; with few labels they are seen again.")
    seed: int = Field(0, description="Same seed, same model.")


class Predict(Section):
    """What is written for every product."""

    top_k: int = Field(5, ge=1, le=100, description="Categories kept per product and objective.")


RESERVED = ("product_id", "side")
"""Names of columns that a table of features has besides them."""


def check_feature(name: str, feature: Feature) -> None:
    """Refuse a feature whose name or columns cannot be.

    Raises
    ------
    ValueError
        Its message begins with the key it is about.
    """
    key = f"features.{name}"
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or name in RESERVED:
        raise ValueError(f"{key} cannot be a name; use small letters, digits and _, but not {' or '.join(RESERVED)}")
    if isinstance(feature, Vector):
        wrong = [column for column in feature.columns if column not in TEXT_FIELDS]
        if wrong:
            raise ValueError(f'{key}.columns has "{wrong[0]}"; {nearest(wrong[0], TEXT_FIELDS)}')
        return
    allowed = ("price",) if isinstance(feature, Number) else TEXT_FIELDS
    column = feature.column or name
    if column not in allowed:
        place = f"{key}.column" if feature.column else key
        raise ValueError(f'{place}: products have no {feature.kind} field "{column}"; {nearest(column, allowed)}')


class Config(Section):
    """All of ``shelver.toml``."""

    feeds: tuple[Feed, ...] = ()
    categories: Categories = Categories()
    rules: Rules = Rules()
    control: Control = Control()
    engine: Engine = Engine()
    features: dict[str, Feature] = Field(default_factory=default_features)
    split: Split = Split()
    models: dict[str, Model] = Field(default_factory=default_models)
    training: Training = Training()
    predict: Predict = Predict()

    @model_validator(mode="after")
    def _names_exist(self) -> Config:
        names = [feed.name for feed in self.feeds]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"two feeds are called {sorted(twice)[0]!r}; every feed needs its own name")
        for name, spec in self.features.items():
            check_feature(name, spec)
        for name, model in self.models.items():
            for feature in model.inputs:
                if feature not in self.features:
                    raise ValueError(f'models.{name} uses "{feature}"; {nearest(feature, self.features)}')
        if self.training.model not in self.models:
            raise ValueError(f'training.model = "{self.training.model}"; {nearest(self.training.model, self.models)}')
        return self


def load_config(files: Files) -> Config:
    """Read and check ``shelver.toml``.

    Raises
    ------
    ConfigError
        No such file, or faults in it, with line numbers.
    """
    try:
        content = files.read(NAME)
    except FileNotFoundError:
        raise ConfigError(
            "no shelver.toml here", where=files.prefix, hint="make one with: shelver init (or name the folder with -w)"
        ) from None
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigError("not UTF-8", where=f"{files.path(NAME)} line {line}", hint="save it as UTF-8") from None
    return parse(text, Config, files.path(NAME))
