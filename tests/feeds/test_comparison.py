"""Two deliveries compared are as sets and dictionaries would compare them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from shelver.config import Feed
from shelver.feeds.comparison import Changes, Contents, compare
from shelver.feeds.holding import column_reasons, gone_reason, too_many_gone

CONTENT = st.dictionaries(st.integers(0, 12), st.tuples(st.integers(0, 2), st.booleans()))


def contents(products: dict[int, tuple[int, bool]]) -> Contents:
    ids, values = list(products), list(products.values())
    hashes = np.array([content for content, _ in values], np.uint64)
    return Contents(np.array(ids, np.uint64), hashes, np.array([active for _, active in values], bool))


@given(CONTENT, CONTENT)
def test_against_dictionaries(old: dict[int, tuple[int, bool]], new: dict[int, tuple[int, bool]]) -> None:
    new = {key: (content, True) for key, (content, _) in new.items()}
    found = compare(contents(old), contents(new))
    active = {key: content for key, (content, lives) in old.items() if lives}
    assert found.new == sum(key not in old for key in new)
    assert found.back == sum(key in old and key not in active for key in new)
    assert found.changed == sum(key in active and active[key] != content for key, (content, _) in new.items())
    assert found.unchanged == sum(active.get(key) == content for key, (content, _) in new.items())
    assert found.new + found.back + found.changed + found.unchanged == len(new)
    rows = list(old)
    assert [rows[row] for row in found.gone] == [key for key in old if key in active and key not in new]
    assert [rows[row] for row in found.inactive] == sorted(key for key in old if key not in new)
    assert found.were_active == len(active)


def test_of_batches() -> None:
    batch = pa.RecordBatch.from_pydict(
        {"product_id": ["0" * 19 + "1", "f" * 20], "content_hash": ["1" * 20] * 2, "active": [True, None]}
    )
    found = Contents.of([batch, batch.slice(1)])
    assert (len(found), found.active.tolist()) == (3, [True] * 3)
    assert len(Contents.of([])) == 0


def changes(gone: int, active: int) -> Changes:
    none = np.zeros(0, np.int64)
    return Changes(0, 0, 0, 0, np.arange(gone), none, active)


def test_how_much_may_be_gone() -> None:
    feed = Feed(name="shop", path="a.csv", max_gone=0.3)
    assert not too_many_gone(feed, changes(30, 100))
    assert too_many_gone(feed, changes(31, 100))
    assert not too_many_gone(feed, changes(0, 0))
    assert not too_many_gone(Feed(name="shop", path="a.csv", max_gone=1), changes(9, 9))
    assert gone_reason(feed, changes(1200, 2000), ["4711 Hat", "4712 Cap"]) == (
        "1,200 of 2,000 products (60.0%) are gone, at most 30% may be (max_gone): 4711 Hat; 4712 Cap, ..."
    )


def test_columns_that_a_field_was_read_from() -> None:
    feed = Feed(name="shop", path="a.csv", columns={"brand": "maker"})
    old = {"title": ["name"], "brand": ["brand"], "price": ["cost"], "url": ["a", "b"]}

    def why(new: dict[str, list[str]], *header: str) -> list[str]:
        return column_reasons(feed, old, new, header)

    assert why(old) == []
    assert why({**old, "brand": ["maker"], "size": ["size"], "title": ["name", "title"]}) == []
    assert why({**old, "title": ["title"]}, "title") == ['title was read from "name", which is gone; now from "title"']
    assert why({**old, "title": ["title"]}, "name") == ['title was read from "name"; now from "title"']
    assert why({**old, "url": ["a"]}, "a") == ['url was read from "b", which is gone; now from "a" alone']
    assert why({"title": ["name"], "url": ["a", "b"]}) == ['price was read from "cost", which is gone; now from none']
    assert column_reasons(feed.model_copy(update={"hold_columns": False}), old, {}, ()) == []
