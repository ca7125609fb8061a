"""Further pictures of a product: columns that are numbered or called additional, or one with several addresses."""

from __future__ import annotations

from collections.abc import Set

from shelver.feeds.candidates import Evidence
from shelver.feeds.column_names import name_words, normalise
from shelver.feeds.networks import table
from shelver.feeds.value_faults import MOST

_NUMBERS = frozenset({"two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"})
LISTS = 0.2
"""Share of values with several addresses from which a column counts as one of lists."""


def more_images(evidence: Evidence, first: str, used: Set[str]) -> tuple[str | tuple[str, ...], str, float] | None:
    """Columns of the field ``image_urls``, in the order of the file.

    Parameters
    ----------
    evidence : Evidence
        Of the file.
    first : str
        Column of ``image_url``; empty if there is none. It counts again if its values are lists.
    used : set of str
        Columns of other fields.

    Returns
    -------
    tuple of (column or columns, reason, score), or None
        None if there are no further pictures.
    """
    known = table().fields
    lists = first in evidence.signs and evidence.signs[first].of("urls") >= LISTS
    named: list[str] = []
    numbered: list[str] = []
    listed: list[str] = []
    for column in evidence.header:
        signs = evidence.signs[column]
        if column in used or column == first:
            continue
        if signs.filled and max(signs.of("url"), signs.of("image")) < 1 - MOST:
            continue
        stems = _stems(column)
        network = evidence.network.fields.get("image_urls", {}) if evidence.network else {}
        if signs.of("urls") >= LISTS and signs.of("image") >= MOST:
            listed.append(column)
        elif stems & (known["image_urls"].ranks.keys() | network):
            named.append(column)
        elif (stems - {normalise(column)}) & known["image_url"].ranks.keys() and any(map(str.isdigit, column)):
            numbered.append(column)
    filled = [column for column in (*named, *numbered) if evidence.signs[column].filled]
    if listed:
        said = [each for each in listed if normalise(each) in known["image_urls"].ranks] or listed
        return said[0], "several addresses of pictures in a cell", 0.8
    if filled or ((named or numbered) and not lists):
        found = [column for column in evidence.header if column in (*named, *numbered)]
        return (found[0] if len(found) == 1 else tuple(found)), "named as further pictures", 0.8
    return (first, "several addresses of pictures in a cell", 0.7) if lists else None


def _stems(column: str) -> set[str]:
    """Ways to read a name: whole, without words that say nothing, without a number of one or two digits or a word."""
    words = name_words(column)
    neutral = table().neutral
    bare = [word for word in words if word not in neutral]
    numbers = [word for word in bare if word in _NUMBERS or (word.isdigit() and len(word) <= 2)]
    found = {normalise(column), "".join(bare)}
    if len(numbers) == 1 and not any(word.isdigit() and len(word) > 2 for word in bare):  # image_256: of 256 pixels
        found |= {"".join(word for word in part if word != numbers[0]) for part in (words, bare)}
    return found
