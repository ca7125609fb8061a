from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from shelver.config import FIELDS
from shelver.feeds.clean import product_id
from shelver.feeds.columnar import FEW
from shelver.feeds.rows import Block, RawRow, bad_row
from shelver.feeds.schema import CLEAN_SCHEMA, PRODUCT_SCHEMA, RAW_SCHEMA, raw_batch
from shelver.feeds.stage import CleanStage
from shelver.files import Files
from shelver.stage import Stage

COLUMNS = {name: name for name in FIELDS}


def batch(*rows: RawRow) -> pa.RecordBatch:
    return raw_batch(Block.of(rows), "f.csv", COLUMNS)


def row(line: int = 2, **values: str | None) -> RawRow:
    return RawRow(line, dict(values), json.dumps(values))


def clean(*rows: RawRow, stage: CleanStage | None = None) -> list[dict[str, object]]:
    found: list[dict[str, object]] = (stage or CleanStage("shop")).apply(batch(*rows)).to_pylist()
    return found


def test_it_is_a_stage() -> None:
    stage = CleanStage("shop")
    assert isinstance(stage, Stage)
    assert stage.name == "clean.v2"
    assert stage.columns == tuple(RAW_SCHEMA.names)
    assert stage.fit(lambda: iter(())) is stage
    assert stage.schema.names[:-1] == PRODUCT_SCHEMA.names


def test_a_product() -> None:
    first = clean(row(id=" 7 ", title="<b>Hat</b>", price="1.299,00 €", gtin="4006381333931", size="N/A"))[0]
    assert first["merchant_id"] == "7"
    assert first["title"] == "Hat"
    assert (first["price"], first["currency"]) == (1299.0, "EUR")
    assert first["gtin"] == "4006381333931"
    assert first["size"] is None
    assert (first["source"], first["file"], first["line"]) == ("shop", "f.csv", 2)
    assert first["reject"] is None
    assert first["notes"] == []
    assert json.loads(str(first["raw"]))["title"] == "<b>Hat</b>"


def test_refused_values_become_notes_and_the_row_stays() -> None:
    first = clean(row(id="1", title="Hat", price="call us", gtin="12", url="a/b", currency="beads"))[0]
    assert first["reject"] is None
    assert first["price"] is None
    assert first["notes"] == [
        "currency: not known: 'beads'", "url: not a whole address: 'a/b'", "gtin: 2 digits in '12'",
        "price: no digits in 'call us'",
    ]  # fmt: skip


def test_two_currencies_are_noted() -> None:
    first = clean(row(id="1", title="Hat", price="5 USD", currency="EUR"))[0]
    assert first["currency"] == "USD"
    assert first["notes"] == ["currency: the price is in USD, the currency column says EUR"]


def test_rejects() -> None:
    found = clean(row(id="", title="Hat"), row(id="1", title="<p></p>"), bad_row(4, "x", "2 cells, header has 3"))
    assert [each["reject"] for each in found] == ["id: empty", "title: empty", "2 cells, header has 3"]


def test_merchant_of_the_row_then_of_the_feed() -> None:
    stage = CleanStage("shop", merchant="Own")
    found = clean(row(id="1", title="a", merchant="Other"), row(id="1", title="a"), stage=stage)
    assert [each["merchant"] for each in found] == ["Other", "Own"]
    assert found[0]["product_id"] != found[1]["product_id"]


def test_without_ids_title_and_address_are_the_identity() -> None:
    stage = CleanStage("shop", has_id=False)
    rows = [row(title="Hat", url="https://a/1"), row(title=" Hat ", url="https://a/1"), row(title="Hat"), row(url="x")]
    ids = [each["product_id"] for each in clean(*rows, stage=stage)]
    assert ids[0] == ids[1] != ids[2]
    assert ids[3] is None
    assert clean(*rows, stage=stage)[3]["reject"] == "title: empty"


def test_content_hash_follows_the_content_not_the_place() -> None:
    hashes = [
        each["content_hash"]
        for each in clean(row(2, id="1", title="Hat"), row(9, id="1", title="Hat "), row(2, id="1", title="Cap"))
    ]
    assert hashes[0] == hashes[1] != hashes[2]


