"""Statistics of a table do not depend on its batches, and are those of a simple reference."""

from collections import Counter

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.profiling.part import MERCHANTS, OTHERS, PartStats
from shelver.profiling.roles import Role, product_roles

SCHEMA = pa.schema(
    [
        ("title", pa.string()),
        ("raw_category", pa.string()),
        ("price", pa.float64()),
        ("merchant", pa.string()),
        ("image_urls", pa.list_(pa.string())),
        ("active", pa.bool_()),
        ("stock", pa.int32()),
        ("sold", pa.bool_()),
        ("raw", pa.string()),
        ("notes", pa.list_(pa.string())),
    ]
)
blank = st.sampled_from([None, "", " "])
rows = st.lists(
    st.fixed_dictionaries(
        {
            "title": st.one_of(blank, st.sampled_from(["Red shoe", "Blue shoe", "<b>", "Hat"])),
            "raw_category": st.one_of(blank, st.sampled_from(["A > B", "A//B", "C"])),
            "price": st.one_of(st.none(), st.sampled_from([0.0, 1.5, 99.0, -3.0, float("nan")])),
            "merchant": st.sampled_from([None, "m1", "m2"]),
            "image_urls": st.one_of(st.none(), st.lists(st.sampled_from(["u1", "u2"]), max_size=3)),
            "active": st.just(True),
            "stock": st.one_of(st.none(), st.integers(0, 3)),
            "sold": st.one_of(st.none(), st.booleans()),
            "raw": st.just("{}"),
            "notes": st.one_of(st.none(), st.lists(st.sampled_from(["price: no digits in 'a:b'", "gtin: bad"]))),
        }
    ),
    min_size=1,
    max_size=30,
)


def profiled(values, size, name=""):
    table = pa.Table.from_pylist(values, SCHEMA)
    stats = PartStats(name, product_roles(SCHEMA))
    for batch in table.combine_chunks().to_batches(size):
        stats.add(batch)
    return stats


@given(rows, st.integers(1, 30))
def test_batches_never_change_an_answer(values, size):
    assert profiled(values, size).summary() == profiled(values, 1000).summary()


@given(rows, rows)
def test_merged_parts_are_the_whole(first, second):
    merged = profiled(first, 3)
    merged.merge(profiled(second, 3))
    whole = profiled([*first, *second], 1000).summary()
    assert merged.summary().columns == whole.columns
    assert merged.summary().rows == whole.rows


@given(rows)
def test_figures_are_those_of_a_simple_reference(values):
    found = profiled(values, 7).summary()
    columns = {column.name: column for column in found.columns}
    assert "raw" not in columns
    assert "active" not in columns
    for name in ("title", "raw_category", "merchant"):
        truth = Counter(row[name] for row in values if row[name] is not None and row[name].strip())
        column = columns[name]
        assert (column.rows, column.filled, column.distinct) == (len(values), sum(truth.values()), len(truth))
        assert dict(column.top) == dict(truth)
        assert column.single == sum(number == 1 for number in truth.values())
    prices = [row["price"] for row in values if row["price"] is not None and row["price"] == row["price"]]
    assert columns["price"].filled == len(prices)
    assert columns["price"].distinct == len(set(prices))
    lists = [row["image_urls"] for row in values if row["image_urls"]]
    assert (columns["image_urls"].rows, columns["image_urls"].filled) == (len(values), len(lists))
    assert dict(columns["image_urls"].top) == dict(Counter(url for urls in lists for url in urls))
    assert columns["image_urls"].entries == sum(map(len, lists))
    assert dict(columns["sold"].top) == dict(
        Counter(str(row["sold"]).lower() for row in values if row["sold"] is not None)
    )
    assert columns["price"].refused == sum(note.startswith("price") for row in values for note in row["notes"] or [])
    for merchant in found.merchants:
        own = [row for row in values if (row["merchant"] or "(no merchant)") == merchant.name]
        assert merchant.rows == len(own)
        titles = merchant.filled[[column.name for column in found.columns].index("title")]
        assert titles == sum(bool(row["title"] and row["title"].strip()) for row in own)


def test_many_merchants_are_bounded_and_still_add_up():
    values = [{"title": "x", "merchant": f"m{number}"} for number in range(3 * MERCHANTS)]
    values += [{"title": "x", "merchant": "big"}] * 50
    found = profiled(values, 500).summary()
    assert len(found.merchants) <= MERCHANTS + 1
    assert (found.merchants[0].name, found.merchants[0].rows) == ("big", 50)
    assert found.merchants[-1].name == OTHERS
    assert sum(merchant.rows for merchant in found.merchants) == len(values)


def test_columns_of_a_feed_are_found_as_they_come():
    stats = PartStats("feed", {}, open_=True)
    stats.add(pa.record_batch({"sku": pa.array(["1", "2"]), "price": pa.array(["1.50", "call"])}))
    stats.add(pa.record_batch({"sku": pa.array(["3"]), "new": pa.array(["4006381333931"])}))
    columns = {column.name: column for column in stats.summary().columns}
    assert {name: (column.filled, column.rows) for name, column in columns.items()} == {
        "sku": (3, 3), "price": (2, 3), "new": (1, 3),
    }  # fmt: skip
    assert columns["price"].numbers.high == 1.5
    assert columns["new"].codes.valid == 1


@pytest.mark.parametrize("values", [[], [None], [""]])
def test_nothing_has_a_summary_too(values):
    stats = PartStats("", {"title": Role("text", words=True, paths=True, codes=True)})
    stats.add(pa.record_batch({"title": pa.array(values, pa.string())}))
    column = stats.summary().columns[0]
    assert (column.rows, column.filled, column.distinct, column.fill, column.unique) == (len(values), 0, 0, 0, 0)
