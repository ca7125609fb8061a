"""Where in a JSON document the products are, found in its first part."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from shelver.errors import FeedError
from shelver.feeds.nested import product_words
from shelver.feeds.no_rows import NoRowsError
from shelver.feeds.product_place import HINT, Place, choose, named
from shelver.feeds.told_faults import is_error, told_fault

LOOKED_AT = 4 << 20
"""Characters in which the products are looked for."""

MAX_NESTING = 100
"""Levels of brackets in which they are looked for."""

SAMPLE = 20
"""Objects of a list that are looked at."""

MOST = 0.75
"""Share of the values of an object that must be objects with the same keys for it to be products by key."""

TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+("|\Z)|[{}\[\]]', re.DOTALL)
"""A string, whole or up to the end of what is in sight, or a bracket."""


def find_products(text: str, item: str, file: str) -> Place:
    """Find the list of products.

    Parameters
    ----------
    text : str
        Start of the document.
    item : str
        Key of the list, or keys parted by dots; empty: find out. Then it is the list whose objects have most keys that
        are words of product fields; outer lists go before inner ones, as variants and pictures are within products.
    file : str
        For messages.

    Raises
    ------
    FeedError
        No JSON, or none with objects.
    """
    document, damage = _parsed(text, file)
    places = list(_places(document, (), 0))
    if item:
        return named(places, item, file)
    if not places:
        if _is_empty(document):
            raise _no_products(text, document, damage, file)
        raise FeedError("there are no products in the file", where=file, expected="a list of JSON objects", hint=HINT)
    best = choose(places)
    if damage and best.kind == "one" and best.path:  # products by key, perhaps, of which only the first can be read
        raise _no_json(damage, file)
    if best.kind == "one" and best.words < 2 and _is_empty(document):
        raise _no_products(text, document, damage, file)
    if any(map(is_error, best.path)):
        what = f'errors were sent instead of products: "{best.name}"'
        raise FeedError(what, where=file, expected="a list of JSON objects", hint=HINT)
    return best


def _is_empty(document: object) -> bool:
    """Is it an empty list, or an object with one that may be that of the products?"""
    if isinstance(document, dict):
        return any(value == [] and not is_error(key) for key, value in document.items())
    return document == []


def _no_products(text: str, document: object, damage: str, file: str) -> FeedError:
    """Say why the list of products is empty: it is so in a whole document, or what stands in it cannot be read."""
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        return _no_json(damage or str(error), file)
    if said := told_fault(document):
        what = f"an error was sent instead of products: {said}"
        return FeedError(what, where=file, expected="a list of JSON objects", hint=HINT)
    return NoRowsError("the list of products is empty", where=file, expected="a list of JSON objects", hint=HINT)


def _places(value: object, path: tuple[str, ...], depth: int) -> Iterator[Place]:
    if depth > MAX_NESTING:
        return
    if isinstance(value, list):
        objects = [each for each in value if isinstance(each, dict)]
        if objects:
            words = _words(objects[:SAMPLE])
            yield Place(path, "list", words, len(objects))
            if words <= 1:  # pages, each with a list of products
                yield from _inner(objects[0], (*path, "*"), depth)
    elif isinstance(value, dict):
        objects = [each for each in value.values() if isinstance(each, dict)]
        if len(objects) > 1 and len(objects) >= MOST * len(value) and _alike(objects):
            yield Place(path, "map", _words(objects[:SAMPLE]), len(objects))
        elif value:
            yield Place(path, "one", _words([value]), 1)
            yield from _inner(value, path, depth)


def _inner(value: dict[str, object], path: tuple[str, ...], depth: int) -> Iterator[Place]:
    for key, each in value.items():
        yield from _places(each, (*path, key), depth + 1)


def _words(objects: list[dict[str, object]]) -> int:
    return product_words(dict.fromkeys(key for each in objects for key in each))


def _alike(objects: list[dict[str, object]]) -> bool:
    """Do most objects have the same keys, two at least? Any of the first may be damaged."""
    keys = [set(each) for each in objects[:SAMPLE]]
    like = [sum(len(one & each) * 2 > len(one | each) for each in keys) for one in keys[:3] if len(one) > 1]
    return max(like, default=0) >= MOST * len(keys)


def _parsed(text: str, file: str) -> tuple[object, str]:
    """Parse the start of a document: cut after the last value that is whole, with the brackets that are open closed.

    Also what was wrong behind it, if it is not merely cut.
    """
    at = len(text) - len(text.lstrip())
    decode = json.JSONDecoder().raw_decode
    end = len(text)
    what = ""
    for _ in range(5):
        try:
            return decode(_closed(text[:end]), at)[0], what
        except RecursionError:
            said, end = "nested too deeply", min(end, 1 << 16) // 4
        except json.JSONDecodeError as error:
            said, end = f"{error.msg} at line {error.lineno}, character {error.colno}", min(end - 1, error.pos)
        except ValueError:
            said, end = "a number with too many digits", end // 2
        what = what or said
        if end <= at:
            break
    raise _no_json(what, file)


def _no_json(what: str, file: str) -> FeedError:
    return FeedError(
        f"no JSON that can be read: {what}", where=file, expected="a list of objects, or one on every line"
    )


def _closed(text: str) -> str:
    open_: list[str] = []
    cut, left = 0, ""
    for token in TOKEN.finditer(text):
        sign = token[0]
        if sign in "{[":
            open_.append(sign)
            if len(open_) > MAX_NESTING:
                break
        elif sign in "}]":
            if open_:
                open_.pop()
            cut, left = token.end(), "".join(open_)
            if not open_:
                break
    closing = "".join("}" if sign == "{" else "]" for sign in reversed(left))
    return text[:cut] + closing if cut else text
