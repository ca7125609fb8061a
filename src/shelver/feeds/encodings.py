"""Character encodings of text files: found by their bytes, and any file as a stream of UTF-8.

**The naive design** decodes the whole file by one encoding: one line pasted in from a Windows program then stops a feed
of a million rows. Here every reader sees UTF-8; lines of another encoding are turned into it one by one, and bytes that
fit nothing stay in the stream as the byte FF, which is never UTF-8, so that their row, and only theirs, can be refused.
"""

from __future__ import annotations

import codecs
import io
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import BinaryIO

from shelver.errors import FeedError
from shelver.feeds.byte_signs import boundary, is_utf8, legacy, parted, wide

CHUNK = 1 << 20
"""Bytes read at a time."""

MAX_LINE = 4 << 20
"""Bytes after which a line is decoded in parts."""

MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte-order marks; that of UTF-32 begins with that of UTF-16."""

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
        name = codecs.lookup(encoding).name
        with suppress(UnicodeError):
            b"a".decode(name)  # a LookupError for codecs that are not about text, such as base64
    except LookupError:
        hint = 'say which one it is, for example: encoding = "latin-1", or "auto"'
        raise FeedError(f'there is no encoding "{encoding}"', where=file, hint=hint) from None
    found = next(((mark, each) for mark, each in MARKS if head.startswith(mark)), (b"", ""))
    if name == "utf-8-sig" or (name == "utf-8" and found[1] == "utf-8"):
        return Encoding("utf-8", mark=len(found[0]) if found[1] == "utf-8" else 0)
    return Encoding(name)


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


class _Utf8(io.RawIOBase):
    """A file as UTF-8, chunk by chunk."""

    def __init__(self, stream: BinaryIO, encoding: Encoding, head: bytes) -> None:
        self.encoding = encoding
        self.mended = 0
        self._stream = stream
        self._head = head
        self._ready = memoryview(b"")
        self._rest = b""
        self._skip = encoding.mark
        self._decoder = None if encoding.name == "utf-8" else codecs.getincrementaldecoder(encoding.name)(_MARKED)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._ready:
            chunk, self._head = self._head or self._stream.read(CHUNK), b""
            if self._skip:
                cut = min(self._skip, len(chunk))
                chunk, self._skip = chunk[cut:], self._skip - cut
                if not chunk and cut:
                    continue
            self._ready = memoryview(self._converted(chunk))
            if not chunk:
                break
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def _converted(self, chunk: bytes) -> bytes:
        if self._decoder is not None:
            return self._decoder.decode(chunk, not chunk).encode("utf-8", _MARKED)
        if not self.encoding.found:
            return chunk
        text = self._rest + chunk
        end = len(text)
        if chunk:
            end = text.rfind(b"\n") + 1 or text.rfind(b"\r") + 1 or (boundary(text) if end >= MAX_LINE else 0)
        text, self._rest = text[:end], text[end:]
        return text if text.isascii() or is_utf8(text) else self._mend(text)

    def _mend(self, text: bytes) -> bytes:
        """Turn lines that are not UTF-8 into it."""
        lines = text.splitlines(keepends=True)
        bad = [place for place, line in enumerate(lines) if not is_utf8(line)]
        if not self.encoding.other:
            self.encoding = replace(self.encoding, other=legacy([lines[place] for place in bad]))
        for place in bad:
            lines[place] = lines[place].decode(self.encoding.other, _MARKED).encode("utf-8", _MARKED)
        self.mended += len(bad)
        return b"".join(lines)


class Utf8Stream(io.BufferedReader):
    """A file of any encoding, read as UTF-8 without a byte-order mark; see `as_utf8`."""

    raw: _Utf8

    @property
    def encoding(self) -> Encoding:
        """The encoding, with that of the lines that were not UTF-8 so far."""
        return self.raw.encoding

    @property
    def mended(self) -> int:
        """Lines so far that were not UTF-8, in a file that is UTF-8 otherwise."""
        return self.raw.mended


def as_utf8(stream: BinaryIO, encoding: Encoding, head: bytes = b"") -> Utf8Stream:
    """Read a file as UTF-8.

    Parameters
    ----------
    stream : file object
        Its bytes; need not be one that can be sought in.
    encoding : Encoding
        From `detect` or `given`.
    head : bytes
        What was already read of it.

    Returns
    -------
    Utf8Stream
        Without the byte-order mark. If the encoding was found, lines that are not UTF-8 are turned into it from
        ``encoding.other`` (guessed from the first of them if it is empty). A byte that fits no encoding is the byte FF
        here, or as it stands if the encoding was given as ``utf-8``: check what you read by `is_utf8`, or `broken`.
    """
    return Utf8Stream(_Utf8(stream, encoding, head), CHUNK)


def broken(text: str) -> bool:
    """Whether text decoded with ``surrogateescape`` has bytes in it that fit no encoding."""
    return not text.isascii() and _SURROGATES.search(text) is not None


def scrub(text: str) -> str:
    """Replace halves of surrogate pairs, which no UTF-8 text can hold, by U+FFFD."""
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)


def _marked(error: UnicodeError) -> tuple[str | bytes, int]:
    if isinstance(error, UnicodeDecodeError):
        return "\udcff", error.end
    if isinstance(error, UnicodeEncodeError):
        return b"\xff" * (error.end - error.start), error.end
    raise error


_MARKED = "shelver.mark"
codecs.register_error(_MARKED, _marked)
