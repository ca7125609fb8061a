"""Addresses as they may be shown and stored: without passwords, keys and what looks like one."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any
from urllib.parse import unquote, urlsplit

MASK = "***"

LONG = 16
"""Characters of a token at least."""

MIXED = 0.25
"""Share of neighbours of another kind (capital, small letter, digit) in a token at least: about half in random ones,
less than a fifth in words, dates and numbers."""

_SECRET = re.compile(
    r"""(?i:token|secret|passw|passphrase|pwd|signature|credential|authori[sz]ation|sess(ion)?_?id|hash$)
    |(?i:(api|access|secret|private|auth|feed|user|client|account|partner|pass)[_.-]?(key|pass))
    |((?<![A-Za-z])|(?<=[a-z])(?=[A-Z]))            # a word begins
    (?<!sort)(?<!sort[_.-])(?i:key|pass|pw|o?auth|session|sid|sig|jwt)(?=[^A-Za-z]*$)  # the last word of a name""",
    re.VERBOSE,
)
_TOKEN = re.compile(rf"[A-Za-z0-9_.~+/=-]{{{LONG},}}")
_UUID = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)
_ADDRESS = re.compile(
    r"""[A-Za-z][A-Za-z0-9+.-]{1,20}://
    ([^\s/?#:@"]*:((?!\s|\d*([^0-9A-Za-z]|$))[^\n"@]{1,200}@)?([^\s"@]*@)*)?  # user:password@, whatever it consists of
    [^\s"'<>`“”‘’]*""",
    re.VERBOSE,
)
_HOST = re.compile(r"(\[[^]]*\]|localhost|[^:@]+\.[^:@]+)(:\d*)?", re.IGNORECASE)
_AFTER = ".,;:!?)]}"


def is_http(path: str) -> bool:
    """Is it an address of a web server?"""
    return path[:8].lower().startswith(("http://", "https://"))


def masked(url: str) -> str:
    """Address without what gives access: user and password, values whose names say that they are keys, and tokens.

    A password may hold what must be escaped there, as ``/``, ``?``, ``#`` and ``@``: what is no host before the last
    ``@`` is part of it. Networks put keys into the path too, as in ``/apikey/4f3e/``. Only paths on web servers are
    looked at: those on object stores are names of files.

    Examples
    --------
    >>> masked("https://me:pw@feeds.example/x.csv?apikey=4f3e&id=3")
    'https://***@feeds.example/x.csv?apikey=***&id=3'
    >>> masked("https://me:p/w@feeds.example/x.csv?sort_key=price")
    'https://***@feeds.example/x.csv?sort_key=price'
    >>> masked("https://feeds.example/apikey/4f3e/format/csv/")
    'https://feeds.example/apikey/***/format/csv/'
    >>> masked("https://feeds.example/x.csv?f=9f86d081884c7d65&sort=price-ascending-then-name")
    'https://feeds.example/x.csv?f=***&sort=price-ascending-then-name'
    """
    try:
        parts = urlsplit(url)
        if "@" in url and ":" in parts.netloc and not _HOST.fullmatch(parts.netloc):
            parts = urlsplit(f"{parts.scheme}://{MASK}@{url.rpartition('@')[2]}")
    except ValueError:
        return f"{url.partition('://')[0].lower()}://{MASK}"
    _, at, host = parts.netloc.rpartition("@")
    web, steps = is_http(url), parts.path.split("/")
    path = [
        MASK if web and step and place and (names_secret(steps[place - 1]) or looks_like_token(step)) else step
        for place, step in enumerate(steps)
    ]
    query = re.sub(r"([^&;=]+)(=?)([^&;]*)", _pair, parts.query)
    query = f"?{query}" if query else ""
    fragment = f"#{parts.fragment}" if parts.fragment and not web else ""
    return f"{parts.scheme}://{MASK + '@' if at else ''}{host}{'/'.join(path)}{query}{fragment}"


def _pair(found: re.Match[str]) -> str:
    name, sign, value = found[1], found[2], found[3]
    if not sign:
        return MASK if looks_like_token(name) else name
    return f"{name}={MASK if value and (names_secret(name) or looks_like_token(value)) else value}"


def names_secret(name: str) -> bool:
    """Does a name in an address say that what follows gives access?

    Examples
    --------
    >>> [names_secret(name) for name in ("apikey", "X-Api-Key", "accessToken", "PHPSESSID", "key%5B%5D")]
    [True, True, True, True, True]
    >>> [names_secret(name) for name in ("keyboards", "monkey", "author", "keyword", "sort_key", "passport", "keys")]
    [False, False, False, False, False, False, False]
    """
    return bool(_SECRET.search(unquote(name)))


def looks_like_token(text: str) -> bool:
    """Is a part of an address long and without rhyme or reason, as keys are?

    Examples
    --------
    >>> looks_like_token("9f86d081884c7d659a2f"), looks_like_token("google_shopping_v2_germany")
    (True, False)
    >>> looks_like_token("ProductFeedForGoogleShopping2024"), looks_like_token("20240501123000123456")
    (False, False)
    """
    text = unquote(text)
    if _UUID.fullmatch(text):
        return True
    if not _TOKEN.fullmatch(text):
        return False
    kinds = ["0" if sign.isdigit() else "A" if sign.isupper() else "a" for sign in text if sign.isalnum()]
    pairs = list(pairwise(kinds))
    changes = sum(one != other and (one, other) != ("A", "a") for one, other in pairs)  # a capital begins a word
    return len(kinds) >= LONG and changes >= MIXED * len(pairs)


def masked_text(text: str) -> str:
    """Text in which every address is `masked`; what is no address stays as it is.

    Examples
    --------
    >>> masked_text("asked (https://me:pw@feeds.example/a.csv), in vain")
    'asked (https://***@feeds.example/a.csv), in vain'
    """
    if "://" not in text:
        return text

    def shown(found: re.Match[str]) -> str:
        address = found[0].rstrip(_AFTER)
        return masked(address) + found[0][len(address) :]

    return _ADDRESS.sub(shown, text)


def masked_values(value: Any) -> Any:
    """JSON-like values in which every text is `masked_text`."""
    if isinstance(value, dict):
        return {name: masked_values(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [masked_values(each) for each in value]
    return masked_text(value) if isinstance(value, str) else value
