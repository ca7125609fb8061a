from collections import Counter

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from shelver.features.characters import spell
from shelver.features.words import words


def slow_runs(text, shortest, longest):
    found = []
    for word in text.split():
        padded = f" {word} "
        for n in range(shortest, longest + 1):
            found += [padded[i : i + n] for i in range(max(len(padded) - n + 1, 1 if n == shortest else 0))]
    return Counter(found)


letters = st.text("abé日ß1", max_size=7)


@given(st.lists(st.lists(letters, max_size=4).map(" ".join), max_size=5), st.integers(1, 4), st.integers(0, 2))
def test_against_a_slow_reference(column, shortest, more):
    found = words(pa.array(column, pa.string()))
    spelling = spell(found, shortest, shortest + more)
    runs = spelling.distinct.to_pylist()
    assert len(set(runs)) == len(runs)
    rows, numbers = spelling.numbered(np.arange(len(runs)))
    for row, text in enumerate(column):
        plain = text.replace("é", "e")
        assert Counter(runs[i] for i in numbers[rows == row]) == slow_runs(plain, shortest, shortest + more)


def test_runs_with_a_negative_number_are_left_out():
    spelling = spell(words(pa.array(["ab", "", "ba ab"])), 2, 2)
    runs = spelling.distinct.to_pylist()
    wanted = np.array([i if run in ("ab", "ba") else -1 for i, run in enumerate(runs)])
    rows, numbers = spelling.numbered(wanted)
    found = [(row, runs[i]) for row, i in zip(rows.tolist(), numbers.tolist(), strict=True)]
    assert found == [(0, "ab"), (2, "ba"), (2, "ab")]
