"""Zip archives: each member is a file of the feed."""

from __future__ import annotations

import copy
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from itertools import pairwise
from typing import IO, BinaryIO, cast

from shelver.errors import FeedError
from shelver.feeds.decompress import BROKEN, CHUNK, TOOLS, inflate
from shelver.feeds.unpack import UNPACK_HINT, Unpacked, archive_kind, check_size

MAX_MEMBERS = 10_000
"""Members of an archive."""

MAX_DIRECTORY = 64 << 20
"""Bytes of the list of members, which is held in memory."""

NO_FEEDS = re.compile(r"\.(jpe?g|png|gif|webp|bmp|svg|tiff?|avif)$|(^|/)(__MACOSX/|\.|Thumbs\.db$|desktop\.ini$)", re.I)
"""Members that are no files of a feed: pictures, and what systems leave behind."""

METHODS = {zipfile.ZIP_DEFLATED: "deflate", zipfile.ZIP_BZIP2: "bzip2", zipfile.ZIP_LZMA: "lzma"}
"""How members are packed, if they are, and what unpacks them."""

_DAMAGED = (*BROKEN, zipfile.BadZipFile, NotImplementedError, RuntimeError, IndexError)
"""What `zipfile` raises for damaged or unusual archives."""


def open_zip(stream: BinaryIO, file: str) -> zipfile.ZipFile:
    """Open an archive and check its list of members.

    Raises
    ------
    FeedError
        Damaged, encrypted, too many members, or a decompression bomb by what it says of itself.
    """
    count = _check_directory(stream, file)
    try:
        archive = zipfile.ZipFile(stream)
    except _DAMAGED as error:
        raise _damaged(file, str(error)) from None
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise FeedError(f"an archive with {len(members):,} members", where=file, expected=f"at most {MAX_MEMBERS:,}")
    if len(members) != count:
        raise _damaged(file, f"{len(members):,} members are listed, and {count:,} are announced")
    stream.seek(0, 2)
    whole = stream.tell()
    packed = sum(member.compress_size for member in members)
    if packed > whole:
        raise FeedError("a zip whose members overlap: a decompression bomb", where=file, expected="a feed")
    check_size(sum(member.file_size for member in members), whole, file)
    for member in members:
        if not member.filename:
            raise _damaged(file, "a member without a name")
        if member.flag_bits & 1:
            raise FeedError(
                "the archive is encrypted", where=f"{file}/{shown(member.filename)}", hint="pack it without a password"
            )
    return archive


def is_spreadsheet(archive: zipfile.ZipFile) -> bool:
    """Is it an Excel or OpenDocument file, which is a zip as well?"""
    names = set(archive.namelist())
    return bool(names & {"[Content_Types].xml", "mimetype", "content.xml"})


def feed_members(archive: zipfile.ZipFile, file: str) -> list[str]:
    """Names of the members that are files of the feed, sorted.

    Raises
    ------
    FeedError
        There are none.
    """
    every = [member.filename for member in archive.infolist() if not member.filename.endswith("/")]
    names = sorted(name for name in every if not NO_FEEDS.search(name))
    twice = next((name for name, after in pairwise(sorted(map(shown, names))) if name == after), "")
    if twice:
        raise FeedError("two members of one name", where=f"{file}/{twice}", hint="rename one of them")
    if not names:
        raise FeedError(
            "no feed in the archive", where=file, expected="files of products", hint=f"it holds: {_few(every)}"
        )
    return names


