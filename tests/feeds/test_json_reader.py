from __future__ import annotations

import io
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.config import Feed
from shelver.errors import FeedError
from shelver.feeds.nested import flatten
from shelver.feeds.readers import read_stream
from shelver.feeds.rows import MAX_COLUMNS, RawRow, Reader

P = '{"id": 1, "title": "a", "price": 1.5}'


def opened(text: str | bytes, **settings: object) -> Reader:
    feed = Feed.model_validate({"name": "shop", "path": "f", **settings})
    return read_stream(io.BytesIO(text.encode() if isinstance(text, str) else text), "f.json", feed, 3)


def rows(text: str | bytes, **settings: object) -> list[RawRow]:
    return [row for block in opened(text, **settings).batches for row in block.rows()]


def refused(text: str | bytes, **settings: object) -> str:
    with pytest.raises(FeedError) as caught:
        rows(text, **settings)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "layout", "count"),
    [
        (f"[{P}, {P}]", "json, list", 2),
        (f'{{"ok": true, "products": [{P},{P}], "page": 1}}', 'json, list "products"', 2),
        (f'{{"feed": {{"title": "s", "link": "l", "entry": [{P}]}}}}', 'json, list "feed.entry"', 1),
        (f'{{"links": [{{"rel": "a"}}, {{"rel": "b"}}, {{"rel": "c"}}], "items": [{P}]}}', 'json, list "items"', 1),
        (f'{{"data": [{{"page": 1, "rows": [{P},{P}]}}, {{"page": 2, "rows": [{P}]}}]}}', 'json, list "data.rows"', 3),
        (P, "json, one", 1),
        (f'{{"product": {{"id": 1, "title": "a", "brand": "b", "variants": [{P}, {P}]}}}}', 'json, list "product"', 1),
        (f"[{P}]".encode("utf-16"), "json, list", 1),
        (f"{P}\n{P}\n", "jsonl", 2),
        (json.dumps(json.loads(P), indent=1) * 2, "json, one", 2),
    ],
)  # fmt: skip
def test_the_list_of_products_is_found(text: str | bytes, layout: str, count: int) -> None:
    assert opened(text).layout == layout
    found = rows(text)
    assert len(found) == count
    assert all(not row.reason and row.values["title"] == "a" for row in found)


def test_objects_by_key() -> None:
    found = rows(f'{{"products": {{"x1": {P}, "x2": {P}}}}}')
    assert [row.values["key"] for row in found] == ["x1", "x2"]


def test_the_setting_wins() -> None:
    text = f'{{"a": {{"b": [{P}]}}, "c": [{P}, {P}]}}'
    assert len(rows(text)) == 2
    assert len(rows(text, item="b")) == len(rows(text, item="a.b")) == 1
    assert 'there is no "d" with products' in refused(text, item="d")


@pytest.mark.parametrize(
    "damage",
    [
        '{"id": 2, "title": "b" bad}', '{"id": 2, "title": "b says "hi" to"}', '{"id": 2, "title": "b}', "7", '"x"',
        "null",
        '{"id": 2, "title": "b\x01"}', '{"id": }', "{}", '{"id": ' + "[" * 5_000 + "}", '{"id": ' + "9" * 5_000 + "}",
        '{"id": 2, "t": "' + "x" * 200_000 + '"}', '{"id": 2, "t": "' + "x" * 3_000_000 + '"}',
    ],
)  # fmt: skip
def test_damage_stays_in_its_item(damage: str) -> None:
    found = rows(f"[{P}, {damage}, {P}, {P}]")
    assert [bool(row.reason) for row in found] == [False, True, False, False]
    assert [row.line for row in found] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "rest",
    [
        '{}], "stock": null}', '{}],\n "id": 2, "images": [{"a": "b"', '{"id": 2},\n "x",\n], }', '{}]}',
        '{}], "tags": [ { "a", "b"', '{"id" 2}], "x": 3',
    ],
)  # fmt: skip
@pytest.mark.parametrize("before", ['{"shop": "s", "products": [', '{"feed": {"entry": [', "["])
def test_products_behind_what_is_left_of_a_damaged_one_are_not_lost(before: str, rest: str) -> None:
    text = f"{before}{P}, {rest}, {P}, {P}]" + "}" * before.count("{")
    try:
        found = rows(text)
    except FeedError:
        return
    assert "".join(row.raw for row in found).count('"title"') == 3


