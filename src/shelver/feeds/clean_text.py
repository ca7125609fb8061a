"""Cleaners of texts and plain values. Each gives the clean text, None for nothing, or a `Reject`."""

from __future__ import annotations

import re
import unicodedata

from shelver.feeds.markup import unescape, without_tags
from shelver.feeds.mojibake import mend, suspect

NOTHING = frozenset({"n/a", "#n/a", "nan", "none", "null", "undefined", "-", "--", "\\n"})
"""What exports write where there is nothing; compared in lower case."""

_LONGEST_NOTHING = max(map(len, NOTHING))

MAX_ROUNDS = 8
"""How deep tags and entities may be escaped within each other; feeds do it up to twice."""

_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u200b\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_AGAIN = re.compile("&[A-Za-z0-9#]")
_SIGNS = str.maketrans("<&", "  ")


def clean_text(text: str | None) -> str | None:
    r"""Text without tags, entities, mojibake, control characters and surplus blanks, in form NFC; None if empty.

    A clean text stays as it is. What still changes after `MAX_ROUNDS` rounds loses its ``<`` and ``&``: no feed writes
    it, and a text must not take longer the deeper it is nested.

    Examples
    --------
    >>> clean_text("<p>Caf&eacute;</p>\n  cr&amp;egrave;me brÃ»lÃ©e")
    'Café crème brûlée'
    """
    if not text:
        return None
    for _ in range(MAX_ROUNDS):
        before = text
        if "<" in text:
            text = without_tags(text)
        if "&" in text:
            text = unescape(text)
        doubtful = suspect(text)
        if doubtful:
            text = mend(text)
        shown = _shown(text)
        doubtful = doubtful or (shown != text and suspect(shown))
        text = " ".join(shown.split())
        if not text or text == before or not (doubtful or "<" in text or ("&" in text and _AGAIN.search(text))):
            return text or None
    return tidy(mend(text.translate(_SIGNS)))


def clean_value(text: str | None) -> str | None:
    """Clean text of a field with values (brand, size, ...), where ``N/A`` and the like mean nothing.

    Examples
    --------
    >>> clean_value(" Levi&rsquo;s "), clean_value("N/A")
    ('Levi’s', None)
    """
    found = clean_text(text)
    return None if found is None or means_nothing(found) else found


def means_nothing(text: str) -> bool:
    """Tell whether a text is one of `NOTHING`."""
    return len(text) <= _LONGEST_NOTHING and text.lower() in NOTHING


def tidy(text: str | None) -> str | None:
    r"""Text without invisible characters and surplus blanks, in form NFC; None if empty. For ids.

    Examples
    --------
    >>> tidy(" 47\u200b11\t"), tidy("<1>")
    ('4711', '<1>')
    """
    if not text:
        return None
    return " ".join(_shown(text).split()) or None


def _shown(text: str) -> str:
    """Text without invisible characters, in form NFC."""
    if not text.isprintable():
        text = _INVISIBLE.sub("", text)
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def shorten(text: str, size: int = 40) -> str:
    """Quote a value in a message, cut to `size` characters."""
    return f"'{text}'" if len(text) <= size else f"'{text[:size]}...'"
