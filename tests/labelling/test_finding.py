from __future__ import annotations

import pytest

from shelver.catalogue import tree_from_paths
from shelver.labelling.finding import find_categories

TREE = tree_from_paths(
    [("Shoes", "Boots", "Rain boots"), ("Shoes", "Boots"), ("Shoes", "Sandals"), ("Toys", "Boots"), ("Kids", "Shoes")]
)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("sandals", ["Shoes > Sandals"]),
        ("SHOES > sandals", ["Shoes > Sandals"]),
        ("san", ["Shoes > Sandals"]),
        ("rain", ["Shoes > Boots > Rain boots"]),
        ("toys boots", ["Toys > Boots"]),
        ("sandels", ["Shoes > Sandals"]),  # no word has it: names spelt alike
        ("boots sho", ["Shoes > Boots > Rain boots"]),  # "Shoes > Boots" itself has a category below it
        ("nothing at all", []),
        ("  ", []),
    ],
)
def test_words(words: str, found: list[str]) -> None:
    assert [str(category) for category in find_categories(TREE, words)] == found


def test_an_id_is_found() -> None:
    wanted = TREE.exclusive[0]
    assert find_categories(TREE, wanted.category_id) == [wanted]


def test_names_count_more_than_what_is_above() -> None:
    tree = tree_from_paths([("Boots", "Care"), ("Shoes", "Boots"), ("Shoes", "Boots for rain")])
    assert [str(found) for found in find_categories(tree, "boo")] == [
        "Shoes > Boots", "Shoes > Boots for rain", "Boots > Care",
    ]  # fmt: skip
    assert len(find_categories(tree, "boo", limit=2)) == 2
