import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.rules.fold import fold, is_word, tidy
from shelver.rules.patterns import Pattern, parse_pattern


@given(st.text())
def test_folding_keeps_every_position_and_is_done_once(text):
    assert len(fold(text)) == len(text)
    assert fold(fold(text)) == fold(text)


def test_every_character_folds_to_one_character_that_stays():
    for code in range(0x30000):
        folded = fold(chr(code))
        assert len(folded) == 1, hex(code)
        assert fold(folded) == folded, hex(code)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Café Crème", "cafe creme"),
        ("ÅNGSTRÖM ŁÓDŹ Øl", "angstrom lodz ol"),
        ("a\tb\nc\u00a0d\x00e", "a b c d e"),
        ("İstanbul", "istanbul"),
        ("Straße", "straße"),
        ("Ａ１ ｍ²", "a1 m2"),
        ("が ガ", "が ガ"),
        ("Ёлка", "елка"),
    ],
)
def test_fold(text, folded):
    assert fold(text) == folded


def test_tidy_joins_spaces_and_drops_separate_accents():
    assert tidy("  " + unicodedata.normalize("NFD", "Café") + "\n\tCrème ") == "cafe creme"


def test_words_are_letters_digits_and_vowel_signs():
    assert all(map(is_word, "aZ7éжか中ि"))
    assert not any(map(is_word, " -_&.\ufe0f\n"))


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("Sandal", Pattern("sandal")),
        (" flip   flop ", Pattern("flip flop")),
        ("trouser*", Pattern("trouser", open_end=True)),
        ("*Ware", Pattern("ware", open_start=True)),
        ("*ear*", Pattern("ear", open_start=True, open_end=True)),
        ("t-shirt", Pattern("t-shirt")),
    ],
)
def test_patterns(text, pattern):
    assert parse_pattern(text) == pattern


@pytest.mark.parametrize("text", ["", " ", "*", "**", "* *"])
def test_empty_patterns(text):
    with pytest.raises(ValueError, match="empty pattern"):
        parse_pattern(text)


@pytest.mark.parametrize("text", ["a*b", "**a", "a**"])
def test_stars_inside(text):
    with pytest.raises(ValueError, match="star inside"):
        parse_pattern(text)
