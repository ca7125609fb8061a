"""Text files as a stream of lines, decoded in chunks, never a line longer than memory allows."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

from shelver.errors import FeedError
from shelver.feeds.rows import MAX_RECORD

CHUNK = 1 << 20

_SURROGATES = re.compile("[\ud800-\udfff]")


def text_lines(stream: BinaryIO, encoding: str, file: str) -> Iterator[str]:
    r"""Lines of a file without their ends (``\n``, ``\r\n`` or ``\r``) and without a byte-order mark.

    A line longer than `MAX_RECORD` comes as its first `MAX_RECORD` + 1 characters: the reader sees that it is too
    long, the rest is dropped.

    Raises
    ------
    FeedError
        Bytes that are not of the encoding, with their line; an encoding that does not exist.
    """
    decoder = io.IncrementalNewlineDecoder(_decoder(encoding, file), translate=True)
    number = 0  # lines given so far
    rest, skipping = "", False
    while True:
        chunk = stream.read(CHUNK)
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            line = number + bytes(error.object[: error.start]).count(b"\n") + 1
            raise _not_encoded(f"{file} line {line}", encoding) from None
        except UnicodeError as error:
            raise FeedError(f"cannot be decoded ({error})", where=file, hint=_HINT) from None
        lines = scrub(text).split("\n")
        if skipping and len(lines) > 1:
            lines, skipping = lines[1:], False
        if not skipping:
            lines[0] = rest + lines[0]
            rest = lines.pop()
            number += len(lines)
            yield from lines if max(map(len, lines), default=0) <= MAX_RECORD else (s[: MAX_RECORD + 1] for s in lines)
            if len(rest) > MAX_RECORD:
                number += 1
                yield rest[: MAX_RECORD + 1]
                rest, skipping = "", True
        if not chunk:
            if rest:
                yield rest[: MAX_RECORD + 1]
            return


_HINT = 'say which one it is, for example: encoding = "latin-1"'


def _decoder(encoding: str, file: str) -> codecs.IncrementalDecoder:
    try:
        name = codecs.lookup(encoding).name
        with suppress(UnicodeError):
            b"a".decode(name)  # a LookupError for codecs that are not about text, such as base64
    except LookupError:
        raise FeedError(f'there is no encoding "{encoding}"', where=file, hint=_HINT) from None
    return codecs.getincrementaldecoder("utf-8-sig" if name == "utf-8" else name)()


def _not_encoded(where: str, encoding: str) -> FeedError:
    name = codecs.lookup(encoding).name
    shown = "UTF-8" if name.startswith("utf-8") else encoding
    other = "latin-1" if name.startswith("utf-8") else "utf-8"
    return FeedError(f'not {shown}; try encoding = "{other}"', where=where)


def scrub(text: str) -> str:
    """Replace halves of surrogate pairs, which no UTF-8 text can hold, by U+FFFD."""
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)
