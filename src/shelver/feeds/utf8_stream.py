"""A text file of any encoding as a stream of UTF-8.

**The naive design** decodes the whole file by one encoding: one line pasted in from a Windows program then stops a feed
of a million rows. Here every reader sees UTF-8; lines of another encoding are turned into it one by one, and bytes that
fit nothing stay in the stream as the byte FF, which is never UTF-8, so that their row, and only theirs, can be refused.
"""

from __future__ import annotations

import codecs
import io
from dataclasses import replace
from typing import BinaryIO

from shelver.feeds.byte_signs import boundary, is_utf8, legacy
from shelver.feeds.encodings import Encoding

CHUNK = 1 << 20
"""Bytes read at a time."""

MAX_LINE = 4 << 20
"""Bytes after which a line is decoded in parts."""


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
        return text if is_utf8(text) else self._mend(text)

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


def _marked(error: UnicodeError) -> tuple[str | bytes, int]:
    if isinstance(error, UnicodeDecodeError):
        return "\udcff", error.end
    if isinstance(error, UnicodeEncodeError):
        return b"\xff" * (error.end - error.start), error.end
    raise error


_MARKED = "shelver.mark"
codecs.register_error(_MARKED, _marked)
