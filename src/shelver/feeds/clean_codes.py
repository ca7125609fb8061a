"""Cleaners of numbers that name a product: GTIN, EAN, UPC, ISBN."""

from __future__ import annotations

import re

from shelver.errors import Reject
from shelver.feeds.clean_text import clean_value, shorten

GTIN_SIZES = (8, 12, 13, 14)
"""Digits of GTIN-8, UPC, EAN and GTIN-14 (GS1 General Specifications, section 2.1)."""

_NAMED = re.compile(r"^(?:gtin|ean|upc|isbn|jan)(?:[- ]?1[0-4]|-?8)?\s*[:=#]?\s*(?=[\dX'\"])", re.IGNORECASE)
_FILLING = re.compile(r"[\s'\"\u2010-\u2015\u2212-]|\.0+$")
_ISBN_10 = re.compile(r"\d{9}[\dXx]", re.ASCII)


def clean_gtin(text: str | None) -> str | Reject | None:
    """Digits of a GTIN, EAN, UPC or ISBN; refused if their number or the check digit is wrong.

    Of several in one cell, parted by commas, semicolons or bars, the first right one counts. An ISBN-10 becomes the
    ISBN-13 of the same book, and a UPC gets back the first zero that a spreadsheet took.

    Notes
    -----
    Check digit: weights 3, 1, 3, ... from the right, sum divisible by 10 (GS1 General Specifications, section 7.9.1);
    of an ISBN-10: weights 1, 2, 3, ... from the right, sum divisible by 11 (ISBN Users' Manual, 6th ed., appendix 1).

    Examples
    --------
    >>> clean_gtin("EAN 4006381-333931"), clean_gtin("0-306-40615-2")
    ('4006381333931', '9780306406157')
    >>> clean_gtin("4006381333932")
    Reject(field='gtin', reason="wrong check digit in '4006381333932'")
    """
    found = clean_value(text)
    if found is None:
        return None
    first: Reject | None = None
    for part in re.split(r"[,;|]", found):
        result = _gtin(part.strip()) if part.strip() else None
        if isinstance(result, str):
            return result
        first = first or result
    return first


def checksum(digits: str) -> int:
    """Sum of the digits with weights 1, 3, 1, ... from the right; a GTIN with its check digit has one divisible by 10.

    Examples
    --------
    >>> checksum("4006381333931")
    90
    """
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(digits)))


def _gtin(text: str) -> str | Reject | None:
    digits = _FILLING.sub("", _NAMED.sub("", text))
    if _ISBN_10.fullmatch(digits) and _isbn_sum(digits) % 11 == 0 and digits.strip("0"):
        body = "978" + digits[:9]
        return body + str(-checksum(body + "0") % 10)
    if not (digits.isascii() and digits.isdigit()):
        why = "changed by a spreadsheet" if re.fullmatch(r"[\d.,]+[eE]\+?\d+", digits) else "not only digits"
        return Reject("gtin", f"{why}: {shorten(text)}")
    if not digits.strip("0"):
        return None
    whole = "0" + digits if len(digits) == 11 else digits  # a UPC whose first zero a spreadsheet took
    if len(whole) in GTIN_SIZES and checksum(whole) % 10 == 0:
        return whole
    fault = "wrong check digit" if len(digits) in GTIN_SIZES else f"{len(digits)} digits"
    return Reject("gtin", f"{fault} in {shorten(text)}")


def _isbn_sum(digits: str) -> int:
    return sum((10 if sign in "Xx" else int(sign)) * (10 - place) for place, sign in enumerate(digits))
