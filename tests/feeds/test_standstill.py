"""Files of a feed that change while they are read."""

from __future__ import annotations

import os

import pytest

from shelver.config import Feed
from shelver.errors import FeedError
from shelver.feeds.standstill import MovedError, Standstill
from shelver.files import Files
from shelver.pipeline.ingest import IngestError
from shelver.pipeline.workspace import Workspace


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "feeds").mkdir()
    for name in ("a.csv", "b.csv"):
        (tmp_path / "feeds" / name).write_text("id,title\n" + "".join(f"{name}{n},Hat {n}\n" for n in range(2000)))
    (tmp_path / "shelver.toml").write_text('[[feeds]]\nname = "shop"\npath = "feeds/*.csv"\n')
    return tmp_path


def still(folder) -> Standstill:
    return Standstill(Files(folder), Feed(name="shop", path="feeds/*.csv"))


def replaced(path, text: str) -> None:
    beside = path.with_name(".new")
    beside.write_text(text)
    os.replace(beside, path)


def test_files_that_stay_as_they_are(folder) -> None:
    watched = still(folder)
    for _ in range(2):
        with watched:
            assert (folder / "feeds" / "a.csv").read_text()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda feeds: replaced(feeds / "b.csv", "id,title\n1,Cap\n"), r"feeds/b\.csv: other content"),
        (lambda feeds: (feeds / "c.csv").write_text("id,title\n1,Cap\n"), r"feeds/c\.csv: came"),
        (lambda feeds: (feeds / "a.csv").unlink(), r"feeds/a\.csv: gone"),
        (lambda feeds: [each.unlink() for each in feeds.iterdir()], "its files are gone"),
        (lambda feeds: os.utime(feeds / "a.csv", ns=(1, 1)), r"feeds/a\.csv: other content"),
    ],
)
def test_files_that_change(folder, change, said: str) -> None:
    with pytest.raises(MovedError, match=f"feed shop: changed while it was read \\({said}"), still(folder):
        change(folder / "feeds")


def test_what_is_wrong_with_a_half_file_gives_way(folder) -> None:
    def halved(error: BaseException) -> None:
        with still(folder):
            replaced(folder / "feeds" / "b.csv", "id")
            raise error

    with pytest.raises(MovedError) as caught:
        halved(FeedError("cut short"))
    assert "cut short" in str(caught.value.__cause__)
    with pytest.raises(FeedError, match="cut short"), still(folder):
        raise FeedError("cut short")
    with pytest.raises(KeyboardInterrupt):
        halved(KeyboardInterrupt())


def test_ingest_refuses_them_and_changes_nothing(folder) -> None:
    Workspace(folder).ingest()
    version = Workspace(folder).table("products").version
    replaced(folder / "feeds" / "a.csv", "id,title\n" + "".join(f"a.csv{n},Cap {n}\n" for n in range(2000)))

    def meddle(step: str, done: int, total: int) -> None:
        if done:
            replaced(folder / "feeds" / "b.csv", f"id,title\n{done},Cap\n")

    with pytest.raises(IngestError, match="changed while it was read"):
        Workspace(folder, meddle).ingest()
    after = Workspace(folder)
    assert after.table("products").version == version
    assert after.deliveries("shop")[-1].status == "refused"
    assert "changed while it was read" in after.deliveries("shop")[-1].reason
    replaced(folder / "feeds" / "b.csv", "id,title\n" + "".join(f"b.csv{n},Hat {n}\n" for n in range(2000)))
    assert after.ingest()[0].details["changed"] == 2000
