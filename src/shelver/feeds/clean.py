"""Cleaners: one plain function for each kind of field. They give the clean value, None for nothing, or a `Reject`."""

from __future__ import annotations

import hashlib
import html
import json
import re
import unicodedata

from shelver.errors import Reject
from shelver.feeds.markup import without_tags

MAX_URL = 4096
"""Characters of an address."""

GTIN_SIZES = (8, 12, 13, 14)
"""Digits of GTIN-8, UPC, EAN and GTIN-14 (GS1 General Specifications, section 2.1)."""

NOTHING = frozenset({"n/a", "#n/a", "nan", "none", "null", "undefined", "-", "--", "\\n"})
"""What exports write where there is nothing; compared in lower case."""

_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u200b\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_ADDRESS_LIST = re.compile(r"[,;|\s]\s?(?=https?://)")
_HUGE_ENTITY = re.compile(r"&#(?:\d{9,}|[xX][0-9a-fA-F]{9,});?")
_OTHER_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")


def clean_text(text: str | None) -> str | None:
    r"""Text without tags, entities, control characters and surplus blanks, in Unicode's form NFC; None if empty.

    Examples
    --------
    >>> clean_text("<p>Caf&eacute;</p>\n  cr&amp;egrave;me")
    'Café crème'
    """
    if not text:
        return None
    for _ in range(3):  # feeds escape tags and entities up to twice
        before = text
        if "<" in text:
            text = without_tags(text)
        if "&" in text:
            text = unescape(text)
        if text == before:
            break
    return tidy(text)


def clean_value(text: str | None) -> str | None:
    """Clean text of a field with values (brand, size, ...), where ``N/A`` and the like mean nothing."""
    found = clean_text(text)
    return None if found is None or found.lower() in NOTHING else found


def clean_category(text: str | None) -> str | None:
    """Path of a category, kept as text; a JSON list of steps becomes ``a > b > c``."""
    if text and text.lstrip().startswith("["):
        steps = _json_list(text)
        if steps:
            text = " > ".join(steps)
    return clean_value(text)


def unescape(text: str) -> str:
    """Replace entities; those with too many digits to be a character vanish (`html.unescape` fails on them)."""
    return html.unescape(_HUGE_ENTITY.sub("", text) if "&#" in text else text)


def tidy(text: str | None) -> str | None:
    """Text without invisible characters and surplus blanks, in form NFC; None if empty. For ids."""
    if not text:
        return None
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if not text.isprintable():
        text = _INVISIBLE.sub("", text)
    return " ".join(text.split()) or None


def clean_gtin(text: str | None) -> str | Reject | None:
    """Digits of a GTIN, EAN, UPC or ISBN-13; refused if their number or the check digit is wrong.

    Notes
    -----
    Check digit: weights 3, 1, 3, ... from the right, sum divisible by 10 (GS1 General Specifications, section 7.9.1).
    """
    found = clean_value(text)
    if found is None:
        return None
    digits = re.sub(r"[\s'\"-]|\.0+$", "", found)
    if not (digits.isascii() and digits.isdigit()):
        why = "changed by a spreadsheet" if re.fullmatch(r"[\d.,]+[eE]\+?\d+", digits) else "not only digits"
        return Reject("gtin", f"{why}: {shorten(found)}")
    if not digits.strip("0"):
        return None
    whole = "0" + digits if len(digits) == 11 else digits  # a UPC whose first zero a spreadsheet took
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(whole)))
    if len(whole) in GTIN_SIZES and weighted % 10 == 0:
        return whole
    fault = "wrong check digit" if len(digits) in GTIN_SIZES else f"{len(digits)} digits"
    return Reject("gtin", f"{fault} in {shorten(found)}")


def clean_url(text: str | None) -> str | Reject | None:
    """First http(s) address in a text, a list or a JSON list; refused if there is none."""
    found = unescape(text) if text and "&amp;" in text else text
    if found and found.lstrip().startswith("["):
        found = next(iter(_json_list(found)), "")
    found = tidy(found)
    if found is None or found.lower() in NOTHING:
        return None
    found = _ADDRESS_LIST.split(found, maxsplit=1)[0].rstrip(",;| ").replace(" ", "%20")
    if found.startswith("//"):
        found = "https:" + found
    elif found.lower().startswith("www."):
        found = "https://" + found
    if not found.lower().startswith(("http://", "https://")):
        why = "not an http address" if _OTHER_SCHEME.match(found) else "not a whole address"
        return Reject("", f"{why}: {shorten(found)}")
    if len(found) > MAX_URL:
        return Reject("", f"an address of more than {MAX_URL} characters")
    return found


def product_id(source: str, merchant: str | None, merchant_id: str) -> str:
    """Stable identity of a product: 20 hex digits."""
    key = f"{source}\x1f{merchant or ''}\x1f{merchant_id}"
    return hashlib.blake2b(key.encode(), digest_size=10).hexdigest()


def shorten(text: str, size: int = 40) -> str:
    """Quote a value in a message, cut to `size` characters."""
    return f"'{text}'" if len(text) <= size else f"'{text[:size]}...'"


def _json_list(text: str) -> list[str]:
    """Texts of a JSON list of texts, or of objects with a name or url; empty if it is nothing of the kind."""
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        return []
    if not isinstance(items, list):
        return []
    found = [item.get("name") or item.get("url") if isinstance(item, dict) else item for item in items]
    return [item for item in found if isinstance(item, str) and item]
