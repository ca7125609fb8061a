import json

import pyarrow as pa
import pytest

from shelver.config import Binary, Buckets, MultiClass, MultiLabel
from shelver.errors import ConfigError
from shelver.training.answers import fit_answers


def table(**columns):
    return pa.RecordBatch.from_pydict(columns)


def test_one_of_the_values():
    batch = table(gender=["Women", "women ", "Men", None, "", "Kids", "MEN"])
    found = fit_answers("gender", MultiClass(min_count=2), lambda: iter([batch]))
    assert found.names == ("men", "women")
    assert found.apply(batch).to_pylist() == [1, 1, 0, -1, -1, -1, 0]


def test_some_of_the_values():
    batch = table(colour=["Red/Blue", "blue, red", None, "red", "green", "/"])
    found = fit_answers("colour", MultiLabel(min_count=2), lambda: iter([batch.slice(0, 2), batch.slice(2)]))
    assert found.names == ("blue", "red")
    assert found.apply(batch).to_pylist() == [[0, 1], [0, 1], None, [1], [], None]


def test_yes_or_no_from_a_column_as_delivered():
    rows = [{"sold": "1"}, {"sold": "0"}, {}, {"sold": None}, {"sold": True}, {"sold": "no"}]
    batch = table(raw=[json.dumps(row) for row in rows])
    found = fit_answers("conversion", Binary(raw_column="sold"), lambda: iter([batch]))
    assert found.column == "raw"
    assert found.names == ("no", "yes")
    assert found.apply(batch).to_pylist() == [1, 0, -1, -1, 1, 0]


def test_ranges_of_a_number():
    batch = table(price=[1.0, 10.0, 49.9, 50.0, None, float("nan")])
    found = fit_answers("price", Buckets(edges=(10, 50)), lambda: iter([batch]))
    assert found.names == ("below 10", "10 to 50", "from 50")
    assert found.apply(batch).to_pylist() == [0, 1, 1, 2, -1, -1]


def test_ranges_with_equally_many_products():
    batch = table(price=[float(i) for i in range(100)])
    found = fit_answers("price", Buckets(buckets=4), lambda: iter([batch]))
    places = found.apply(batch).to_pylist()
    assert [places.count(i) for i in range(4)] == [25, 25, 25, 25]
    skewed = table(price=[5.0] * 90 + [7.0] * 10)
    assert fit_answers("price", Buckets(buckets=10), lambda: iter([skewed])).names == ("below 7", "from 7")


def test_a_column_with_nothing_to_learn_is_an_error():
    batch = table(gender=["women", None], price=[3.0, 3.0])
    for name, spec in (("gender", MultiClass()), ("gender", MultiLabel()), ("price", Buckets())):
        with pytest.raises(ConfigError, match="too few values"):
            fit_answers(name, spec, lambda: iter([batch]))
    with pytest.raises(ConfigError, match="ascend"):
        fit_answers("price", Buckets(edges=(5, 1)), lambda: iter([batch]))


def test_yes_may_be_a_number_or_in_capitals():
    assert fit_answers("sold", Binary(column="size"), lambda: iter([table(size=["1.0", "0.0"])])).names == ("no", "yes")
    found = fit_answers("size", Binary(yes=("Sold",)), lambda: iter([table(size=["SOLD", "no"])]))
    assert found.apply(table(size=["sold", "x", ""])).to_pylist() == [1, 0, -1]
    with pytest.raises(ConfigError, match="never says yes"):
        fit_answers("size", Binary(), lambda: iter([table(size=["0", "no"])]))
