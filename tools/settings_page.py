"""Write docs/settings.md from the models of shelver.config; with --check, only say whether it is up to date."""

import json
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import tomli_w
from page import table, write_or_check
from pydantic_core import PydanticUndefined

from shelver.config import (
    AnyObjective,
    Categories,
    Config,
    Control,
    Engine,
    Feature,
    Feed,
    Images,
    Labelling,
    Model,
    Predict,
    Rules,
    Section,
    Split,
    Training,
    Tune,
    default_features,
)

INTRO = """\
# Settings

This page is written by `tools/settings_page.py` from the code that reads the settings. Do not edit it by hand.

All settings of a workspace are in one file, `shelver.toml`. What is not set has the default shown here. A key that
does not exist, or a value that does not fit, is an error that names the line and the nearest match. `shelver init`
writes a file to start from.
"""
SECTIONS: dict[str, type[Section]] = {
    "[[feeds]]": Feed,
    "[images]": Images,
    "[categories]": Categories,
    "[rules]": Rules,
    "[control]": Control,
    "[engine]": Engine,
    "[split]": Split,
    "[training]": Training,
    "[predict]": Predict,
    "[labelling]": Labelling,
    "[tune]": Tune,
}
NOTES = {
    "[[feeds]]": "One block per feed. See [feeds](feeds.md).",
    "[images]": "See [images](images.md).",
    "[rules]": "See [rules](rules.md).",
    "[training]": "See [models](models.md).",
    "[labelling]": "See [labelling](labelling.md).",
}
FEATURES = """\
## [features.NAME]

One block per feature; the name is free. Its `kind` decides the other keys. If the file has any feature, it has all:
the defaults below are then not used. Columns are fields of a product, see [tables](tables.md).
"""
DEFAULT_FEATURES = """\
### Default features

```toml
{features}```
"""
MODELS = """\
## [models.NAME]

One block per model; the name is free and is what `training.model` refers to. Without any block there are the models
`linear`, `mlp`, `wide_deep` and `text_vector`, with the defaults below. See [models](models.md).
"""
OBJECTIVES = """\
## [objectives.NAME]

One block per objective; the name is what `training.objectives` refers to. `exclusive` and `rule_based` are always
there, and a block may change their settings; with other names you add objectives of your own. See
[models](models.md#objectives).
"""


def type_name(annotation: Any) -> str:  # noqa: PLR0911 (one answer for each kind of type)
    """Name a type in the words of TOML."""
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{json.dumps(value)}`" for value in arguments)
    if origin in (Union, UnionType):
        return " or ".join(type_name(argument) for argument in arguments)
    if origin is tuple and arguments[-1] is not ...:
        return f"list of {len(arguments)} of {type_name(arguments[0])}"
    if origin is tuple:
        return f"list of {type_name(arguments[0])}"
    if origin is dict:
        return f"table, name = {type_name(arguments[1])}"
    if annotation is Any:
        return "anything"
    return {str: "text", int: "whole number", float: "number", bool: "true or false"}[annotation]


def default_of(field: Any) -> str:
    """Show a default as it would be written in the file."""
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "must be set"
    return f"`{'{}' if value == {} else json.dumps(value)}`"


def keys(section: type[Section]) -> str:
    """Table of all keys of a section."""
    rows = [
        (f"`{name}`", type_name(field.annotation), default_of(field), field.description or "Must be this.")
        for name, field in section.model_fields.items()
    ]
    return table(("key", "value", "default", "what"), rows)


def block(header: str, section: type[Section]) -> str:
    """Header, sentence and table of a section."""
    parts = [header, section.__doc__ or "", NOTES.get(header.removeprefix("## "), ""), keys(section)]
    return "\n\n".join(part for part in parts if part) + "\n"


def features() -> str:
    """Write the default features as TOML."""
    shown = {
        name: {"kind": spec.kind, **spec.model_dump(mode="json", exclude_defaults=True)}
        for name, spec in default_features().items()
    }
    return tomli_w.dumps({"features": shown}).replace("[features]\n\n", "")


def page() -> str:
    """Write the whole page."""
    parts = [INTRO, *(block(f"## {name}", section) for name, section in SECTIONS.items()), FEATURES]
    parts += [block(f'### kind = "{kind.model_fields["kind"].default}"', kind) for kind in kinds(Feature)]
    parts += [DEFAULT_FEATURES.format(features=features()), MODELS]
    parts += [block(f'### kind = "{kind.model_fields["kind"].default}"', kind) for kind in kinds(Model)]
    parts += [OBJECTIVES]
    parts += [block(f'### kind = "{kind.model_fields["kind"].default}"', kind) for kind in kinds(AnyObjective)]
    return "\n".join(parts)


def kinds(union: Any) -> tuple[type[Section], ...]:
    """Give what a feature, a model or an objective can be."""
    return get_args(get_args(union)[0])


if __name__ == "__main__":
    described = {name.strip("[]") for name in SECTIONS} | {"features", "models", "objectives"}
    assert described == set(Config.model_fields), described ^ set(Config.model_fields)  # noqa: S101
    write_or_check("settings.md", page())
