from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tracemalloc
import zipfile
import zlib
from collections import deque
from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest

from shelver.config import Feed
from shelver.errors import FeedError
from shelver.feeds import unpack as unpack_module
from shelver.feeds.readers import read_feed
from shelver.feeds.sources import feed_digest, feed_files
from shelver.feeds.unpack import archive_kind, unpack
from shelver.feeds.zips import open_member, open_zip
from shelver.files import Files

CSV = b"id,title\n" + b"".join(b"%d,Shoe %d\n" % (number, number * 7919 % 10_007) for number in range(20_000))

PACKERS = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": lambda content: pa.compress(content, "zstd", asbytes=True),
}


def taken(content: bytes) -> bytes:
    stream, found = unpack(io.BytesIO(content), "f"), b""
    while piece := stream.read(100_003):
        found += piece
    return found


def zipped(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> None:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def rows(folder: Path, path: str) -> int:
    feed = Feed(name="shop", path=path)
    files = Files(folder)
    return sum(len(block) for name in feed_files(files, feed) for block in read_feed(files, name, feed).batches)


def refused(folder: Path, path: str) -> str:
    with pytest.raises(FeedError) as caught:
        rows(folder, path)
    assert str(caught.value).startswith(path)
    return str(caught.value)


@pytest.mark.parametrize("kind", PACKERS)
def test_archives_are_known_by_content_and_read_as_streams(tmp_path: Path, kind: str) -> None:
    packed = PACKERS[kind](CSV)
    assert archive_kind(packed) == kind
    assert taken(packed) == CSV
    assert taken(packed + PACKERS[kind](b"1,x\n")) == CSV + b"1,x\n"  # archives that follow each other
    (tmp_path / "export.php").write_bytes(packed)
    assert rows(tmp_path, "export.php") == 20_000


@pytest.mark.parametrize("kind", PACKERS)
@pytest.mark.parametrize("end", [12, 5_000, -10, -1])
def test_an_archive_cut_short_is_refused_as_a_whole(tmp_path: Path, kind: str, end: int) -> None:
    (tmp_path / "f.csv.x").write_bytes(PACKERS[kind](CSV)[:end])
    assert "cut short or damaged" in refused(tmp_path, "f.csv.x")


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz", "zstd"])
def test_something_after_the_end_of_an_archive(tmp_path: Path, kind: str) -> None:
    (tmp_path / "f").write_bytes(PACKERS[kind](CSV) + b"<br>Warning: something")
    assert "cut short or damaged" in refused(tmp_path, "f")


def test_zero_bytes_after_the_end_are_nothing() -> None:
    assert taken(gzip.compress(b"id\n1") + bytes(1_000_000) + gzip.compress(b"\n2")) == b"id\n1\n2"


def test_reading_from_the_start_again() -> None:
    stream = unpack(io.BytesIO(bz2.compress(CSV)), "f")
    assert stream.read(10) == CSV[:10]
    stream.seek(0)
    assert stream.read(20) == CSV[:20]
    with pytest.raises(io.UnsupportedOperation):
        stream.seek(5)


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz", "zstd"])
def test_a_decompression_bomb(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack_module, "FREE_BYTES", 1 << 20)
    (tmp_path / "f").write_bytes(PACKERS[kind](b"id,title\n" + b"1,a\n" * 10_000_000))
    assert "a decompression bomb" in refused(tmp_path, "f")


def test_too_much_in_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack_module, "MAX_UNPACKED", 100_000)
    (tmp_path / "f").write_bytes(gzip.compress(CSV))
    assert "too much comes out" in refused(tmp_path, "f")


def test_a_zip_bomb(tmp_path: Path) -> None:
    zipped(tmp_path / "f.zip", {"a.csv": b"id,title\n" + bytes(100 << 20)})
    assert "a decompression bomb: 100 MiB" in refused(tmp_path, "f.zip")


def test_members_of_a_zip_that_overlap(tmp_path: Path) -> None:
    zipped(tmp_path / "f.zip", {"a.csv": CSV, "b.csv": CSV})
    content = bytearray((tmp_path / "f.zip").read_bytes())
    first = content.rfind(b"PK\x01\x02", 0, content.rfind(b"PK\x01\x02"))
    content[first + 20 : first + 24] = (len(content) * 2).to_bytes(4, "little")
    (tmp_path / "f.zip").write_bytes(content)
    assert "overlap" in refused(tmp_path, "f.zip")


def test_every_member_of_a_zip_is_a_file_of_the_feed(tmp_path: Path) -> None:
    zipped(
        tmp_path / "all.zip",
        {"b/two.csv": b"id,title\n2,b\n", "a.json": b'[{"id": 1, "title": "a"}]', "__MACOSX/._a": b"x", "p.jpg": b"x"},
    )
    files, feed = Files(tmp_path), Feed(name="shop", path="*.zip")
    assert feed_files(files, feed) == ["all.zip/a.json", "all.zip/b/two.csv"]
    assert rows(tmp_path, "*.zip") == 2
    assert read_feed(files, "all.zip/b/two.csv", feed).file == "all.zip/b/two.csv"
    with pytest.raises(FeedError, match="no such member"):
        read_feed(files, "all.zip/c.csv", feed)
    assert feed_digest(files, feed) != feed_digest(files, Feed(name="shop", path="all.zip"))


