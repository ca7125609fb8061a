import numpy as np
import pytest
import slow_rules
from hypothesis import given, settings
from hypothesis import strategies as st

from shelver.config import TEXT_FIELDS
from shelver.rules import Matcher, Range, Rule, Words
from shelver.rules.matcher import FIELDS


def run(rules, products):
    texts = {field: [product.get(field) or "" for product in products] for field in TEXT_FIELDS}
    price = np.array([np.nan if product.get("price") is None else product["price"] for product in products], float)
    found = Matcher(rules).match(texts, price)
    columns = (column.tolist() for column in found)
    return [(row, rule, FIELDS[field], start, end) for row, rule, field, start, end in zip(*columns, strict=True)]


def fired(words, *titles, **more):
    hits = run([Rule(category="c", title=words, **more)], [{"title": title} for title in titles])
    return [(titles[row], titles[row][start:end]) for row, _, _, start, end in hits]


@pytest.mark.parametrize(
    ("pattern", "title", "part"),
    [
        ("sandal", "Red SANDAL, 38", "SANDAL"),
        ("sandal", "Red sandals", None),
        ("sandal", "Sandal", "Sandal"),
        ("sandal", "xsandal", None),
        ("sandal", "sandal2", None),
        ("sandal", "(sandal)", "sandal"),
        ("trouser*", "old Trousers!", "Trouser"),
        ("trouser*", "Untrousers", None),
        ("*ware", "Hardware shop", "ware"),
        ("*ware", "wares", None),
        ("*ear*", "hearts", "ear"),
        ("flip flop", "My Flip\u00a0Flop", "Flip\u00a0Flop"),
        ("cafe creme", "Un Café Crème", "Café Crème"),
        ("Café", "a CAFE", "CAFE"),
        ("cafe", slow_rules.decomposed("été café noir"), slow_rules.decomposed("café")),
        ("cafe", slow_rules.decomposed("café"), slow_rules.decomposed("café")),
        ("caf", slow_rules.decomposed("ça café"), None),
        ("c++", "Learn C++ now", "C++"),
        ("t-shirt", "A T-Shirt", "T-Shirt"),
        ("обувь", "Летняя ОБУВЬ 👟", "ОБУВЬ"),
        ("shoe", "👟👟 shoe", "shoe"),
        ("靴", "靴", "靴"),
    ],
)
def test_words_and_positions(pattern, title, part):
    expected = [(title, part)] if part else []
    assert fired(Words(any=(pattern,)), title) == expected


def test_the_earliest_then_longest_pattern_is_named():
    assert fired(Words(any=("shoe", "red shoe", "red")), "a red shoe") == [("a red shoe", "red shoe")]


def test_all_not_and_equals():
    assert fired(Words(all=("red", "shoe")), "red shoe", "red", "shoe", "red red") == [("red shoe", "red")]
    assert fired(Words(any=("red",), none=("toy",)), "red toy", "red", "") == [("red", "red")]
    titles = ("Red  Shoe ", "red shoes", "a red shoe")
    assert fired(Words(equals=("réd shoe", "x")), *titles) == [("Red  Shoe ", "Red  Shoe ")]


def test_regex_ignores_case_and_accents():
    assert fired(Words(regex=r"\bcr[eè]me\s+\d+"), "La Crème 20ml", "crime 20") == [("La Crème 20ml", "Crème 20")]
    assert fired(Words(any=("la",), regex=r"\d"), "La Crème 20ml", "La Crème") == [("La Crème 20ml", "La")]
    assert fired(Words(regex="a", none=("b",)), "a b", "a") == [("a", "a")]


def test_price_limits_are_included_and_missing_fits_nothing():
    products = [{"price": price} for price in (9.99, 10, 20, 20.01, None, 15)]
    rules = [
        Rule(category="c", price=Range(min=10, max=20)),
        Rule(category="c", price=Range(min=20)),
        Rule(category="c", price=Range(max=10)),
    ]
    assert run(rules, products) == [
        (0, 2, "price", -1, -1), (1, 0, "price", -1, -1), (1, 2, "price", -1, -1), (2, 0, "price", -1, -1),
        (2, 1, "price", -1, -1), (3, 1, "price", -1, -1), (5, 0, "price", -1, -1),
    ]  # fmt: skip
    assert fired(Words(any=("x",)), "x", price=Range(min=1)) == []