def open_member(archive: zipfile.ZipFile, file: str, name: str) -> BinaryIO:
    """Open a member for reading.

    Raises
    ------
    FeedError
        No such member, or one that is an archive itself; while it is read, see `Unpacked`.
    """
    try:
        member = archive.getinfo(name)
    except KeyError:
        raise FeedError(
            "no such member", where=f"{file}/{shown(name)}", hint=f"it holds: {_few(archive.namelist())}"
        ) from None
    where = f"{file}/{shown(name)}"

    def start() -> Iterator[bytes]:
        try:
            yield from _content(archive, member)
        except _DAMAGED as error:
            raise ValueError(str(error) or "it ends too early") from None

    found = Unpacked(start, lambda: member.compress_size, where)
    inner = archive_kind(found.read(512))
    if inner and inner != "zip":  # a zip may be a spreadsheet: the reader looks
        raise FeedError(f"a {inner} archive within a zip archive", where=where, expected="a feed", hint=UNPACK_HINT)
    found.seek(0)
    return cast(BinaryIO, found)


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Unpack a member piece by piece.

    `zipfile` gives the packed bytes only: of members packed by bzip2 or LZMA it would unpack without a limit, so that a
    bomb fills the memory before its size is seen.
    """
    packed = copy.copy(member)
    packed.compress_type, packed.file_size = zipfile.ZIP_STORED, member.compress_size
    del packed.CRC  # the check sum is that of the content
    size = check = 0
    with archive.open(packed) as stream:
        for piece in _unpacked(stream, member):
            size += len(piece)
            check = zlib.crc32(piece, check)
            yield piece
    if size != member.file_size or check != member.CRC:
        raise ValueError("its size or check sum is wrong")


def _unpacked(stream: IO[bytes], member: zipfile.ZipInfo) -> Iterator[bytes]:
    if member.compress_type == zipfile.ZIP_STORED:
        while piece := stream.read(CHUNK):
            yield piece
        return
    if member.compress_type not in METHODS:
        raise NotImplementedError(f"packed by a method that is not known ({member.compress_type})")
    tool = TOOLS[METHODS[member.compress_type]]()
    first = b""
    if member.compress_type == zipfile.ZIP_LZMA:
        first = _alone(stream.read(9), member)
    yield from inflate(tool, lambda: stream.read(CHUNK), first)
    if tool.unused_data or stream.read(1):
        raise ValueError("something else follows after its end")


def _alone(head: bytes, member: zipfile.ZipInfo) -> bytes:
    """Make the head of LZMA data in a zip (version, size of the settings, settings) one that liblzma knows."""
    if head[2:4] != b"\5\0" or len(head) < 9:
        raise ValueError("LZMA with other settings than there are")
    size = (1 << 64) - 1 if member.flag_bits & 2 else member.file_size  # bit 1: its end is marked
    return head[4:9] + struct.pack("<Q", size)


def shown(name: str) -> str:
    """Name of a member without control characters."""
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in name)


def _few(names: list[str]) -> str:
    return ", ".join(map(shown, names[:5])) + (", ..." if len(names) > 5 else "") if names else "nothing"


def _check_directory(stream: BinaryIO, file: str) -> int:
    """Refuse a list of members too long for the memory before `zipfile` reads it; give the number of members."""
    stream.seek(0, 2)
    end = stream.tell()
    start = max(0, end - 66_000)  # a comment has at most 65,535 bytes
    stream.seek(start)
    tail = stream.read(end - start)
    stream.seek(0)
    place = tail.rfind(b"PK\x05\x06")
    if place < 0 or len(tail) < place + 22:
        raise FeedError("the zip archive is cut short", where=file, hint="fetch or pack it once more")
    count, size = struct.unpack_from("<HI", tail, place + 10)
    if (
        place >= 76
        and tail[place - 20 : place - 16] == b"PK\x06\x07"
        and tail[place - 76 : place - 72] == b"PK\x06\x06"
    ):
        count, size = struct.unpack_from("<QQ", tail, place - 44)  # the long form, where `zipfile` looks for it
    if size > MAX_DIRECTORY:
        raise FeedError(
            "a zip archive with too long a list of members", where=file, expected=f"at most {MAX_MEMBERS:,}"
        )
    return int(count)


def _damaged(file: str, what: str) -> FeedError:
    return FeedError(f"the zip archive is damaged ({what})", where=file, hint="fetch or pack it once more")
