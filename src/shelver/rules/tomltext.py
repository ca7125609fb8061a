"""Write values as TOML."""

from __future__ import annotations

from collections.abc import Sequence

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def quote(text: str) -> str:
    r"""Write a string in double quotes; what cannot be printed is escaped.

    Examples
    --------
    >>> quote('8" pan')
    '"8\\" pan"'
    """
    return '"' + "".join(map(_escape, text)) + '"'


def write_value(value: str | float | Sequence[str]) -> str:
    """Write a string, a number or a list of strings."""
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, (int, float)):
        return repr(value)
    return "[" + ", ".join(map(quote, value)) + "]"


def _escape(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"
