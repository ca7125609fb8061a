"""Damaged archives: bytes at random, and fields that lie."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import warnings
import zipfile
from collections.abc import Callable
from random import Random

import pyarrow as pa

from shelver.testing.fuzz_damage import mutate
from shelver.testing.fuzz_feeds import CSV_SEEDS
from shelver.testing.fuzz_tables import zipped

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda content: gzip.compress(content, mtime=0),
    "bzip2": bz2.compress,
    "xz": lambda content: lzma.compress(content, preset=0),
    "zstd": lambda content: pa.compress(content, "zstd", asbytes=True),
    "zip": lambda content: zipped({"a.csv": content, "b/c.csv": content}),
}
"""How each kind of archive is made."""

NAMES = (
    "a.csv", "b.csv", "a.csv", "c/d.tsv", "", "/", "c/", "../up.csv", "/etc/x.csv", "C:\\a.csv", "a\0b.csv", "ü.csv",
    "\x1b[2J", "n" * 4_000, "p.jpg", ".hidden", "__MACOSX/a", "x.json", "[Content_Types].xml", "a.csv/", "\u202ecsv.a",
)  # fmt: skip
"""Names of members, some of them odd."""

METHODS = {zipfile.ZIP_STORED: 4, zipfile.ZIP_DEFLATED: 8, zipfile.ZIP_BZIP2: 2, zipfile.ZIP_LZMA: 1}
"""How members are packed, and how often: LZMA takes long to begin."""

NUMBERS = (0, 1, 7, 20, 255, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF)

HEADERS = {
    b"PK\3\4": ((4, 2), (6, 2), (8, 2), (14, 4), (18, 4), (22, 4), (26, 2), (28, 2)),
    b"PK\1\2": ((6, 2), (8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (32, 2), (34, 2), (42, 4)),
    b"PK\5\6": ((4, 2), (8, 2), (10, 2), (12, 4), (16, 4), (20, 2)),
    b"PK\6\6": ((4, 8), (24, 8), (32, 8), (40, 8), (48, 8)),
    b"PK\6\7": ((4, 4), (8, 8), (16, 4)),
}
"""Places and sizes of the fields of a zip by the sign before them (APPNOTE.TXT, section 4.3)."""


def damaged_archive(rng: Random) -> bytes:
    """Make one."""
    content = rng.choice(CSV_SEEDS)
    kind = rng.choice(list(PACKERS))
    chance = rng.random()
    if chance < 0.4:
        return mutate(PACKERS[kind](content), rng)
    if chance < 0.5:
        return PACKERS[kind](mutate(content, rng))
    if chance < 0.6:
        return _following(kind, content, rng)
    made = _odd_zip(rng)
    for _ in range(rng.randint(0, 3)):
        made = _patched(made, rng)
    return mutate(made, rng) if rng.random() < 0.1 else made


def _following(kind: str, content: bytes, rng: Random) -> bytes:
    """Archives one after another, or within each other, with something before, between or after."""
    pack = PACKERS[kind]
    other = PACKERS[rng.choice((kind, rng.choice(list(PACKERS))))]
    between = rng.choice((b"", b"", bytes(1), bytes(512), b"x", b"\n", b"\x1f", b"BZ", b"PK\5\6", content))
    return rng.choice(
        (
            pack(content) + between + other(content),
            between + pack(content),
            pack(content) + between,
            other(pack(content)),
            pack(content[:9]) + b"".join(pack(content[at : at + 9]) for at in range(9, len(content), 9)),
            pack(b"") + between,
        )
    )


def _odd_zip(rng: Random) -> bytes:
    out = io.BytesIO()
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(out, "w") as archive:  # two members of one name
        for _ in range(rng.choice((0, 1, 1, 2, 3, 8))):
            member = zipfile.ZipInfo("a")
            member.filename = rng.choice(NAMES)
            (member.compress_type,) = rng.choices(list(METHODS), list(METHODS.values()))
            member.extra = rng.choice((b"", b"", b"\1\0\4\0abcd", b"\x75\x70\1\0\1", b"\1\0"))
            with archive.open(member, "w", force_zip64=rng.random() < 0.3) as stream:
                stream.write(rng.choice(CSV_SEEDS))
        archive.comment = rng.choice((b"", b"", b"made by hand", b"PK\5\6" + bytes(18), b"x" * 65_535))
    made = out.getvalue()
    return made if rng.random() < 0.7 else _long_form(made)


def _long_form(content: bytes) -> bytes:
    """Write the end of the list of members as archives of more than 4 GiB do (zip64)."""
    place = content.rfind(b"PK\5\6")
    count, size, start = struct.unpack_from("<HII", content, place + 10)
    end = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, start)
    return content[:place] + end + struct.pack("<4sIQI", b"PK\6\7", 0, place, 1) + content[place:]


def _patched(content: bytes, rng: Random) -> bytes:
    """Let a field lie."""
    sign = rng.choice(list(HEADERS))
    places = [place for place in range(len(content)) if content.startswith(sign, place)]
    if not places:
        return content
    offset, size = rng.choice(HEADERS[sign])
    place = rng.choice(places) + offset
    most = (1 << 8 * size) - 1
    now = int.from_bytes(content[place : place + size], "little")
    value = rng.choice((rng.choice(NUMBERS), now + 1, now - 1, now * 2, now ^ 1 << rng.randrange(8 * size), most))
    return content[:place] + (value & most).to_bytes(size, "little") + content[place + size :]
