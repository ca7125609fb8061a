import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.features.utf8 import bare
from shelver.features.words import runs_of_words, words

columns = st.lists(st.one_of(st.none(), st.text("abcAB1 -,.é", max_size=12)), max_size=7)


def by_row(tokens, n):
    found = [[] for _ in range(n)]
    for row, token in zip(tokens.rows.tolist(), tokens.to_pylist(), strict=True):
        found[row].append(token)
    return found


def slow_words(text):
    bare = "".join(c for c in unicodedata.normalize("NFKD", text or "") if not unicodedata.combining(c))
    return "".join(c if c.isalnum() else " " for c in bare.lower()).split()


def slow_runs(text, longest):
    found = slow_words(text)
    return [" ".join(found[i : i + n]) for n in range(1, longest + 1) for i in range(len(found) - n + 1)]


def test_words_are_lower_case_without_accents():
    column = ["Café au-lait", "", None, " ... ", "ÆRØ №5 (abc)", "日本 naïve", "x", "\x00A_b\tC"]
    found = by_row(words(pa.array(column)), len(column))
    assert found == [
        ["cafe", "au", "lait"], [], [], [], ["ærø", "no5", "abc"], ["日本", "naive"], ["x"], ["a", "b", "c"],
    ]  # fmt: skip


@given(columns, st.integers(1, 3))
def test_runs_against_a_slow_reference_never_across_rows(column, longest):
    found = runs_of_words(words(pa.array(column, pa.string())), longest)
    assert by_row(found, len(column)) == [slow_runs(text, longest) for text in column]
    assert len(set(found.distinct.to_pylist())) == len(found.distinct)


@given(st.lists(st.one_of(st.none(), st.text(max_size=8)), max_size=7), st.integers(0, 3))
def test_a_row_depends_on_itself_alone_also_in_a_slice(column, start):
    array = pa.array(column, pa.string())
    whole = by_row(words(array), len(column))
    assert by_row(words(array.slice(start)), max(0, len(column) - start)) == whole[start:]
    assert whole == [by_row(words(pa.array([text], pa.string())), 1)[0] for text in column]
    assert by_row(words(array.cast(pa.large_string())), len(column)) == whole


@given(st.lists(st.text(st.characters() | st.sampled_from("a -\u0301\u00b4\u2019İßﬁ½"), max_size=12), max_size=5))
def test_normalising_words_is_normalising_whole_texts(column):
    """Words are cut at ASCII first, and only those that are not ASCII are normalised, each once."""
    whole = [text.split() for text in bare(pa.array(column, pa.string())).to_pylist()]
    assert by_row(words(pa.array(column, pa.string())), len(column)) == whole


def test_ascii_rows_are_the_same_beside_others():
    """ASCII takes a shorter way where a whole column is ASCII."""
    every = [chr(i) + "x" + chr(i) for i in range(128)]
    assert by_row(words(pa.array(every)), 128) == by_row(words(pa.array([*every, "é"])), 129)[:128]
    assert by_row(words(pa.array(every)), 128) == [slow_words(text) for text in every]


@pytest.mark.parametrize("longest", [1, 2])
def test_tokens_with_a_negative_number_are_left_out(longest):
    found = runs_of_words(words(pa.array(["a b", "b c a"])), longest)
    numbers = np.array([-1 if name == "b" else i for i, name in enumerate(found.distinct.to_pylist())])
    rows, kept = found.numbered(numbers)
    left = [(row, found.distinct[number].as_py()) for row, number in zip(rows.tolist(), kept.tolist(), strict=True)]
    assert left == [(0, "a"), (1, "c"), (1, "a")] + [(0, "a b"), (1, "b c"), (1, "c a")] * (longest - 1)
