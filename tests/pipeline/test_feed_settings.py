"""Looking at feeds, and writing what was found into shelver.toml."""

from pathlib import Path

import pytest

from shelver.errors import ConfigError, FeedError
from shelver.pipeline.workspace import Workspace

SETTINGS = """\
# a person wrote this
[[feeds]]
name = "acme"   # so it is called
path = "acme.csv"

[feeds.columns]
brand = "maker"  # not "label"
gender = ""

[[feeds]]
name = "other"
path = "other.csv"

[training]
model = "linear"  # quick
"""


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    (tmp_path / "shelver.toml").write_text(SETTINGS)
    (tmp_path / "acme.csv").write_text(
        "sku,name,maker,label,sex,colour,zz\n1,Red hat,Acme,x,men,red,\n2,Blue hat,Acme,x,men,blue,\n"
    )
    (tmp_path / "other.csv").write_text("product_id;product_name\n1;Hat\n")
    return Workspace(tmp_path)


def test_a_look_says_all_fields(shop: Workspace) -> None:
    acme, other = shop.look_at_feeds()
    assert (acme.feed, acme.file, acme.rows, other.feed) == ("acme", "acme.csv", 2, "other")
    lines = {line.field: line for line in acme.fields}
    assert lines["id"].columns == ("sku",)
    assert (lines["title"].example, lines["title"].sure) == ("Red hat", "sure")
    assert (lines["brand"].sure, lines["brand"].why) == ("given", "given in feeds.columns")
    assert (lines["gender"].columns, lines["gender"].why) == ((), "not in the feed, by feeds.columns")
    assert [column for column, _ in acme.left_over] == ["label", "sex", "zz"]
    assert "delimiter" in other.layout
    assert acme.as_dict()["fields"][0]["field"] == "id"


def test_columns_are_written_and_the_rest_is_kept(shop: Workspace) -> None:
    written = shop.write_columns(shop.look_at_feeds("acme")[0])
    assert written == ["id", "title", "colour"]
    text = shop.files.read("shelver.toml").decode()
    assert all(line in text for line in SETTINGS.splitlines())
    assert 'colour = "colour" # a known name; names of colours' in text
    assert "# not found: category," in text
    feeds = {feed.name: feed for feed in Workspace(shop.prefix).config.feeds}
    assert feeds["acme"].columns == {"brand": "maker", "gender": "", "id": "sku", "title": "name", "colour": "colour"}
    assert feeds["other"].columns == {}
    again = Workspace(shop.prefix).look_at_feeds("acme")[0]
    assert all(line.sure == "given" for line in again.fields if line.columns)
    assert shop.write_columns(again) == []


def test_products_are_the_same_with_the_columns_written(shop: Workspace) -> None:
    shop.ingest("acme")
    before = shop.table("products").read()
    shop.write_columns(shop.look_at_feeds("acme")[0])
    with_columns = Workspace(shop.prefix)
    with_columns.ingest("acme")
    assert with_columns.table("products").read().to_pylist() == before.to_pylist()


def test_several_columns_are_written_as_a_list(shop: Workspace) -> None:
    Path(shop.files.path("other.csv")).write_text(
        "id,title,image,image 2,image 3\n1,Hat,http://a/1.jpg,http://a/2.jpg,\n"
    )
    shop.write_columns(shop.look_at_feeds("other")[0])
    feed = Workspace(shop.prefix).config.feeds[1]
    assert feed.columns["image_urls"] == ("image 2", "image 3")


def test_inline_tables_are_written_too(shop: Workspace) -> None:
    text = 'feeds = [{ name = "acme", path = "acme.csv", columns = { brand = "maker" } }]\n'
    shop.files.write("shelver.toml", text)
    Workspace(shop.prefix).write_columns(Workspace(shop.prefix).look_at_feeds()[0])
    assert Workspace(shop.prefix).config.feeds[0].columns["title"] == "name"


def test_a_feed_is_added(shop: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    (Path(shop.prefix) / "new").mkdir()
    (Path(shop.prefix) / "new" / "feed.csv").write_text("id,title\n1,Hat\n")
    monkeypatch.chdir(Path(shop.prefix) / "new")
    look = shop.add_feed("feed.csv", "new", write=True)
    assert look.file == "new/feed.csv"
    feed = Workspace(shop.prefix).config.feeds[2]
    assert (feed.name, feed.path, feed.columns) == ("new", "new/feed.csv", {"id": "id", "title": "title"})
    assert all(line in shop.files.read("shelver.toml").decode() for line in SETTINGS.splitlines())


def test_faults_change_nothing(shop: Workspace) -> None:
    for file, name, kind, said in (
        ("acme.csv", "acme", ConfigError, 'there is a feed called "acme" already'),
        ("acme.csv", "a b", ConfigError, "cannot be the name of a feed; expected letters"),
        ("no.csv", "new", FeedError, "no such file"),
    ):
        with pytest.raises(kind, match=said):
            shop.add_feed(file, name)
    with pytest.raises(ConfigError, match='no feed is called "acne"'):
        shop.look_at_feeds("acne")
    assert shop.files.read("shelver.toml").decode() == SETTINGS


def test_a_file_without_a_title_can_be_looked_at(shop: Workspace) -> None:
    path = Path(shop.prefix) / "codes.csv"
    path.write_text("a,b\n1,2\n3,4\n")
    look = shop.look_at_feeds(file=str(path))[0]
    assert not any(line.columns for line in look.fields)
    assert look.left_over == (("a", "1"), ("b", "2"))
