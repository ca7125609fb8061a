from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.errors import Reject
from shelver.feeds.currencies import DECIMALS, SIGNS, VAGUE, WORDS
from shelver.feeds.price import Price, clean_currency, parse_price


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
        ("12,5 kr", 12.5, None),
        ("12kr", 12.0, None),
        ("12Kč", 12.0, "CZK"),
        ("1'299.50", 1299.5, None),
        ("CHF 1’299.50", 1299.5, "CHF"),
        ("₹1,29,900", 129900.0, "INR"),
        ("ab 12,99 €", 12.99, "EUR"),
        ("à partir de 12,99 €", 12.99, "EUR"),
        ("12.-", 12.0, None),
        ("CHF 12.–", 12.0, "CHF"),
        ("12€50", 12.5, "EUR"),
        (".99", 0.99, None),
        ("$.99", 0.99, "USD"),
        ("Rs.500", 500.0, "INR"),
        ("руб.500", 500.0, "RUB"),
        ("1 299,90 руб.", 1299.9, "RUB"),
        ("۱۲۳٬۴۵۶", 123456.0, None),
        ("१२३.५ ₹", 123.5, "INR"),
        ("１２８０円", 1280.0, "JPY"),
        ("￥1,280", 1280.0, "JPY"),
        ("JPY 1.299", 1299.0, "JPY"),
        ("12,500 د.ك", 12.5, "KWD"),
        ("R$ 1.299,90", 1299.9, "BRL"),
        ("R 1 299.90", 1299.9, "ZAR"),
        ("S/ 129.90", 129.9, "PEN"),
        ("1.299,90 TL", 1299.9, "TRY"),
        ("2 499 Ft", 2499.0, "HUF"),
        ("1 299 Kč", 1299.0, "CZK"),
        ("1.299.000₫", 1299000.0, "VND"),
        ("Rp 129.900", 129900.0, "IDR"),
        ("12.99 GBP (incl. VAT)", 12.99, "GBP"),
        ("12,99 €/kg", 12.99, "EUR"),
        ("FR:::4.49 EUR", 4.49, "EUR"),
        ("Top price: 12.99", 12.99, None),
        ("12 TRY", 12.0, "TRY"),
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
        ("5.00-", "below zero: '5.00-'"),
        ("(5.00)", "below zero: '(5.00)'"),
        ("10 20", "more than one number in '10 20'"),
        ("10 - 20 - 30", "more than one number in '10 - 20 - 30'"),
        ("12,99 € / 100 g", "more than one number in '12,99 € / 100 g'"),
        ("10 EUR - 12 USD", "more than one number in '10 EUR - 12 USD'"),
        ("20%", "a share, not a price: '20%'"),
        ("12⁹⁹", "superscript digits in '12⁹⁹'"),
        ("12½ €", "a fraction in '12½ €'"),
        ("$1.5k", "thousands or millions in '$1.5k'"),
        ("1,5 Mio. €", "thousands or millions in '1,5 Mio. €'"),
        ("3 lakh", "thousands or millions in '3 lakh'"),
        ("2 for 10", "more than one number in '2 for 10'"),
        ("1,2,3", "cannot tell decimals from thousands in '1,2,3'"),
        ("1.2,3.4", "cannot tell decimals from thousands in '1.2,3.4'"),
        ("9" * 20, "more than 1e+12: '99999999999999999999'"),
    ],
)
def test_price_refused(text: str, reason: str) -> None:
    assert parse_price(text) == Reject("price", reason)


@pytest.mark.parametrize(
    ("text", "value", "currency"),
    [
        ("10 - 20", 10.0, None),
        ("$10.00-$20.00", 10.0, "USD"),
        ("USD12.00/USD9.99", 9.99, "USD"),
        ("von 10 bis 20 €", 10.0, "EUR"),
        ("from 10 to 20", 10.0, None),
        ("€1.299,00 – €1.499,00", 1299.0, "EUR"),
    ],
)
def test_of_a_range_the_lower_price_counts(text: str, value: float, currency: str | None) -> None:
    assert parse_price(text) == Price(value, currency, f"the lowest of '{text}'")


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [
        ("1.299", ".", 1.299), ("1.299", ",", 1299.0), ("1,299", ",", 1.299), ("1,299", ".", 1299.0),
        ("12.99", ",", 12.99), ("12,9", ".", 12.9), ("1.299,50", ".", 1299.5), ("0.125", ",", 0.125),
    ],
)  # fmt: skip
def test_the_decimal_sign_of_the_feed_decides_only_where_there_are_two_readings(
    text: str, decimal: str, value: float
) -> None:
    assert parse_price(text, decimal=decimal) == Price(value, None)


def test_currencies_of_signs_are_known_and_words_are_codes() -> None:
    assert set(SIGNS.values()) <= set(DECIMALS)
    assert set(SIGNS) >= VAGUE
    assert set(DECIMALS) >= WORDS
    assert len(DECIMALS) > 150
    assert (DECIMALS["JPY"], DECIMALS["EUR"], DECIMALS["KWD"]) == (0, 2, 3)


@pytest.mark.parametrize("code", sorted(DECIMALS))
def test_every_currency_is_read_by_its_code(code: str) -> None:
    assert parse_price(f"12.50 {code}") == parse_price(f"{code}12.50") == Price(12.5, code)
    assert clean_currency(code.lower()) == code


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
