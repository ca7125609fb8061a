"""Which element of an XML file is a product, found in its first part."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from shelver.errors import FeedError
from shelver.feeds.nested import product_words
from shelver.feeds.no_rows import NoRowsError
from shelver.feeds.product_place import Place, choose, named
from shelver.feeds.told_faults import FAULT, is_error

LOOKED_AT = 4 << 20
"""Characters in which products are looked for."""

MAX_NESTING = 60
"""Levels of elements in which they are looked for."""

SAMPLE = 50
"""Elements of one kind whose parts are looked at."""

MAX_PROLOG = 1 << 20
"""Characters of a DOCTYPE."""

NAME = r"[^\W\d][\w.:-]{0,99}"
REST = r"""[^<>"']*+(?:(?:"[^"<]*+"|'[^'<]*+')[^<>"']*+)*+"""
"""What follows a name in a tag; no two ways to read it, so it takes linear time."""

UNREAD = {"<![CDATA[": "]]>", "<!--": "-->", "<?": "?>"}
"""Parts in which no tag is a tag, and how they end."""

_TAG = re.compile(rf"<!\[CDATA\[|<!--|<\?|<(/?)({NAME})({REST})>")
_SPACE_NAMES = re.compile(r"""\sxmlns:([\w.-]+)\s*=\s*("[^"<]*"|'[^'<]*')""")
_ATTRIBUTE = re.compile(rf"\s({NAME})\s*=")


@dataclass(frozen=True)
class Outline:
    """What is known of an XML file before its products are read.

    Attributes
    ----------
    item, root : str
        Element of a product and of the whole file, with prefixes, as written.
    spaces : dict of str to str
        Prefixes and the names they stand for (quoted, as written).
    path : str
        Elements from the root to the product, for reports.
    parts : tuple of str
        Elements within a product.
    """

    item: str
    root: str
    spaces: dict[str, str]
    path: str
    parts: tuple[str, ...]


def outline(text: str, item: str, file: str) -> Outline:  # noqa: PLR0912 - one pass, with what each tag may be
    """Find the element that is a product.

    Parameters
    ----------
    text : str
        Start of the file.
    item : str
        Its name, with or without prefix, or several names parted by dots; empty: find out.
    file : str
        For messages.

    Raises
    ------
    FeedError
        No XML, no element that could be a product, or a file that defines entities.
    """
    start = _check_prolog(text, file)
    counts: Counter[tuple[str, ...]] = Counter()  # elements
    filled: Counter[tuple[str, ...]] = Counter()  # those with parts or attributes
    parts: dict[tuple[str, ...], dict[str, None]] = {}
    spaces: dict[str, str] = {}
    path: list[str] = []
    empty: list[bool] = []
    for tag in _tags(text, start):
        closes, name, rest = tag[1], tag[2], tag[3]
        if closes:
            if name in path:
                while path.pop() != name:
                    empty.pop()
                empty.pop()
            continue
        if len(path) >= MAX_NESTING:
            continue
        place = (*path, name)
        counts[place] += 1
        if path and empty[-1]:
            filled[tuple(path)] += 1
            empty[-1] = False
        if "xmlns" in rest:
            spaces |= dict(_SPACE_NAMES.findall(rest))
        own = [each for each in _ATTRIBUTE.findall(rest) if not each.startswith("xmlns")]
        filled[place] += bool(own)
        if counts[place] <= SAMPLE:
            if path:
                parts.setdefault(tuple(path), {})[name] = None
            if own:
                parts.setdefault(place, {}).update(dict.fromkeys(own))
        if not rest.endswith("/"):
            path.append(name)
            empty.append(not own)
    if not counts:
        raise FeedError("no XML element in the file", where=file, expected="an element for every product")
    places = [
        Place(place, "list" if filled[place] > 1 else "one", product_words(map(_local, names)), filled[place])
        for place, names in parts.items()
    ]
    root = next(iter(counts))[0]
    if item:
        wanted = [Place(tuple(map(_local, place.path)), place.kind, place.words, place.count) for place in places]
        raw = {tuple(map(_local, place.path)): place.path for place in places}
        chosen = raw[named(wanted, ".".join(map(_local, item.split("."))), file).path]
    else:
        if not places:
            raise _no_products(text, start, len(counts), path, file)
        chosen = choose(places).path
        if len(chosen) == 1 and product_words(map(_local, parts[chosen])) < 2:
            raise FeedError("there are no products in the file", where=file, expected="an element for every product")
    return Outline(chosen[-1], root, spaces, ".".join(chosen), tuple(parts[chosen]))


def _tags(text: str, start: int) -> Iterator[re.Match[str]]:
    """Tags of the text, up to a part that is not to be read and has no end."""
    while 0 <= start < LOOKED_AT and (tag := _TAG.search(text, start)):
        start = tag.end()
        if tag[2]:
            yield tag
        else:
            start = text.find(UNREAD[tag[0]], start)


def _no_products(text: str, start: int, kinds: int, open_: list[str], file: str) -> FeedError:
    """Say why there are none: a root alone that is closed is a feed without rows, unless it is ``<error/>``."""
    bare = kinds == 1 and not open_ and not re.sub(r"<[^>]*+>", "", text[start:]).strip()
    kind = NoRowsError if bare and not is_error(text) and not FAULT.search(text) else FeedError
    what = "there are no products in the file"
    if open_:
        what = f"{what}, which ends before <{open_[0]}> is closed"
    return kind(what, where=file, expected="an element for every product")


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _check_prolog(text: str, file: str) -> int:
    """Refuse a file that defines entities; give the place where its first element begins.

    Entities are how a few bytes become gigabytes (a billion laughs) or a file of this machine. No feed needs them.
    """
    begun = re.search(rf"<{NAME}", text)
    first = begun.start() if begun else 0
    kind = re.compile(r"<!DOCTYPE[^\[>]*+(\[)?").search(text, 0, first or len(text))
    if not kind or not kind[1]:
        return first
    end = text.find("]>", kind.end())
    found = re.compile(r"<!ENTITY\s+(?:%\s+)?[^\s>]+\s+(SYSTEM|PUBLIC)?").search(
        text, kind.end(), end if end > 0 else MAX_PROLOG
    )
    if found:
        what = (
            "an external entity, which would read another file" if found[1] else "entities, which can grow without end"
        )
        raise FeedError(
            f"the XML defines {what}",
            where=file,
            expected="a feed without <!ENTITY",
            hint="have it exported without a DOCTYPE",
        )
    body = re.compile(rf"<{NAME}").search(text, end) if end > 0 else None
    return body.start() if body else first
