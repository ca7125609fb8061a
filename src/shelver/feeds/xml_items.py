"""The products of an XML file one by one, cut out by their tags, so that damage is kept to the product it is in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from shelver.errors import FeedError
from shelver.feeds.rows import MAX_RAW, MAX_RECORD
from shelver.feeds.text_window import CHUNK, Window
from shelver.feeds.xml_outline import REST, UNREAD, Outline

MAX_INNER = 3
"""Elements of the product's name within each other; more are products whose ends are missing."""

LEAST_PARTS = 3
"""Different parts of a product in a text between products that make it a damaged one."""

MAX_ITEM = 32 * MAX_RECORD
"""Characters in which the end of a product is looked for; one that has more than `MAX_RECORD` is a reject."""

_TAIL = 256  # longer than any token that the end of what is in sight may cut
_REST = re.compile(rf"({REST})>")


class Piece(NamedTuple):
    """Text of one product and its line, or of what is none and the reason."""

    line: int
    text: str
    reason: str = ""


class _Tag(NamedTuple):
    start: int
    end: int
    kind: str  # open, close or empty


class XmlItems:
    """One pass over the products of a file.

    Parameters
    ----------
    window : Window
        The file, from its start.
    outline : Outline
        Which element is a product.
    file : str
        For messages.
    """

    def __init__(self, window: Window, outline: Outline, file: str) -> None:
        self.window, self.outline, self.file = window, outline, file
        self.count = 0
        self._closed = False
        self._clear: dict[str, int] = {}  # by end of a part that is not read: place in the file before which it is not
        item, root = re.escape(outline.item), re.escape(outline.root)
        self._outside = re.compile(rf"<!\[CDATA\[|<!--|<\?|<(/?){item}(?=[\s/>])|</{root}\s*>")
        self._inside = re.compile(rf"<!\[CDATA\[|<!--|<\?|<(/?){item}(?=[\s/>])")
        self._second = self._begun = 0
        parts = "|".join(map(re.escape, outline.parts))
        self._parts = re.compile(rf"<({parts})[\s/>]" if parts else r"(?!)")

    def __iter__(self) -> Iterator[Piece]:
        """Pieces in the order of the file.

        Raises
        ------
        FeedError
            The file is cut short.
        """
        window = self.window
        at = window.at  # what lies between `window.at` and here belongs to no product
        while True:
            found = self._outside.search(window.text, at)
            if not found:
                if window.ended:
                    break
                at = self._on(max(at, len(window.text) - _TAIL))
            elif found[0] in UNREAD and window.at > CHUNK:  # `_after` needs room
                at -= window.at
                window.drop()
            elif found[0] in UNREAD:
                end = self._after(found, CHUNK) if found[0] != "<![CDATA[" else -1
                at = end if end > 0 else found.end()
            elif found[1] is None:
                self._closed = True
                at = found.end()
            else:
                yield from self._between(found)
                if not found[1]:
                    self._closed = False
                    window.at = found.start()
                    yield self._item()
                at = window.at
        yield from self._rest(at)

    def _on(self, at: int) -> int:
        """Bring more into sight; a long text between products is forgotten. The place that `at` is then at."""
        window = self.window
        if at - window.at > MAX_RECORD:
            window.at = at
        base = window.base
        window.more()
        return at - (window.base - base)

    def back(self, piece: Piece) -> Piece | None:
        """Take back the last piece, which is no XML but holds a further start tag: give what lies before that.

        None if there is no further start tag; else reading goes on at it.
        """
        if not self._second:
            return None
        self.window.at = self._second
        begun, self._second = self._begun, 0
        return piece._replace(text=self.window.text[begun : self.window.at], reason="its end is missing")

    def _item(self) -> Piece:
        """Cut out the product that begins at the window."""
        window = self.window
        if window.at > CHUNK:
            window.drop()
        begun = at = window.at  # stays in place: `more` drops only what lies before, if it is long
        line = window.line()
        self.count += 1
        self._begun, self._second = begun, 0
        depth = 0
        while tag := self._tag(begun, at):
            at = tag.end
            if tag.kind == "open":
                depth += 1
                if depth > 1:
                    self._second = self._second or tag.start
            elif tag.kind == "close":
                depth -= 1
            if depth == 0:
                window.at = at
                text = window.text[begun:at]
                if len(text) <= MAX_RECORD:
                    return Piece(line, text)
                if not self._second:
                    return Piece(line, text[: MAX_RAW + 1], f"more than {MAX_RECORD:,} characters")
                break
            if depth > MAX_INNER:
                break
        cut = self.back(Piece(line, ""))
        if cut:
            return cut
        if window.ended:
            raise self._cut(f"it ends within product {self.count}")
        raise FeedError(
            f"product {self.count} has no end within {MAX_ITEM:,} characters", where=f"{self.file} line {line}"
        )

    def _tag(self, begun: int, at: int) -> _Tag | None:
        """Next tag of a product after `at`; None at the end of the file, or too far from `begun`."""
        window = self.window
        while True:
            found = self._inside.search(window.text, at)
            if not found:
                at = max(at, len(window.text) - _TAIL)
                limit = MAX_RECORD if self._second else MAX_ITEM
                if len(window.text) - begun > limit or (not window.more() and window.ended):
                    return self._last(at)
                continue
            if found[0] in UNREAD:
                end = self._after(found, MAX_RECORD)
                inner = end > 0 and found[0] == "<![CDATA[" and self._holds_items(found.end(), end)
                at = end if end > 0 and not inner else found.end()
                continue
            while True:
                rest = _REST.match(window.text, found.end())
                cut = not rest and window.text.find("<", found.end()) < 0
                if not cut or len(window.text) - begun > MAX_ITEM or (not window.more() and window.ended):
                    break
            end = rest.end() if rest else found.end()
            if found[1]:
                return _Tag(found.start(), end, "close")
            return _Tag(found.start(), end, "empty" if rest and rest[1].endswith("/") else "open")

    def _last(self, at: int) -> _Tag | None:
        found = self._inside.search(self.window.text, at)
        if not found or found[0] in UNREAD:
            return None
        rest = _REST.match(self.window.text, found.end())
        return _Tag(found.start(), rest.end(), "close") if rest and found[1] else None

    def _after(self, found: re.Match[str], limit: int) -> int:
        """Place after a comment or the like; -1 if it has no end within `limit` characters or the file."""
        window = self.window
        close = UNREAD[found[0]]
        start = found.end()
        while True:
            known = self._clear.get(close, 0) - window.base
            end = window.text.find(close, max(start, known))
            if end >= 0:
                return end + len(close)
            self._clear[close] = max(window.base + len(window.text) - len(close), 0)
            if len(window.text) - start > limit or (not window.more() and window.ended):
                return -1

    def _holds_items(self, start: int, end: int) -> bool:
        """Do whole products lie in a CDATA part? Then it is one whose end is missing."""
        signs = [found[1] for found in self._inside.finditer(self.window.text, start, end) if found[1] is not None]
        return "" in signs and "/" in signs

    def _between(self, found: re.Match[str]) -> Iterator[Piece]:
        """What lies before a tag and in no product: a reject if it is a product whose start or end is damaged."""
        window = self.window
        closes = bool(found[1])
        end = window.text.find(">", found.end()) + 1 if closes else found.start()
        text = window.text[window.at : end or found.end()]
        first, *rest = text.split("<!--")
        read = first + "".join(part.partition("-->")[2] for part in rest)
        if closes or (self.count and len(set(self._parts.findall(read))) >= min(LEAST_PARTS, len(self.outline.parts))):
            reason = "the end of a product without its start" if closes else "no product, though it has parts of one"
            yield Piece(window.line(), text.strip()[: MAX_RAW + 1], reason)
        window.at = end or found.end()

    def _rest(self, at: int) -> Iterator[Piece]:
        """What follows the last product: the end of the file's root element, and nothing more."""
        window = self.window
        if not self._closed:
            raise self._cut(f"</{self.outline.root[:60]}> is missing after product {self.count}")
        text = window.text[at:].strip()
        if text and not re.fullmatch(r"(?:\s|<!--.*?-->|<\?.*?\?>)*+", text[:MAX_RAW], re.DOTALL):
            window.at = at
            yield Piece(window.line(), text, "text after the end of the XML")

    def _cut(self, what: str) -> FeedError:
        return FeedError(
            f"the file is cut short: {what}",
            where=self.file,
            hint="fetch or export it once more; nothing of it was taken, as products would be missing",
        )
