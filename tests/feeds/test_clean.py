from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.errors import Reject
from shelver.feeds.clean import clean_category, clean_gtin, clean_text, clean_url, clean_value, product_id, tidy
from shelver.feeds.price import Price, clean_currency, parse_price


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (None, None),
        ("", None),
        (" \t\n\u00a0", None),
        ("<p> </p>&nbsp;", None),
        ("<p>Caf&eacute;</p>\n  cr&amp;egrave;me", "Café crème"),
        ("&lt;b&gt;bold&lt;/b&gt; x", "bold x"),
        ("re<b>d</b><br/>shoe", "red shoe"),
        ("a < b and c > d", "a < b and c > d"),
        ("I <3 you, size <M>", "I <3 you, size <M>"),
        ("cut <a href=", "cut"),
        ("<STYLE>p{}</style>hi<!-- c -->you<script>alert('<b>')</script>", "hi you"),
        ("\u200bab\x00c\u00ad\ufeff", "abc"),
        ("e\u0301", "é"),
        ("&#xD800;&#99999999999;a", "\ufffda"),
        ("Fish &amp; Chips & more", "Fish & Chips & more"),
        ("line\r\nfeed\u2028end", "line feed end"),
        ("👩‍👧", "👩‍👧"),
    ],
)
def test_text(text: str | None, clean: str | None) -> None:
    assert clean_text(text) == clean


@given(st.text() | st.text(st.sampled_from("<>&;#x0abp/!- =\"'")))
def test_text_is_tidy(text: str) -> None:
    clean = clean_text(text)
    if clean is not None:
        assert clean == clean.strip() != ""
        assert "  " not in clean
        assert not any(ord(sign) < 32 for sign in clean)
        assert tidy(clean) == clean


@pytest.mark.parametrize(
    "text",
    [
        "<!--" * 30_000, "--><!--" * 20_000, "<a " + "=" * 130_000, "<a" * 60_000, "&#" + "9" * 130_000, "<" * 130_000,
        "," * 130_000, " " * 130_000, "https://a" + ", " * 60_000, "[" * 130_000, "&amp;" * 26_000, "1" * 130_000,
    ],
    ids=range(12),
)  # fmt: skip
def test_no_text_takes_long(text: str) -> None:
    start = time.perf_counter()
    for cleaner in (clean_text, clean_value, clean_category, clean_url, clean_gtin, parse_price, tidy):
        cleaner(text)
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize("text", ["N/A", "nan", "NULL", "None", " - "])
def test_values_that_mean_nothing(text: str) -> None:
    assert clean_value(text) is None
    assert clean_text("None of this") == "None of this"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Men &gt; Shoes", "Men > Shoes"),
        ('["Ropa","Tops"]', "Ropa > Tops"),
        ('[{"name":"Jewelry","url":"https://x"},{"name":"Rings"}]', "Jewelry > Rings"),
        ("[broken", "[broken"),
        ("[]", "[]"),
    ],
)
def test_category(text: str, clean: str) -> None:
    assert clean_category(text) == clean


@pytest.mark.parametrize(
    ("text", "value", "currency"),
    [
        ("1.299,00 €", 1299.0, "EUR"),
        ("EUR 12", 12.0, "EUR"),
        ("12,5", 12.5, None),
        ("$1,299.00", 1299.0, "USD"),
        ("US$ 12", 12.0, "USD"),
        ("A$5", 5.0, "AUD"),
        ("1 299,00 kr", 1299.0, None),
        ("1\u202f299,00 zł", 1299.0, "PLN"),
        ("1'299.00 CHF", 1299.0, "CHF"),
        ("12,-", 12.0, None),
        ("Rs. 1,23,456.00", 123456.0, "INR"),
        ("12.345.678", 12345678.0, None),
        ("1.299", 1299.0, None),
        ("1,299", 1299.0, None),
        ("1.2990", 1.299, None),
        ("0.125", 0.125, None),
        ("1299.000", 1299.0, None),
        ("1.250 KWD", 1.25, "KWD"),
        ("2.794000000000000e+01", 27.94, None),
        ("٣٫٥", 3.5, None),
        ("0", 0.0, None),
        ("12.99EUR", 12.99, "EUR"),
        ("<b>5</b> &euro;", 5.0, "EUR"),
    ],
)
def test_price(text: str, value: float, currency: str | None) -> None:
    assert parse_price(text) == Price(value, currency)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("call us", "no digits in 'call us'"),
        ("-5", "below zero: '-5'"),
        ("€ -5,00", "below zero: '€ -5,00'"),
        ("10 - 20", "more than one number in '10 - 20'"),
        ("2 for 10", "more than one number in '2 for 10'"),
        ("1,2,3", "cannot tell decimals from thousands in '1,2,3'"),
        ("1.2,3.4", "cannot tell decimals from thousands in '1.2,3.4'"),
        ("9" * 20, "more than 1e+12: '99999999999999999999'"),
    ],
)
def test_price_refused(text: str, reason: str) -> None:
    assert parse_price(text) == Reject("price", reason)


