"""What values look like, one kind at a time."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.feeds.clean import clean_gtin
from shelver.feeds.value_faults import ruled_out, speaks_against
from shelver.feeds.value_signs import CHARS, ROWS, gtins, measure


def signs(*values: str | None):
    return measure(pa.array(values, pa.string()))


@pytest.mark.parametrize(
    ("kind", "yes", "no"),
    [
        ("url", "https://a.example/x //cdn.example/y www.a.example/b", "a.example sandals inapp://x"),
        ("image", "https://a.example/x.jpg m/h/a.JPG https://img.a.example/7 http://a/media/7", "http://a/x jpg"),
        ("money", "12€ €12 1.299,00€ 12.5kr USD12.50 $1,299.00", "12 12.50 SCM017972 FR731 EUR"),
        ("decimal", "12.50 7,99", "12 12.5 12.500"),
        ("date", "2024-01-31 31.01.2024 2024-01-31T10:00:00", "20240131 1.2"),
        ("availability", "in_stock InStock out-of-stock lieferbar", "new true 12"),
        ("gender", "Damen homme female Women/Men f", "adult red"),
        ("colour", "rot navy Schwarz weiß 黒 dark-blue", "new XL"),
        ("size", "S XL 38 42.5 2XL M,L,XL EU42 100D", "rot 12345 sandals"),
        ("language", "en de-DE fr_FR", "rot 12"),
        ("currency", "EUR usd € $", "rot XXQ r kr"),
        ("path", "Shoes>Boots Women|Shoes Shoes//Boots", "Shoes sandals-red"),
        ("slug", "red-leather-sandals a_b_c", "red-sandals Sandals"),
        ("html", "<p>x</p> a&nbsp;b <br/>", "a<b 1>2"),
    ],
)  # fmt: skip
def test_kinds(kind: str, yes: str, no: str) -> None:
    for value in yes.split():
        assert signs(value).of(kind) == 1.0, value
    for value in no.split():
        assert signs(value).of(kind) == 0.0, value


def test_a_text_that_begins_with_an_address_is_none() -> None:
    assert signs("https://a.example is our shop").of("url") == 0.0
    assert signs("https://a.example/1, https://a.example/2").of("url") == 1.0


@pytest.mark.parametrize(
    "value", ["Shoes > Boots > Ankle Boots", "Shoes / Boots", '["Shoes", "Boots"]', "Femme | Robes"]
)
def test_paths_with_blanks(value: str) -> None:
    assert signs(value).of("path") == 1.0


def test_counts() -> None:
    found = signs("red hat", " red  hat ", None, "", "N/A", "blue")
    assert (found.rows, found.filled, found.distinct, found.example) == (6, 3, 2, "red hat")
    assert found.words == pytest.approx(5 / 3)
    assert found.chars == pytest.approx(6)
    assert found.of("colour") == 1.0
    assert found.spread == pytest.approx(2 / 3)


def test_only_so_much_is_looked_at() -> None:
    found = measure(pa.array(["x" * 10_000] * (ROWS + 7)))
    assert (found.rows, found.chars) == (ROWS, CHARS)


def test_nothing_at_all() -> None:
    assert signs().filled == signs(None, "").filled == 0
    assert ruled_out("price", signs(None)) == ""


@given(st.lists(st.one_of(st.text(max_size=16), st.from_regex(r"'?[0-9]{7,15}(\.0)?", fullmatch=True)), max_size=30))
def test_gtins_agree_with_the_cleaner(values: list[str]) -> None:
    for value, digits in zip(values, gtins(pa.array(values, pa.string())).tolist(), strict=True):
        if digits:
            assert isinstance(clean_gtin(value), str), value


def test_gtins_of_all_sizes() -> None:
    values = [
        "96385074",
        "036000291452",
        "36000291452",
        "4006381333931",
        "'4006381333931",
        "14006381333938",
        "4006381333932",
    ]
    assert gtins(pa.array(values)).tolist() == [8, 12, 11, 13, 13, 14, 0]


@pytest.mark.parametrize(
    ("field", "values", "reason"),
    [
        ("title", ("https://a.example",), "holds addresses"),
        ("id", ("7",) * 30, "is the same in every row"),
        ("url", ("no", "address"), "holds no addresses"),
        ("price", ("call us",), "holds no prices"),
        ("price", ("4006381333931",), "holds GTINs"),
        ("currency", ("650",), "holds numbers"),
        ("gender", ("48-50",), "holds digits and no gender"),
        ("brand", ("a " * 40,), "holds long texts"),
    ],
)
def test_ruled_out(field: str, values: tuple[str, ...], reason: str) -> None:
    assert ruled_out(field, signs(*values)) == reason


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("price", "12,90 €"),
        ("price", "ab 12"),
        ("id", "A-1"),
        ("gender", "Kinder"),
        ("category", "4711"),
        ("size", "One size"),
    ],
)
def test_not_ruled_out(field: str, value: str) -> None:
    assert ruled_out(field, signs(value)) == ""


@pytest.mark.parametrize(
    ("field", "values", "reason"),
    [
        ("title", ("Hat",) * 30, "is the same in every row"),
        ("category", ("4711", "12"), "holds numbers instead of names"),
        ("gtin", ("4006381333932",) * 5, "holds wrong check digits"),
        ("brand", (None,), "is empty in the first rows"),
    ],
)
def test_spoken_against(field: str, values: tuple[str | None, ...], reason: str) -> None:
    less, said = speaks_against(field, signs(*values))
    assert said == reason
    assert less > 0
    assert speaks_against(field, signs("Hat of wool")) == (0.0, "")
