"""The table of names and networks is sound."""

import pytest

from shelver.config import FIELDS
from shelver.feeds.column_names import name_words, normalise, says_nothing, spellings
from shelver.feeds.networks import table


def test_every_field_has_names() -> None:
    assert tuple(table().fields) == FIELDS
    assert all(names.ranks for names in table().fields.values())


def test_names_are_normalised_and_in_one_field() -> None:
    several = {"image_url", "image_urls"}  # a column "images" is either
    for name, fields in table().by_name.items():
        assert normalise(name) == name
        owners = {field for field, _ in fields}
        assert len(owners) == 1 or owners == several, (name, owners)


def test_no_word_is_of_a_field_and_of_something_else() -> None:
    known = table()
    for field, names in known.fields.items():
        assert not names.words & known.other, field
        assert not names.words & known.neutral, field
        assert not names.beside & known.neutral, field


@pytest.mark.parametrize("network", table().networks, ids=lambda network: network.name)
def test_networks_are_sound(network) -> None:
    assert set(network.fields) <= set(FIELDS)
    known = frozenset(column for ranks in network.fields.values() for column in ranks)
    assert not known & network.other
    assert network.signatures
    positions = set(map(normalise, network.positions))
    assert len(positions) == len(network.positions)
    assert set(map(normalise, network.needs)) <= positions & known
    assert "title" in network.fields


@pytest.mark.parametrize("network", table().networks, ids=lambda network: network.name)
def test_a_header_of_all_its_columns_is_of_the_network(network) -> None:
    header = sorted({column for ranks in network.fields.values() for column in ranks} | network.other)
    signature = [column for columns in network.signatures for column in columns]
    found = table().recognise([*header, *signature])
    assert found is not None
    assert found.name == network.name


def test_headers_of_no_network() -> None:
    assert table().recognise(["id", "title", "brand", "price"]) is None
    assert table().recognise([]) is None


def test_words_of_names() -> None:
    assert name_words("merchant_product_category_path") == ("merchant", "product", "category", "path")
    assert name_words("ImageURL50by50") == ("image", "url", "50", "by", "50")
    assert list(spellings("référence interne")) == ["referenceinterne", "rfrenceinterne"]
    assert [says_nothing(name) for name in ("column 12", "", "Unnamed: 3", "_c7", "Color", "colour")] == [True] * 4 + [
        False
    ] * 2
