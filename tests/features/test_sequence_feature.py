import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.config import Sequence
from shelver.features import utf8
from shelver.features.sequence import SEQUENCE, SequenceFeature, read_sequence

columns = st.lists(st.one_of(st.none(), st.lists(st.sampled_from("abcdé"), max_size=6).map(" ".join)), max_size=8)


@given(columns, columns, st.integers(1, 4), st.integers(1, 3))
def test_against_a_slow_reference(seen, column, length, min_count):
    feature = SequenceFeature.fit(Sequence(length=length, min_count=min_count), [pa.array(seen, pa.string())])
    answer = feature.apply(pa.array(column, pa.string()))
    assert answer.type == SEQUENCE
    numbers = {token: i + 2 for i, token in enumerate(feature.tokens)}
    expected = [[numbers.get(w, 1) for w in (text or "").replace("é", "e").split()][:length] for text in column]
    assert answer.to_pylist() == expected
    table = read_sequence(answer, length)
    assert (table.shape, table.dtype) == ((len(column), length), np.int64)
    assert table.tolist() == [row + [0] * (length - len(row)) for row in expected]
    assert read_sequence(answer.slice(1, 3), length).tolist() == table[1:4].tolist()


def test_vocabulary_is_most_frequent_first():
    feature = SequenceFeature.fit(Sequence(max_tokens=2), [pa.array(["b a", "a c a"]), pa.array(["B c", "b d"])])
    assert (feature.tokens, feature.size) == (("b", "a"), 4)
    assert feature.apply(pa.array(["A, B! c"])).to_pylist() == [[3, 2, 1]]


def test_nothing_seen():
    feature = SequenceFeature.fit(Sequence(), [])
    assert (feature.tokens, feature.size) == ((), 2)
    assert feature.apply(pa.array(["x y", None, ""])).to_pylist() == [[1, 1], [], []]
    assert len(feature.apply(pa.array([], pa.string()))) == 0
    assert read_sequence(pa.array([], SEQUENCE), 3).shape == (0, 3)


def test_a_long_column_is_worked_on_in_pieces(monkeypatch):
    column = pa.array(["red shoe", None, "a blue hat, red", "", "shoe"] * 9)
    feature = SequenceFeature.fit(Sequence(length=3), [column])
    whole = feature.apply(column)
    monkeypatch.setattr(utf8, "PIECE", 20)
    assert feature.apply(column).equals(whole)


def test_a_table_of_another_length_is_refused():
    with pytest.raises(ValueError, match="a sequence has 4 words; its feature has 3"):
        read_sequence(pa.array([[2, 3], [2, 3, 4, 5]], SEQUENCE), 3)
