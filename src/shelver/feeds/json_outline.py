"""Where in a JSON document the products are, found in its first part."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from shelver.errors import FeedError
from shelver.feeds.nested import product_words
from shelver.feeds.product_place import HINT, Place, choose, named

LOOKED_AT = 4 << 20
"""Characters in which the products are looked for."""

MAX_NESTING = 100
"""Levels of brackets in which they are looked for."""

SAMPLE = 20
"""Objects of a list that are looked at."""

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
    document = _parsed(text, file)
    places = list(_places(document, (), 0))
    if item:
        return named(places, item, file)
    if not places:
        raise FeedError("there are no products in the file", where=file, expected="a list of JSON objects", hint=HINT)
    best = choose(places)
    if best.kind == "one" and best.words < 2 and isinstance(document, dict) and [] in document.values():
        raise FeedError("the list of products is empty", where=file, expected="a list of JSON objects", hint=HINT)
    return best


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
        objects = list(value.values())
        if len(objects) > 1 and all(isinstance(each, dict) for each in objects) and _alike(objects):
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
    """Do most objects have the same keys, two at least?"""
    first = set(objects[0])
    return len(first) > 1 and all(len(first & set(each)) * 2 > len(first | set(each)) for each in objects[:SAMPLE])


def _parsed(text: str, file: str) -> object:
    """Parse the start of a document: cut after the last value that is whole, with the brackets that are open closed."""
    at = len(text) - len(text.lstrip())
    decode = json.JSONDecoder().raw_decode
    end = len(text)
    what = ""
    for _ in range(5):
        try:
            return decode(_closed(text[:end]), at)[0]
        except RecursionError:
            said, end = "nested too deeply", min(end, 1 << 16) // 4
        except json.JSONDecodeError as error:
            said, end = f"{error.msg} at line {error.lineno}, character {error.colno}", min(end - 1, error.pos)
        except ValueError:
            said, end = "a number with too many digits", end // 2
        what = what or said
        if end <= at:
            break
    raise FeedError(f"no JSON that can be read: {what}", where=file, expected="a list of objects, or one on every line")


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
