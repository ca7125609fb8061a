"""Text files as blocks of whole lines of UTF-8, and as lines; never a line longer than memory allows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from shelver.feeds.encodings import given
from shelver.feeds.rows import MAX_RECORD
from shelver.feeds.utf8_stream import Utf8Stream, as_utf8

HEAD = 1 << 18
"""Bytes by which an encoding is guessed."""

BLOCK = 1 << 23
"""Bytes in a block of lines, about."""

MAX_BYTES = 4 * (MAX_RECORD + 1)
"""Bytes of a line that are kept: enough to see that it has more than `MAX_RECORD` characters."""


def open_text(stream: BinaryIO, encoding: str, file: str) -> Utf8Stream:
    """Open a file as UTF-8; `encoding` as in the settings of a feed, ``auto`` to find out.

    Raises
    ------
    FeedError
        There is no such encoding.
    """
    head = stream.read(HEAD)
    return as_utf8(stream, given(encoding, head, file), head)


def line_blocks(stream: BinaryIO, size: int = BLOCK) -> Iterator[bytes]:
    r"""Whole lines of a stream of UTF-8, about `size` bytes at a time; each ends with ``\n``, whatever it ended with.

    Of a line longer than `MAX_BYTES` the rest is dropped.
    """
    rest, held, skipping = b"", b"", False
    while True:
        chunk = stream.read(size)
        text = held + chunk
        held = b""
        if b"\r" in text:
            if chunk and text.endswith(b"\r"):  # its line feed may come with the next chunk
                text, held = text[:-1], b"\r"
            text = _unix(text)
        if skipping:
            end = text.find(b"\n")
            skipping = end < 0
            text = b"" if skipping else text[end + 1 :]
        end = text.rfind(b"\n") + 1
        if end:
            whole = rest + text[:end]
            rest = text[end:]
            yield whole if len(whole) <= MAX_BYTES else _cut(whole)
        else:
            rest += text
        if len(rest) > MAX_BYTES:
            yield rest[:MAX_BYTES] + b"\n"
            rest, skipping = b"", True
        if not chunk:
            if rest:
                yield rest + b"\n"
            return


def text_lines(stream: BinaryIO, encoding: str, file: str) -> Iterator[str]:
    r"""Lines of a file without their ends (``\n``, ``\r\n`` or ``\r``) and without a byte-order mark.

    A line longer than `MAX_RECORD` comes as its first `MAX_RECORD` + 1 characters: the reader sees that it is too
    long, the rest is dropped. Bytes that fit no encoding come as halves of surrogate pairs: see `encodings.broken`.

    Raises
    ------
    FeedError
        An encoding that does not exist.
    """
    for block in line_blocks(open_text(stream, encoding, file)):
        yield from decoded(block)


def decoded(block: bytes) -> list[str]:
    """Lines of a block from `line_blocks`, as in `text_lines`."""
    lines = block.decode("utf-8", "surrogateescape").split("\n")
    lines.pop()
    return lines if max(map(len, lines), default=0) <= MAX_RECORD else [line[: MAX_RECORD + 1] for line in lines]


def _unix(text: bytes) -> bytes:
    """Make all ends of lines line feeds."""
    without = text.translate(None, b"\r")  # four times as fast as to replace
    if text.count(b"\r\n") == len(text) - len(without):
        return without
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _cut(block: bytes) -> bytes:
    lines = block.split(b"\n")
    return block if max(map(len, lines)) <= MAX_BYTES else b"\n".join(line[:MAX_BYTES] for line in lines)
