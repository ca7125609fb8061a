"""The copy of a feed and what the server said of it belong together, whoever else fetches it."""

from __future__ import annotations

import threading
from itertools import count

import pytest

from shelver.errors import FeedError
from shelver.feeds.http_copies import UNFINISHED, Copy, copy_name, keep_copy, known_copy
from shelver.feeds.http_files import fetch
from shelver.files import Files
from shelver.testing.web import Reply, WebServer

NAME = copy_name("https://feeds.example/a.csv")


def kept(files: Files, etag: str, content: bytes) -> Copy:
    return keep_copy(files, NAME, Copy("a", etag), lambda out: out.write(content))


def test_a_note_of_another_file_counts_for_nothing(tmp_path) -> None:
    files = Files(tmp_path)
    assert known_copy(files, NAME) is None
    kept(files, '"1"', b"one")
    note = files.read(f"{NAME}.json")
    second = kept(files, '"2"', b"two!")
    assert known_copy(files, NAME) == second
    files.write(f"{NAME}.json", note)  # as if the first process had written its note last
    assert known_copy(files, NAME) is None
    files.write(f"{NAME}.json", b'{"address": "a", "etag": "x"}')  # of an older Shelver
    assert known_copy(files, NAME) is None


def test_what_goes_wrong_leaves_the_copy(tmp_path) -> None:
    files = Files(tmp_path)
    first = kept(files, '"1"', b"one")

    def broken(out) -> int:
        out.write(b"half of")
        raise FeedError("the connection broke")

    with pytest.raises(FeedError, match="broke"):
        keep_copy(files, NAME, Copy("a", '"2"'), broken)
    assert known_copy(files, NAME) == first
    assert files.read(NAME) == b"one"
    assert not [name for name in (tmp_path / "cache" / "feeds").iterdir() if name.name.startswith(UNFINISHED)]


def test_many_fetch_at_once(tmp_path) -> None:
    versions = count()

    def answer(request) -> Reply:
        version = str(next(versions))
        return Reply(f"id,title\n1,Hat {version}\n".encode() * 50, headers={"ETag": f'"{version}"'})

    files, wrong = Files(tmp_path), []
    with WebServer({"/a.csv": answer}) as server:
        url = f"http://127.0.0.1:{server.port}/a.csv"

        def work() -> None:
            for _ in range(12):
                fetch(files, url)
                name = copy_name(url)
                found, content = known_copy(files, name), files.read(name).decode()
                same = found is not None and known_copy(files, name) == found  # nobody wrote in between
                if same and f"Hat {found.etag.strip(chr(34))}\n" not in content:
                    wrong.append((found.etag, content[:20]))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong
        fetch(files, url)
    found = known_copy(files, copy_name(url))
    assert found is not None
    assert f"Hat {found.etag.strip(chr(34))}\n".encode() in files.read(copy_name(url))
