"""Is what came a picture, and a whole one? By its bytes, never by what the host calls it."""

from __future__ import annotations

from dataclasses import dataclass

from shelver.errors import Reject
from shelver.images.decode import EMPTY, NOT_A_PICTURE, TOO_LARGE, read_header, read_picture
from shelver.images.outcome import Status
from shelver.images.trouble import Trouble

HEAD = 32
"""Bytes that tell what a file is."""
ENOUGH = 64
"""Sides at which large JPEGs are tried; the whole file is read even so."""
WEB_PAGE = "a web page, not a picture"
SIGNS = (
    ("JPEG", 0, b"\xff\xd8\xff"),
    ("PNG", 0, b"\x89PNG\r\n\x1a\n"),
    ("GIF", 0, (b"GIF87a", b"GIF89a")),
    ("WEBP", 8, b"WEBPVP8"),
    ("BMP", 0, b"BM"),
    ("AVIF", 4, (b"ftypavif", b"ftypavis", b"ftypmif1", b"ftypmsf1")),
)
"""Format, place of its sign, the sign."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A whole picture: its format, and width and height in pixels as stored."""

    kind: str
    width: int
    height: int


def kind_of(head: bytes) -> str:
    """The format that the first bytes of a file are those of; empty: none that we read."""
    for kind, place, signs in SIGNS:
        if head[place:].startswith(signs):
            return kind
    return ""


def not_a_picture(head: bytes) -> str:
    """Why a file with these first bytes is no picture; empty: it may be one."""
    if kind_of(head):
        return ""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return WEB_PAGE if start.startswith((b"<!doc", b"<html", b"<head", b"<!--")) else NOT_A_PICTURE.reason


def check(content: bytes, max_pixels: int) -> Checked:
    """Read a whole picture to see that it can be.

    Parameters
    ----------
    content : bytes
        The file.
    max_pixels : int
        More, by the header, is refused before anything is unpacked.

    Raises
    ------
    Trouble
        Broken: no picture, or damaged, with `decode`'s reasons; refused: too many pixels.
    """
    if fault := not_a_picture(content[:HEAD]):
        raise Trouble(Status.BROKEN, fault if content else EMPTY.reason)
    header = read_header(content)
    if header == TOO_LARGE or (not isinstance(header, Reject) and header[1] * header[2] > max_pixels):
        raise Trouble(Status.REFUSED, f"more than {max_pixels:,} pixels")
    if isinstance(header, Reject):
        raise Trouble(Status.BROKEN, header.reason)
    picture = read_picture(content, ENOUGH)
    if isinstance(picture, Reject):
        raise Trouble(Status.BROKEN, picture.reason)
    return Checked(*header)
