"""Settings changed by dotted path, in a TOML document as people wrote it."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, cast

import tomli_w

from shelver.config import Config, Section
from shelver.errors import ConfigError, nearest
from shelver.tomlfile import parse

Document = MutableMapping[str, Any]
NAMED = ("features", "models", "objectives")
"""Sections of named specs. If the file has none, it has the defaults: changing one means to spell all of them out."""


def current(config: Config, path: str, where: str = "") -> Any:
    """Value of a setting.

    Parameters
    ----------
    config : Config
        The settings.
    path : str
        For example ``models.linear.l2``.
    where : str
        Who names the path, for messages.

    Raises
    ------
    ConfigError
        There is no such setting; the message has the nearest one.
    """
    value: Any = config
    parts = path.split(".")
    for depth, part in enumerate(parts):
        if isinstance(value, Section):
            names = list(type(value).model_fields)
            found = part in names
            value = getattr(value, part, None)
        elif isinstance(value, Mapping):
            names, found = list(value), part in value
            value = value.get(part)
        else:
            names, found = [], False
        if not found:
            above = ".".join(parts[:depth])
            what = f'no setting "{path}"' + (f': there is no "{part}" in {above}' if above else "")
            raise ConfigError(what, where=where, hint=nearest(part, names) if names else f"{above} is a value already")
    if isinstance(value, Section | Mapping):
        hint = nearest("", list(type(value).model_fields) if isinstance(value, Section) else list(value))
        raise ConfigError(
            f"{path} is a group of settings", where=where, expected=f"one of them, as in {path}.NAME", hint=hint
        )
    return value


def override(document: Document, config: Config, values: Mapping[str, Any], new: Callable[[], Document] = dict) -> None:
    """Change settings in a document.

    Parameters
    ----------
    document : mutable mapping
        A parsed ``shelver.toml``; plain, or of `tomlkit`, which keeps comments.
    config : Config
        What the document says now.
    values : mapping of str to value
        New values by dotted path; paths as `current` takes them.
    new : callable
        Makes an empty table.
    """
    for path, value in values.items():
        section, *rest = path.split(".")
        if section in NAMED:
            _spell_out(document, config, section, rest[0], new)
        table = document
        for part in [section, *rest[:-1]]:
            if part not in table:
                table[part] = new()
            table = table[part]
        table[rest[-1]] = plain(value)


def _spell_out(document: Document, config: Config, section: str, name: str, new: Callable[[], Document]) -> None:
    known: Mapping[str, Section] = getattr(config, section)
    wanted = [name] if section == "objectives" else list(known)
    if section in document and section != "objectives":
        return
    if section not in document:
        document[section] = new()
    for each in wanted:
        if each in document[section]:
            continue
        spec = new()
        for key, value in {
            "kind": cast(Any, known[each]).kind,
            **known[each].model_dump(exclude_defaults=True),
        }.items():
            spec[key] = plain(value)
        document[section][each] = spec


def plain(value: Any) -> Any:
    """A value as TOML has it: lists for tuples."""
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def settings_with(text: str, values: Mapping[str, Any], where: str) -> tuple[Config, str]:
    """Settings with some of them changed, and the whole file that says so.

    Raises
    ------
    ConfigError
        A value does not fit.
    """
    config = parse(text, Config, where)
    document = tomllib.loads(text)
    override(document, config, values)
    changed = tomli_w.dumps(document)
    return parse(changed, Config, where), changed
