"""Past a JSON value that is not wanted, however long it is, and not past one that is no JSON.

**The naive design** counts brackets. A damaged product may end the list of products too early: what is left of it, and
all products after it, then stand where something else was expected, and their brackets may well close. So every sign is
looked at: such text is no JSON, or the products would not be products.
"""

from __future__ import annotations

import re

from shelver.feeds.rows import MAX_RECORD
from shelver.feeds.text_window import Window

MAX_TEXT = 64 * MAX_RECORD
"""Characters of one text."""

MAX_DEPTH = 10_000
"""Brackets that may be open."""

_TOKEN = re.compile(
    r"""[ \t\r\n]*+(?:
        ("[^"\\]*+(?:\\.[^"\\]*+)*+")          # 1: a text; line breaks in it do no harm here
      | ([{}\[\]:,])                           # 2: a sign
      | (?:-?(?:[0-9][0-9.eE+-]*+|Infinity)|NaN|true|false|null)(?=[\s,:\[\]{}"]|\Z)
    )""",
    re.DOTALL | re.VERBOSE,
)
_SPACE = re.compile(r"[ \t\r\n]*")
_LONGEST = 16
"""Characters by which the start of a number or word is seen to be one."""

_OPENS, _VALUE, _KEY, _COLON, _COMMA = "value or end", "value", "key or end", "colon", "comma or end"


class SkipError(ValueError):
    """The value is no JSON; the message says what is wrong."""


class CutError(ValueError):
    """The file ends within the value."""


def skip(window: Window, watched: frozenset[str] = frozenset()) -> int:
    """Move the window past the value that it is at.

    A comma before a closing bracket is passed over.

    Parameters
    ----------
    window : Window
        The document.
    watched : frozenset of str
        Keys to look out for, quoted as in the document.

    Returns
    -------
    int
        How many of them are in the value.

    Raises
    ------
    SkipError
        It is no JSON.
    CutError
        The file ends before it does.
    """
    closing: list[str] = []  # bracket that closes each one that is open
    seen: set[str] = set()
    state = _VALUE
    while True:
        token = _next(window)
        text, sign = token[1], token[2] or ""
        window.at = token.end()
        if closing and sign == closing[-1] and state in (_OPENS, _KEY, _COMMA):
            closing.pop()
            state = _COMMA
        elif state in (_VALUE, _OPENS) and sign in ("", "{", "["):
            if sign:
                closing.append("}" if sign == "{" else "]")
                if len(closing) > MAX_DEPTH:
                    raise SkipError("JSON nested too deeply")
            state = {"": _COMMA, "{": _KEY, "[": _OPENS}[sign]
        elif state == _KEY and text:
            state = _COLON
            if text in watched:
                seen.add(text)
        elif state == _COLON and sign == ":":
            state = _VALUE
        elif state == _COMMA and sign == ",":
            state = _KEY if closing[-1] == "}" else _OPENS
        else:
            raise SkipError(f"{state} expected")
        if not closing:
            return len(seen)


def _next(window: Window) -> re.Match[str]:
    """Next token; the window is brought to see all of it."""
    while True:
        token = _TOKEN.match(window.text, window.at)
        if token and (token[1] or token[2] or token.end() < len(window.text) or window.ended):
            return token
        space = _SPACE.match(window.text, window.at)
        window.at = space.end() if space else window.at
        left = len(window.text) - window.at
        opens = left and window.text[window.at] == '"'
        if left > MAX_TEXT:
            raise SkipError("a text or number without an end")
        if not token and not opens and (left > _LONGEST or (left and window.ended)):
            raise SkipError("a value, or a sign between two, expected")
        if not window.more() and window.ended and (not left or opens):
            raise CutError
