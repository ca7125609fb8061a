import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from shelver.config import Categorical
from shelver.features.categorical import CategoricalFeature


def test_most_frequent_first_ties_alphabetical_missing_never():
    columns = [pa.array(["Nike", "puma", None, "", " "]), pa.array([" NIKE ", "Acme", "puma", "nike"])]
    feature = CategoricalFeature.fit(Categorical(), columns)
    assert feature.values == ("nike", "puma", "acme")
    assert feature.size == 4


def test_max_values_keeps_that_many():
    column = pa.array(["a", "b", "b", "c", "c", "d"])
    feature = CategoricalFeature.fit(Categorical(max_values=3), [column])
    assert feature.values == ("b", "c", "a")
    assert feature.apply(column).to_pylist() == [3, 1, 1, 2, 2, 0]


def test_zero_is_missing_or_unknown():
    feature = CategoricalFeature.fit(Categorical(), [pa.array(["x", "y", "y"])])
    answer = feature.apply(pa.array(["X ", None, "", "z", "\ty"], pa.large_string()))
    assert answer.type == pa.int32()
    assert answer.to_pylist() == [2, 0, 0, 0, 1]


def test_nothing_seen():
    feature = CategoricalFeature.fit(Categorical(), [pa.nulls(3, pa.string())])
    assert (feature.values, feature.size) == ((), 1)
    assert feature.apply(pa.array(["x", None])).to_pylist() == [0, 0]
    assert CategoricalFeature.fit(Categorical(), []).size == 1


def test_numbers_and_flags_can_be_categories():
    feature = CategoricalFeature.fit(Categorical(), [pa.array([7, 7, 38])])
    assert feature.apply(pa.array([38, 7, 1, None])).to_pylist() == [2, 1, 0, 0]


@given(st.lists(st.one_of(st.none(), st.text(max_size=4)), max_size=20), st.integers(0, 20))
def test_any_division_into_batches_gives_the_same(column, cut):
    array = pa.array(column, pa.string())
    feature = CategoricalFeature.fit(Categorical(), [array])
    again = CategoricalFeature.fit(Categorical(), [array.slice(0, cut), array.slice(min(cut, len(column)))])
    assert again.values == feature.values
    parts = (
        feature.apply(array.slice(0, cut)).to_pylist() + feature.apply(array.slice(min(cut, len(column)))).to_pylist()
    )
    assert parts == feature.apply(array).to_pylist()
    assert all((number == 0) == (not value or not value.strip()) for number, value in zip(parts, column, strict=True))
