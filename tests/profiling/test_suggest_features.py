"""Suggested kinds and sizes: the cases of the thesis, and blocks that shelver.toml accepts."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from profiles import part_of

from shelver.config import Config
from shelver.profiling.proposal import features_block
from shelver.profiling.suggest import Suggestion, delimiters, dims_for, suggest
from shelver.tomlfile import parse

N = 6000


def made(rows=N, **columns):
    part = part_of(rows, **{"title": lambda row: f"product number {row}", **columns})
    return {found.name: found for found in suggest(part)}


def test_paths_in_several_notations_become_text_with_the_reason():
    marks = [" > ", "//", " | "]

    def path(row):
        number = row % 2000
        return marks[number % 3].join([f"Top{number % 7}", f"Middle{number % 50}", f"Leaf{number}"])

    found = made(raw_category=path)["raw_category"]
    assert found.kind == "text"
    assert "2,000 different paths, 3 delimiters (> // |)" in found.reason


def test_few_values_that_come_back_are_categorical():
    found = made(gender=lambda row: ["women", "men", "unisex"][row % 3], brand=lambda row: f"brand {row % 950}")
    assert (found["gender"].kind, found["gender"].settings) == ("categorical", {"max_values": 0, "dims": 2})
    assert found["gender"].reason == "3 values, 2,000 products each on average"
    assert found["brand"].kind == "categorical"
    assert found["brand"].settings["dims"] == 6


def test_values_that_hardly_come_back_become_text():
    found = made(brand=lambda row: f"Brand{row // 2}")["brand"]
    assert found.kind == "text"
    assert "2.0 products each" in found.reason


def test_a_long_tail_is_cut_where_most_products_are_covered():
    found = made(brand=lambda row: f"big {row % 20}" if row % 25 else f"small {row}")["brand"]
    assert (found.kind, found.settings["max_values"]) == ("categorical", 20)
    assert found.reason == "20 of 260 values cover 96% of the products that have one"


def test_vocabularies_cover_most_of_the_text_or_what_occurs_twice():
    frequent = made(description=lambda row: " ".join(f"w{(row * 7 + k) % 1500}" for k in range(12)))["description"]
    assert frequent.settings["max_tokens"] == 2000
    rare = made(description=lambda row: " ".join([*(f"w{k}" for k in range(8)), f"once{row}"]))["description"]
    assert rare.settings["max_tokens"] == 1000
    assert "occur twice or more" in rare.reason


@pytest.mark.parametrize(
    ("columns", "field", "reason"),
    [
        ({}, "brand", "empty"),
        ({"size": lambda row: "XL" if row < 30 else None}, "size", "filled in 0.5% of the products only (30)"),
        ({"colour": lambda row: "red"}, "colour", "always “red”"),
        ({"merchant": lambda row: f"shop {row % 3}"}, "merchant", "learn the shop"),
        ({"gtin": str}, "gtin", "tells products apart"),
        ({"price": lambda row: 5.0}, "price", "always 5"),
    ],
)
def test_what_says_nothing_is_left_out(columns, field, reason):
    found = made(**columns)[field]
    assert found.kind == "leave out"
    assert reason in found.reason


def test_the_encoder_goes_by_the_language():
    assert made(language=lambda row: "en")["text_vector"].settings["encoder"] == "static"
    mixed = made(language=lambda row: "en" if row % 2 else "de")["text_vector"]
    assert mixed.settings["encoder"] == "auto"
    assert mixed.reason == "languages of titles: de 50%, en 50%"


def test_pictures_and_prices_wait_for_a_decision():
    found = made(image_url=lambda row: f"http://x/{row}.jpg", price=float, currency=lambda row: "EUR")
    assert not found["image"].ready
    assert not found["price"].ready
    assert "currencies" not in found["price"].reason
    part = part_of(N, title=lambda row: "a", image_url=lambda row: "u")
    assert next(each for each in suggest(part, pictures=True) if each.name == "image").ready


def test_prices_in_several_currencies_are_said_to_be_so():
    found = made(price=float, currency=lambda row: ["EUR", "SEK"][row % 2])
    assert found["price"].reason.startswith("2 currencies (EUR, SEK)")


def test_the_rule_for_embeddings_agrees_with_the_thesis():
    assert [dims_for(values) for values in (1, 16, 17, 950, 5000)] == [2, 2, 3, 6, 9]


def test_a_few_slashes_in_names_are_no_paths():
    part = part_of(N, raw_category=lambda row: "T-Shirts/Polos" if row % 20 == 0 else f"Shoes {row % 9}")
    assert delimiters(part.column("raw_category")) == []


def test_the_block_is_read_as_it_is_meant():
    found = suggest(
        part_of(
            N, title=lambda row: f"shoe {row}", brand=lambda row: f"b{row % 9}", price=lambda row: row + 0.5,
            description=lambda row: f"one two three four five {row % 100}",
        )
    )  # fmt: skip
    features = parse(features_block(found), Config, "shelver.toml").features
    assert set(features) == {each.name for each in found if each.kind != "leave out" and each.ready}
    for each in found:
        if each.kind != "leave out" and each.ready:
            for key, value in each.settings.items():
                set_to = getattr(features[each.name], key)
                assert (list(set_to) if isinstance(set_to, tuple) else set_to) == value


@given(st.text(max_size=300))
def test_no_word_of_a_feed_can_leave_its_comment(text):
    hostile = Suggestion("colour", "leave out", text), Suggestion("brand", "text", text, {"max_tokens": 5})
    assert tomllib.loads(features_block(hostile)) == {"features": {"brand": {"kind": "text", "max_tokens": 5}}}
