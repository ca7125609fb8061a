"""Compare text without case and accents, while every character keeps its position."""

from __future__ import annotations

import re
import unicodedata

MARKS = re.compile("[\u0300-\u036f]+")
"""Accents written as characters of their own, after their letter (Unicode's decomposed form)."""

_STROKES = {"ø": "o", "đ": "d", "ł": "l", "ħ": "h", "ŧ": "t", "ı": "i"}  # letters that Unicode does not decompose


class _Table(dict[int, str]):
    """Translation table for `str.translate`, filled as characters are met."""

    def __missing__(self, code: int) -> str:
        folded = _fold_character(chr(code))
        self[code] = folded
        return folded


_TABLE = _Table()


def fold(text: str) -> str:
    """Lower-case, without accents, every kind of white space and control character a plain space.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        As long as `text`: character *i* of the answer is character *i* of the text, so positions stay true. What has
        no form of one character (``ß``, ``æ``, a separate combining accent) stays as it is, in lower case.

    Examples
    --------
    >>> fold("Café Crème")
    'cafe creme'
    """
    return text.translate(_TABLE)


def tidy(text: str) -> str:
    """Folded, without combining accents, single spaces only, none at the ends: for comparing whole values."""
    return " ".join(MARKS.sub("", fold(text)).split())


def fold_regex(pattern: str) -> str:
    """Make a regular expression fit folded text: letters with accents lose them, the rest is untouched."""
    return "".join(char if char.isascii() else _TABLE[ord(char)] for char in pattern)


def is_word(char: str) -> bool:
    """Whether this is a letter or a digit, or a vowel sign of a script that writes them as marks."""
    if char.isalnum():
        return True
    return unicodedata.category(char) in ("Mn", "Mc") and not "\ufe00" <= char <= "\ufe0f"  # those select emoji styles


def _fold_character(char: str) -> str:
    if char.isspace() or unicodedata.category(char) == "Cc":
        return " "
    lower = char.lower()
    base = MARKS.sub("", unicodedata.normalize("NFKD", lower))
    if len(base) == 1 and not base.isspace():
        base = base.lower()
        return _STROKES.get(base, base)
    return lower if len(lower) == 1 else char
