"""Which column is which field: names, networks, values, and what the user says."""

import random

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shelver.config import FIELDS, Feed
from shelver.errors import FeedError
from shelver.feeds.columns import columns_of, find_columns, guess_columns, map_columns
from shelver.feeds.rows import Block, RawRow


def feed(**columns: str | tuple[str, ...]) -> Feed:
    return Feed(name="shop", path="x.csv", columns=columns)


def block(*rows: dict[str, str]) -> Block:
    return Block.of([RawRow(line, dict(values), "") for line, values in enumerate(rows, start=2)])


BRANDS = ("Nike", "Adidas", "Puma", "Tom Tailor")
THINGS = ("running shoes", "leather belt", "wool hat", "summer dress", "rain jacket")


def shop(rows: int = 40) -> list[dict[str, str]]:
    """Products with every kind of value, under the fields' own names."""
    made = []
    for number in range(rows):
        brand, thing = BRANDS[number % 4], THINGS[number % 5]
        made.append(
            {
                "id": f"A{1000 + number}-{number % 3}",
                "title": f"{brand} {thing} no. {number}",
                "brand": brand,
                "raw_category": f"Fashion > {'Shoes' if 'shoes' in thing else 'Clothes'} > {thing.title()}",
                "description": f"<p>This is a {thing} for every day, made by {brand} with care of good wool.</p>",
                "gender": ("Damen", "Herren", "unisex")[number % 3],
                "size": ("S", "M", "XL")[number % 3],
                "colour": ("rot", "dunkelblau", "schwarz")[number % 3],
                "price": f"{10 + number},90 €",
                "currency": "EUR",
                "url": f"https://www.acme.example/p/{number}",
                "image_url": f"https://img.acme.example/{number}.jpg",
                "gtin": gtin(400_000_000_000 + number),
                "availability": ("in stock", "out of stock")[number % 2],
            }
        )
    return made


def gtin(digits: int) -> str:
    body = f"{digits:012d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return f"{body}{-total % 10}"


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
        ("Artikelnummer;Bezeichnung;Hersteller;Größe;Farbe;Preis;Währung", "id title brand size colour price currency"),
        (
            "artikelnummer;bezeichnung;hersteller;groesse;farbe;preis;waehrung",
            "id title brand size colour price currency",
        ),
        ("codigo;nombre;marca;categoría;precio;enlace;imagen", "id title brand category price url image_url"),
        ("артикул;название;бренд;категория;цена;ссылка", "id title brand category price url"),
        ("商品コード;商品名;ブランド;カテゴリ;価格;画像", "id title brand category price image_url"),
        ("attributes.color;Fashion:size;Variant Price;Image Src", "colour size price image_url"),
        ("shop_brand_name,fullTitle,productColour,main_image_link", "brand title colour image_url"),
        ("title,brand_name,brand_id,brand_logo,category_url,price_shipping", "title brand"),
        ("title,discription,manufacter_name", "title description brand"),
    ],
)
def test_guesses_by_name(header: str, columns: str) -> None:
    names = header.replace(";", ",").split(",")
    found = guess_columns(names, block())
    assert found.columns == dict(zip(columns.split(), names, strict=False))
    assert set(found.why) == set(found.scores) == set(found.columns)


def test_empty_columns_are_passed_over() -> None:
    found = guess_columns(["title", "product_name"], block({"title": "", "product_name": "Hat"}))
    assert found.columns["title"] == "product_name"
    assert found.why["title"] == 'a known name; "title" is empty in the first rows'


def test_an_empty_column_is_better_than_none() -> None:
    found = guess_columns(["title", "ean"], block({"title": "Hat", "ean": ""}))
    assert found.columns["gtin"] == "ean"
    assert "but it is empty" in found.why["gtin"]


def test_some_empty_values_do_not_matter() -> None:
    some_empty = block({"id": "", "sku": "1", "title": "a"}, {"id": "2", "sku": "2", "title": "b"})
    assert guess_columns(["id", "sku", "title"], some_empty).columns["id"] == "id"


def test_values_rule_out_what_a_name_says() -> None:
    rows = block({"id": "https://a.example/1", "sku": "1", "title": "Hat", "price": "https://x.example", "cost": "1"})
    found = guess_columns(["id", "sku", "title", "price", "cost"], rows)
    assert found.columns["id"] == "sku"
    assert found.why["id"].endswith('"id" holds addresses')
    assert "price" not in found.columns


