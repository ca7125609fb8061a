"""What a study tries: settings by dotted path, each with a range of numbers or a list of values."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from shelver.config import Bagged, Combined, Config, Deep, NetSettings
from shelver.config.tune import Range
from shelver.errors import ConfigError
from shelver.files import Files
from shelver.pipeline.overrides import current, plain, settings_with

if TYPE_CHECKING:
    import optuna

Space = dict[str, Range | list[Any]]
FIXED = {
    "feeds": "trials would not see the same products",
    "categories": "trials would not answer the same question",
    "split": "trials would not be judged on the same products",
    "control": "trials would not have the same labels",
    "engine": "it never changes an answer",
    "predict": "it comes after training",
    "tune": "it says what to tune",
}
"""Sections that cannot be tuned, and why."""
PREPARED = ("features.", "rules.", "objectives.")
"""Beginnings of settings that decide what is prepared."""
LOSSES = ("objectives.", "training.objectives", "training.schedule", "training.pretrain_epochs", "training.shares")
"""Beginnings of settings that make validation losses of trials incomparable."""


def read_space(files: Files, name: str) -> dict[str, Any]:
    """A search file: the same as ``[tune.space]``, by itself or under these names.

    Raises
    ------
    ConfigError
        No such file, or not TOML.
    """
    try:
        values = tomllib.loads(files.read(name).decode())
    except FileNotFoundError:
        raise ConfigError("no such file", where=files.path(name), expected="a TOML file with what to try") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"not valid TOML: {error}", where=files.path(name)) from error
    found = values.get("tune", values)
    return dict(found.get("space", found))


def parse_space(values: Mapping[str, Any], where: str) -> Space:
    """Settings by dotted path, from nested tables or dotted keys.

    Raises
    ------
    ConfigError
        What is to be tried is neither a range nor a list of at least two values.

    Examples
    --------
    >>> parse_space({"training": {"schedule": ["both", "pretrain"]}}, "tune.space")
    {'training.schedule': ['both', 'pretrain']}
    """
    space: Space = {}
    for name, value in values.items():
        spot = f"{where} {name}"
        if isinstance(value, Mapping) and not {"low", "high"} & set(value):
            inner = parse_space(value, where) if value else {}
            space |= {f"{name}.{path}": found for path, found in inner.items()}
        elif isinstance(value, Mapping):
            try:
                space[name] = Range.model_validate(value)
            except ValidationError as error:
                first = error.errors()[0]
                key = ".".join(map(str, first["loc"]))
                what = f"{key}: {first['msg']}" if key else str(first["msg"]).removeprefix("Value error, ")
                raise ConfigError(what, where=spot, expected="{ low = ..., high = ..., log = true }") from error
        elif isinstance(value, list) and len({json.dumps(item) for item in value}) >= 2:
            space[name] = value
        else:
            expected = "{ low = ..., high = ... } or a list of at least two values"
            raise ConfigError(f"{value!r} is nothing to choose from", where=spot, expected=expected)
    return space


def check_space(space: Space, config: Config, text: str, where: str = "tune.space") -> None:
    """Is every setting there, and does every value fit?

    Raises
    ------
    ConfigError
        Names the path, and the nearest match or why a value does not fit.
    """
    if not space:
        raise ConfigError(
            "nothing to try", where=where, hint="name settings: models.linear.l2 = { low = 0.01, high = 1 }"
        )
    for path, tried in space.items():
        if path.split(".")[0] in FIXED:
            raise ConfigError(f"{path} cannot be tuned: {FIXED[path.split('.')[0]]}", where=where)
        value = current(config, path, where)
        if isinstance(tried, Range) and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise ConfigError(f"{path} is no number (it is {value!r})", where=where, expected="a list of values")
        if isinstance(tried, Range) and isinstance(value, int) and not _whole(tried):
            raise ConfigError(f"{path} takes whole numbers", where=where, expected="whole low, high and step")
        for candidate in [tried.low, tried.high] if isinstance(tried, Range) else tried:
            number = float(candidate) if isinstance(tried, Range) and isinstance(value, float) else candidate
            try:
                settings_with(text, {path: number}, where)
            except ConfigError as error:
                raise ConfigError(error.what, where=where, expected=error.expected, hint=error.hint) from None


def _whole(tried: Range) -> bool:
    return all(isinstance(value, int) for value in (tried.low, tried.high, tried.step or 1))


def default_space(config: Config) -> Space:
    """What to try for the configured model, or for the members it is made of."""
    chosen = config.models[config.training.model]
    names = {Combined: "members", Bagged: "member"}
    members = getattr(chosen, names[type(chosen)]) if isinstance(chosen, Combined | Bagged) else config.training.model
    space: Space = {}
    for name in (members,) if isinstance(members, str) else members:
        spec = config.models[name]
        if not isinstance(spec, NetSettings):
            continue
        rate = spec.learning_rate
        space[f"models.{name}.learning_rate"] = Range(low=rate / 10, high=min(1.0, rate * 10), log=True)
        space[f"models.{name}.l2"] = Range(low=0.001, high=3.0, log=True)
        if isinstance(spec, Deep):
            space[f"models.{name}.dropout"] = Range(low=0.0, high=0.6)
            sizes = [[], [128], [256], [256, 128], [512, 256]]
            space[f"models.{name}.hidden"] = [
                *sizes,
                *([plain(spec.hidden)] if plain(spec.hidden) not in sizes else []),
            ]
        for key, values in (("filters", [64, 128, 256]), ("units", [64, 128, 256])):
            if hasattr(spec, key):
                space[f"models.{name}.{key}"] = sorted({*values, getattr(spec, key)})
    return space


def suggest(trial: optuna.Trial, space: Space, config: Config) -> dict[str, Any]:
    """Values of one trial, by path."""
    values: dict[str, Any] = {}
    for path, tried in space.items():
        if not isinstance(tried, Range):
            values[path] = json.loads(trial.suggest_categorical(path, [json.dumps(value) for value in tried]))
        elif isinstance(current(config, path), int):
            step = 1 if tried.step is None else int(tried.step)
            values[path] = trial.suggest_int(path, int(tried.low), int(tried.high), step=step, log=tried.log)
        else:
            values[path] = trial.suggest_float(
                path, float(tried.low), float(tried.high), step=tried.step, log=tried.log
            )
    return values


def present(space: Space, config: Config) -> dict[str, Any] | None:
    """The present settings as values of a trial; None if they are not among what is tried."""
    found: dict[str, Any] = {}
    for path, tried in space.items():
        value = plain(current(config, path))
        if isinstance(tried, Range):
            if not tried.low <= value <= tried.high or tried.step is not None:
                return None
            found[path] = value
        elif value in tried:
            found[path] = json.dumps(value)
        else:
            return None
    return found


def shown(space: Space, params: Mapping[str, Any]) -> dict[str, Any]:
    """Values as stored by the study → values of settings."""
    return {
        path: value if isinstance(space.get(path), Range) else json.loads(value)
        for path, value in params.items()
        if path in space
    }