def test_zips_that_are_refused(tmp_path: Path) -> None:
    zipped(tmp_path / "f.zip", {"a.csv.gz": gzip.compress(CSV)})
    assert "a gzip archive within a zip archive" in refused(tmp_path, "f.zip/a.csv.gz".partition("/")[0])
    zipped(tmp_path / "f.zip", {"p.jpg": b"x"})
    assert "no feed in the archive" in refused(tmp_path, "f.zip")
    zipped(tmp_path / "f.zip", {"a.csv": CSV})
    content = bytearray((tmp_path / "f.zip").read_bytes())
    (tmp_path / "f.zip").write_bytes(content[:-30])
    assert "cut short" in refused(tmp_path, "f.zip")
    content[content.rfind(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "f.zip").write_bytes(content)
    assert "encrypted" in refused(tmp_path, "f.zip")


def test_an_archive_in_an_archive(tmp_path: Path) -> None:
    (tmp_path / "f.gz").write_bytes(gzip.compress(bz2.compress(CSV)))
    assert "a bzip2 archive within a gzip archive" in refused(tmp_path, "f.gz")


def test_names_that_are_shown_alike_are_refused(tmp_path: Path) -> None:
    zipped(tmp_path / "a.zip", {"a\x01.csv": b"id\n1\n", "a\x02.csv": b"id\n2\n"})
    assert "two members of one name" in refused(tmp_path, "a.zip")


def test_a_long_list_of_members_is_refused_in_the_long_form_too(tmp_path: Path) -> None:
    zipped(tmp_path / "a.zip", {"a.csv": CSV})
    content = (tmp_path / "a.zip").read_bytes()
    end = content.rindex(b"PK\5\6")
    long = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, 1 << 30, 0)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
    (tmp_path / "a.zip").write_bytes(content[:end] + long + locator + content[end:])
    assert "too long a list of members" in refused(tmp_path, "a.zip")


METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]


def directory(path: Path, field: int, size: int, value: int) -> None:
    """Write a field of the first member in the list of members, and in front of the member itself."""
    content = bytearray(path.read_bytes())
    for sign, shift in ((b"PK\1\2", 0), (b"PK\3\4", -2)):
        start = content.index(sign) + field + shift
        content[start : start + size] = value.to_bytes(size, "little")
    path.write_bytes(content)


@pytest.mark.parametrize("method", METHODS)
def test_members_packed_by_any_method(tmp_path: Path, method: int) -> None:
    zipped(tmp_path / "f.zip", {"a.csv": CSV}, method)
    assert rows(tmp_path, "f.zip") == 20_000


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("more", [-5, 5])
def test_a_size_that_lies(tmp_path: Path, method: int, more: int) -> None:
    zipped(tmp_path / "f.zip", {"a.csv": CSV}, method)
    directory(tmp_path / "f.zip", 24, 4, len(CSV) + more)
    assert "cut short or damaged" in refused(tmp_path, "f.zip")
    directory(tmp_path / "f.zip", 16, 4, zlib.crc32(CSV[: len(CSV) + more]))  # a size and check sum of a part
    assert "cut short or damaged" in refused(tmp_path, "f.zip")


@pytest.mark.parametrize("method", METHODS[1:])
def test_a_bomb_that_says_it_is_small_fills_no_memory(tmp_path: Path, method: int) -> None:
    with zipfile.ZipFile(tmp_path / "f.zip", "w", method) as archive, archive.open("a.csv", "w") as member:
        for _ in range(100):
            member.write(bytes(1 << 20))
    directory(tmp_path / "f.zip", 24, 4, 9)
    tracemalloc.start()
    try:
        with (tmp_path / "f.zip").open("rb") as content:
            stream = open_member(open_zip(content, "f.zip"), "f.zip", "a.csv")
            with pytest.raises(FeedError, match="a decompression bomb: 64 MiB"):
                deque(iter(partial(stream.read, 1 << 18), b""), maxlen=0)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def test_zips_whose_list_of_members_is_damaged(tmp_path: Path) -> None:
    nameless = zipfile.ZipInfo("a")
    nameless.filename = ""
    with zipfile.ZipFile(tmp_path / "f.zip", "w") as archive, archive.open(nameless, "w") as member:
        member.write(CSV)
    assert "a member without a name" in refused(tmp_path, "f.zip")
    zipped(tmp_path / "f.zip", {"a.csv": CSV, "b.csv": CSV})
    content = bytearray((tmp_path / "f.zip").read_bytes())
    content[content.rindex(b"PK\5\6") + 10] = 3
    (tmp_path / "f.zip").write_bytes(content)
    assert "2 members are listed, and 3 are announced" in refused(tmp_path, "f.zip")
