from dataclasses import dataclass

import pytest

from shelver.rules import RuleSet, dump_rules, parse_rules, suggest_rules
from shelver.rules.inflect import forms, plural, singular
from shelver.rules.phrases import is_generic, listed, name_phrases, spellings


@dataclass(frozen=True)
class Category:
    category_id: str
    path: tuple[str, ...]
    exclusive: bool = True


def tree(*paths):
    """Leaves are exclusive; the nodes above them are made."""
    leaves = [tuple(path.split(" > ")) for path in paths]
    inner = {leaf[:n] for leaf in leaves for n in range(1, len(leaf))} - set(leaves)
    return [Category(" > ".join(path), path, path in leaves) for path in sorted(inner | set(leaves))]


def suggested(*paths):
    return {rule.category: rule.sentence() for rule in suggest_rules(tree(*paths))}


@pytest.mark.parametrize(
    ("many", "one"),
    [
        ("shoes", "shoe"), ("dresses", "dress"), ("berries", "berry"), ("knives", "knife"), ("chips", "chip"),
        ("cookies", "cookie"), ("watches", "watch"), ("boxes", "box"), ("brushes", "brush"), ("tomatoes", "tomato"),
        ("vases", "vase"), ("gloves", "glove"), ("women", "woman"), ("teeth", "tooth"), ("toys", "toy"),
        ("lenses", "lens"), ("buses", "bus"), ("sizes", "size"), ("tunics", "tunic"), ("photos", "photo"),
        ("pies", "pie"), ("leaves", "leaf"), ("scarves", "scarf"), ("olives", "olive"), ("houses", "house"),
    ],
)  # fmt: skip
def test_inflection_both_ways(many, one):
    assert (singular(many), plural(one)) == (one, many)
    assert singular(one) == one
    assert set(forms(many)) == set(forms(one)) == {many, one}


@pytest.mark.parametrize(
    "word", ["shorts", "jeans", "scissors", "goods", "electronics", "tennis", "footwear", "kurtis"]
)
def test_words_of_one_number(word):
    assert forms(word) == (word,)


def test_words_that_end_in_s_but_are_no_plurals():
    assert forms("glass") == ("glass", "glasses")
    assert [singular(word) for word in ("dress", "cactus", "gas", "bus", "靴")] == [
        "dress",
        "cactus",
        "gas",
        "bus",
        "靴",
    ]


@pytest.mark.parametrize(
    ("name", "phrases"),
    [
        ("Sandals", [("sandals",)]),
        ("Fresh Fruits & Vegetables", [("fresh", "fruits"), ("vegetables",)]),
        ("Camera & Optic Accessories", [("camera", "accessories"), ("optic", "accessories")]),
        ("Salt, Pepper and Spices / Herbs", [("salt",), ("pepper",), ("spices",), ("herbs",)]),
        ("Other Accessories", []),
        ("Miscellaneous", []),
        ("Candy", [("candy",)]),
        ("Men's Shirts", [("men", "shirts")]),
        ("Crème Brûlée", [("creme", "brulee")]),
        ("", []),
    ],
)
def test_what_a_name_lists(name, phrases):
    assert name_phrases(name) == phrases


def test_lists_without_delimiters():
    assert listed(("cookies", "cakes")) == [("cookies",), ("cakes",)]
    assert listed(("hot", "dogs", "bacon", "sausage")) == [("hot", "dogs"), ("bacon", "sausage")]
    assert listed(("energy", "granola", "bars")) == []
    assert listed(("sports", "shoes")) == []


def test_spellings():
    assert spellings(("t-shirts",)) == ["t-shirts", "t-shirt", "t shirts", "tshirts", "t shirt", "tshirt"]
    assert is_generic(("other", "product"))
    assert is_generic(("x", "12"))
    assert not is_generic(("baby", "product"))


def test_a_simple_tree():
    assert suggested("Shoes > Sandals & Flip Flops", "Shoes > Other", "Food > cookies cakes", "Food > Berries") == {
        "Shoes > Sandals & Flip Flops": 'title contains "sandals" or "sandal" or "flip flops" or "flip flop"',
        "Food > cookies cakes": (
            'title contains "cookies cakes" or "cookies cake" or "cookies" or "cookie" or "cakes" or "cake"'
        ),
        "Food > Berries": 'title contains "berries" or "berry"',
    }


def test_a_word_of_several_names_is_no_sign_of_either():
    rules = suggested("Food > cookies cakes", "Party > cakes candles")
    assert '"cake"' not in rules["Food > cookies cakes"]
    assert '"candle"' in rules["Party > cakes candles"]
    assert '"flat"' not in suggested("Food > flat bread", "Food > white bread")["Food > flat bread"]
    assert '"bacon"' in suggested("Food > bacon sausage", "Food > bread")["Food > bacon sausage"]


def test_longer_phrases_of_others_are_excluded():
    rules = suggested("Food > Milk", "Food > Soy Milk", "Food > Chocolate > Milk Chocolate")
    assert rules["Food > Milk"] == (
        'title contains "milk" or "milks" but not "milk chocolate" or "milk chocolates" or "soy milk" or "soy milks"'
    )


def test_shared_names_need_a_word_of_the_ancestor_that_differs_or_are_dropped():
    assert suggested("Men > Shoes > Boots", "Women > Shoes > Boots", "Garden > Shoes") == {
        "Garden > Shoes": 'title contains "shoes" or "shoe"'
    }
    rules = suggested("Dogs > Toys > Balls", "Sport > Toys > Balls")
    assert rules == {
        "Dogs > Toys > Balls": 'title contains "balls" or "ball", and any text contains "dogs" or "dog"',
        "Sport > Toys > Balls": 'title contains "balls" or "ball", and any text contains "sport" or "sports"',
    }


def test_inner_categories_leave_out_what_their_children_name():
    categories = [Category("1", ("Shoes",)), Category("2", ("Shoes", "Running Shoes"))]
    assert [rule.sentence() for rule in suggest_rules(categories)] == [
        'title contains "shoes" or "shoe" but not "running shoes" or "running shoe"',
        'title contains "running shoes" or "running shoe"',
    ]


def test_names_with_delimiters_are_referred_to_by_id():
    rules = suggest_rules([Category("7", ("Home", "Tables/Desks")), Category("8", ("Home",), False)])
    assert [rule.category for rule in rules] == ["7"]


def test_the_same_rules_every_time_and_in_a_file():
    paths = ("A > Sandals", "A > Hats & Caps", "B > Hats", "B > Ice Cream", "B > 日本 茶", "B > ' \"")
    rules = suggest_rules(tree(*paths))
    assert rules == suggest_rules(tree(*paths))
    assert suggest_rules([]) == []
    assert parse_rules(dump_rules(rules)).rules == RuleSet(tuple(rules)).rules