@pytest.mark.parametrize("before", ['{"shop": "s", "products": [', '{"feed": {"entry": [', "["])
@pytest.mark.parametrize(
    "damaged",
    [
        '{"id": 2, "title" "b", "images": [{"src": "1"}, {"src": "2"}], "price": 1}',
        '{"id": 2, "title": "b", "images": {"src": "1"}], "price": 1}',
        '{"id": 2, "title": "b", "images": [{"src": "1"}}',
    ],
)  # fmt: skip
def test_lists_within_a_damaged_product_do_not_end_that_of_products(before: str, damaged: str) -> None:
    found = rows(f"{before}{P}, {damaged}, {P}, {P}]" + "}" * before.count("{"))
    assert [bool(row.reason) for row in found] == [False, True, False, False]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (f"[{P}, {P}", "cut short: it ends after item 2"),
        (f'[{P}, {{"id": 2, "ti', "cut short: it ends within item 2"),
        (f'{{"products": [{P}], "links": {{"a": "b', "cut short"),
        (f'{{"products": [{P}]', "cut short"),
        ("[]", "the list of products is empty"),
        ("{}", "there are no products"),
        ("[1, 2]", "there are no products"),
        ('{"products": []}', "the list of products is empty"),
        ("{'id': 1}", "no JSON that can be read"),
        ("[" * 100_000, "no JSON that can be read"),
        (f"[{P}]" + "x" * 20_000, "text after the end"),
    ],
)
def test_documents_that_are_refused(text: str, part: str) -> None:
    assert part in refused(text)


def test_a_little_text_after_the_end_is_a_reject() -> None:
    assert [row.reason for row in rows(f"[{P}]\n<br>Warning")] == ["", "text after the end of the JSON"]
    assert "objects after the end" in refused(f"[{P}], {P}]")


def test_products_by_key_of_which_one_is_damaged_are_not_lost() -> None:
    assert "no JSON that can be read" in refused(f'{{"products": {{"x1": {P}, "x2": {{"id" 2}}, "x3": {P}}}}}')
    for damage, reason in (('{"id" 2}', True), ('{"i": 2, "t": 1}', False), ("null", True), ("{}", True)):
        found = rows(f'{{"products": {{"x1": {P}, "x2": {P}, "x3": {P}, "x4": {damage}, "x5": {P}}}}}')
        assert [bool(row.reason) for row in found] == [False, False, False, reason, False]


def test_products_within_what_is_left_of_a_damaged_one_are_not_lost() -> None:
    rest = '{"id" 2}}, "tags": {"x": 1, "x3": {"id": 3, "title": "a", "price": 2}}, "y": {"z": 1'
    assert "seems to hold others" in refused(f'{{"products": {{"x1": {P}, "x2": {P}, "x3": {rest}}}}}')
    found = rows(f'{{"products": [{P}, {{"id" 2}}, {P}], "facets": [{{"id": 1, "name": "x"}}]}}')
    assert [bool(row.reason) for row in found] == [False, True, False]


def test_numbers_and_nothing() -> None:
    (row,) = rows(
        '[{"title": "a", "a": NaN, "b": 1e400, "c": 12345678901234567890, "d": 1.299, "e": 1e3, "f": "", "f": "2"}]'
    )
    assert row.values == {
        "title": "a",
        "a": None,
        "b": None,
        "c": "12345678901234567890",
        "d": "1.2990",
        "e": "1000",
        "f": "2",
    }


def test_nested_values() -> None:
    value = {
        "id": 7,
        "price": {"amount": 12.5, "unit": "EUR"},
        "tags": ["red", "new", "red"],
        "variants": [{"sku": "a", "price": 1}, {"sku": "b", "price": 2}],
        "images": [{"src": "https://x/1.jpg"}, {"src": "https://x/2.jpg"}],
        "attributes": [{"name": "Colour", "options": ["red"]}, {"name": "Size", "options": ["42", "43"]}],
        "none": {"x": None, "y": []},
    }
    assert flatten(value) == {
        "id": "7", "price.amount": "12.5", "price.unit": "EUR", "tags": "red, new", "variants.sku": "a",
        "variants.price": "1", "images.src": "https://x/1.jpg|https://x/2.jpg", "attributes.Colour": "red",
        "attributes.Size": "42, 43", "none.x": None, "none.y": None,
    }  # fmt: skip


def test_memory_does_not_grow_with_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    from shelver.feeds import json_outline, text_window

    monkeypatch.setattr(text_window, "CHUNK", 1_000)
    monkeypatch.setattr(json_outline, "LOOKED_AT", 1_000)
    longest = 0
    keep = text_window.Window.more

    def more(self: text_window.Window) -> bool:
        nonlocal longest
        found = keep(self)
        longest = max(longest, len(self.text))
        return found

    monkeypatch.setattr(text_window.Window, "more", more)
    monkeypatch.setattr("shelver.feeds.json_reader.LOOKED_AT", 1_000)
    assert len(rows(f'{{"x": "{"y" * 500}", "products": [' + ", ".join([P] * 5_000) + "]}")) == 5_000
    assert longest < 5_000


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.text(max_size=4), VALUES, max_size=4), min_size=1, max_size=6), st.integers(0, 2))
def test_every_object_comes_back_as_it_was(objects: list[dict[str, object]], indent: int) -> None:
    first = {"id": 1, "title": "x", "price": 2}
    text = json.dumps([first, *objects], indent=indent or None, ensure_ascii=indent == 1)
    found = rows(text, format="json")
    assert len(found) == len(objects) + 1
    for row, value in zip(found[1:], objects, strict=True):
        assert row.reason == "" if value else row.reason == "an empty JSON object"
        assert not value or json.loads(row.raw) == value


