import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from shelver.features.hits import as_bag, as_lists, distinct, hit_positions, read_lists
from shelver.rules.stage import LABEL

IDS = pa.array(["shoes", "boots", "hats"])
names = st.sampled_from(["shoes", "boots", "hats", "gone"])


def labels(rows):
    return pa.array([[{"category_id": name, "rule_id": "r"} for name in row] for row in rows], pa.list_(LABEL))


@given(st.lists(st.lists(names, max_size=5), max_size=7), st.integers(0, 3))
def test_positions_against_a_slow_reference_also_of_slices(rows, start):
    found_rows, positions = hit_positions(labels(rows).slice(start), IDS)
    expected = [(i, p) for i, row in enumerate(rows[start:]) for p, name in enumerate(IDS.to_pylist()) if name in row]
    assert list(zip(found_rows.tolist(), positions.tolist(), strict=True)) == expected


@given(st.lists(st.lists(st.integers(0, 4), unique=True).map(sorted), max_size=7))
def test_pairs_bags_and_lists_are_the_same_thing(rows):
    n = len(rows)
    at = np.array([i for i, row in enumerate(rows) for _ in row], np.int64)
    positions = np.array([p for row in rows for p in row], np.int64)
    bag = as_bag(at, positions, n, 5)
    assert [bag.ids[a:b].tolist() for a, b in zip(bag.offsets[:-1], bag.offsets[1:], strict=True)] == rows
    assert (bag.weights == 1).all()
    column = as_lists(at, positions, n)
    assert column.to_pylist() == rows
    again = read_lists(column, 5)
    assert (again.offsets.tolist(), again.ids.tolist()) == (bag.offsets.tolist(), bag.ids.tolist())
    if n > 2:
        assert len(read_lists(column.slice(1, 2), 5)) == 2
        assert read_lists(column.slice(1, 2), 5).ids.tolist() == rows[1] + rows[2]


def test_distinct_sorts_and_drops_repeats():
    rows, positions = distinct(np.array([2, 0, 2, 2]), np.array([1, 2, 0, 1]), 3)
    assert list(zip(rows.tolist(), positions.tolist(), strict=True)) == [(0, 2), (2, 0), (2, 1)]
    assert [part.tolist() for part in distinct(np.array([], np.int64), np.array([], np.int64), 0)] == [[], []]
