"""Text that was decoded with the wrong encoding, as ``CafÃ©``, mended by ftfy, and nothing else changed."""

from __future__ import annotations

import re
from functools import cache

from ftfy import TextFixerConfig, fix_encoding
from ftfy.badness import MOJIBAKE_CATEGORIES, is_bad

CONFIG = TextFixerConfig(
    unescape_html=False,
    remove_terminal_escapes=False,
    fix_encoding=True,
    restore_byte_a0=True,
    replace_lossy_sequences=True,
    decode_inconsistent_utf8=True,
    fix_c1_controls=True,
    fix_latin_ligatures=False,
    fix_character_width=False,
    uncurl_quotes=False,
    fix_line_breaks=False,
    fix_surrogates=False,
    remove_control_chars=False,
    normalization=None,
    explain=False,
)
"""Only the encoding: curly quotes, ligatures and full-width letters were meant."""

ALONE = frozenset("ŒœÃÂЂ\ufffd") | frozenset(map(chr, range(0x80, 0xA0)))
"""Characters that can be bad beside any other, also beside a plain letter or a blank."""


_ALONE = re.compile(f"[{''.join(sorted(ALONE))}]")
_RUNS = re.compile("[^\x00-\x7f]{2,}")


def mend(text: str) -> str:
    r"""Decode text anew that was decoded wrongly, if ftfy thinks so and finds out how.

    Examples
    --------
    >>> mend("CafÃ© â‚¬ 5"), mend("“Café” ２０ ½ﬁt")
    ('Café € 5', '“Café” ２０ ½ﬁt')
    """
    return fix_encoding(text, CONFIG) if suspect(text) and is_bad(text) else text


def suspect(text: str) -> bool:
    """Tell whether `ftfy.badness.is_bad` might be true; twenty times as fast, and right whenever it says no."""
    if text.isascii():
        return False
    return _ALONE.search(text) is not None or any(map(_bad_pair().search, _RUNS.findall(text)))


@cache
def _bad_pair() -> re.Pattern[str]:
    """Pattern of what `kinds` says, for runs of characters beyond ASCII."""
    small, other, rest = ("".join(map(re.escape, sorted(kind))) for kind in kinds())
    pairs = f"[{small}][{other}{rest}]|[{other}][{small}{rest}]|[{rest}][{small}{other}{rest}]"
    return re.compile(pairs)


@cache
def kinds() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Characters that occur in mojibake: small Latin letters, Greek and Cyrillic letters, and all others.

    Notes
    -----
    Whatever `ftfy.badness.is_bad` finds bad holds a character of `ALONE`, or two of these side by side that are neither
    both small Latin letters nor both Greek or Cyrillic ones. A test holds the installed ftfy to it.
    """
    every = {name: _expanded(ranges) for name, ranges in MOJIBAKE_CATEGORIES.items()}
    other_script = every["lower_common"] | every["upper_common"]
    small = {sign for sign in every["lower_accented"] | every["kaomoji"] if sign.islower()} - other_script
    return frozenset(small), frozenset(other_script), frozenset().union(*every.values()) - small - other_script


def _expanded(ranges: str) -> set[str]:
    """Characters of the inside of a character class, as ``a-cx``."""
    found: set[str] = set()
    for first, last, single in re.findall(r"(.)-(.)|(.)", ranges.replace(r"\x80-\x9f", "\x80-\x9f"), re.DOTALL):
        found.update([single] if single else map(chr, range(ord(first), ord(last) + 1)))
    return found
