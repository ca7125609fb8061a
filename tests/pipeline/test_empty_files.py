"""An empty file among the others of a delivery."""

from __future__ import annotations

import zipfile

import pytest
from typer.testing import CliRunner

from shelver.cli.main import app
from shelver.pipeline.ingest import IngestError
from shelver.pipeline.workspace import Workspace

FIRST = "id,title\n" + "".join(f"a{n},Hat {n}\n" for n in range(8))
SECOND = "id,title\nb1,Boot\nb2,Shoe\n"


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "feeds").mkdir()
    (tmp_path / "shelver.toml").write_text('[[feeds]]\nname = "shop"\npath = "feeds/*.csv"\n')
    (tmp_path / "feeds" / "a.csv").write_text(FIRST)
    (tmp_path / "feeds" / "b.csv").write_text(SECOND)
    Workspace(tmp_path).ingest()
    return tmp_path


def test_it_is_told_and_what_it_held_is_gone(shop):
    (shop / "feeds" / "b.csv").write_text("id,title\n")
    answer = CliRunner().invoke(app, ["ingest", "-w", str(shop)])
    assert answer.exit_code == 0
    assert "1 of 2 files has no rows: feeds/b.csv" in " ".join(answer.output.split())
    workspace = Workspace(shop)
    assert workspace.products().count("active") == 8
    last = workspace.deliveries("shop")[-1]
    assert (last.status, last.gone, last.products) == ("accepted", 2, 8)
    assert last.reason == (
        "1 of 2 files has no rows: feeds/b.csv (a header, but no rows below it; 2 products that it had are gone)"
    )


def test_products_that_moved_to_another_file_are_not_gone(shop):
    (shop / "feeds" / "a.csv").write_text(FIRST + "b1,Boot\nb2,Shoe\n")
    (shop / "feeds" / "b.csv").write_text("")
    Workspace(shop).ingest()
    last = Workspace(shop).deliveries("shop")[-1]
    assert (last.status, last.gone, last.products) == ("accepted", 0, 10)
    assert last.reason == "1 of 2 files has no rows: feeds/b.csv (the file is empty)"


def test_a_file_with_nothing_in_it_waits_for_a_person(shop):
    for content in ("", "\n \n"):
        (shop / "feeds" / "b.csv").write_text(content)
        with pytest.raises(IngestError, match="2 products that it had are gone"):
            Workspace(shop).ingest()
        assert Workspace(shop).products().count("active") == 10
        assert Workspace(shop).deliveries("shop")[-1].status == "held"
    assert CliRunner().invoke(app, ["ingest", "--accept", "shop", "-w", str(shop)]).exit_code == 0
    assert Workspace(shop).products().count("active") == 8
    (shop / "feeds" / "a.csv").write_text(FIRST + "a9,Cap\n")
    Workspace(shop).ingest()
    last = Workspace(shop).deliveries("shop")[-1]
    assert (last.status, last.products) == ("accepted", 9), "what was confirmed once is not asked again"


def test_one_of_a_zip_waits_too(tmp_path):
    (tmp_path / "shelver.toml").write_text('[[feeds]]\nname = "shop"\npath = "all.zip"\n')
    for second in (SECOND, ""):
        with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
            archive.writestr("a.csv", FIRST)
            archive.writestr("b.csv", second)
        if second:
            Workspace(tmp_path).ingest()
    with pytest.raises(IngestError, match=r"all\.zip/b\.csv: the file is empty; 2 products"):
        Workspace(tmp_path).ingest()


def test_who_lets_all_products_go_is_not_asked(shop):
    toml = shop / "shelver.toml"
    toml.write_text(f"{toml.read_text()}max_gone = 1.0\n")
    (shop / "feeds" / "b.csv").write_text("")
    Workspace(shop).ingest()
    assert "2 products that it had are gone" in Workspace(shop).deliveries("shop")[-1].reason


@pytest.mark.parametrize("content", ["Error: quota exceeded, please try again later\n", "Error; no title\n"])
def test_a_message_in_the_place_of_a_file_is_refused(shop, content):
    (shop / "feeds" / "b.csv").write_text(content)
    with pytest.raises(IngestError, match=r"feeds/b\.csv: one line only"):
        Workspace(shop).ingest()
    assert Workspace(shop).products().count("active") == 10
    assert Workspace(shop).deliveries("shop")[-1].status == "refused"


def test_the_guard_against_shrinking_stays(shop):
    (shop / "feeds" / "a.csv").write_text("")
    with pytest.raises(IngestError, match="max_gone"):
        Workspace(shop).ingest()
    assert Workspace(shop).products().count("active") == 10


def test_none_left_is_refused(shop):
    (shop / "feeds" / "a.csv").write_text("")
    (shop / "feeds" / "b.csv").write_text("")
    with pytest.raises(IngestError, match="none of the 2 files has rows"):
        Workspace(shop).ingest()
    assert Workspace(shop).deliveries("shop")[-1].status == "refused"
