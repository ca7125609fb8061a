from __future__ import annotations

import pytest

from shelver.feeds.clean import clean_availability, clean_gender
from shelver.feeds.clean_words import AVAILABILITY, GENDER, _key


@pytest.mark.parametrize("spellings", [AVAILABILITY, GENDER])
def test_no_spelling_has_two_meanings(spellings: dict[str, tuple[str, ...]]) -> None:
    meant: dict[str, str] = {}
    for meaning, known in spellings.items():
        assert meant.setdefault(_key(meaning), meaning) == meaning
        for spelling in known:
            assert meant.setdefault(_key(spelling), meaning) == meaning, spelling


@pytest.mark.parametrize("meaning", AVAILABILITY)
def test_every_spelling_of_an_availability(meaning: str) -> None:
    for spelling in (meaning, *AVAILABILITY[meaning]):
        assert clean_availability(spelling) == clean_availability(f" {spelling.upper()} ") == meaning


@pytest.mark.parametrize("meaning", GENDER)
def test_every_spelling_of_a_gender(meaning: str) -> None:
    for spelling in (meaning, *GENDER[meaning]):
        assert clean_gender(spelling) == clean_gender(spelling.title()) == meaning


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("http://schema.org/InStock", "in_stock"), ("Nicht verfügbar", "out_of_stock"), ("Épuisé", "out_of_stock"),
        ("12", "in_stock"), ("000", "out_of_stock"), ("2-3 Tage", "2-3 Tage"), ("Ships in a week", "Ships in a week"),
        ("n/a", None), ("", None), (None, None), ("pre-order", "preorder"), ("På lager", "in_stock"),
    ],
)  # fmt: skip
def test_availability(text: str | None, clean: str | None) -> None:
    assert clean_availability(text) == clean


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("WOMEN", "women"), ("Women&#39;s", "women"), ("Mädchen", "girls"), ("Garçon", "boys"), ("Men|Women", "unisex"),
        ("Kids", "Kids"), ("Women Plus Size", "Women Plus Size"), ("h", "h"), ("n/a", None), (None, None),
    ],
)  # fmt: skip
def test_gender(text: str | None, clean: str | None) -> None:
    assert clean_gender(text) == clean
