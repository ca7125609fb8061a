"""Character encodings of text files, found by their bytes or given."""

from __future__ import annotations

import codecs
import re
from contextlib import suppress
from dataclasses import dataclass

from shelver.errors import FeedError
from shelver.feeds.byte_signs import boundary, legacy, parted, wide

MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte-order marks; that of UTF-32 begins with that of UTF-16."""

NO_FILES = frozenset(("idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape"))
"""Codecs that are not those of files, and cannot go on after a byte that does not fit."""

SHOWN = {"cp": "Windows-", "utf": "UTF-", "latin": "Latin-", "iso8859": "ISO-8859-"}

_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Encoding:
    """How the bytes of a file are to be read.

    Attributes
    ----------
    name : str
        Name of the codec.
    other : str
        Codec of lines that are not UTF-8; only with ``utf-8``. Empty: there are none.
    mark : int
        Bytes of the byte-order mark to skip.
    found : bool
        Whether it was guessed, not given.
    """

    name: str
    other: str = ""
    mark: int = 0
    found: bool = False

    def __str__(self) -> str:
        return f"{shown(self.name)} and {shown(self.other)}" if self.other else shown(self.name)

    @property
    def reason(self) -> str:
        """Why a row is refused that has bytes which fit nothing."""
        if self.found:
            return f"bytes that are not {str(self).replace(' and ', ' or ')}"
        return f'not {shown(self.name)}; try encoding = "auto"'


def shown(name: str) -> str:
    """Name of a codec as people write it.

    Examples
    --------
    >>> shown("cp1252"), shown("utf-16-le"), shown("koi8_r")
    ('Windows-1252', 'UTF-16-LE', 'KOI8-R')
    """
    name = name.replace("_", "-")
    for start, long in SHOWN.items():
        if name.startswith(start):
            return long + name[len(start) :].lstrip("-").upper()
    return name.upper()


def given(encoding: str, head: bytes, file: str) -> Encoding:
    """Read the setting ``encoding`` of a feed; ``auto`` looks at the first bytes of the file.

    Raises
    ------
    FeedError
        There is no such encoding.
    """
    if encoding == "auto":
        return detect(head)
    try:
        name = codec(encoding)
    except LookupError:
        hint = 'say which one it is, for example: encoding = "latin-1", or "auto"'
        raise FeedError(f'there is no encoding "{encoding}"', where=file, hint=hint) from None
    wanted = name.removesuffix("-sig")
    if wanted not in ("utf-8", "utf-16", "utf-32"):
        return Encoding(name)
    for mark, each in MARKS:
        if each.startswith(wanted) and head.startswith(mark):
            return Encoding(each, mark=len(mark))
    if wanted == "utf-8":
        return Encoding("utf-8")
    order = wide(head)
    return Encoding(order if order.startswith(wanted) else f"{wanted}-le")


def codec(name: str) -> str:
    """Name that Python has for an encoding of text.

    Raises
    ------
    LookupError
        There is none, or it is not one of files: base64, or those of host names and of Python's own source.
    """
    found = codecs.lookup(name).name
    if found in NO_FILES:
        raise LookupError(name)
    with suppress(UnicodeError):
        b"a".decode(found)  # a LookupError for codecs that are not about text
    return found


def detect(head: bytes) -> Encoding:
    r"""Find the encoding of a file by its first bytes.

    A byte-order mark decides. Without one: NUL bytes in every second place are UTF-16; what is UTF-8 is UTF-8; if some
    lines are UTF-8 beyond ASCII and others are not, the file is mixed; else it is an encoding of one script, by the
    share of letters beyond ASCII and, where that is high, by charset-normalizer's statistics.

    Parameters
    ----------
    head : bytes
        The first bytes, some ten thousand; a character may be cut at their end.

    Examples
    --------
    >>> str(detect("id;Größe".encode("utf-16"))), str(detect("id;Größe\n".encode("cp1252")))
    ('UTF-16-LE', 'Windows-1252')
    """
    for mark, name in MARKS:
        if head.startswith(mark):
            return Encoding(name, "cp1252" if name == "utf-8" else "", len(mark), True)
    two_or_four = wide(head)
    if two_or_four:
        return Encoding(two_or_four, found=True)
    good, bad = parted(head[: boundary(head)])
    if not bad or len(good) >= len(bad):
        return Encoding("utf-8", legacy(bad) if bad else "", found=True)
    name = legacy(bad)
    if name == "cp1252" and good:
        return Encoding("utf-8", name, found=True)
    return Encoding(name, found=True)


def broken(text: str) -> bool:
    """Whether text decoded with ``surrogateescape`` has bytes in it that fit no encoding."""
    return not text.isascii() and _SURROGATES.search(text) is not None


def scrub(text: str) -> str:
    """Replace halves of surrogate pairs, which no UTF-8 text can hold, by U+FFFD."""
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)
