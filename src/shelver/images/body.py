"""The body of an answer, held within bounds whatever is sent."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable, Callable, Iterable, Iterator, Mapping
from tempfile import SpooledTemporaryFile, gettempdir

from shelver.files import tidy_errors
from shelver.images.check import HEAD, not_a_picture
from shelver.images.outcome import Status
from shelver.images.trouble import Trouble

IN_MEMORY = 256 << 10
"""A longer body goes to a temporary file, so that many at a time need little memory."""
STEP = 64 << 10
"""Bytes unpacked at a time."""


async def take(parts: AsyncIterable[bytes], headers: Mapping[str, str], max_bytes: int) -> SpooledTemporaryFile[bytes]:
    """Read a body into a file that the caller closes.

    Parameters
    ----------
    parts : async iterable of bytes
        The body as it comes.
    headers : mapping
        Names in lower case.
    max_bytes : int
        More is refused: by the header, as sent, and as unpacked.

    Raises
    ------
    Trouble
        Too long, or no picture by its first bytes: the rest is not read.
    ShelverError
        The disk of temporary files is full.
    """
    long = Trouble(Status.REFUSED, f"more than {max_bytes:,} bytes")
    stated = headers.get("content-length", "")
    if stated.isdecimal() and int(stated[:20]) > max_bytes:
        raise long
    unpack = _unpacker(headers.get("content-encoding", ""))
    spool: SpooledTemporaryFile[bytes] = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115  (the caller's)
    head, looked, sent, size = b"", False, 0, 0
    try:
        async for part in parts:
            sent += len(part)
            for piece in unpack(part):
                size += len(piece)
                if max(sent, size) > max_bytes:
                    raise long
                with tidy_errors(gettempdir()):
                    spool.write(piece)
                head = head if looked else head + piece[:HEAD]
                if not looked and len(head) >= HEAD:
                    looked = True
                    if fault := not_a_picture(head[:HEAD]):
                        raise Trouble(Status.BROKEN, fault)
    except BaseException:
        spool.close()
        raise
    return spool


def _unpacker(encoding: str) -> Callable[[bytes], Iterable[bytes]]:
    """What undoes an encoding, though we ask for none: some hosts pack all they send."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return lambda part: (part,)
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise Trouble(Status.FAILED, "packed in a way that was not asked for")
    packed = zlib.decompressobj(wbits=47)  # gzip or zlib

    def unpack(part: bytes) -> Iterator[bytes]:
        try:
            while part:
                yield packed.decompress(part, STEP)
                part = packed.unconsumed_tail
        except zlib.error:
            raise Trouble(Status.BROKEN, "packed in a damaged way") from None

    return unpack
