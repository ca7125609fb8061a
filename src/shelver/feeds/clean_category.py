"""Paths of categories in one normal form, ``Shoes > Sneakers``, whatever the feed puts between the names."""

from __future__ import annotations

import re

from shelver.feeds.answers import Noted
from shelver.feeds.clean_text import clean_value, means_nothing, shorten
from shelver.feeds.clean_urls import json_texts
from shelver.feeds.mojibake import suspect

BETWEEN = " > "
"""Between the names of a clean path."""

DELIMITERS = (
    r"[-=]?>+|»|›|→|⇒|▸|►|➔|❯",
    r"(?<!:)//+",
    r"\|+",
    r"::+",
    r";+",
    r"\\+",
    r"(?<= )/(?= )|^/(?= )|(?<= )/$",
)
"""Delimiters, the least likely to be part of a name first. The first that is in a value is the value's only one."""

MAX_STEPS = 50
"""Names in a path; more is no path but a text, and stays as it is."""

_PATTERNS = tuple(re.compile(delimiter) for delimiter in DELIMITERS)
_ADDRESS = re.compile("https?://", re.IGNORECASE)
_UNSETTLED = re.compile("[,;|<&]")
_MARKS = frozenset("-=>»›→⇒▸►➔❯/|:;,\\")
_LIST = re.compile(r"[,;|]")
_MIN_LETTERS = 3
_MAX_ABBREVIATION = 4
_CASELESS = re.compile("[\u0590-\u08ff\u0900-\u0dff\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def clean_category(text: str | None) -> str | Noted | None:
    """Path of a category with `BETWEEN` between its names.

    The delimiter is decided by the value alone: the first of `DELIMITERS` that is in it. A slash without blanks counts
    only where it begins or ends the text, or if all it parts look like names: three letters at least, and no
    abbreviations, so ``Shoes/Sneakers`` has two names and ``TV/Video`` is one. A JSON list is a list of names, or of
    whole paths. An address stays as it is. Of several paths in one cell, the first of those with the most names is
    kept, with a note.

    Examples
    --------
    >>> [clean_category(text) for text in ("Shoes &gt; Sneakers", "Shoes // Sneakers", "Shoes/Sneakers/", "TV/Video")]
    ['Shoes > Sneakers', 'Shoes > Sneakers', 'Shoes > Sneakers', 'TV/Video']
    >>> clean_category("Men > Shoes, Men > Shoes > Boots")
    Noted(value='Men > Shoes > Boots', reason="2 paths, the deepest kept of 'Men > Shoes, Men > Shoes > Boots'")
    """
    names = json_texts(text) if text else None
    if names:
        cleaned = [name for name in map(clean_value, names) if name]
        if len(cleaned) > 1 and all(len(_split(name)) > 1 for name in cleaned):
            return _deepest([_split(name) for name in cleaned], " | ".join(cleaned))
        text = BETWEEN.join(cleaned)
    found = clean_value(text)
    if found is None:
        return None
    if found.startswith("[") and json_texts(found):  # a JSON list within a JSON list, or with its quotes escaped
        return clean_category(found)
    if _ADDRESS.match(found):
        return found
    paths = [steps for part in _parts(found) if (steps := _split(part))]
    path = _deepest(paths, found)
    kept = path.value if isinstance(path, Noted) else path
    if kept and kept != found and (_UNSETTLED.search(kept) or suspect(kept)):
        again = clean_category(kept)  # blanks around delimiters can make a list, a tag or mojibake of a path
        return path if again == kept else again
    return path


def _deepest(paths: list[list[str]], text: str) -> str | Noted | None:
    if not paths:
        return None
    best = max(paths, key=len)
    path = BETWEEN.join(best) if len(best) <= MAX_STEPS else text
    return path if len(paths) == 1 else Noted(path, f"{len(paths)} paths, the deepest kept of {shorten(text, 80)}")


def _parts(text: str) -> list[str]:
    """Paths in a cell: pieces of a list that all begin with the same name, or that all have a ``>``."""
    if not _LIST.search(text):
        return [text]
    pieces = [piece for piece in re.split(r"[;|]", text) if piece.strip()]
    if len(pieces) > 1 and all(_PATTERNS[0].search(piece) for piece in pieces):
        return pieces
    mark = next((pattern for pattern in (*_PATTERNS, re.compile("/")) if pattern.search(text)), None)
    if mark is None or mark.pattern in (r"\|+", r";+"):
        return [text]
    first = _LIST.split(mark.split(text.lstrip("/"), maxsplit=1)[0])[0].strip()
    if not first:
        return [text]
    again = rf"[,;|]\s*(?=/?{re.escape(first)}\s*(?:{mark.pattern}|[,;|]|$))"
    return re.split(again, text)


def _split(text: str) -> list[str]:
    """Names of one path; empty if there is nothing but delimiters."""
    for pattern in _PATTERNS:
        if pattern.search(text):
            steps = _names(pattern.split(text))
            return _split(steps[0]) if len(steps) == 1 else steps
    if "/" not in text:
        return _names([text])
    steps = _names(text.split("/"))
    if len(steps) < 2:
        return steps
    at_ends = text.startswith("/") or text.endswith("/")
    return steps if at_ends or _all_names(steps) else _names([text])


def _names(steps: list[str]) -> list[str]:
    return [name for name in map(str.strip, steps) if not (_MARKS.issuperset(name) or means_nothing(name))]


def _all_names(steps: list[str]) -> bool:
    """Tell whether the parts of a text with slashes look like names of categories."""
    shouted = all(step.isupper() for step in steps) and any(len(step) > _MAX_ABBREVIATION for step in steps)
    return all(_is_name(step, shouted) for step in steps)


def _is_name(step: str, shouted: bool) -> bool:
    if _CASELESS.match(step):
        return True
    letters = sum(map(str.isalpha, step))
    abbreviation = step.isupper() and len(step) <= _MAX_ABBREVIATION and not shouted
    return step[0].isalpha() and letters >= _MIN_LETTERS and not abbreviation
