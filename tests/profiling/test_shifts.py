"""Drift: chance raises no alarm, real changes do, and are told in words."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from profiles import part_of, profile_of

from shelver.profiling.drift import drift
from shelver.profiling.shift import differs, stability


def catalogue(rows, seed, **changed):
    rng = np.random.default_rng(seed)
    columns = {
        "title": [f"{['red', 'blue', 'green'][rng.integers(3)]} thing {rng.integers(10 * rows)}" for _ in range(rows)],
        "brand": [["Nike", "Puma", "Adidas", None][rng.choice(4, p=[0.5, 0.3, 0.15, 0.05])] for _ in range(rows)],
        "raw_category": [f"Shoes > Kind {min(rng.geometric(0.2), 9)}" for _ in range(rows)],
        "description": [" ".join(["word"] * rng.poisson(20)) for _ in range(rows)],
        "price": rng.lognormal(3, 1, rows).round(2).tolist(),
        "language": [["en", "de"][rng.choice(2, p=[0.8, 0.2])] for _ in range(rows)],
    }
    columns |= {name: [make(value) for value in columns[name]] for name, make in changed.items()}
    return part_of(rows, **columns)


def changes(first, second):
    return drift(profile_of(first, data="a"), profile_of(second, data="b"))


@pytest.mark.parametrize("rows", [5, 30, 300, 3000])
def test_other_samples_of_the_same_products_raise_no_alarm(rows):
    for seed in range(6):
        found = changes(catalogue(rows, seed), catalogue(rows, 100 + seed))
        assert [change.sentence() for change in found] == []


def test_an_equal_catalogue_has_not_changed():
    assert changes(catalogue(500, 1), catalogue(500, 1)) == []


def test_changes_are_told_in_words_the_serious_ones_first():
    rng = np.random.default_rng(5)
    after = catalogue(
        3000, 2,
        brand=lambda value: value if rng.random() < 0.42 else None,
        price=lambda value: value * 4,
        raw_category=lambda value: "Sale > Everything" if value.endswith("Kind 1") else value,
        language=lambda value: "fr" if value == "de" else value,
        description=lambda value: value[: len(value) // 3],
    )  # fmt: skip
    found = {(change.field, change.kind): change for change in changes(catalogue(3000, 1), after)}
    assert found["brand", "fill"].serious
    assert found["brand", "fill"].sentence().startswith("brand: filled 95% → 4")
    assert found["brand", "fill"].sentence().endswith("in feed shop")
    assert found["price", "spread"].serious
    assert "values, median" in found["price", "spread"].words
    assert "“Sale > Everything”" in found["raw_category", "new"].words
    assert "gone category: “Shoes > Kind 1”" in found["raw_category", "gone"].words
    assert "“fr”" in found["language", "new"].words
    assert found["description", "spread"].words.startswith("words, median 2")
    serious = [change.serious for change in found.values()]
    assert serious == sorted(serious, reverse=True)


def test_a_column_that_was_emptied_is_told_from_a_few_dozen_products_on():
    empty = {"brand": lambda value: None}
    assert changes(catalogue(4, 1), catalogue(4, 1, **empty)) == []
    assert any(change.kind == "fill" for change in changes(catalogue(60, 1), catalogue(60, 2, **empty)))


def test_feeds_that_come_go_grow_and_shrink_are_told():
    before = profile_of(catalogue(400, 1), catalogue(100, 2).model_copy(update={"name": "old"}))
    after = profile_of(catalogue(150, 1), catalogue(90, 3).model_copy(update={"name": "new"}))
    words = {change.sentence() for change in drift(before, after) if not change.field}
    assert words == {"feed shop: 400 → 150 products", "feed new: new, 90 products", "feed old: gone, 100 products"}


def test_repeated_titles_are_told():
    found = changes(catalogue(2000, 1), catalogue(2000, 2, title=lambda value: value[:8]))
    assert any(change.kind == "unique" and change.field == "title" for change in found)


counts = st.lists(st.integers(0, 500), min_size=2, max_size=8)


@given(counts)
def test_equal_histograms_are_stable(before):
    shift = stability(before, before)
    assert shift.index == pytest.approx(0)
    assert not shift.sure


@given(counts, counts)
def test_the_index_is_symmetric_and_never_negative(before, after):
    before, after = (part[: min(len(before), len(after))] for part in (before, after))
    assert stability(before, after).index == pytest.approx(stability(after, before).index)
    assert stability(before, after).index >= 0


def test_the_index_is_that_of_the_textbook():
    expected = sum((q - p) * math.log(q / p) for p, q in ((0.5, 0.3), (0.5, 0.7)))
    assert stability([500_000, 500_000], [300_000, 700_000]).index == pytest.approx(expected, rel=1e-4)


def test_false_alarms_of_the_index_and_of_shares_are_as_rare_as_told():
    rng = np.random.default_rng(0)
    shares = [0.4, 0.3, 0.2, 0.05, 0.05]
    alarms = sum(stability(rng.multinomial(80, shares), rng.multinomial(50, shares)).sure for _ in range(2000))
    alarms += sum(differs(rng.binomial(60, 0.1), 60, rng.binomial(40, 0.1), 40) for _ in range(2000))
    assert alarms <= 2
    assert stability([80, 10, 10], [10, 10, 80]).sure
    assert differs(95, 100, 40, 100)
    assert not differs(0, 0, 5, 10)
