from __future__ import annotations

import pytest

from shelver.config import FIELDS, Feed
from shelver.errors import FeedError
from shelver.feeds.columns import guess_columns, map_columns, normalise
from shelver.feeds.rows import RawRow
from shelver.feeds.synonyms import SYNONYMS


def feed(**columns: str) -> Feed:
    return Feed(name="shop", path="x.csv", columns=columns)


def row(**values: str) -> RawRow:
    return RawRow(2, dict(values), "")


def test_synonyms_are_of_fields_normalised_and_listed_once() -> None:
    assert set(SYNONYMS) == set(FIELDS)
    names = [name for synonyms in SYNONYMS.values() for name in synonyms]
    assert all(normalise(name) == name for name in names)
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("product_id,product_name,aisle,department", "id title raw_category category"),
        ("Handle,Title,Vendor,Type,Product Category", "id title brand raw_category category"),
        ("g:id,g:title,g:brand,g:product_type,g:google_product_category", "id title brand raw_category category"),
        ("référence interne,nom,marque,catégorie,couleur,taille", "id title brand category colour size"),
        ("merchant_product_id,product_name,merchant_category,category_name", "id title raw_category category"),
        ("SKU,Product Title,Barcode,Image Link,Link,Color", "id title gtin image_url url colour"),
        ("id,title,(field)Color,(field)gender,merchantName", "id title colour gender merchant"),
    ],
)
def test_guesses(header: str, columns: str) -> None:
    names = header.split(",")
    found = guess_columns(names, [])
    assert found.columns == dict(zip(columns.split(), names, strict=True))
    assert set(found.why) == set(found.columns)


def test_empty_columns_are_passed_over() -> None:
    found = guess_columns(["title", "product_name"], [row(title="", product_name="Hat")])
    assert found.columns["title"] == "product_name"
    assert found.why["title"] == 'named "product_name"; "title" is empty in the first 1 rows'


def test_values_do_not_otherwise_matter() -> None:
    header = ["id", "sku", "title"]
    some_empty = [row(id="", sku="1", title="a"), row(id="2", sku="2", title="b")]
    assert guess_columns(header, some_empty).columns["id"] == "id"


def test_given_columns_win_and_are_not_used_twice() -> None:
    header = ["id", "name", "title"]
    found = map_columns(header, [], feed(title="name", brand="title"), "f.csv")
    assert found.columns == {"id": "id", "title": "name", "brand": "title"}
    assert found.why["title"] == "given in feeds.columns"


def test_a_field_can_be_switched_off() -> None:
    assert not map_columns(["id", "title"], [], feed(id=""), "f.csv").has_id


def test_given_column_that_does_not_exist() -> None:
    with pytest.raises(FeedError) as caught:
        map_columns(["id", "name"], [], feed(title="nme"), "f.csv")
    assert 'f.csv: no column "nme"' in str(caught.value)
    assert 'did you mean "name"?' in str(caught.value)
    assert "columns: id, name" in str(caught.value)


def test_no_title() -> None:
    with pytest.raises(FeedError) as caught:
        map_columns(["a", "b"], [], feed(), "f.csv")
    assert "f.csv: no column found for the title" in str(caught.value)
    assert '[feeds.columns] title = "..."' in str(caught.value)
    assert "columns: a, b" in str(caught.value)
