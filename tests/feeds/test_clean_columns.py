"""Cleaning a column gives exactly what cleaning each of its values gives, and clean values stay as they are."""

from __future__ import annotations

import pyarrow as pa
import pytest
from ftfy.badness import MOJIBAKE_CATEGORIES, is_bad
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shelver.errors import Reject
from shelver.feeds.answers import Noted
from shelver.feeds.clean import CLEANERS, clean_urls, is_url
from shelver.feeds.columnar import FEW, Notes, clean_column, note_lists
from shelver.feeds.mojibake import _expanded, suspect
from shelver.feeds.picture_urls import picture_urls
from shelver.feeds.price import Price, parse_price
from shelver.feeds.price_column import parse_prices

MOJIBAKE = sorted(sign for signs in MOJIBAKE_CATEGORIES.values() for sign in _expanded(signs))
WEIRD = [
    "e\u0301", "\u0301", "\u1112\u1161", "각", "\u00a0", "\u200b", "\u200d", "\ufe0f", "\u2028", "\x85", "\x1f",
    "\x00", "\x7f",
    "\u3000", "ﬁ", "Ａ", "İ", "ſ", "K", "\u00ad", "👩‍👧", "🇩🇪", "\U000e0041", "\ufffd", "Ã©", "â€™", "Â ", "œ", "Ã",
    "à²", "ß",
    "éé", "Ω", "Привет", "вЂ™", "מ", "ไทย", "\u0e33", "नि", "＞", "»", "“x”", "°", "Ø5", "×²",
]  # fmt: skip
PIECES = [
    "a", "Shoe", "N/A", "null", "-", "--", "n/a", " ", "  ", "\n", "\t", "<b>", "</b>", "<M>", "<br/>", "<", ">",
    "&amp;", "&",
    "&lt;", "&#39;", "&copy", "&notebook", "<!--", "-->", "<![CDATA[", "]]>", "<script>", "</script>", ",", ";", "|",
    "/", "//",
    " / ", " > ", ">", "->", "=>", "::", "\\", "[", "]", '"', "'", "http://a", "https://a/b", "HTTPS://A", "//c",
    "www.d", "%20", "1", "0",
    "12.99", "1,5", "€", "EUR", "$", "kr", "TV", "Video", "men", "Damen", "in stock", "no", "4006381333931",
    "96385074", "00000000",
    "0306406152", "978", "X", ".", "-", "USD", "1.299", "k", "\x1f",
]  # fmt: skip
TEXT = st.none() | st.text(max_size=12) | st.lists(st.sampled_from(PIECES + WEIRD), max_size=6).map("".join)
COLUMN = st.lists(TEXT | st.text(st.sampled_from(MOJIBAKE + list("aA. ")), max_size=5), max_size=8)


def one_by_one(values: list[str | None], name: str) -> tuple[list[str | None], list[list[str]]]:
    clean, notes = [], []
    for value in values:
        found = None if value is None else CLEANERS[name].clean(value)
        notes.append([f"{name}: {found.reason}"] if isinstance(found, Reject | Noted) else [])
        clean.append(found.value if isinstance(found, Noted) else None if isinstance(found, Reject) else found)
    return clean, notes


def lists_of(notes: list[Notes | None], rows: int) -> list[list[str]]:
    found: list[list[str]] = note_lists(notes, rows).to_pylist()
    return found


@pytest.mark.parametrize("name", CLEANERS)
@settings(max_examples=100, deadline=None)
@given(COLUMN)
@example(
    [
        "Ã©",
        "œ ",
        "a&notebook",
        "x  y",
        "A > B",
        "a,b > c",
        "-",
        "n/A",
        "1 > null",
        ",",
        "a > =",
        "a::b;c::d",
        "ab\u0301",
        "각",
        "ไทย",
    ]
)
@example(["4006381333931", "4006381333932", "96385074", "00000000", "036000291452", "14006381333938", "400638133393a"])
@example(
    ["https://a/b?x=1,2", "https://a,https://b", "https://a&amp;b", "https://a;", "https://" + "a" * 5000, "http://"]
)
@example(["EUR", "eur", "ZZZ", "in_stock", "men", "Men", "unknown"])
def test_a_column_is_cleaned_as_its_values_are(name: str, values: list[str | None]) -> None:
    expected = one_by_one(values, name)
    for more in (0, FEW):  # few values are all cleaned, of many those that may be dirty
        column = pa.array([*values, *["Hats"] * more], pa.string())
        found, notes = clean_column(column, CLEANERS[name], name)
        told = lists_of([notes], len(column))
        assert (found.to_pylist()[: len(values)], told[: len(values)]) == expected


