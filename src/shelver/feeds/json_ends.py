"""Where a damaged object of a JSON list ends, so that damage is kept to it."""

from __future__ import annotations

import re

from shelver.feeds.json_outline import TOKEN
from shelver.feeds.product_place import Place
from shelver.feeds.rows import MAX_RECORD
from shelver.feeds.text_window import Window

PATIENCE = 32 * MAX_RECORD
"""Characters of a file that may be read in vain for closing brackets of damaged objects; then they are sought close by.

Else a file in which every object lacks a bracket takes time that grows with the square of their number.
"""

CLOSE_BY = 2_000
"""Characters in which they are sought then."""

_NEXT = re.compile(r"\}\s*+(?:,\s*+)?(?=\{)|\}\s*+(?=\])")
_FOLLOWS = {
    "list": re.compile(r"\s*(,\s*\{|\])"),
    "map": re.compile(r'\s*(,\s*"|\})'),
    "one": re.compile(r"\s*(\{|[,}\]]|\Z)"),
}
"""What comes after an item."""

_KEY = re.compile(r'\s*,\s*("[^"\\]*")\s*:')
_VALUE = re.compile(r"\s*,\s*[\[{]")
_CLOSED = re.compile(r"\s*\}")
_MORE = re.compile(r'\s*[,}\]:"]')
"""What follows the end of a list, if it is within something."""


class Ends:
    """Finds the ends of damaged objects.

    Parameters
    ----------
    window : Window
        The document.
    place : Place
        Where the objects are.

    Attributes
    ----------
    keys : tuple of str
        Keys of the first object that is whole, quoted; by them others are known.
    """

    def __init__(self, window: Window, place: Place) -> None:
        self._window, self._place = window, place
        self._follows = _FOLLOWS[place.kind]
        self._patience = PATIENCE
        self.keys: tuple[str, ...] = ()

    def find(self) -> int:
        """Place after the object at the window: where its brackets close, or else before the next one; -1 if none."""
        text, at = self._window.text, self._window.at
        limit = min(len(text), at + MAX_RECORD + 1)
        near = limit if self._patience > 0 else min(limit, at + CLOSE_BY)
        depth, end = 0, near
        for token in TOKEN.finditer(text, at, near):
            sign = token[0]
            depth += (sign in "{[") - (sign in "}]")
            if depth == 0 and sign in "}]":
                end = token.end()
                found = self._follows.match(text, end)
                if found and (found[1] != "]" or self._ends_list(found.end())):
                    return end
                break
        self._patience -= end - at
        for found in _NEXT.finditer(text, at, limit):
            closes = text[found.end()] == "]"
            if self._ends_list(found.end() + 1) if closes else self._begins(found.end()):
                return found.start() + 1
        return -1

    def _begins(self, at: int) -> bool:
        """Whether the object whose bracket is at `at` begins as the others do."""
        return not self.keys or re.compile(r"\{\s*" + re.escape(self.keys[0])).match(self._window.text, at) is not None

    def _ends_list(self, at: int) -> bool:
        """Whether the bracket before `at` may end the list of products, not one within the damaged object."""
        text, path = self._window.text, self._place.path
        if not path:
            return not _MORE.match(text, at)
        key = _KEY.match(text, at)
        if key:
            return key[1] not in self.keys
        if _VALUE.match(text, at):
            return path[-1] == "*"
        closed = _CLOSED.match(text, at)
        if closed:
            following = re.compile(r"\s*,\s*(?=\{)").match(text, closed.end())
            return not following or ("*" in path and not self._begins(following.end()))
        return True