def test_conditions_on_several_fields_must_all_hold():
    rule = Rule(category="c", title=Words(any=("shoe",)), brand=Words(none=("toy co",)), gender=Words(equals="men"))
    products = [
        {"title": "shoe", "gender": "Men"},
        {"title": "shoe", "gender": "Men", "brand": "Toy Co"},
        {"title": "shoe", "gender": "Women"},
        {"title": "hat", "gender": "Men"},
    ]
    assert run([rule], products) == [(0, 0, "title", 0, 4)]
    assert Matcher([rule]).columns == ("title", "brand", "gender")


def test_text_means_any_of_several_fields():
    rule = Rule(category="c", text=Words(all=("a", "b"), none=("z",)))
    products = [{"description": "a", "raw_category": "x > b"}, {"title": "a b", "brand": "Z"}, {"merchant": "a b"}]
    assert run([rule], products) == [(0, 0, "raw_category", 4, 5)]


def test_one_pattern_in_many_rules_and_one_rule_twice():
    rules = [Rule(category="c", title=Words(any=("a", "a", "A*"))) for _ in range(3)]
    assert run(rules, [{"title": "a"}, {"title": "ab"}]) == [
        (0, 0, "title", 0, 1), (0, 1, "title", 0, 1), (0, 2, "title", 0, 1),
        (1, 0, "title", 0, 1), (1, 1, "title", 0, 1), (1, 2, "title", 0, 1),
    ]  # fmt: skip


def test_nothing_to_match():
    assert run([], [{"title": "a"}]) == []
    assert run([Rule(category="c", title=Words(any=("a",)))], []) == []
    assert run([Rule(category="c", title=Words(regex="a"))], []) == []


# an accent may be a character of its own; ﬁ, ß and İ have no simple lower-case or bare form
titles = st.text(st.sampled_from([*"abcAé \n-2ßİﬁ👟*", "\u0301", "\u0300"]), max_size=12) | st.none()
pattern = st.text(st.sampled_from("abcé -2ß"), min_size=1, max_size=3).filter(lambda text: text.strip())
starred = st.builds(
    lambda text, a, b: a + text.strip() + b, pattern, st.sampled_from(["", "*"]), st.sampled_from(["", "*"])
)
some = st.lists(starred, max_size=2)
regexes = st.sampled_from(["", "", "", "a", "^b", "c$", "é.", "[ab]2", "^$"])
words_ = st.builds(
    lambda **kw: Words(**kw) if any(kw.values()) else Words(any=("a",)),
    any=some, all=some, none=some, equals=st.lists(pattern, max_size=1), regex=regexes,
)  # fmt: skip
prices = st.sampled_from([None, 1.0, 2.0, 3.0])


@st.composite
def rule_(draw):
    fields = draw(st.dictionaries(st.sampled_from(["title", "brand", "feed_category", "text"]), words_, max_size=2))
    price = draw(st.sampled_from([None, None, Range(min=2), Range(max=2), Range(min=1, max=2)]))
    if price is None and not any(words.positive for words in fields.values()):
        price = Range(min=2)
    return Rule(category="c", price=price, **fields)


product = st.fixed_dictionaries({"title": titles, "brand": titles, "category": titles, "price": prices})


@settings(max_examples=300, deadline=None)
@given(st.lists(rule_(), max_size=5), st.lists(product, max_size=4), st.integers(0, 4))
def test_the_same_as_the_slow_obvious_way_in_any_batches(rules, products, cut):
    expected = slow_rules.slow_match(rules, products)
    assert run(rules, products) == expected
    parts = run(rules, products[:cut])
    parts += [(row + min(cut, len(products)), *rest) for row, *rest in run(rules, products[cut:])]
    assert parts == expected
