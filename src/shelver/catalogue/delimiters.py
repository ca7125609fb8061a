"""Find out what separates the names in a list of paths, and split by it."""

from __future__ import annotations

from collections.abc import Sequence

MARKS = (">", "//", "|", "/")
"""Delimiters, the least likely to be part of a name first."""

_RARE = 0.05  # a mark in fewer lines than this share of the most frequent mark is part of a name


def detect_delimiter(paths: Sequence[str]) -> str:
    """Which delimiter a whole list of paths uses.

    The first of `MARKS` wins that is in at least 5% as many lines as the most frequent one: a slash in a name loses
    against ``>``, and so does a stray ``|`` against many slashes. Where most slashes have blanks around them, only
    such slashes are delimiters, so ``Tops / T-Shirts/Polos`` has two levels.

    Returns
    -------
    str
        One of `MARKS`, or ``" / "``; ``">"`` if no line has a delimiter.
    """
    counts = {mark: sum(mark in path for path in paths) for mark in MARKS}
    most = max(counts.values())
    if not most:
        return MARKS[0]
    mark = next(mark for mark in MARKS if counts[mark] >= max(1, _RARE * most))
    spaced = sum(" / " in path for path in paths)
    return " / " if mark == "/" and spaced > counts["/"] / 2 else mark


def split_path(path: str, delimiter: str) -> tuple[str, ...]:
    """Names in a path; slashes and bars at its ends are dropped, as in ``/Shoes/Boots/``."""
    text = path.strip()
    if delimiter != ">":
        text = text.removeprefix(delimiter.strip()).removesuffix(delimiter.strip())
    return tuple(name.strip() for name in text.split(delimiter))
