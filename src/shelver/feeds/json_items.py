"""The products of a JSON document one by one, with the text of each; damage is kept to the item it is in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from shelver.errors import FeedError
from shelver.feeds.json_ends import Ends
from shelver.feeds.json_pages import Page, Pages, alike
from shelver.feeds.json_skip import CutError, SkipError, skip
from shelver.feeds.product_place import Place
from shelver.feeds.rows import MAX_RAW, MAX_RECORD
from shelver.feeds.text_window import Window

NEAR = 1 << 16
"""Characters before a damaged value that may stay in sight: `json` counts all of their lines to say where it is."""

LEFT = "what is left of a damaged item seems to hold others"

_SPACE = re.compile(r"[ \t\r\n]*")
_OBJECT = re.compile(r'\{\s*"')

_decode = json.JSONDecoder().raw_decode


class Item(NamedTuple):
    """One item of the list: its value and text, or why it has none; `key` is that of objects stored by key."""

    value: object
    text: str
    reason: str = ""
    key: str = ""


class JsonItems:
    """One pass over the products.

    Parameters
    ----------
    window : Window
        The document, from its start.
    place : Place
        Where the products are.
    file : str
        For messages.
    """

    def __init__(self, window: Window, place: Place, file: str) -> None:
        self.window, self.place, self.file = window, place, file
        self.count = 0
        self._reached = self._damage = self._passed = False
        self._ends = Ends(window, place)
        self._pages = Pages()

    def __iter__(self) -> Iterator[Item]:
        """Items in the order of the file.

        Raises
        ------
        FeedError
            The file is cut short, or damaged so that it cannot be said where the next item begins.
        """
        while self._peek():
            if self.window.text[self.window.at] not in "{[":
                yield self._rest()
                return
            self._reached = False
            yield from self._walk(self.place.path)
            if not self._reached:
                raise self._damaged("an object without the list of products")

    def _walk(self, path: tuple[str, ...], listed: bool = False) -> Iterator[Item]:
        sign = self._peek()
        if not path:
            self._reached = True
            if sign == "[" and self.place.kind == "list":
                yield from self._list()
            elif sign == "{" and self.place.kind == "map":
                for key in self._members():
                    yield self._item()._replace(key=key)
            elif sign == "{":
                yield self._item()
            else:
                self._skip()
        elif sign == "{" and path[0] != "*":
            yield from self._around(path, listed)
        elif sign == "[" and path[0] == "*":
            self.window.at += 1
            while self._peek(",") != "]":
                self._must()
                yield from self._walk(path[1:], listed=True)
            self.window.at += 1
        else:
            self._passed = self._passed or sign in "[{"
            self._skip()

    def _around(self, path: tuple[str, ...], listed: bool) -> Iterator[Item]:
        """Products of an object around them; `listed`: it is one of a list."""
        page = Page(path[0], not self._damage)
        for key in self._members():
            page.add(key)
            if key == path[0]:
                yield from self._walk(path[1:])
            else:
                self._skip()
        self._passed = self._passed or (listed and not page.found)
        if listed and not self._damage:
            self._pages.learn(len(path), page)
        elif listed and not page.sound and self._pages.doubtful(len(path), page, self._ends.keys):
            raise self._damaged(LEFT)

    def _list(self) -> Iterator[Item]:
        self.window.at += 1
        while (sign := self._peek(",")) != "]":
            self._must()
            if sign == "{":
                yield self._item()
            else:
                yield self._no_object()
        self.window.at += 1

    def _members(self) -> Iterator[str]:
        """Keys of an object, each with the window at its value, which must then be consumed."""
        self.window.at += 1
        sign = self._peek()
        while sign != "}":
            self._must()
            if sign != '"':
                raise self._damaged("a key expected")
            key, _, reason = self._value()
            if reason:
                raise self._damaged(reason)
            if self._peek() != ":":
                raise self._damaged('":" expected')
            self.window.at += 1
            self._peek()
            self._must()
            yield str(key)
            sign = self._peek()
            if sign == ",":
                self.window.at += 1
                sign = self._peek()
            elif sign and sign != "}":
                raise self._damaged('"," expected')
        self.window.at += 1

    def _item(self) -> Item:
        """Read the object at the window, or what there is of it."""
        self.count += 1
        window = self.window
        begun = window.at
        if window.text[begun] != "{":
            self.count -= 1
            return self._no_object()
        value, text, reason = self._value()
        if not reason:
            if isinstance(value, dict) and not self._ends.keys:
                self._ends.keys = tuple(f'"{key}"' for key in value)
            self._damage = self._damage or not value
            return Item(value, text)
        self._damage = True
        window.see(MAX_RECORD + 1)
        end = self._ends.find()
        if end < 0 and window.ended:
            raise self._cut("within")
        if end < 0:
            text = window.text[window.at : window.at + MAX_RAW + 1]
            self._skip()
            return Item(None, text, f"more than {MAX_RECORD:,} characters, or no end to be found (item {self.count})")
        text = window.text[window.at : end]
        window.at = end
        return Item(None, text, f"{reason} (item {self.count})")

    def _no_object(self) -> Item:
        self.count += 1
        self._damage = True
        window = self.window
        value, text, reason = self._value()
        if not reason:
            return Item(value, text)
        window.see(MAX_RECORD)
        found = re.compile(r"[{\]]").search(window.text, window.at + 1)
        if not found:
            raise self._damaged(reason)
        text = window.text[window.at : found.start()]
        window.at = found.start()
        return Item(None, text, f"{reason} (item {self.count})")

    def _value(self) -> tuple[object, str, str]:
        """Read the value at the window: itself, its text, why it cannot be read; the window is then after it."""
        window = self.window
        while True:
            try:
                value, end = _decode(window.text, window.at)
                if end == len(window.text) and not window.ended and not isinstance(value, (dict, list, str)):
                    window.more()  # a number may go on
                    continue
                text = window.text[window.at : end]
                window.at = end
                return value, text, ""
            except RecursionError:
                reason = "JSON nested too deeply"
            except json.JSONDecodeError as error:
                reason = f"not JSON: {error.msg} at character {error.pos - window.at + 1} of the item"
            except ValueError:
                reason = "a number with too many digits"
            if len(window.text) - window.at > MAX_RECORD or not window.more():
                if window.at > NEAR:
                    window.drop()
                return None, "", reason

    def _skip(self) -> None:
        """Go past a value that is not wanted."""
        self._must()
        try:
            seen = skip(self.window, frozenset(self._ends.keys) if self._damage else frozenset())
        except SkipError as error:
            raise self._damaged(str(error)) from None
        except CutError:
            raise self._cut() from None
        if alike(seen, self._ends.keys):
            raise self._damaged(LEFT)

    def _peek(self, over: str = "") -> str:
        """Give the next sign that is no blank and not one of `over`; empty at the end of the file."""
        window = self.window
        while True:
            while True:
                found = _SPACE.match(window.text, window.at)
                window.at = found.end() if found else window.at
                if window.text[window.at : window.at + 1] and window.text[window.at] in over:
                    window.at += 1
                    continue
                break
            if window.at < len(window.text):
                return window.text[window.at]
            if not window.more() and window.ended:
                return ""

    def _must(self) -> None:
        if self.window.at >= len(self.window.text) and self.window.ended:
            raise self._cut()

    def _rest(self) -> Item:
        """Text after the end of the document: a reject if it is short, and nothing was passed over before.

        Brackets that are left over say that a product lost some; what was then passed over may be others.
        """
        window = self.window
        window.see(MAX_RAW + 1)
        text = window.text[window.at :]
        if len(text) > MAX_RAW:
            raise self._damaged("more than a little text after the end of the JSON")
        if _OBJECT.search(text):
            raise self._damaged("objects after the end of the JSON")
        if self._passed:
            raise self._damaged(LEFT)
        window.at = len(window.text)
        return Item(None, text, "text after the end of the JSON")

    def _cut(self, how: str = "after") -> FeedError:
        return FeedError(
            f"the file is cut short: it ends {how} item {self.count}",
            where=self.file,
            hint="fetch or export it once more; nothing of it was taken, as products would be missing",
        )

    def _damaged(self, what: str) -> FeedError:
        return FeedError(
            f"damaged JSON after item {self.count}, line {self.window.line()}: {what}",
            where=self.file,
            hint="have it exported once more, best as one JSON object on every line",
        )
