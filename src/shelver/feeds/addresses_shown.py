"""Addresses of feeds as they may be shown and stored: without passwords and keys."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

MASK = "***"

_SECRET = re.compile(r"(key|token|secret|pass|pwd|auth|signature|^sig$|credential|session|^sid$|hash$)", re.IGNORECASE)


def is_http(path: str) -> bool:
    """Is it an address of a web server?"""
    return path[:8].lower().startswith(("http://", "https://"))


def masked(url: str) -> str:
    """Address without what gives access: user and password, and values whose names say that they are keys.

    Networks put keys into the path too, as in ``/apikey/4f3e/``.

    Examples
    --------
    >>> masked("https://me:pw@feeds.example/x.csv?apikey=4f3e&id=3")
    'https://***@feeds.example/x.csv?apikey=***&id=3'
    >>> masked("https://feeds.example/apikey/4f3e/format/csv/")
    'https://feeds.example/apikey/***/format/csv/'
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return url.partition("://")[0] + "://" + MASK
    _, at, host = parts.netloc.rpartition("@")
    steps = parts.path.split("/")
    path = [MASK if place and step and _SECRET.search(steps[place - 1]) else step for place, step in enumerate(steps)]
    query = re.sub(r"([^&;=]+)=([^&;]*)", lambda pair: f"{pair[1]}={_value(pair[1], pair[2])}", parts.query)
    return urlunsplit((parts.scheme, (MASK + "@" if at else "") + host, "/".join(path), query, ""))


def _value(name: str, value: str) -> str:
    return MASK if value and _SECRET.search(name) else value
