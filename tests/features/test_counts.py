from collections import Counter
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.features import counts as module
from shelver.features.counts import TokenCounts


def count(column, cuts=(), capacity=0):
    """Counts of a column of one token each, added in the parts between the cuts."""
    counts = TokenCounts(capacity)
    edges = [0, *sorted(cuts), len(column)]
    for start, end in pairwise(edges):
        for window in counts.windows(pa.array(column[start:end], pa.string())):
            found = window.value_counts()
            counts.add(found.field("values"), found.field("counts").to_numpy())
    return counts


def most(counts, *arguments):
    tokens, numbers = counts.most_frequent(*arguments)
    return list(zip(tokens, numbers.tolist(), strict=True))


tokens = st.lists(st.sampled_from("abcdeé"), max_size=30)


@given(tokens, st.integers(0, 4), st.integers(1, 3))
def test_most_frequent_against_a_slow_reference(column, limit, min_count):
    kept = [(token, n) for token, n in Counter(column).items() if n >= min_count]
    expected = sorted(kept, key=lambda pair: (-pair[1], pair[0]))
    counts = count(column)
    assert most(counts, limit, min_count) == expected[: limit or None]
    assert (counts.rows, counts.short) == (len(column), 0)


@pytest.fixture
def small_windows(monkeypatch):
    monkeypatch.setattr(module, "WINDOW", 50)


def skewed(n):
    """Two frequent tokens among many that occur once or twice."""
    rng = np.random.default_rng(0)
    return [["often", "also"][i % 8 // 4] if i % 4 == 0 else f"rare{rng.integers(n)}" for i in range(n)]


def test_forgetting_bounds_memory_and_errors(small_windows):
    column = skewed(2000)
    counts = count(column, capacity=60)
    true = Counter(column)
    found = dict(most(counts))
    assert len(true) > 700
    assert len(found) <= 60 + 50
    assert 0 < counts.short < 50
    assert all(true[token] - counts.short <= n <= true[token] for token, n in found.items())
    assert found["often"] == true["often"] == 250
    assert set(true) - set(found) <= {token for token, n in true.items() if n <= counts.short}


@pytest.mark.parametrize("cuts", [range(1, 2000), range(7, 2000, 7), (50, 51, 1999), (1000,)])
def test_what_is_forgotten_does_not_depend_on_batches(small_windows, cuts):
    column = skewed(2000)
    assert most(count(column, cuts, capacity=60)) == most(count(column, capacity=60))


def test_waiting_counts_never_change_an_answer(small_windows, monkeypatch):
    column = skewed(500)
    expected = most(count(column, capacity=60))
    monkeypatch.setattr(module, "PENDING", 3)
    assert most(count(column, capacity=60)) == expected


def test_nothing_seen():
    assert most(TokenCounts()) == []
    assert most(count([])) == []
