"""Errors that say what went wrong, where, what was expected and what to do next."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from shelver.addresses_shown import masked_text


class ShelverError(Exception):
    """Something the user can mend: bad input, bad settings, a missing piece. Addresses are shown without secrets.

    Parameters
    ----------
    what : str
        What is wrong, in one clause.
    where : str, optional
        File, line, table or key, for example ``feed.csv line 12``.
    expected : str, optional
        What would have been right.
    hint : str, optional
        What to do next, best a command or an edit.
    """

    def __init__(self, what: str, *, where: str = "", expected: str = "", hint: str = "") -> None:
        self.what, self.where, self.expected, self.hint = map(masked_text, (what, where, expected, hint))
        super().__init__(str(self))

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        if self.expected:
            text += f"; expected {self.expected}"
        if self.hint:
            text += f"\n  {self.hint}"
        return text

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.what, self.where, self.expected, self.hint))


def _rebuild(kind: type[ShelverError], what: str, where: str, expected: str, hint: str) -> ShelverError:
    return kind(what, where=where, expected=expected, hint=hint)


MAX_SHOWN = 500
"""Characters of a part of a message that quotes a feed."""

_UNSHOWN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def shortened(text: str, most: int = MAX_SHOWN) -> str:
    r"""Text with parts of a feed, fit to be shown: its middle left out if it is long, no control characters.

    Control characters could drive a terminal, and halves of surrogate pairs cannot be printed.

    Examples
    --------
    >>> shortened("no column " + "e" * 50, 22), shortened("a\x1b[2Jb")
    ('no column...eeeeeeeeee', 'a�[2Jb')
    """
    if len(text) > most:
        begin = (most - 3) // 2
        text = f"{text[:begin]}...{text[begin + 3 - most :]}"
    return _UNSHOWN.sub("\ufffd", text)


def quoted(text: str, most: int = MAX_SHOWN) -> str:
    """Text with parts of a feed without secrets, and `shortened`: in this order, as half a key looks like none."""
    return shortened(masked_text(text), most)


class ConfigError(ShelverError):
    """shelver.toml (or another settings file) is not as it should be."""


class FeedError(ShelverError):
    """A whole feed cannot be read; single bad rows are `Reject`s instead.

    What a feed puts into a message, such as names of columns, is made fit to be shown: see `quoted`.
    """

    gathers: ClassVar[bool] = False
    """Is it made of messages that were made fit to be shown one by one? Then nothing of them is left out."""

    def __init__(self, what: str, *, where: str = "", expected: str = "", hint: str = "") -> None:
        if not self.gathers:
            what, where, expected, hint = quoted(what), quoted(where), quoted(expected), quoted(hint, 2 * MAX_SHOWN)
        super().__init__(what, where=where, expected=expected, hint=hint)


class CatalogueError(ShelverError):
    """Categories or labels that contradict each other or the catalogue."""


class RuleError(ShelverError):
    """A rules file that cannot be read or names what does not exist."""


class ModelError(ShelverError):
    """A model or run folder that is missing, foreign, damaged or does not fit."""


@dataclass(frozen=True, slots=True)
class Reject:
    """Why one value or one row was refused (a cleaner may refuse, with a reason)."""

    field: str
    reason: str

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}" if self.field else self.reason


_HASH = re.compile(r"[0-9a-f]{16,}")
_SHOWN = 20


def nearest(name: str, allowed: Iterable[str]) -> str:
    """Say which allowed name was probably meant.

    Returns
    -------
    str
        ``did you mean "adam"?`` or, with no near match, ``allowed: a, b, c``: 20 at most, and no ids made by a hash,
        which nobody can choose among.
    """
    options = sorted(allowed)
    close = difflib.get_close_matches(name, options, n=1)
    if close:
        return f'did you mean "{close[0]}"?'
    told = [option for option in options if not _HASH.fullmatch(option)]
    shown = ", ".join(told[:_SHOWN]) + (", ..." if len(told) > _SHOWN else "")
    return f"allowed: {shown or f'one of {len(options)} ids'}"
