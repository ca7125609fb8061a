"""Profiles of a workspace: made once, kept, compared with the one before; features written, never over others."""

import csv
import json

import pytest

from shelver.config import load_config
from shelver.errors import ConfigError, ShelverError
from shelver.pipeline.profile import saved_profiles
from shelver.pipeline.workspace import Workspace

SETTINGS = """\
# our shop
[[feeds]]
name = "acme"
path = "acme.csv"

[[feeds]]
name = "best"
path = "best.csv"
"""


def write_feed(folder, name, rows, brand=lambda row: f"Brand {row % 7}", start=0):
    with open(folder / f"{name}.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "title", "brand", "category", "price", "my own column"])
        for row in range(start, start + rows):
            path = f"Shoes > Kind {row % 4}"
            writer.writerow([f"{name}{row}", f"Shoe number {row}", brand(row), path, f"{row % 50 + 1}.50", row % 3])


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "shelver.toml").write_text(SETTINGS)
    write_feed(tmp_path, "acme", 400)
    write_feed(tmp_path, "best", 200)
    workspace = Workspace(tmp_path)
    workspace.ingest()
    yield workspace
    workspace.close()


def test_the_profile_says_what_is_in_all_feeds_and_in_each(shop):
    found = shop.profile()
    assert [(part.name, part.rows) for part in found.profile.parts()] == [("acme", 400), ("best", 200)]
    assert found.profile.whole.rows == 600
    brand = found.profile.whole.column("brand")
    assert (brand.filled, brand.distinct, brand.error) == (600, 7, 0)
    assert found.profile.whole.column("price").numbers.high == 50.5
    assert found.before is None
    assert list(found.changes) == []


def test_one_feed_alone(shop):
    found = shop.profile("best").profile
    assert [(part.name, part.rows) for part in found.parts()] == [("best", 200)]
    with pytest.raises(ShelverError, match=r'no product comes from a feed "bets"\s+did you mean "best"'):
        shop.profile("bets")


def test_the_same_data_is_not_profiled_twice(shop):
    first = shop.profile().profile
    assert shop.profile().profile == first
    assert len(list(saved_profiles(shop))) == 1


def test_a_damaged_or_older_profile_is_passed_over(shop):
    shop.profile()
    shop.files.write("profiles/20010101T000000000-broken.json", "{")
    shop.files.write("profiles/99990101T000000000-other.json", '{"version": 0}')
    assert len(list(saved_profiles(shop))) == 1
    assert shop.profile().before is None


def test_drift_is_told_against_the_last_profile_of_other_data(shop, tmp_path):
    shop.profile()
    write_feed(tmp_path, "acme", 400, brand=lambda row: "" if row % 5 else "Brand 1")
    again = Workspace(tmp_path)
    again.ingest()
    found = again.profile()
    assert found.before is not None
    sentences = [change.sentence() for change in found.changes]
    assert sentences[0].startswith("brand: ")
    assert "brand: filled 100% → 20% in feed acme" in sentences
    assert not any("best" in sentence for sentence in sentences)
    assert list(again.profile().changes) == list(found.changes)
    assert list(again.profile("best").changes) == []
    again.close()


def test_products_that_are_again_as_before_are_compared_with_what_was_between(shop, tmp_path):
    first = shop.profile().profile
    for brand in (lambda row: "", lambda row: f"Brand {row % 7}"):
        write_feed(tmp_path, "acme", 400, brand=brand)
        again = Workspace(tmp_path)
        again.ingest()
        found = again.profile()
        again.close()
    if found.profile.data != first.data:
        pytest.skip("the table of products counts its deliveries")
    assert found.profile.whole == first.whole
    assert [change.words for change in found.changes if change.kind == "fill"] == ["filled 0% → 100%"]


def test_raw_columns_are_those_of_the_file(shop):
    found = shop.profile(raw="acme")
    assert [column.name for column in found.profile.whole.columns] == [
        "id", "title", "brand", "category", "price", "my own column",
    ]  # fmt: skip
    assert found.profile.whole.column("my own column").distinct == 3
    assert found.profile.whole.column("price").numbers.high == 50.5
    assert list(found.suggestions) == []
    assert list(saved_profiles(shop)) == []
    with pytest.raises(ConfigError, match='did you mean "acme"'):
        shop.profile(raw="amce")


def test_suggested_features_are_written_once_and_keep_what_people_wrote(shop, tmp_path):
    found = shop.profile()
    place = shop.write_features(found)
    text = (tmp_path / "shelver.toml").read_text()
    assert place == str(tmp_path / "shelver.toml")
    assert text.startswith(SETTINGS)
    features = load_config(shop.files).features
    assert (features["title"].kind, features["brand"].kind, features["brand"].dims) == ("text", "categorical", 2)
    assert "price" not in features
    assert set(shop.config.features) == set(features)
    with pytest.raises(ConfigError, match="there are features already"):
        shop.write_features(found)
    assert (tmp_path / "shelver.toml").read_text() == text


@pytest.mark.parametrize("own", ["[features.title]\nkind = 'text'\n", "features.title.kind = 'text'\n", "[features]\n"])
def test_features_of_people_are_never_touched(shop, tmp_path, own):
    text = own + SETTINGS if own.startswith("features.") else SETTINGS + own
    (tmp_path / "shelver.toml").write_text(text)
    with pytest.raises(ConfigError, match="there are features already"):
        shop.write_features(shop.profile())
    assert (tmp_path / "shelver.toml").read_text() == text


def test_the_page_and_the_document_are_written(shop, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = shop.profile()
    assert shop.write_profile(found, "profile.html") == str(tmp_path / "profile.html")
    assert "what is in the products?" in (tmp_path / "profile.html").read_text()
    document = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert document["profile"]["whole"]["rows"] == 600
    assert {each["name"]: each["kind"] for each in document["suggestions"]}["brand"] == "categorical"


def test_without_products_it_says_what_to_do(tmp_path):
    (tmp_path / "shelver.toml").write_text(SETTINGS)
    with pytest.raises(ShelverError, match="shelver ingest"):
        Workspace(tmp_path).profile()
