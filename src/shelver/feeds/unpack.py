"""Archives as streams: gzip, bzip2, xz and zstd, known by their first bytes, with a limit on what comes out."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

from shelver.errors import FeedError
from shelver.feeds.decompress import BROKEN, TOOLS, streams, zstd

MAX_UNPACKED = 64 << 30
"""Bytes that may come out of one archive."""

MAX_RATIO = 200
"""How many times larger than the archive its content may be, once it is larger than `FREE_BYTES`."""

FREE_BYTES = 64 << 20
"""Bytes that may come out of an archive however small it is."""

SIGNS = {
    "gzip": b"\x1f\x8b",
    "bzip2": b"BZh",
    "xz": b"\xfd7zXZ\x00",
    "zstd": b"\x28\xb5\x2f\xfd",
    "zip": b"PK\x03\x04",
    "7-Zip": b"7z\xbc\xaf\x27\x1c",
    "RAR": b"Rar!\x1a\x07",
    "tar": b"ustar",
}
"""First bytes of each kind of archive (of tar: bytes 257 and on)."""

STREAMED = ("gzip", "bzip2", "xz", "zstd")
"""Archives of one file."""


def archive_kind(head: bytes) -> str:
    r"""Kind of archive that begins with these bytes; empty for none.

    Examples
    --------
    >>> archive_kind(b"\x1f\x8b\x08"), archive_kind(b"id,title")
    ('gzip', '')
    """
    for kind, sign in SIGNS.items():
        start = 257 if kind == "tar" else 0
        if head[start : start + len(sign)] == sign:
            return kind
    return "zip" if head.startswith(b"PK\x05\x06") else ""  # one without members


class Unpacked(io.RawIOBase):
    """Bytes that come out of an archive: read forward, or from the start again.

    Parameters
    ----------
    start : callable
        Begins to unpack and gives the content piece by piece.
    packed : callable
        Bytes of the archive used so far.
    file : str
        Name of the archive, for messages.

    Raises
    ------
    FeedError
        While it is read: the archive is cut short or damaged, or its content is too large.
    """

    def __init__(self, start: Callable[[], Iterator[bytes]], packed: Callable[[], int], file: str) -> None:
        super().__init__()
        self._start, self._packed, self._file = start, packed, file
        self._pieces, self._rest, self._total, self._at = start(), b"", 0, 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """To the start only."""
        return True

    def tell(self) -> int:
        """Bytes read."""
        return self._at

    def seek(self, place: int, whence: int = 0) -> int:
        """Go back to the start.

        Raises
        ------
        io.UnsupportedOperation
            Any other place.
        """
        if place or whence:
            raise io.UnsupportedOperation("an archive can only be read from its start")
        self._pieces, self._rest, self._total, self._at = self._start(), b"", 0, 0
        return 0

    def read(self, size: int | None = -1) -> bytes:
        """Read as many bytes as asked for; fewer only at the end."""
        if size is None or size < 0:
            raise io.UnsupportedOperation("an archive is never read whole")
        found = [self._rest[:size]]
        got, self._rest = len(found[0]), self._rest[size:]
        while got < size and (piece := self._piece()):
            found.append(piece[: size - got])
            self._rest = piece[size - got :]
            got += len(found[-1])
        self._at += got
        return b"".join(found)

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        """Fill a buffer."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _piece(self) -> bytes:
        try:
            piece = next(self._pieces, b"")
        except BROKEN as error:
            raise FeedError(
                f"the archive is cut short or damaged ({str(error) or 'it ends too early'})",
                where=self._file,
                hint="fetch or pack it once more; nothing of it was taken, as products would be missing",
            ) from None
        self._total += len(piece)
        check_size(self._total, self._packed(), self._file)
        return piece


def check_size(unpacked: int, packed: int, file: str) -> None:
    """Refuse a decompression bomb.

    Raises
    ------
    FeedError
        More than `MAX_UNPACKED`, or more than `MAX_RATIO` times what is packed.
    """
    if unpacked > MAX_UNPACKED:
        raise FeedError(
            "a decompression bomb: too much comes out", where=file, expected=f"at most {_size(MAX_UNPACKED)}"
        )
    if unpacked > FREE_BYTES and unpacked > MAX_RATIO * packed:
        raise FeedError(
            f"a decompression bomb: {_size(unpacked)} and more come out of {_size(packed)}",
            where=file,
            expected=f"at most {MAX_RATIO} times as much",
            hint="if this is a real feed, unpack it and name the file that comes out",
        )


def _size(number: int) -> str:
    for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if number >= size:
            return f"{number / size:,.0f} {unit}"
    return f"{number} bytes"


def unpack(stream: BinaryIO, file: str) -> BinaryIO:
    """Content of a gzip, bzip2, xz or zstd archive; any other stream as it is.

    Raises
    ------
    FeedError
        A kind of archive that cannot be read, or an archive within the archive.
    """
    head = stream.read(512)
    stream.seek(0)
    kind = archive_kind(head)
    if kind in ("", "zip"):
        return stream
    if kind not in STREAMED:
        raise _no_archive(kind, file)
    pieces = zstd(stream) if kind == "zstd" else streams(stream, TOOLS[kind], SIGNS[kind])
    found = Unpacked(pieces, stream.tell, file)
    inner = archive_kind(found.read(512))
    if inner:
        raise FeedError(f"a {inner} archive within a {kind} archive", where=file, expected="a feed", hint=UNPACK_HINT)
    found.seek(0)
    return cast(BinaryIO, found)


UNPACK_HINT = "unpack it, and name the feed itself"


def _no_archive(kind: str, file: str) -> FeedError:
    return FeedError(
        f"a {kind} archive",
        where=file,
        expected=f"a feed, plain or packed by {', '.join(STREAMED)} or zip",
        hint=UNPACK_HINT,
    )
