"""A file on this machine with the bytes of any stream, for readers that need a path."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from shelver.errors import FeedError

CHUNK = 1 << 20


@contextmanager
def local_copy(stream: BinaryIO, file: str, most: int | None = None, hint: str = "") -> Iterator[str]:
    """Path of a file on this machine: the stream's own if it is one, else a copy, which is removed at the end.

    Parameters
    ----------
    stream : file object
        Read from its start.
    file : str
        Its name, for messages.
    most : int, optional
        Bytes that it may have.
    hint : str
        What to do if it has more.

    Raises
    ------
    FeedError
        It is too large, or there is no room for the copy.
    """
    own = _own_path(stream)
    if own:
        _check(os.path.getsize(own), most, file, hint)
        yield own
        return
    handle, path = tempfile.mkstemp(prefix="shelver-")
    try:
        with os.fdopen(handle, "wb", buffering=0) as copy:
            _copy(stream, copy, file, most, hint)
        yield path
    finally:
        os.remove(path)


def _own_path(stream: BinaryIO) -> str:
    """Path of a stream that is a file on this machine, and still the one of that name."""
    raw = stream.raw if isinstance(stream, io.BufferedReader) else None
    if not isinstance(raw, io.FileIO) or not isinstance(raw.name, str):
        return ""
    path = os.path.abspath(raw.name)
    try:
        return path if os.path.samestat(os.fstat(raw.fileno()), os.stat(path)) else ""
    except OSError:
        return ""


def _copy(stream: BinaryIO, copy: io.RawIOBase, file: str, most: int | None, hint: str) -> None:
    length = 0
    while chunk := stream.read(CHUNK):
        length += len(chunk)
        _check(length, most, file, hint)
        rest = memoryview(chunk)
        try:
            while rest:
                rest = rest[copy.write(rest) or 0 :]
        except OSError as error:
            raise FeedError(
                f"there is no room for a copy: {error.strerror}",
                where=file,
                hint=f"make some in {tempfile.gettempdir()}",
            ) from None


def _check(length: int, most: int | None, file: str, hint: str) -> None:
    if most is not None and length > most:
        raise FeedError("the file is too large", where=file, expected=f"at most {most >> 20:,} MiB", hint=hint)
