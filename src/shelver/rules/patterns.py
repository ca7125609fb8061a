"""One pattern of a rule: a word or phrase, open at an end that has a star."""

from __future__ import annotations

from typing import NamedTuple

from shelver.rules.fold import tidy


class Pattern(NamedTuple):
    """What to find.

    Attributes
    ----------
    literal : str
        Folded text (see `shelver.rules.fold`).
    open_start, open_end : bool
        May a letter or digit come directly before, or after? Otherwise only whole words match.
    """

    literal: str
    open_start: bool = False
    open_end: bool = False


def parse_pattern(text: str) -> Pattern:
    """Read ``sandal``, ``flip flop``, ``trouser*`` (any ending) or ``*ware`` (any beginning).

    Raises
    ------
    ValueError
        Nothing to look for, or a star inside.
    """
    literal = tidy(text)
    open_start, open_end = literal.startswith("*"), len(literal) > 1 and literal.endswith("*")
    literal = literal[open_start : len(literal) - open_end].strip()
    if not literal:
        raise ValueError(f'"{text}" is an empty pattern; write the word or phrase to look for')
    if "*" in literal:
        raise ValueError(f'"{text}" has a star inside; a star may only stand at the beginning or end (trouser*)')
    return Pattern(literal, open_start, open_end)
