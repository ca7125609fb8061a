"""Cleaners of addresses: one, or the several pictures that a cell may hold."""

from __future__ import annotations

import json
import re

from shelver.errors import Reject
from shelver.feeds.clean_text import NOTHING, shorten, tidy
from shelver.feeds.markup import plain_ampersands, unescape

MAX_URL = 4096
"""Characters of an address."""

MAX_URLS = 100
"""Addresses kept of one cell."""

_BETWEEN = re.compile(r"[,;|\s]\s?(?=(?:https?:)?//)", re.IGNORECASE)
_ENDS = ",;| \"'"
_OTHER_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")


def clean_url(text: str | None) -> str | Reject | None:
    """First http(s) address in a text, a list or a JSON list; refused if there is none.

    Examples
    --------
    >>> clean_url("//cdn.shop/a b.jpg"), clean_url('["https://a/1","https://a/2"]')
    ('https://cdn.shop/a%20b.jpg', 'https://a/1')
    >>> clean_url("a/b.jpg")
    Reject(field='', reason="not a whole address: 'a/b.jpg'")
    """
    found = clean_urls(text)
    return found[0] if isinstance(found, list) else found


def clean_urls(text: str | None) -> list[str] | Reject | None:
    """Every http(s) address in a text, a list or a JSON list, in order and without repeats.

    Addresses are parted by commas, semicolons, bars or blanks that the next ``http://``, ``https://`` or ``//``
    follows: a comma within an address stays. What is no address is passed over as long as there is another that is one.

    Returns
    -------
    list of str, None or Reject
        At least one and at most `MAX_URLS` addresses; None for an empty text; `Reject` if there is no address.

    Examples
    --------
    >>> clean_urls("https://a/1,2.jpg, https://a/3 | https://a/1,2.jpg")
    ['https://a/1,2.jpg', 'https://a/3']
    """
    if not text:
        return None
    parts = json_texts(unescape(text) if text.startswith("[&quot;") else text)
    if parts is None:
        parts = _BETWEEN.split(tidy(plain_ampersands(text)) or "", maxsplit=10 * MAX_URLS)
    found: dict[str, None] = {}
    refused: Reject | None = None
    for part in parts:
        address = _address(part)
        if isinstance(address, str):
            found[address] = None
        refused = refused or (address if isinstance(address, Reject) else None)
    return list(found)[:MAX_URLS] or refused


def json_texts(text: str) -> list[str] | None:
    """Texts of a JSON list of texts, or of objects with a name or an address; None if it is nothing of the kind.

    Examples
    --------
    >>> json_texts('["a", {"name": "b"}, {"src": "https://c"}, 4]'), json_texts("[a]")
    (['a', 'b', 'https://c'], None)
    """
    if not text.lstrip().startswith("["):
        return None
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(items, list):
        return None
    found = [_named(item) if isinstance(item, dict) else item for item in items]
    return [item for item in found if isinstance(item, str) and item]


def _named(item: dict[str, object]) -> object:
    return next((item[key] for key in ("name", "url", "src", "link", "href") if item.get(key)), None)


def _address(text: str) -> str | Reject | None:
    found = tidy(plain_ampersands(text))
    if found is None or found.lower() in NOTHING:
        return None
    found = found.strip(_ENDS).replace(" ", "%20")
    if not found:
        return None
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
