"""Settings of objectives: what a model learns to say about a product."""

from __future__ import annotations

import re
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from shelver.config.section import TEXT_FIELDS, Section
from shelver.errors import nearest

Kind: TypeAlias = Literal["multi_class", "multi_label"]
"""How answers exclude each other: one class of several (softmax), or each class by itself (sigmoid)."""


class Objective(Section):
    """What all objectives have in common."""

    weight: float = Field(1.0, gt=0, description="Weight of its loss beside those of the other objectives.")
    entropy: float = Field(
        0.0, ge=0, description="Weight of entropy minimisation on products without a label (Grandvalet & Bengio 2004)."
    )
    consistency: float = Field(
        0.0, ge=0, description="Weight of Mean Teacher on products without a label (Tarvainen & Valpola 2017)."
    )


class OneOf(Objective):
    """One class of several."""

    loss: Literal["cross_entropy", "class_balanced", "tree_distance"] = Field(
        "cross_entropy",
        description="class_balanced: rare classes weigh more; tree_distance: near misses cost less (only `exclusive`).",
    )


class SomeOf(Objective):
    """Any number of classes."""

    loss: Literal["binary_cross_entropy", "class_balanced", "positive_unlabelled"] = Field(
        "binary_cross_entropy",
        description="class_balanced: rare classes weigh more; positive_unlabelled: a missing label is not a no, for "
        "labels that follow from the text, such as those of rules.",
    )
    frequency: float = Field(
        0.5, gt=0, le=1, description="For loss = positive_unlabelled: share of the right labels that are there."
    )


class Exclusive(OneOf):
    """The category a person would choose; learnt from labels."""

    kind: Literal["exclusive"] = "exclusive"
    heads: Literal["flat", "tree"] = Field(
        "flat", description="flat: one choice among all; tree: a choice at every node, multiplied along the path."
    )
    distance: Literal["tree", "words"] = Field(
        "tree", description="Distance for loss = tree_distance: steps in the tree, or between the vectors of the words."
    )


class RuleBased(SomeOf):
    """The categories the rules would assign; learnt from rule labels."""

    kind: Literal["rule_based"] = "rule_based"


class Column(Section):
    """Where the right answers of the user's own objectives come from."""

    column: str = Field("", description="Product field with the answers; empty: the objective's own name.")
    raw_column: str = Field("", description="Instead: column of the feed as delivered, for example conversion.")

    @model_validator(mode="after")
    def _field_exists(self) -> Column:
        allowed = (*TEXT_FIELDS, "price")
        if self.column and self.column not in allowed:
            raise ValueError(f'products have no field "{self.column}"; {nearest(self.column, allowed)}')
        return self


class MultiClass(Column, OneOf):
    """One of the values of a column, such as a gender. Missing values are not learnt from."""

    kind: Literal["multi_class"] = "multi_class"
    min_count: int = Field(5, ge=1, description="Values seen in fewer products are not learnt.")
    max_values: int = Field(1000, ge=2, description="Learn this many of the most frequent values.")


class MultiLabel(Column, SomeOf):
    """Some of the values of a column, such as colours. Missing values are not learnt from."""

    kind: Literal["multi_label"] = "multi_label"
    delimiters: str = Field("/,;|&+", description="Characters that separate values.")
    min_count: int = Field(5, ge=1, description="Values seen in fewer products are not learnt.")
    max_values: int = Field(1000, ge=1, description="Learn this many of the most frequent values.")


class Binary(Column, OneOf):
    """Yes or no, such as a conversion. Missing values are not learnt from."""

    kind: Literal["binary"] = "binary"
    yes: tuple[str, ...] = Field(
        ("1", "true", "yes", "y", "t"), min_length=1, description="Values that mean yes, in small letters."
    )


class Buckets(Column, OneOf):
    """Which of several ranges a number is in, such as a price. Missing values are not learnt from."""

    kind: Literal["buckets"] = "buckets"
    edges: tuple[float, ...] = Field((), description="Where one range ends and the next begins; ascending.")
    buckets: int = Field(5, ge=2, description="If there are no edges: as many ranges with equally many products each.")


AnyObjective = Annotated[
    Exclusive | RuleBased | MultiClass | MultiLabel | Binary | Buckets, Field(discriminator="kind")
]
FromColumn = MultiClass | MultiLabel | Binary | Buckets


def kind_of(spec: Objective) -> Kind:
    """How the answers of an objective exclude each other."""
    return "multi_class" if isinstance(spec, OneOf) else "multi_label"


TAKEN = ("product_id", "hits", "counts", "propagated", "below", "shelf", "rules", "labels")
"""Names of columns and answers that objectives stand beside."""

BUILT_IN: dict[str, Exclusive | RuleBased] = {"exclusive": Exclusive(), "rule_based": RuleBased()}
"""Objectives that are always there; the file may change their settings."""


def with_built_in(objectives: dict[str, AnyObjective]) -> dict[str, AnyObjective]:
    """The built-in objectives and those of the file.

    Raises
    ------
    ValueError
        A name and a kind do not go together.
    """
    for name, spec in objectives.items():
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or name in TAKEN:
            rule = f"use small letters, digits and _, but not {', '.join(TAKEN)}"
            raise ValueError(f"objectives.{name} cannot be a name; {rule}")
        wanted = BUILT_IN[name].kind if name in BUILT_IN else None
        if wanted and spec.kind != wanted:
            raise ValueError(f'objectives.{name} is always of kind "{wanted}"')
        if not wanted and spec.kind in BUILT_IN:
            raise ValueError(f'objectives.{name}: only the objective {spec.kind} is of kind "{spec.kind}"')
        if isinstance(spec, OneOf) and spec.loss == "tree_distance" and name != "exclusive":
            raise ValueError(f"objectives.{name}.loss: only the objective exclusive has a tree")
    return {**BUILT_IN, **objectives}