def test_content_hash_covers_pictures_price_and_codes_but_not_the_language() -> None:
    base = {"id": "1", "title": "Hat", "price": "5", "image_url": "https://a/1"}
    other = [
        {"price": "6"}, {"image_urls": "https://a/2"}, {"mpn": "x"}, {"availability": "in stock"}, {"item_group": "g"},
        {"gender": "men"}, {"currency": "EUR"}, {"size": "5"}, {"colour": "5"},
    ]  # fmt: skip
    hashes = [each["content_hash"] for each in clean(row(**base), *(row(**{**base, **more}) for more in other))]
    assert len(set(hashes)) == len(other) + 1
    silent = clean(row(**base), stage=CleanStage("shop", language=False))[0]
    assert (silent["language"], silent["content_hash"]) == (None, hashes[0])


def test_hashes_are_those_of_the_formula() -> None:
    first = clean(row(id="7", title="Hat", merchant="M"))[0]
    assert first["product_id"] == product_id("shop", "M", "7")
    assert first["product_id"] == hashlib.blake2b(b"shop\x1fM\x1f7", digest_size=10).hexdigest()


def test_new_fields() -> None:
    first = clean(
        row(
            id="1", title="Schöne Winterjacke für Damen", image_url="https://a/1 , https://a/2", mpn=" AB-1 ",
            image_urls='["https://a/2", "https://a/3"]', availability="auf Lager", item_group="g1", gender="Damen",
            category="Mode/Jacken", raw_category="a > b, a > c",
        )
    )[0]  # fmt: skip
    assert first["image_urls"] == ["https://a/1", "https://a/2", "https://a/3"]
    assert first["image_url"] == "https://a/1"
    assert (first["mpn"], first["availability"], first["item_group"]) == ("AB-1", "in_stock", "g1")
    assert (first["gender"], first["language"], first["active"]) == ("women", "de", True)
    assert (first["category"], first["raw_category"]) == ("Mode > Jacken", "a > b")
    assert first["notes"] == ["raw_category: 2 paths, the deepest kept of 'a > b, a > c'"]


def test_the_decimal_sign_is_a_setting() -> None:
    rows = row(id="1", title="Hat", price="1.299")
    prices = [clean(rows, stage=CleanStage("shop", decimal=sign))[0]["price"] for sign in (".", ",", "auto")]
    assert prices == [1.299, 1299.0, 1299.0]


def test_settings_are_in_the_fingerprint_and_saved(tmp_path: Path) -> None:
    stage = CleanStage("shop", "m", has_id=False)
    assert stage.fingerprint() != CleanStage("shop", "m").fingerprint()
    stage.save(Files(tmp_path))
    assert CleanStage.load(Files(tmp_path)) == stage


def test_no_rows() -> None:
    assert CleanStage("shop").apply(batch()).num_rows == 0


TEXT = (
    st.none()
    | st.sampled_from(["1", "Hat", "12,5 €", "1 - 2", "https://a/b", "<p>", "4006381333931", "", "a/bcd, a/efg"])
    | st.text(max_size=8)
)
ROWS = st.lists(st.dictionaries(st.sampled_from(FIELDS), TEXT), max_size=6)


@settings(max_examples=30, deadline=None)
@given(ROWS, st.booleans())
def test_rows_are_kept_and_a_batch_is_as_good_as_single_rows(values: list[dict[str, str | None]], has_id: bool) -> None:
    stage = CleanStage("shop", has_id=has_id)
    rows = [row(number, **each) for number, each in enumerate(values)]
    whole = stage.apply(batch(*rows))
    assert whole.schema == CLEAN_SCHEMA
    assert whole.num_rows == len(rows)
    singles = [stage.apply(batch(each)).to_pylist()[0] for each in rows]
    assert whole.to_pylist() == singles
    assert stage.apply(pa.concat_batches([batch(*rows)] * FEW)).to_pylist() == singles * FEW
    assert [row for at in range(len(rows)) for row in stage.apply(batch(*rows).slice(at, 1)).to_pylist()] == singles
