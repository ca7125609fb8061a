import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.features.batch import Bag, Batch, concatenate


def bag(rows, size):
    """A bag from a list of lists of (id, weight)."""
    offsets = np.cumsum([0, *map(len, rows)])
    flat = [entry for row in rows for entry in row]
    return Bag(offsets, np.array([i for i, _ in flat], np.int64), np.array([w for _, w in flat], np.float32), size)


def lists(found):
    ids, weights = found.ids.tolist(), found.weights.tolist()
    spans = zip(found.offsets[:-1].tolist(), found.offsets[1:].tolist(), strict=True)
    return [list(zip(ids[a:b], weights[a:b], strict=True)) for a, b in spans]


@st.composite
def bags(draw, rows=None):
    size = draw(st.integers(1, 5))
    n = draw(st.integers(0, 6)) if rows is None else rows
    entry = st.tuples(st.integers(0, size - 1), st.floats(0, 1, width=32))
    return draw(st.lists(st.lists(entry, max_size=4), min_size=n, max_size=n)), size


@given(bags(), st.data())
def test_take_against_a_slow_reference(given_bag, data):
    rows, size = given_bag
    wanted = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=8)) if rows else []
    found = bag(rows, size).take(np.array(wanted, np.int64))
    assert lists(found) == [rows[i] for i in wanted]
    assert (len(found), found.size) == (len(wanted), size)


@given(st.data(), st.integers(0, 5), st.integers(1, 4))
def test_concatenate_against_a_slow_reference(data, n, count):
    parts = [data.draw(bags(rows=n)) for _ in range(count)]
    found = concatenate([bag(*part) for part in parts])
    shifts = np.cumsum([0, *(size for _, size in parts)])
    expected = [
        [(i + int(shift), w) for (rows, _), shift in zip(parts, shifts[:-1], strict=True) for i, w in rows[row]]
        for row in range(n)
    ]
    assert lists(found) == expected
    assert found.size == shifts[-1]


def test_concatenate_of_different_numbers_of_rows_is_refused():
    with pytest.raises(ValueError, match=r"different numbers of rows: \[2, 3\]"):
        concatenate([bag([[], []], 1), bag([[], [], []], 1)])


def test_a_bag_checks_itself():
    ids, ones = np.array([0, 1]), np.ones(2, np.float32)
    with pytest.raises(ValueError, match="2 ids, but 3 weights"):
        Bag(np.array([0, 2]), ids, np.ones(3, np.float32), 2)
    for offsets in ([], [0, 1], [1, 2]):
        with pytest.raises(ValueError, match="do not span its 2 ids"):
            Bag(np.array(offsets, np.int64), ids, ones, 2)
    with pytest.raises(ValueError, match="from 0 to 1, its vocabulary has 1"):
        Bag(np.array([0, 2]), ids, ones, 1)
    with pytest.raises(ValueError, match="ids from -1"):
        Bag(np.array([0, 2]), ids - 1, ones, 2)
    assert repr(bag([[(0, 1.0)], [], []], 4)) == "Bag(3 rows, 1 entries, vocabulary of 4)"


def full(rows=3):
    return Batch(
        rows,
        {"text": bag([[(i, 1.0)] for i in range(rows)], 7)},
        {"brand": np.arange(rows)},
        {"price": np.arange(rows, dtype=np.float32)},
        {"vector": np.arange(rows * 2, dtype=np.float32).reshape(rows, 2)},
        {"words": np.arange(rows * 4).reshape(rows, 4)},
    )


def test_a_batch_checks_itself_and_shows_its_sizes():
    assert repr(full()) == (
        "Batch(3 rows; text: 7-word bag, brand: categorical, price: number, vector: 2-vector, words: 4-word sequence)"
    )
    assert len(full()) == 3
    with pytest.raises(ValueError, match="image has 10 rows, the batch has 12"):
        Batch(12, vectors={"image": np.zeros((10, 2), np.float32)})
    with pytest.raises(ValueError, match="text has 2 rows, the batch has 3"):
        Batch(3, bags={"text": bag([[], []], 1)})
    with pytest.raises(ValueError, match="words has 2 rows, the batch has 3"):
        Batch(3, sequences={"words": np.zeros((2, 3), np.int64)})
    with pytest.raises(ValueError, match=r"words is no table of word numbers: shape \(3,\)"):
        Batch(3, sequences={"words": np.zeros(3, np.int64)})
    with pytest.raises(ValueError, match=r"words is no table of word numbers: shape \(1, 2\), from -1"):
        Batch(1, sequences={"words": np.array([[4, -1]])})


def test_take_of_a_batch_takes_all_kinds():
    found = full().take(np.array([2, 0, 2, 1]))
    assert lists(found.bags["text"]) == [[(2, 1.0)], [(0, 1.0)], [(2, 1.0)], [(1, 1.0)]]
    assert found.categories["brand"].tolist() == [2, 0, 2, 1]
    assert found.numbers["price"].tolist() == [2, 0, 2, 1]
    assert found.vectors["vector"].tolist() == [[4, 5], [0, 1], [4, 5], [2, 3]]
    assert found.sequences["words"][:2].tolist() == [[8, 9, 10, 11], [0, 1, 2, 3]]
    assert len(full().take(np.array([], np.int64))) == 0


def test_all_rows_as_they_are_cost_nothing():
    batch = full()
    assert batch.take(np.arange(3)) is batch
    assert batch.take(np.array([0, 1, 1])) is not batch
