import os
import pickle

import pytest

from shelver.errors import ShelverError
from shelver.files import Files, is_url, tidy_errors


def test_write_read_and_names(tmp_path):
    files = Files(tmp_path)
    files.write("b.txt", "café\n")
    files.write("sub/deep/a.bin", b"\x00\xff")
    files.write_json("c.json", {"z": 1, "a": ["é", None]})
    assert files.read("b.txt") == "café\n".encode()
    assert files.read("sub/deep/a.bin") == b"\x00\xff"
    assert files.read_json("c.json") == {"z": 1, "a": ["é", None]}
    assert list(files.read_json("c.json")) == ["z", "a"]
    assert files.names() == ["b.txt", "c.json", "sub"]
    assert files.exists("b.txt")
    assert files.exists("sub/deep")
    assert not files.exists("x")


def test_sub_is_the_folder_below(tmp_path):
    files = Files(tmp_path)
    files.sub("one").sub("two").write("a", "x")
    assert files.read("one/two/a") == b"x"
    assert files.sub("one/two").names() == ["a"]
    assert files.sub("nowhere").names() == []


def test_missing_file_is_the_usual_error_and_delete_does_not_mind(tmp_path):
    files = Files(tmp_path)
    with pytest.raises(FileNotFoundError):
        files.read("x")
    files.delete("x")
    files.write("x", "1")
    files.delete("x")
    assert files.names() == []


def test_a_write_that_fails_leaves_the_old_content_and_no_litter(tmp_path, monkeypatch):
    files = Files(tmp_path)
    files.write("a", "old")

    def broken(source, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", broken)
    with pytest.raises(KeyboardInterrupt):
        files.write("a", "new")
    assert files.read("a") == b"old"
    assert files.names() == ["a"]


def test_readers_never_see_half_a_file(tmp_path):
    """The new content is a new file: who has the old one open goes on reading the old."""
    files = Files(tmp_path)
    files.write("a", "old " * 5000)
    with open(files.path("a"), "rb") as stream:
        first = stream.read(10)
        files.write("a", "new")
        assert first + stream.read() == b"old " * 5000
    assert files.read("a") == b"new"


def test_written_files_have_the_permissions_of_any_new_file(tmp_path):
    Files(tmp_path).write("a", "x")
    (tmp_path / "b").write_text("x")
    assert os.stat(tmp_path / "a").st_mode == os.stat(tmp_path / "b").st_mode


def test_full_disk_and_no_permission_say_what_to_do(tmp_path):
    with pytest.raises(ShelverError, match="disk is full") as caught, tidy_errors("there"):
        raise OSError(28, "No space left on device")
    assert caught.value.where == "there"
    with pytest.raises(ShelverError, match="no permission"), tidy_errors("there"):
        raise PermissionError(13, "Permission denied")
    with pytest.raises(OSError, match="else"), tidy_errors("there"):
        raise OSError("something else")


def test_paths_and_urls(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Files("a").prefix == str(tmp_path / "a")
    assert Files("a").path("b") == str(tmp_path / "a" / "b")
    assert Files("a").path("/etc/hosts") == "/etc/hosts"
    assert is_url("s3://bucket/x")
    assert not is_url("/local/x")
    with pytest.raises(ShelverError, match="ftp://"):
        Files("ftp://host/x")


def test_pickle(tmp_path):
    Files(tmp_path).write("a", "x")
    assert pickle.loads(pickle.dumps(Files(tmp_path))).read("a") == b"x"  # noqa: S301 (made here)
