import io
import os
import pickle
import zipfile
from concurrent.futures import ThreadPoolExecutor
from hashlib import shake_128

import pyarrow.fs as pafs
import pytest

from shelver.encoders import pictures
from shelver.encoders.pictures import OnePicture, Pictures, ZipAlbum, plain_name
from shelver.errors import ConfigError
from shelver.files import Files

MEMBERS = {
    "4711.jpg": b"first",
    "shoes/4712.PNG": b"second",
    "shoes/4712.webp": b"hidden by the second",
    "a_b.jpeg": b"slash",
    "été.gif": b"summer",
    "notes.txt": b"no picture",
    "__MACOSX/._4711.jpg": b"no picture either",
}


def as_zip(folder, members=None):
    with zipfile.ZipFile(folder / "p.zip", "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in (members or MEMBERS).items():
            made.writestr(name, content)
    return "p.zip"


def as_folder(folder, members=None):
    for name, content in (members or MEMBERS).items():
        place = folder / "p" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return "p"


@pytest.fixture(params=[as_zip, as_folder])
def make(request):
    return request.param


def test_found_by_id(tmp_path, make):
    found = Pictures(Files(tmp_path), {"shop": make(tmp_path)})
    assert found.read("shop", "4711") == b"first"
    assert found.read("shop", "4712") == b"second", "the first in alphabetical order"
    assert found.read("shop", "a/b") == b"slash"
    assert found.read("shop", "été") == b"summer"
    for missing in ("notes", "47", "", "4711.jpg", "._4711", "../4711"):
        assert found.read("shop", missing) is None
    assert found.read("another shop", "4711") is None


def test_absolute_places_and_copies(tmp_path, make):
    place = str(tmp_path / make(tmp_path))
    found = Pictures(Files(tmp_path / "elsewhere"), {"shop": place})
    copy = pickle.loads(pickle.dumps(found))  # noqa: S301 (made in the line itself)
    assert copy.read("shop", "4711") == b"first"
    assert copy.fingerprint() == found.fingerprint()


def test_fingerprint_knows_what_changed(tmp_path, make):
    name = make(tmp_path)

    def fingerprint():
        return Pictures(Files(tmp_path), {"shop": name}).fingerprint()

    before = fingerprint()
    assert fingerprint() == before
    make(tmp_path, {**MEMBERS, "4711.jpg": b"FIRST"})
    changed = fingerprint()
    assert changed != before
    make(tmp_path, {**MEMBERS, "4711.jpg": b"FIRST", "4713.jpg": b"new"})
    assert fingerprint() not in (before, changed)


def test_a_damaged_member_is_empty(tmp_path):
    as_zip(tmp_path, {"1.jpg": b"x" * 1000, "2.jpg": b"fine"})
    content = bytearray((tmp_path / "p.zip").read_bytes())
    content[40] ^= 255
    (tmp_path / "p.zip").write_bytes(content)
    found = Pictures(Files(tmp_path), {"shop": "p.zip"})
    assert found.read("shop", "1") == b""
    assert found.read("shop", "2") == b"fine"


def test_long_files_are_not_read(tmp_path, make, monkeypatch):
    monkeypatch.setattr(pictures, "MAX_BYTES", 5)
    found = Pictures(Files(tmp_path), {"shop": make(tmp_path)})
    assert found.read("shop", "4711") == b"first"
    assert found.read("shop", "4712") == b""


def test_a_file_that_is_gone_is_empty(tmp_path):
    found = Pictures(Files(tmp_path), {"shop": as_folder(tmp_path)})
    found.fingerprint()
    (tmp_path / "p" / "4711.jpg").unlink()
    assert found.read("shop", "4711") == b""


def test_wrong_places(tmp_path):
    (tmp_path / "p.zip").write_bytes(b"PK not really")
    for place, message in (("p.zip", "no zip"), ("nowhere.zip", "no such place"), ("s3", "no such place")):
        with pytest.raises(ConfigError, match=rf"{place} \(images of the feed shop\).*{message}"):
            Pictures(Files(tmp_path), {"shop": place}).read("shop", "1")


def test_read_from_several_threads(tmp_path, make):
    members = {f"{i}.jpg": str(i).encode() * 1000 for i in range(200)}
    found = Pictures(Files(tmp_path), {"shop": make(tmp_path, members)})
    with ThreadPoolExecutor(4) as pool:
        contents = list(pool.map(lambda i: found.read("shop", str(i)), range(200)))
    assert contents == list(members.values())


def test_zip_as_an_object_store_gives_it(tmp_path):
    as_zip(tmp_path)
    with pafs.LocalFileSystem().open_input_file(str(tmp_path / "p.zip")) as stream:
        assert ZipAlbum(stream).read("4711") == b"first"


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damaged_members_count_as_unreadable(tmp_path, method):
    with zipfile.ZipFile(tmp_path / "p.zip", "w", method) as archive:
        archive.writestr("1.jpg", shake_128(b"1").digest(500) + bytes(5000))
        archive.writestr("2.jpg", b"fine")
    content = bytearray((tmp_path / "p.zip").read_bytes())
    content[60:300] = shake_128(b"2").digest(240)
    found = ZipAlbum(io.BytesIO(content))
    assert (found.read("1"), found.read("2")) == (b"", b"fine")


def test_a_zip_with_names_that_are_no_text(tmp_path):
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.writestr("ü.jpg", b"x")
    content = (tmp_path / "p.zip").read_bytes().replace("ü".encode(), b"\xff\xfe")
    (tmp_path / "p.zip").write_bytes(content)
    with pytest.raises(ConfigError, match="no zip, or a damaged one"):
        Pictures(Files(tmp_path), {"shop": "p.zip"}).read("shop", "1")


def test_what_is_no_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "1.jpg")
    (tmp_path / "2.jpg").symlink_to("/dev/zero")
    found = Pictures(Files(tmp_path), {"shop": "."})
    assert (found.read("shop", "1"), found.read("shop", "2")) == (b"", b"")


def test_one_picture():
    assert OnePicture(b"x").read("any", "1") == b"x"
    assert OnePicture(None).read("any", "1") is None
    assert len({OnePicture(content).fingerprint() for content in (None, b"", b"x")}) == 3


def test_plain_name():
    assert plain_name("SKU 12/34:red*") == "SKU_12_34_red"
    assert plain_name("a-b.c_d") == "a-b.c_d"