@pytest.mark.parametrize("name", CLEANERS)
@settings(max_examples=100, deadline=None)
@given(TEXT)
@example("x::;::y")
@example("a::b;c::d")
@example("Â>0")
def test_cleaning_a_clean_value_changes_nothing(name: str, text: str | None) -> None:
    clean = one_by_one([text], name)[0][0]
    assert one_by_one([clean], name) == ([clean], [[]])


@settings(max_examples=500, deadline=None)
@given(st.text(st.sampled_from(MOJIBAKE + list("aA. \n"))) | st.text())
def test_what_ftfy_finds_bad_is_suspect(text: str) -> None:
    assert suspect(text) or not is_bad(text)


def test_every_pair_and_triple_of_signs_that_ftfy_finds_bad_is_suspect() -> None:
    around = [("", ""), ("a", "b"), ("A ", " "), (" ", "")]
    bad = [a + b for a in MOJIBAKE for b in MOJIBAKE if not suspect(a + b)]
    assert len(bad) > 1000
    for before, after in around:
        assert not [pair for pair in bad if is_bad(before + pair + after)]


NUMBER = st.sampled_from(
    ["12", "12.99", "12,9", "1.299", "1299,00", "0.5", "099", "1'299.50", "99999999999", "٣", "12.999,5"]
)
BETWEEN = st.sampled_from(["", " ", "  ", "-", " - ", "/"])
UNIT = st.sampled_from(["EUR", "€", "XXX", "KWD", "usd", "12", "kr"])
CENTS = st.floats(0, 1e9).map(lambda value: f"{value:.2f}")
PRICE = TEXT | NUMBER | st.tuples(NUMBER, BETWEEN, UNIT).map("".join) | CENTS
CURRENCY = st.sampled_from([None, "EUR", "USD", "KWD"])


@settings(max_examples=500, deadline=None)
@given(st.lists(st.tuples(PRICE, CURRENCY), max_size=8), st.sampled_from(["auto", ".", ","]))
def test_prices_of_a_column_are_read_as_single_ones(rows: list[tuple[str | None, str | None]], decimal: str) -> None:
    texts, currencies = [text for text, _ in rows], [currency for _, currency in rows]
    values, units, notes = parse_prices(pa.array(texts, pa.string()), pa.array(currencies, pa.string()), decimal)
    told = lists_of(list(notes), len(rows))
    for row, (text, currency) in enumerate(rows):
        price = parse_price(text, currency, decimal)
        if isinstance(price, Price):
            assert (values[row].as_py(), units[row].as_py()) == (price.value, price.currency)
            assert any(note.startswith("price: ") for note in told[row]) == bool(price.note)
            differs = bool(currency) and price.currency != currency
            assert any(note.startswith("currency: ") for note in told[row]) == differs
        else:
            assert (values[row].as_py(), units[row].as_py()) == (None, currency)
            assert told[row] == ([str(price)] if price else [])


ADDRESSES = st.lists(st.sampled_from(["https://a/1", "https://a/2", "https://b/3", "x.jpg", ""]), max_size=4)
CELL = TEXT | st.tuples(ADDRESSES, st.sampled_from([",", " ", ";", "|", ", ", "\n"])).map(
    lambda each: each[1].join(each[0])
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(CELL, CELL), max_size=8))
def test_pictures_of_two_columns_are_those_of_single_cells(rows: list[tuple[str | None, str | None]]) -> None:
    first, more = (pa.array([row[at] for row in rows] * FEW, pa.string()) for at in (0, 1))
    lists, best, notes = picture_urls(first, more, is_url)
    expected = []
    for row in rows:
        found = [clean_urls(cell) for cell in row]
        expected.append(list(dict.fromkeys(url for each in found if isinstance(each, list) for url in each)))
    assert lists.to_pylist() == expected * FEW
    assert best.to_pylist() == [each[0] if each else None for each in expected] * FEW
    refused = [isinstance(clean_urls(cell), Reject) for row in rows for cell in row]
    assert sum(len(each.rows) for each in notes) == sum(refused) * FEW
