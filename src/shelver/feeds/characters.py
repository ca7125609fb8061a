"""Which texts the cleaners leave as they are, as regular expressions of RE2 that Arrow applies to whole columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from functools import cache

from shelver.feeds.mojibake import ALONE, kinds

ALSO_SAFE = "\u200c\u200d\ufe0f"
"""Joiners and the sign that makes an emoji: not printable by themselves, yet part of words and pictures."""

_PLANES = (range(0x80, 0x1100), range(0x1200, 0xD800), range(0xE000, 0x10000), range(0x1F000, 0x20000))


@cache
def safe_characters() -> frozenset[str]:
    """Characters beyond ASCII that no cleaner of text changes, whatever stands beside them.

    They are printable, no blanks, of form NFC, and join with no character before them. All others (combining marks,
    the letters that Hangul is composed of, rare planes) go to the cleaners in Python.
    """
    return frozenset(sign for plane in _PLANES for sign in map(chr, plane) if _safe(sign)) | frozenset(ALSO_SAFE)


@cache
def untidy() -> str:
    """Pattern that is found in every text which `clean_text.tidy` changes: blanks, control characters, not NFC."""
    return rf"^$|^ | $|  |[^ -~{_class(safe_characters())}]"


@cache
def unclean() -> str:
    """Pattern that is found in every text which `clean_text.clean_text` changes: also markup, entities, mojibake."""
    safe = _class(safe_characters() - ALONE)
    small, other, rest = kinds()
    pairs = ((small, other | rest), (other, small | rest), (rest, small | other | rest))
    mojibake = "|".join(f"[{_class(first)}][{_class(second)}]" for first, second in pairs)
    return rf"^$|^ | $|  |[^ -;=-~{safe}]|&[A-Za-z0-9#]|{mojibake}"


def _safe(sign: str) -> bool:
    return (
        sign.isprintable()
        and not sign.isspace()
        and not unicodedata.category(sign).startswith("M")
        and not unicodedata.combining(sign)
        and unicodedata.is_normalized("NFC", sign)
    )


def _class(signs: Collection[str]) -> str:
    """Inside of a character class with these characters."""
    codes = sorted(map(ord, signs))
    starts = [code for code, before in zip(codes, [-2, *codes], strict=False) if code != before + 1]
    ends = [code for code, after in zip(codes, [*codes[1:], -2], strict=True) if code != after - 1]
    return "".join(rf"\x{{{start:x}}}-\x{{{end:x}}}" for start, end in zip(starts, ends, strict=True))
