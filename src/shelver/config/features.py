"""Settings of features. Sizes of the default ones are those of the thesis, section 3.1."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field

from shelver.config.section import TEXT_FIELDS, Section
from shelver.errors import nearest


class Text(Section):
    """A text column as a bag of tokens: how often each occurs, whether it occurs, or TF-IDF."""

    kind: Literal["text"] = "text"
    column: str = Field("", description="Product field; empty: the feature's own name.")
    max_tokens: int = Field(8000, ge=1, description="Keep this many of the most frequent tokens.")
    tokens: Literal["words", "characters"] = Field(
        "words", description="What a token is: a word, or a run of characters within a word and its edges."
    )
    ngrams: int = Field(1, ge=1, le=3, description="Also keep runs of up to this many words (tokens = words).")
    characters: tuple[int, int] = Field((3, 5), description="Shortest and longest run (tokens = characters); 1 to 10.")
    weight: Literal["tfidf", "count", "binary"] = Field(
        "tfidf", description="Weight of a token in a bag: TF-IDF, how often it occurs, or 1."
    )
    min_count: int = Field(2, ge=1, description="Drop tokens seen in fewer products.")
    dims: int = Field(64, ge=0, description="Size of the embedding in models that use one; 0: log2 of the vocabulary.")
    embedding: Literal["trained", "random", "pretrained"] = Field(
        "trained", description="trained from random; random and fixed; or vectors of the tokens by `encoder`, fixed."
    )
    average: Literal["sum", "mean"] = Field(
        "sum", description="How the embeddings of a text's tokens are put together."
    )
    encoder: str = Field("static", description="Text encoder of the tokens, for embedding = pretrained.")


class Categorical(Section):
    """A column with few distinct values; 0 is missing or unknown."""

    kind: Literal["categorical"] = "categorical"
    column: str = Field("", description="Product field; empty: the feature's own name.")
    max_values: int = Field(0, ge=0, description="Keep this many of the most frequent values; 0: all.")
    dims: int = Field(10, ge=0, description="Size of the embedding in models that use one; 0: log2 of the values.")
    embedding: Literal["trained", "random"] = Field(
        "trained", description="trained, or random and fixed (Baraniuk 2007; thesis, section 2.1.1)."
    )


class Number(Section):
    """A number, centred on the median and divided by the interquartile range, then squashed; NaN if missing."""

    kind: Literal["number"] = "number"
    column: str = Field("", description="Product field; empty: the feature's own name.")


class Sequence(Section):
    """A text column as the numbers of its words in order, for nets that read; 0 is padding, 1 an unknown word."""

    kind: Literal["sequence"] = "sequence"
    column: str = Field("", description="Product field; empty: the feature's own name.")
    max_tokens: int = Field(20_000, ge=1, description="Keep this many of the most frequent words.")
    length: int = Field(24, ge=1, le=1024, description="Words kept of a text, from its beginning.")
    min_count: int = Field(2, ge=1, description="Words seen in fewer products are unknown.")
    dims: int = Field(64, ge=0, description="Size of the embedding; 0: log2 of the vocabulary.")
    embedding: Literal["trained", "random", "pretrained", "tuned"] = Field(
        "trained",
        description="trained from random; random and fixed; vectors of the words by `encoder`, fixed; or tuned: these, "
        "and trained further.",
    )
    encoder: str = Field("static", description="Text encoder of the words, for embedding = pretrained or tuned.")


class Vector(Section):
    """A vector that a pretrained encoder makes of text columns, or of the product's picture."""

    kind: Literal["vector"] = "vector"
    encoder: str = Field(
        "static",
        description="Encoder's name; auto: by the language of the titles; hub:owner/model or the path of a folder: any "
        "Hugging Face model.",
    )
    columns: tuple[str, ...] = Field(
        ("title",), min_length=1, description='Text fields, joined by spaces; or ["image"]: the picture.'
    )

    @property
    def modality(self) -> Literal["text", "image"]:
        """What is encoded."""
        return "image" if self.columns == (IMAGE,) else "text"


Feature = Annotated[Text | Categorical | Number | Sequence | Vector, Field(discriminator="kind")]


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


IMAGE = "image"
"""Stands for the product's picture among the columns of a vector feature."""

LONGEST_RUN = 10
"""Characters of the longest token within a word."""

TAKEN = (
    *TEXT_FIELDS, "price", "currency", "url", "image_url", "image_urls", "gtin", "mpn", "availability", "item_group",
    "language", "source", "merchant_id", "raw", "file", "line", "content_hash", "notes", "active", "labels",
)  # fmt: skip
"""Columns that vectors are put beside."""

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
        if name in TAKEN:
            raise ValueError(
                f"{key} cannot be the name of a vector: products have such a column; call it {name}_vector"
            )
        known = TEXT_FIELDS if len(feature.columns) > 1 else (*TEXT_FIELDS, IMAGE)
        wrong = [column for column in feature.columns if column not in known]
        if wrong:
            raise ValueError(f'{key}.columns has "{wrong[0]}"; {nearest(wrong[0], known)}')
        return
    if isinstance(feature, Text):
        _check_tokens(key, feature)
    allowed = ("price",) if isinstance(feature, Number) else TEXT_FIELDS
    column = feature.column or name
    if column not in allowed:
        place = f"{key}.column" if feature.column else key
        raise ValueError(f'{place}: products have no {feature.kind} field "{column}"; {nearest(column, allowed)}')


def _check_tokens(key: str, feature: Text) -> None:
    shortest, longest = feature.characters
    if not 1 <= shortest <= longest <= LONGEST_RUN:
        raise ValueError(
            f"{key}.characters = [{shortest}, {longest}]; expected the shortest run, then the longest, "
            f"1 to {LONGEST_RUN}, such as [3, 5]"
        )
    if feature.tokens == "characters" and feature.ngrams != 1:
        raise ValueError(f'{key}.ngrams needs tokens = "words"; runs of characters have: characters = [3, 5]')
    if feature.tokens == "characters" and feature.embedding == "pretrained":
        raise ValueError(
            f'{key}.embedding = "pretrained" needs tokens = "words": an encoder knows no runs of characters; '
            'use "trained" or "random"'
        )
