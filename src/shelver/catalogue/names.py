"""How names and paths of categories are written, compared and told apart."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from typing import TypeVar

Path = tuple[str, ...]
Key = TypeVar("Key")

_DELIMITERS = re.compile(r"\s*(?:>|/+|\|)\s*|\s+-\s+")


def clean_name(text: str) -> str:
    """Write a name as it is kept: Unicode composed (NFC), runs of white space as one blank, none at the ends."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def fold(text: str) -> str:
    """Write a name as it is compared: without differences in case and white space."""
    return clean_name(text).casefold()


def squash(text: str) -> str:
    """Write a path as it is compared: ``"A / B//C"`` and ``"a > b | c"`` are both ``"a>b>c"``.

    Delimiters inside names are squashed too, so a name with a slash is found by a path with any delimiter.
    """
    return _DELIMITERS.sub(">", fold(text)).strip(">")


class NameIndex:
    """Finds categories by what people call them.

    Parameters
    ----------
    paths : sequence of tuple of str
        Names from the root to each category; answers are positions in this sequence.

    Notes
    -----
    Three readings are tried in this order, and the first that finds anything counts: the path with ``>``, the path
    with any delimiter, the name of one category wherever it is.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self._by_path = _group([fold(" > ".join(path)) for path in paths])
        self._by_squash = _group([squash(" > ".join(path)) for path in paths])
        self._by_name = _group([fold(path[-1]) for path in paths])

    def find(self, reference: str) -> list[int]:
        """Positions of all categories that the reference may mean; empty if there is none."""
        text = fold(reference)
        if not text:
            return []
        return self._by_path.get(text) or self._by_squash.get(squash(reference)) or self._by_name.get(text, [])

    def closest(self, reference: str) -> int | None:
        """Position of the category that was probably meant, or None if nothing is near."""
        key = squash(reference)
        table = self._by_squash if ">" in key else self._by_name
        close = difflib.get_close_matches(key, table, n=1)
        return table[close[0]][0] if close else None


def _group(keys: Sequence[Key]) -> dict[Key, list[int]]:
    positions = defaultdict(list)
    for position, key in enumerate(keys):
        positions[key].append(position)
    return dict(positions)
