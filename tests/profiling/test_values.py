"""Values are counted exactly up to a limit, whatever the batches; beyond it, within the bounds that are told."""

from collections import Counter

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from shelver.profiling.distinct import Sample
from shelver.profiling.hashing import hashes
from shelver.profiling.values import Values

words = st.lists(st.sampled_from(["a", "b", "é", "ab", "", "long " * 50, "long " * 51, *"cdefghij"]), max_size=60)


def counted(values, limit=1 << 16, size=7):
    found = Values(limit)
    for start in range(0, len(values), size):
        batch = Counter(values[start : start + size])
        found.add(pa.array(list(batch), pa.string()), np.array(list(batch.values()), np.int64))
    return found


def answers(found):
    return found.rows, found.distinct(), found.single(), found.top(5), found.examples(), found.covered((1, 2, 5, 100))


@given(words, st.integers(1, 60))
def test_few_values_are_counted_exactly_in_batches_of_any_size(values, size):
    truth = Counter(values)
    found = counted(values, size=size)
    assert (found.rows, found.short) == (len(values), 0)
    assert (found.distinct().count, found.distinct().error) == (len(truth), 0)
    assert found.single() == sum(number == 1 for number in truth.values())
    assert [number for _, number in found.top(99)] == sorted(truth.values(), reverse=True)
    assert all(number in [c for v, c in truth.items() if v[:120] == value] for value, number in found.top(99))
    assert answers(found) == answers(counted(values, size=60))


@given(words, words, words)
def test_merging_is_associative_and_the_same_as_counting_all(first, second, third):
    left = counted(first)
    left.merge(counted(second))
    left.merge(counted(third))
    inner = counted(second)
    inner.merge(counted(third))
    right = counted(first)
    right.merge(inner)
    assert answers(left) == answers(right) == answers(counted([*first, *second, *third]))


@given(st.lists(st.integers(0, 40), min_size=1, max_size=300), st.integers(1, 50), st.integers(0, 300))
def test_beyond_the_limit_counts_keep_their_bounds(numbers, size, cut):
    values, limit = [str(number) for number in numbers], 6
    truth = Counter(values)
    found = counted(values[:cut], limit, size)
    found.merge(counted(values[cut:], limit, size))
    assert found.rows == len(values)
    assert found.short <= len(values) / (limit + 1)
    kept = dict(found.top(limit))
    for value, number in truth.items():
        if value in kept:
            assert number - found.short <= kept[value] <= number
        else:
            assert number <= found.floor(limit)
    shares = [covered for _, covered in found.covered((1, 3, 6))]
    best = np.cumsum(sorted(truth.values(), reverse=True)) / len(values)
    assert all(covered <= best[min(n, len(best)) - 1] + 1e-9 for n, covered in zip((1, 3, 6), shares, strict=False))


@given(st.lists(st.integers(0, 200), min_size=1, max_size=400), st.integers(1, 400), st.permutations(range(3)))
def test_a_sample_depends_on_the_values_alone(numbers, cut, order):
    def sample(part):
        return Sample(16, *(np.array(column) for column in zip(*part.items(), strict=True))) if part else None

    names = hashes(pa.array([str(number) for number in numbers]))
    whole = Sample(16, np.empty(0, np.uint64), np.empty(0, np.int64))
    whole.add(names, np.ones(len(names), np.int64))
    thirds = [Counter(names[place::3].tolist()) for place in range(3)]
    merged = Sample(16, np.empty(0, np.uint64), np.empty(0, np.int64))
    for place in order:
        if thirds[place]:
            keys = np.array(sorted(thirds[place]), np.uint64)
            merged.merge(Sample(16, keys, np.array([thirds[place][key] for key in keys.tolist()], np.int64)))
    assert (merged.distinct(), merged.single(), merged.halvings) == (whole.distinct(), whole.single(), whole.halvings)


def test_the_number_of_many_values_is_right_to_the_error_told():
    limit, errors = 1024, []
    for seed in range(20):
        found = Values(limit)
        for batch in range(5):
            values = pa.array([f"{seed} {number}" for number in range(4000 * batch, 4000 * batch + 6000)])
            found.add(values, np.ones(len(values), np.int64))
        assert found.distinct().error == 1.2 / 32
        errors.append(found.distinct().count / 22_000 - 1)
        assert abs(found.single() / 14_000 - 1) < 0.25
    assert np.std(errors) < 1.5 * 1.2 / 32
    assert abs(np.mean(errors)) < 3 * 1.2 / 32 / np.sqrt(20)


def test_a_frequent_value_is_found_among_many_rare_ones():
    found = Values(100)
    for start in range(0, 10_000, 1000):
        values = ["often", *(f"rare {number}" for number in range(start, start + 1000))]
        found.add(pa.array(values), np.array([500, *[1] * 1000]))
    value, number = found.top(1)[0]
    assert value == "often"
    assert 5000 - found.short <= number <= 5000
    assert found.short <= 15_000 / 101


def test_long_values_are_told_apart_but_shown_short():
    found = counted(["x" * 500 + "a", "x" * 500 + "b"])
    assert found.distinct().count == 2
    assert {len(value) for value, _ in found.top(2)} == {120}
