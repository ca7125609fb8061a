"""Read a TOML file into a pydantic model, with errors that name the line, what is allowed and the nearest match."""

from __future__ import annotations

import re
import tomllib
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from shelver.errors import ConfigError, ShelverError, nearest

Location = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)


def parse(text: str, model: type[Model], where: str, error: type[ShelverError] = ConfigError) -> Model:
    """Read and validate.

    Parameters
    ----------
    text : str
        The file's content.
    model : type
        What it must look like; its fields are the only keys allowed (``extra="forbid"``).
    where : str
        Name of the file, for messages.
    error : type
        Kind of error to raise.

    Raises
    ------
    ShelverError
        Of kind `error`: not TOML, an unknown key, or a value that does not fit; every fault is listed with its line.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        line = re.search(r"line (\d+)", str(fault))
        spot = f"{where} line {line[1]}" if line else f"{where}, at its end"
        raise error(f"not valid TOML: {str(fault).split(' (at')[0]}", where=spot) from fault
    try:
        return model.model_validate(values)
    except ValidationError as fault:
        lines = key_lines(text)
        found = [_explain(item, model, lines, where) for item in fault.errors()]
        first = found[0]
        if len(found) > 1:
            first.hint = "\n  ".join([h for h in [first.hint] if h] + ["also: " + str(other) for other in found[1:6]])
        raise error(first.what, where=first.where, expected=first.expected, hint=first.hint) from fault


def key_lines(text: str) -> dict[Location, int]:
    r"""Line number of every key and table header of a TOML text.

    Examples
    --------
    >>> key_lines('[a]\nb = 1\n[[c]]\nd.e = 2')[("c", 0, "d", "e")]
    4
    """
    lines: dict[Location, int] = {}
    table: Location = ()
    counts: dict[Location, int] = {}
    inside = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if inside:
            if inside in line:
                inside = ""
            continue
        header = re.match(r"\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(#.*)?$", line)
        if header:
            parts: Location = ()
            for part in _split_key(header[2]):
                parts = (*parts, part)
                if parts in counts and not (header[1] == "[[" and len(parts) == len(_split_key(header[2]))):
                    parts = (*parts, counts[parts])
            if header[1] == "[[":
                counts[parts] = counts.get(parts, -1) + 1
                lines.setdefault(parts, number)
                parts = (*parts, counts[parts])
            table = parts
            lines.setdefault(table, number)
            continue
        key = re.match(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""", line)
        if key:
            path = table
            for part in _split_key(key[1]):
                path = (*path, part)
                lines.setdefault(path, number)
            rest = line[key.end() :]
            for quote in ('"""', "'''"):
                if rest.count(quote) == 1:
                    inside = quote
    return lines


def _split_key(key: str) -> list[str]:
    return [a or b or c for a, b, c in re.findall(r"""([\w-]+)|"([^"]*)"|'([^']*)'""", key)]


def _explain(item: Any, model: type[BaseModel], lines: dict[Location, int], where: str) -> ShelverError:
    """One pydantic fault as one of our errors."""
    location: Location = tuple(item["loc"])
    path, kinds = _walk(model, location)
    line = next((lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in lines), None)
    spot = f"{where} line {line}" if line else where
    name = ".".join(str(part) for part in path)
    if item["type"] == "extra_forbidden":
        allowed = sorted({field.alias or key for kind in kinds for key, field in kind.model_fields.items()})
        return ShelverError(f'unknown key "{name}"', where=spot, hint=nearest(str(path[-1]), allowed))
    if item["type"] == "missing":
        return ShelverError(f'"{name}" is missing', where=spot, hint=f"add a line: {path[-1]} = ...")
    if item["type"] in ("literal_error", "union_tag_invalid"):
        allowed = re.findall(r"'([^']*)'", str(item["ctx"].get("expected", item["ctx"].get("expected_tags", ""))))
        given = item["input"] if item["type"] == "literal_error" else item["ctx"]["tag"]
        return ShelverError(
            f'{name} = "{given}" is not known',
            where=spot,
            expected="one of " + ", ".join(allowed),
            hint=nearest(str(given), allowed),
        )
    message = str(item["msg"]).removeprefix("Value error, ")
    if not path:  # a check over the whole file: its message starts with the key it is about
        keys = {".".join(str(part) for part in key): number for key, number in lines.items()}
        line = keys.get(message.split(" ")[0].rstrip(":"))
        return ShelverError(message, where=f"{where} line {line}" if line else where)
    given = item["input"]
    shown = f" (it is {given!r})" if isinstance(given, (str, int, float, bool)) else ""
    return ShelverError(f"{name}{shown}: {message[:1].lower()}{message[1:]}", where=spot)


def _walk(model: type[BaseModel], location: Location) -> tuple[Location, list[type[BaseModel]]]:
    """The location without pydantic's union tags, and the models that could own its last key."""
    kinds: list[Any] = [model]
    owners: list[type[BaseModel]] = [model]
    path: Location = ()
    for part in location:
        models = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
        if part in {_tag(kind) for kind in models} and len(models) > 1:
            kinds = [kind for kind in models if _tag(kind) == part]
            continue
        path = (*path, part)
        owners = models
        fields = [kind.model_fields[str(part)].annotation for kind in models if str(part) in kind.model_fields]
        items = [get_args(kind)[-1] for kind in kinds if get_origin(kind) in (list, dict)]
        items += [get_args(kind)[0] for kind in kinds if get_origin(kind) is tuple]
        kinds = [member for annotation in fields + items for member in _members(annotation)]
    return path, owners


def _members(annotation: Any) -> list[Any]:
    if get_origin(annotation) is Annotated:
        return _members(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return [member for option in get_args(annotation) for member in _members(option)]
    return [annotation]


def _tag(kind: type[BaseModel]) -> str | None:
    field = kind.model_fields.get("kind")
    if field is not None and get_origin(field.annotation) is Literal:
        return str(get_args(field.annotation)[0])
    return None