def test_blanks_after_damage_take_linear_time() -> None:
    begun = time.process_time()
    found = rows('[{"id": 1}, {"id" 2}' + " " * 200_000 + ', {"id": 3}]')
    assert [row.values.get("id") for row in found] == ["1", None, "3"]
    assert refused('[{"id": 1}, {"id": }' + " " * 200_000 + "x")
    assert time.process_time() - begun < 3


@pytest.mark.parametrize(
    ("damaged", "seconds"),
    [('{"id": 2, "title": "b", "tags": ["a", "b"}', 5.0), ('{"id": 2, "title": "b"}}', 3.0)],
)
def test_damage_in_every_item_takes_linear_time(damaged: str, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shelver.feeds.json_ends.PATIENCE", 1 << 22)
    begun = time.process_time()
    found = rows(f"[{P}, " + f"{damaged}, " * 8_000 + f"{P}]")
    assert time.process_time() - begun < seconds
    assert [len(found) > 8_000, found[0].reason, found[-1].reason] == [True, "", ""]


def test_keys_without_end_make_no_columns_without_end() -> None:
    text = "\n".join(json.dumps({f"{row}_{key}": 1 for key in range(400)}) for row in range(60))
    read = opened(text)
    blocks = list(read.batches)
    assert {len(read.columns), *(block.cells.num_columns for block in blocks)} == {MAX_COLUMNS}
    assert sum(map(len, blocks)) == 60
    assert json.loads(blocks[-1].raw[-1].as_py())["59_399"] == 1


ATTRS = '"variants": [{"size": "M"}], "attrs": {"a": "b"}'


def pages(*parts: range, lacks: int = -1) -> str:
    """Pages of products; one of them lacks its first bracket."""
    items = [[f'{{"id": {n}, "title": "hat", {ATTRS}}}'[n == lacks :] for n in part] for part in parts]
    return ", ".join(f'{{"products": [{", ".join(each)}]}}' for each in items)


@pytest.mark.parametrize("lacks", [1, 3, 5, 8, 9, 10])
@pytest.mark.parametrize(("before", "after"), [("[", "]"), ('{"pages": [', "]}"), ('{"s": [{"p": [', "]}]}")])
def test_products_behind_a_damaged_one_are_not_taken_for_pages(before: str, after: str, lacks: int) -> None:
    text = pages(range(5), range(5, 9), range(9, 12), lacks=lacks)
    try:
        found = rows(before + text + after)
    except FeedError:
        return
    assert "".join(row.raw for row in found).count('"hat"') == 12


def test_that_products_stand_in_the_place_of_pages_is_said() -> None:
    text = pages(range(5), range(5, 9), range(9, 12), lacks=6)
    assert "what is left of a damaged item seems to hold others" in refused(f'{{"pages": [{text}]}}')


def test_products_behind_a_damaged_one_that_hold_others_are_not_taken_for_pages() -> None:
    text = pages(range(5), range(5, 9), lacks=6).replace('"attrs"', '"products": [], "attrs"')
    assert "seems to hold others" in refused(f"[{text}]", item="products")


def test_pages_without_products_are_known_from_before() -> None:
    banner = ', {"id": 1, "banner": "Sale"}'
    damaged = f'{{"products": [{P}, {{"id" 2}}, {P}]}}'
    whole = f'{{"products": [{P}]}}'
    found = rows(f'{{"blocks": [{whole}{banner}, {damaged}{banner}, {whole}]}}')
    assert [bool(row.reason) for row in found] == [False, False, True, False, False]
    assert "seems to hold others" in refused(f'{{"blocks": [{whole}, {damaged}{banner}, {whole}]}}')


def test_brackets_left_over_behind_objects_that_were_passed_over() -> None:
    """A product that lost two brackets may be whole JSON still, and so may all behind it but for the last brackets."""
    hat, cap, bag = ({"id": n, "title": name, "images": [{"src": name}], "stock": 1} for n, name in enumerate("abc"))
    text = json.dumps({"shops": [{"pages": [{"offers": [hat, cap]}, {"offers": [bag]}]}]})
    assert len(rows(text, item="shops.pages.offers")) == 3
    lacks = text.replace('[{"src": "b"}', '"b"}')
    assert json.loads(lacks[:-2])["shops"][1:] == [{"offers": [bag]}]
    assert "seems to hold others" in refused(lacks, item="shops.pages.offers")
    assert rows('[{"id": 1}, {"id": 2}]]')[-1].reason == "text after the end of the JSON"
