"""What a file says of a failure in the place of products: an error beside an empty list."""

from __future__ import annotations

import re
from collections.abc import Iterator

MAX_NESTING = 5
"""Levels of objects in which it is looked for."""

MAX_TEXT = 2_000
"""Characters of a message that are looked at."""

FAULT = re.compile(
    r"\berrors?\b|\bfail|\bexce(?:ed|ption)|\bdenied\b|\bforbidden\b|\bunauthori[sz]ed\b|\binvalid\b|\bexpired\b"
    r"|\bunavailable\b|\btime(?:d |-)?out\b|\btoo many\b|\b(?:try|retry) (?:again|later)\b|\bfault\b",
    re.IGNORECASE,
)
"""Words of messages that tell of a failure."""

CODES = frozenset(("status", "code", "statuscode", "httpstatus", "httpcode", "httpstatuscode", "responsecode"))
"""Keys of the code of an answer: from 400 on it tells of a failure."""

MESSAGES = frozenset(("status", "message", "messages", "msg", "detail", "details", "reason", "result", "warning"))
"""Keys of a text that may tell of one."""

SUCCESS = frozenset(("success", "successful", "ok"))
"""Keys that are false if there was one."""

NONE = frozenset(("", "0", "false", "no", "none", "null", "ok", "success"))
"""Texts by which a key for an error says that there was none."""


def told_fault(document: object) -> str:
    """Give the first thing in a JSON document that tells of a failure, as ``key: value``; empty if nothing does.

    Parameters
    ----------
    document : object
        As `json.loads` gives it. Lists are not looked into: what is in them belongs to products.

    Examples
    --------
    >>> told_fault({"error": "quota exceeded", "products": []}), told_fault({"meta": {"status": 503}, "products": []})
    ('error: quota exceeded', 'status: 503')
    >>> told_fault({"error": None, "status": 200, "message": "0 products", "products": []})
    ''
    """
    return next(_faults(document, 0), "")


def _faults(value: object, depth: int) -> Iterator[str]:
    if not isinstance(value, dict) or depth > MAX_NESTING:
        return
    for key, each in value.items():
        name = "".join(sign for sign in key.lower() if sign.isalpha())
        if (
            (is_error(key) and bool(each) and str(each)[:MAX_TEXT].strip().lower() not in NONE)
            or (name in CODES and _is_code(each))
            or (name in MESSAGES and bool(FAULT.search(str(each)[:MAX_TEXT])))
            or (name in SUCCESS and each is False)
        ):
            yield f"{key}: {str(each)[:MAX_TEXT]}"
        yield from _faults(each, depth + 1)


def is_error(key: str) -> bool:
    """Is it the key or element of an error, as in ``error``, ``errorMessage``, ``exception``?"""
    return "error" in key.lower() or "exception" in key.lower()


def _is_code(value: object) -> bool:
    text = str(value)
    return len(text) == 3 and text.isdecimal() and 400 <= int(text) < 600