def test_price_missing() -> None:
    assert parse_price(None) is parse_price(" ") is parse_price("n/a") is None


def test_currency_column_decides_where_the_sign_is_vague() -> None:
    assert parse_price("$5", "AUD") == Price(5.0, "AUD")
    assert parse_price("5", "EUR") == Price(5.0, "EUR")
    assert parse_price("5 USD", "EUR") == Price(5.0, "USD")
    assert parse_price("1.299", "KWD") == Price(1.299, "KWD")


@given(st.floats(0, 1e9).map(lambda value: round(value, 2)), st.sampled_from(["{:,.2f}", "{:.2f}", "€{:,.2f}"]))
def test_price_round_trip(value: float, form: str) -> None:
    found = parse_price(form.format(value))
    assert isinstance(found, Price)
    assert found.value == value
    german = f"{value:,.2f}".translate(str.maketrans(",.", ".,"))
    found = parse_price(german)
    assert isinstance(found, Price)
    assert found.value == value


@given(st.text())
def test_price_of_any_text_is_a_number_or_refused(text: str) -> None:
    found = parse_price(text)
    assert found is None or isinstance(found, Reject) or 0 <= found.value <= 1e12


@pytest.mark.parametrize(
    ("text", "clean"), [("eur", "EUR"), ("€", "EUR"), (" USD ", "USD"), ("", None), ("zł", "PLN"), ("n/a", None)]
)
def test_currency(text: str, clean: str | None) -> None:
    assert clean_currency(text) == clean


def test_currency_refused() -> None:
    assert clean_currency("beads") == Reject("currency", "not known: 'beads'")


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("4006381333931", "4006381333931"),
        ("400638 1333931", "4006381333931"),
        ("'4006381333931", "4006381333931"),
        ("4006381333931.0", "4006381333931"),
        ("96385074", "96385074"),
        ("36000291452", "036000291452"),
        ("00000000", None),
        ("", None),
    ],
)
def test_gtin(text: str, clean: str | None) -> None:
    assert clean_gtin(text) == clean


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("4006381333932", "wrong check digit"),
        ("123", "3 digits"),
        ("8.71E+12", "changed by a spreadsheet"),
        ("ABC-1", "not only digits"),
        ("٤٠٠٦٣٨١٣٣٣٩٣١", "not only digits"),
    ],
)
def test_gtin_refused(text: str, part: str) -> None:
    found = clean_gtin(text)
    assert isinstance(found, Reject)
    assert part in found.reason


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("https://a.b/x y.jpg", "https://a.b/x%20y.jpg"),
        ("//cdn/x", "https://cdn/x"),
        ("www.a.b", "https://www.a.b"),
        ('["https://a/1","https://a/2"]', "https://a/1"),
        ("https://a/1,https://a/2", "https://a/1"),
        ("https://a/1 | https://a/2", "https://a/1"),
        ("https://a/b?x=1,2&amp;c=3", "https://a/b?x=1,2&c=3"),
        ("", None),
        ("[]", None),
    ],
)
def test_url(text: str, clean: str | None) -> None:
    assert clean_url(text) == clean


@pytest.mark.parametrize("text", ["javascript:alert(1)", "file:///etc/passwd", "a/b.jpg", "https://a/" + "x" * 5000])
def test_url_refused(text: str) -> None:
    assert isinstance(clean_url(text), Reject)


def test_product_id() -> None:
    assert product_id("s", "m", "1") == product_id("s", "m", "1")
    assert len({product_id(*key) for key in [("s", "m", "1"), ("s", None, "1"), ("t", "m", "1"), ("s", "m", "2")]}) == 4
    assert len(product_id("s", None, "1")) == 20