def test_one_column_serves_one_field_and_the_total_is_best() -> None:
    found = guess_columns(["name", "label"], block())
    assert found.columns == {"title": "name", "brand": "label"}
    columns = [c for each in guess_columns(list(FIELDS), block()).columns.values() for c in columns_of(each)]
    assert len(columns) == len(set(columns))


@pytest.mark.parametrize(
    ("header", "network", "expected"),
    [
        (
            "id,name,currency,daisycon_unique_id,sku,title,price,price_old,link,image_large,brand_logo",
            "Daisycon",
            {"id": "sku", "title": "title", "merchant": "name", "price": "price", "image_url": "image_large"},
        ),
        (
            "aw_product_id,merchant_product_id,product_name,search_price,rrp_price,merchant_category,category_name",
            "AWIN",
            {"id": "merchant_product_id", "price": "search_price", "raw_category": "merchant_category"},
        ),
        (
            "Handle,Title,Body (HTML),Vendor,Variant SKU,Variant Price,Variant Compare At Price,SEO Title",
            "Shopify export",
            {"id": "Handle", "title": "Title", "price": "Variant Price"},
        ),
    ],
)
def test_networks(header: str, network: str, expected: dict[str, str]) -> None:
    found = guess_columns(header.split(","), block())
    assert found.evidence is not None
    assert found.evidence.network is not None
    assert found.evidence.network.name == network
    assert found.columns.items() >= expected.items()


def test_columns_without_names_are_known_by_their_values() -> None:
    rows = shop()
    fields = list(rows[0])
    random.Random(3).shuffle(fields)  # noqa: S311  (an order, no secret)
    names = {field: f"column {number}" for number, field in enumerate(fields, start=1)}
    found = guess_columns(list(names.values()), block(*[{names[k]: v for k, v in row.items()} for row in rows]))
    assert found.columns == names


def test_foreign_names_are_known_by_their_values() -> None:
    rows = [{f"xq{field[::-1]}z": value for field, value in row.items()} for row in shop()]
    found = guess_columns(list(rows[0]), block(*rows))
    expected = {field: f"xq{field[::-1]}z" for field in ("title", "price", "url", "image_url", "gtin", "raw_category")}
    assert found.columns.items() >= expected.items()
    assert all(found.scores[field] < 0.5 for field in expected)


def test_positions_of_a_file_without_header() -> None:
    row = [
        "13885", "T-shirt", "SKU-1", "Sale", "Women~~All", "https://click.example/1", "https://img.example/1.jpg", "",
        "A T-shirt", "A T-shirt of cotton", "", "amount", "66.00", "95.00", "", "", "Acme", "", "", "MPN-1", "", "",
        "in-stock", gtin(360762196097), "60", "EUR", "", "https://ad.example/p", "", "", "", "",
    ]  # fmt: skip
    names = [f"column {number}" for number in range(1, len(row) + 1)]
    found = guess_columns(names, block(dict(zip(names, row, strict=True))))
    assert found.evidence is not None
    assert found.evidence.network is not None
    assert found.evidence.network.name == "Rakuten"
    wanted = {"id": 3, "title": 2, "url": 6, "image_url": 7, "price": 14, "brand": 17, "gtin": 24, "currency": 26}
    assert found.columns.items() >= {field: f"column {place}" for field, place in wanted.items()}.items()
    assert found.why["title"] == 'Rakuten column "product name" by its place'


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (
            "title,image_link,additional_image_link_1,additional_image_link_2",
            ("additional_image_link_1", "additional_image_link_2"),
        ),
        ("title,Image 1,Image 2,Image 3", ("Image 2", "Image 3")),
        ("title,image_url,alternate_image", "alternate_image"),
        ("title,image_url,image_256", None),
        ("title,extra_Bild,extra_Bild2", "extra_Bild2"),
    ],
)
def test_further_pictures(header: str, expected: str | tuple[str, ...] | None) -> None:
    assert guess_columns(header.split(","), block()).columns.get("image_urls") == expected


def test_a_column_of_lists_gives_all_pictures() -> None:
    rows = block({"title": "Hat", "image": '["https://a.example/1.jpg","https://a.example/2.jpg"]'})
    found = guess_columns(["title", "image"], rows)
    assert found.columns["image_url"] == found.columns["image_urls"] == "image"


