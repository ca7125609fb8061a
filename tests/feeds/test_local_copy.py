from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path

import pytest

from shelver.errors import FeedError
from shelver.feeds import local_copy as module
from shelver.feeds.local_copy import local_copy


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = tmp_path / "temporary"
    found.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(found))
    return found


def test_a_file_on_this_machine_is_read_where_it_is(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "f").write_bytes(b"abc")
    with open(tmp_path / "f", "rb") as stream, local_copy(stream, "f") as path:
        assert path == str(tmp_path / "f")
    assert (tmp_path / "f").exists()
    assert os.listdir(folder) == []


def test_any_other_stream_is_copied_and_the_copy_removed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", 2)
    with local_copy(io.BytesIO(b"abcde"), "f") as path:
        assert Path(path).read_bytes() == b"abcde"
        assert os.path.dirname(path) == str(folder)
    assert os.listdir(folder) == []


def test_a_file_that_was_replaced_meanwhile_is_read_as_it_was_opened(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "f").write_bytes(b"old")
    with open(tmp_path / "f", "rb") as stream:
        (tmp_path / "g").write_bytes(b"new")
        os.replace(tmp_path / "g", tmp_path / "f")
        with local_copy(stream, "f") as path:
            assert Path(path).read_bytes() == b"old"
    assert os.listdir(folder) == []


def test_files_that_are_too_large(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "f").write_bytes(b"abc")
    for stream in (io.BytesIO(b"abc"), open(tmp_path / "f", "rb")):  # noqa: SIM115
        with stream, pytest.raises(FeedError, match="too large") as caught, local_copy(stream, "f", 2, "cut it"):
            pass
        assert (caught.value.where, caught.value.hint) == ("f", "cut it")
    assert os.listdir(folder) == []


def test_no_room_for_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full, a device that is always full")
    monkeypatch.setattr(tempfile, "mkstemp", lambda prefix: (os.open("/dev/full", os.O_WRONLY), "/nowhere"))
    monkeypatch.setattr(os, "remove", lambda path: None)
    with pytest.raises(FeedError, match="no room for a copy"), local_copy(io.BytesIO(b"abc"), "f"):
        pass
