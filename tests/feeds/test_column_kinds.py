"""Kinds of headers and values that the guess of columns must understand; each was once a miss in a format unseen."""

import pytest

from shelver.feeds.column_names import name_words, split_compound, without_locale
from shelver.feeds.columns import ColumnMap, guess_columns
from shelver.feeds.csv_header import find_header
from shelver.feeds.networks import table
from shelver.feeds.rows import Block, RawRow


def block(*rows: dict[str, str]) -> Block:
    return Block.of([RawRow(line, dict(values), "") for line, values in enumerate(rows, start=2)])


def by_name(header: str) -> dict[str, str | tuple[str, ...]]:
    return guess_columns(header.split(";"), block()).columns


def by_rows(rows: list[dict[str, str]]) -> ColumnMap:
    return guess_columns(list(rows[0]), block(*rows))


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("Код_товару;Назва_позиції;Ціна;Валюта;Наявність;Виробник", "id title price currency availability brand"),
        ("Cikkszám;Termék neve;Bruttó ár;Gyártó;Vonalkód;Szín", "id title price brand gtin colour"),
        ("Cod produs;Denumire produs;Pret;Producător;Stare stoc", "id title price brand availability"),
        ("상품명;판매가;브랜드;카테고리;상품URL;바코드", "title price brand category url gtin"),
        (
            "商品名;価格;ブランド名;カテゴリ名;商品画像URL;商品説明文",
            "title price brand category image_url description",
        ),
        ("商品名称;价格;分类;商品链接;图片链接;店铺", "title price category url image_url merchant"),
        ("اسم المنتج;سعر البيع;التصنيف;وصف المنتج", "title price category description"),
        ("Ürün Adı;Marka;Ürün Rengi;Beden;Para Birimi", "title brand colour size currency"),
        ("šifra;naziv;cijena;marka;barkod", "id title price brand gtin"),
    ],
)
def test_languages(header: str, columns: str) -> None:
    assert by_name(header) == dict(zip(columns.split(), header.split(";"), strict=True))


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("productafbeelding", "image_url"),
        ("url productafbeelding", "image_url"),
        ("prijs artikel", "price"),
        ("Status stock", "availability"),
        ("Categories (x,y,z...)", "category"),
        ("product.price.amount", "price"),
        ("pf_title", "title"),
        ("attr:kleur", "colour"),
        ("price_eur", "price"),
        ("offers.0.price", "price"),
        ("artikelnummer fabrikant", "mpn"),
        ("Hersteller-Code", "mpn"),
        ("Цена, руб.*", "price"),
        ("название цвета", "colour"),
    ],
)
def test_names_made_of_known_words(column: str, field: str) -> None:
    assert by_name(column).get(field, by_name(column).get("raw_category")) == column


def test_a_language_at_the_end_does_not_matter_but_the_bare_name_comes_first() -> None:
    assert by_name("title_en;title_de")["title"] == "title_en"
    assert by_name("name(en-gb)")["title"] == "name(en-gb)"
    assert by_name("title_de;title")["title"] == "title"
    assert without_locale(("en", "gb")) == ("en",)


def test_compounds_are_cut_only_into_known_words() -> None:
    parts = table().parts
    assert split_compound("productbeschrijving", parts) in {("productbeschrijving",), ("product", "beschrijving")}
    assert split_compound("produktpreis", parts) == ("produkt", "preis")
    assert split_compound("verfugbarkeit", parts) == ("verfugbarkeit",)
    assert split_compound("pricetic", parts) == ("pricetic",)
    assert name_words("商品画像URL") == ("商品画像", "url")


@pytest.mark.parametrize(
    ("header", "price"),
    [
        ("LIST_PRICE;PRICE_VAT", "PRICE_VAT"),
        ("wholesale price;price tax excluded", "price tax excluded"),
        ("nettó ár;bruttó ár", "bruttó ár"),
        ("price excl. tax;price incl. tax", "price incl. tax"),
        ("retail_price;discounted_price", "discounted_price"),
        ("Piyasa Satış Fiyatı (KDV Dahil);Satılacak Fiyat (KDV Dahil)", "Satılacak Fiyat (KDV Dahil)"),
        ("purchase_price;Start price", "Start price"),
    ],
)
def test_which_price(header: str, price: str) -> None:
    rows = [dict.fromkeys(header.split(";"), f"{number}.90") for number in range(20, 60)]
    assert by_rows(rows).columns["price"] == price


@pytest.mark.parametrize("column", ["wholesale price", "Einkaufspreis", "unit price", "price_start_date", "old price"])
def test_no_price(column: str) -> None:
    assert (
        "price" not in by_rows([{column: f"{number}.90", "title": f"Red hat {number}"} for number in range(30)]).columns
    )


def test_a_price_that_most_rows_lack_comes_last() -> None:
    rows = [{"sale_price": "", "regular_price": f"{n}.50"} for n in range(30)] + [
        {"sale_price": "9.50", "regular_price": "1.5"}
    ]
    assert by_rows(rows).columns["price"] == "regular_price"


def test_a_type_that_is_always_the_same_is_no_category() -> None:
    rows = [{"title": f"Red hat {n}", "type": "simple", "category": ("Hats", "Caps")[n % 2]} for n in range(30)]
    assert "raw_category" not in by_rows(rows).columns
    rows = [{"title": f"Red hat {n}", "type": ("Hats", "Caps")[n % 2]} for n in range(30)]
    assert by_rows(rows).columns["raw_category"] == "type"


def test_flags_are_no_item_groups_or_merchants() -> None:
    rows = [
        {"id": f"1{n:04}", "title": f"Red hat {n}", "custom": "1", "store": ("true", "false")[n % 2]} for n in range(40)
    ]
    assert by_rows(rows).columns == {"id": "id", "title": "title"}


