"""Decompressors with one interface, each of which gives a bounded piece at a time, and what they raise."""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, Protocol, cast

import pyarrow as pa

CHUNK = 1 << 18
"""Bytes that are read, or come out, at a time."""

MEMORY = 256 << 20
"""Bytes that an xz or LZMA archive may ask for to be unpacked."""

BROKEN = (zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, OverflowError, MemoryError, struct.error)
"""What decompressors raise for damaged data."""


class Tool(Protocol):
    """What `bz2` and `lzma` call a decompressor."""

    eof: bool
    unused_data: bytes
    needs_input: bool

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """Take in `data`, give at most `max_length` bytes."""
        ...


class _Zlib:
    """zlib with the interface of the other decompressors."""

    def __init__(self, wbits: int) -> None:
        self._zlib = zlib.decompressobj(wbits=wbits)

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._zlib.unconsumed_tail

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)


TOOLS: dict[str, Callable[[], Tool]] = {
    "gzip": lambda: cast(Tool, _Zlib(31)),
    "deflate": lambda: cast(Tool, _Zlib(-15)),
    "bzip2": cast(Callable[[], Tool], bz2.BZ2Decompressor),
    "xz": lambda: cast(Tool, lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY)),
    "lzma": lambda: cast(Tool, lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=MEMORY)),
}
"""How each kind is unpacked; Zstandard is Arrow's: see `zstd`."""


def inflate(tool: Tool, read: Callable[[], bytes], data: bytes = b"") -> Iterator[bytes]:
    """Unpack one compressed stream.

    Parameters
    ----------
    tool : Tool
        Unpacks it; afterwards its ``unused_data`` is what was read beyond the end.
    read : callable
        Gives further bytes; none at the end.
    data : bytes
        Its first bytes.

    Raises
    ------
    Exception
        One of `BROKEN`: it is damaged, or ends too early.
    """
    while not tool.eof:
        if tool.needs_input and not data:
            data = read()
        ended = tool.needs_input and not data
        piece = tool.decompress(data, CHUNK)
        data = b""
        if piece:
            yield piece
        elif ended and not tool.eof:
            raise EOFError


def streams(stream: BinaryIO, make: Callable[[], Tool], sign: bytes) -> Callable[[], Iterator[bytes]]:
    """Unpack one compressed stream after another, as they may follow each other in a file; zeros between are nothing.

    Parameters
    ----------
    stream : file object
        The archive.
    make : callable
        One of `TOOLS`.
    sign : bytes
        First bytes of each stream.

    Returns
    -------
    callable
        Begins from the start, each time that it is called.
    """

    def start() -> Iterator[bytes]:
        stream.seek(0)
        data = stream.read(CHUNK)
        while data:
            if len(data) < len(sign):
                data += stream.read(CHUNK)
            if not data.startswith(sign):
                raise ValueError("something else follows after its end")
            tool = make()
            yield from inflate(tool, lambda: stream.read(CHUNK), data)
            data = tool.unused_data.lstrip(b"\0")
            while not data and (more := stream.read(CHUNK)):
                data = more.lstrip(b"\0")

    return start


def zstd(stream: BinaryIO) -> Callable[[], Iterator[bytes]]:
    """Unpack Zstandard, as `streams`."""

    def start() -> Iterator[bytes]:
        stream.seek(0)
        inner = pa.CompressedInputStream(pa.PythonFile(_Unclosed(stream), "r"), "zstd")
        while piece := inner.read(CHUNK):
            yield piece

    return start


class _Unclosed:
    """A stream that Arrow may not close: it is read from the start again."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.closed = False

    def read(self, size: int) -> bytes:
        return self._stream.read(size)

    def close(self) -> None:
        """Leave it open."""