def test_given_columns_win_and_are_not_used_twice() -> None:
    found = map_columns(["id", "name", "title"], block(), feed(title="name", brand="title"), "f.csv")
    assert found.columns == {"id": "id", "title": "name", "brand": "title"}
    assert found.why["title"] == "given in feeds.columns"
    assert found.scores["title"] == 1.0


def test_several_columns_can_be_given() -> None:
    header = ["id", "title", "level 1", "level 2"]
    found = map_columns(header, block(), feed(raw_category=("level 1", "level 2")), "f.csv")
    assert found.columns["raw_category"] == ("level 1", "level 2")
    with pytest.raises(ValueError, match="title takes one column"):
        feed(title=("a", "b"))


def test_a_field_can_be_switched_off() -> None:
    found = find_columns(["id", "title"], block(), feed(id=""), "f.csv")
    assert map_columns(["id", "title"], block(), feed(id=""), "f.csv") == found
    assert not found.has_id
    assert found.left_over == ["id"]


def test_given_column_that_does_not_exist() -> None:
    with pytest.raises(FeedError) as caught:
        map_columns(["id", "name"], block(), feed(title="nme"), "f.csv")
    assert 'f.csv: no column "nme"' in str(caught.value)
    assert 'did you mean "name"?' in str(caught.value)
    assert "columns: id, name" in str(caught.value)


def test_no_title() -> None:
    with pytest.raises(FeedError) as caught:
        map_columns(["a", "title"], block({"a": "1", "title": "4711"}), feed(), "f.csv")
    assert "f.csv: no column found for the title" in str(caught.value)
    assert '[feeds.columns] title = "..."' in str(caught.value)
    assert '"title" holds numbers' in str(caught.value)
    assert "columns: a, title" in str(caught.value)
    assert find_columns(["a", "b"], block(), feed(), "f.csv").columns == {}


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(40)), st.integers(20, 40))
def test_names_keep_their_fields_whatever_rows_come_first(order: list[int], rows: int) -> None:
    made = [{f"product_{field}": value for field, value in row.items()} for row in shop()]
    header = list(made[0])
    first = guess_columns(header, block(*made))
    assert guess_columns(header, block(*[made[place] for place in order[:rows]])).columns == first.columns


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.text(max_size=20), st.lists(st.none() | st.text(max_size=30), min_size=3, max_size=3), max_size=8
    )
)
def test_any_names_and_values_give_a_map(columns: dict[str, list[str | None]]) -> None:
    cells = pa.RecordBatch.from_arrays([pa.array(each, pa.string()) for each in columns.values()], list(columns))
    lines = pa.array(range(3), pa.int64())
    found = guess_columns(list(columns), Block(cells, lines, pa.array([""] * 3)))
    assert {c for each in found.columns.values() for c in columns_of(each)} <= set(columns)
    assert found == guess_columns(list(columns), Block(cells, lines, pa.array([""] * 3)))


def test_rows_are_gathered_however_the_file_is_cut() -> None:
    from shelver.feeds.rows import Reader

    rows = [RawRow(number, {"a": str(number)}, "{}") for number in range(10)]
    for size in (1, 3, 10):
        blocks = [Block.of(rows[start : start + size], ["a"]) for start in range(0, 10, size)]
        reader = Reader("f.csv", ("a",), iter(blocks))
        first = reader.first_rows(7)
        assert first.column("a").to_pylist() == [str(number) for number in range(7)]
        assert [row for each in reader.batches for row in each.rows()] == rows
    assert len(Reader("f.csv", ("a",), iter(())).first_rows(7)) == 0


def test_files_of_one_delivery_are_read_alike(tmp_path) -> None:
    from shelver.feeds.ingest import read_products
    from shelver.files import Files

    (tmp_path / "1.csv").write_text("id,title,name\n1,Red hat,Acme\n")
    (tmp_path / "2.csv").write_text("id,title,name\n2,,Acme\n3,Blue hat,Acme\n")
    made = read_products(Files(tmp_path), Feed(name="shop", path="*.csv", max_rejects=1.0))
    titles = [title for products, _ in made for title in products.column("title").to_pylist()]
    assert titles == ["Red hat", "Blue hat"]