def test_schema_org_says_what_is_available() -> None:
    rows = [{"name": f"Hat {n}", "offers.availability": "https://schema.org/InStock"} for n in range(9)]
    assert by_rows(rows).columns["availability"] == "offers.availability"


def test_pictures_under_a_name_for_addresses() -> None:
    rows = [
        {"title": f"Hat {n}", "main.url": f"https://img.example/{n}.jpg", "url": f"https://a.example/{n}"}
        for n in range(9)
    ]
    assert by_rows(rows).columns == {"title": "title", "url": "url", "image_url": "main.url"}


def test_a_short_description_is_the_title_of_what_has_no_other() -> None:
    rows = [{"codice": f"A{n}", "descrizione": f"Vite zincata M{n} x {n + 9}", "prezzo": f"{n},50"} for n in range(30)]
    found = by_rows(rows)
    assert found.columns == {"id": "codice", "title": "descrizione", "price": "prezzo"}
    assert "no other title" in found.why["title"]
    assert by_rows([row | {"nome": f"Vite M{n}"} for n, row in enumerate(rows)]).columns["description"] == "descrizione"


TREE = [
    ("Home", "Light", "Lamps"),
    ("Home", "Light", "Bulbs"),
    ("Home", "Beds", "Pillows"),
    ("Clothes", "Shoes", "Boots"),
]


@pytest.mark.parametrize(
    "names",
    [
        ("category_level_1", "category_level_2", "category_level_3"),
        ("cat1", "cat2", "cat3"),
        ("categoryid1", "categoryid2", "categoryid3"),
        ("categorie_niveau_1", "categorie_niveau_2", "categorie_niveau_3"),
        ("category_name0", "category_name1", "category_name2"),
        ("Category", "Category 2", "Category 3"),
    ],
)
def test_levels_of_a_tree_are_put_together(names: tuple[str, ...]) -> None:
    rows = [{"title": f"Thing {n}"} | dict(zip(names, TREE[n % 4], strict=True)) for n in range(40)]
    found = by_rows(rows)
    assert found.columns["raw_category"] == names
    assert found.why["raw_category"] == "3 levels of categories, each below the one before"
    assert "category" not in found.columns


def test_what_is_no_tree_stays_apart() -> None:
    mixed = [
        ("Home", "Light"),
        ("Clothes", "Light"),
        ("Sale", "Light"),
        ("Home", "Beds"),
        ("Clothes", "Beds"),
        ("Sale", "Beds"),
    ]
    rows = [dict(zip(("cat1", "cat2"), mixed[n % 6], strict=True)) | {"title": f"Thing {n}"} for n in range(60)]
    assert by_rows(rows).columns.get("raw_category") != ("cat1", "cat2")
    paths = [{"title": f"Thing {n}", "category_1": "A > B", "category_2": "A > C"} for n in range(20)]
    assert by_rows(paths).columns.get("raw_category") != ("category_1", "category_2")
    gap = [{"title": f"Thing {n}", "cat1": "Home", "cat3": "Lamps"} for n in range(20)]
    assert by_rows(gap).columns.get("raw_category") != ("cat1", "cat3")


def test_names_for_machines_below_names_for_people() -> None:
    people = ["Seller SKU", "Brand Name", "Product Name", "Price"]
    machines = ["item_sku", "brand_name", "item_name", "standard_price"]
    data = ["a_1", "acme", "hat", "5"]
    assert find_header([people, machines, data], 4) == (1, True)
    assert find_header([machines, data, data], 4) == (0, True)
    assert find_header([people, ["red_hat", "blue_cap", "a_b", "c"], data], 4) == (0, True)


def test_remarks_above_the_names() -> None:
    remarks = ["# Required | A unique id, up to 100 signs", "# Required | A title", "# Required | Image", "# Optional"]
    machines = ["id", "title", "image_link", "item_group_id"]
    assert find_header([remarks, machines, ["1", "Hat", "https://a.example/1.jpg", ""]], 4) == (1, True)


def nameless(rows: list[dict[str, str]]) -> dict[str, str]:
    """What is found if the columns have no names, by their old names."""
    names = {f"c{number}": name for number, name in enumerate(rows[0], start=1)}
    found = guess_columns(list(names), block(*[dict(zip(names, row.values(), strict=True)) for row in rows]))
    return {field: names[column] for field, column in found.columns.items() if isinstance(column, str)}


def test_values_alone_titles_that_variants_share() -> None:
    rows = [{"t": f"Acme solar cable {n // 3} metres black", "n": str(n)} for n in range(90)]
    assert nameless(rows)["title"] == "t"


def test_values_alone_ids_of_products_with_further_rows() -> None:
    rows = []
    for n in range(30):
        rows += [{"h": f"red-hat-{n}", "t": f"Red hat number {n}"}, {"h": f"red-hat-{n}", "t": ""}]
    assert nameless(rows) == {"title": "t", "id": "h"}


def test_values_alone_prices_with_any_decimals() -> None:
    rows = [{"t": f"Red hat number {n}", "p": f"{n * 3 + 12}.{n % 10}"} for n in range(40)]
    assert nameless(rows)["price"] == "p"


def test_values_alone_leaves_of_a_tree() -> None:
    rows = [
        {
            "t": f"Acme {('leather boot', 'wool hat', 'rain jacket')[n % 3]} {n}",
            "k": ("Boots", "Hats", "Jackets")[n % 3],
        }
        for n in range(60)
    ]
    assert nameless(rows)["raw_category"] == "k"


def test_values_alone_lists_are_no_titles() -> None:
    rows = [{"tags": f"hat, red, wool {n}, winter", "t": f"Warm hat number {n}"} for n in range(40)]
    assert nameless(rows)["title"] == "t"
