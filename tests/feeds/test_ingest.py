from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shelver.config import Feed
from shelver.errors import FeedError
from shelver.feeds.ingest import read_products
from shelver.feeds.report import FeedReport, reason_kinds
from shelver.feeds.schema import PRODUCT_SCHEMA, REJECT_SCHEMA
from shelver.files import Files

DATA = Path("/work/shared/data")


def ingest(
    folder: Path, feed: Feed, report: FeedReport | None = None, size: int = 4096
) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    products, rejects = [], []
    for good, bad in read_products(Files(folder), feed, report, size):
        assert good.schema == PRODUCT_SCHEMA
        assert bad.schema == REJECT_SCHEMA
        products.append(good)
        rejects.append(bad)
    table = pa.Table.from_batches(products, PRODUCT_SCHEMA).to_pylist()
    return table, pa.Table.from_batches(rejects, REJECT_SCHEMA).to_pylist()


def feed(**given_settings: object) -> Feed:
    return Feed.model_validate({"name": "shop", "path": "*.csv", "max_rejects": 1, **given_settings})


def test_products_and_rejects(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,title,price\n1,Hat,5\n,Cap,6\n3,,7\n4,Bag,call us\n1,Hat again,5\n6,x,y,z\n")
    report = FeedReport("shop")
    products, rejects = ingest(tmp_path, feed(), report)
    assert [(each["merchant_id"], each["line"]) for each in products] == [("1", 2), ("4", 5)]
    assert [(each["line"], each["reason"]) for each in rejects] == [
        (3, "id: empty"),
        (4, "title: empty"),
        (6, "duplicate id '1' (first seen on line 2)"),
        (7, "4 cells, header has 3"),
    ]
    assert rejects[3] == {
        "source": "shop", "file": "a.csv", "line": 7, "reason": "4 cells, header has 3", "raw": "6,x,y,z",
    }  # fmt: skip
    assert (report.rows, report.products, report.rejected) == (6, 2, 4)
    assert report.rejects["duplicate id ... (first seen on line N)"].examples == [
        "a.csv line 6: duplicate id '1' (first seen on line 2)"
    ]
    assert report.notes == {"price: no digits in ...": 1}
    assert report.columns["a.csv"].columns["id"] == "id"
    assert report.files["a.csv"] == 'csv, delimiter ","'


def test_duplicates_across_files_name_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,title\n1,Hat\n")
    (tmp_path / "b.csv").write_text("id;title\n2;Cap\n1;Hat\n")
    _, rejects = ingest(tmp_path, feed())
    assert [each["reason"] for each in rejects] == ["duplicate id '1' (first seen on line 2 of a.csv)"]


def test_same_id_of_another_merchant_is_another_product(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,title,merchant\n1,Hat,x\n1,Hat,y\n")
    assert len(ingest(tmp_path, feed())[0]) == 2


def test_further_rows_of_a_product_are_no_faults(tmp_path: Path) -> None:
    rows = "hat,Hat,1.jpg\nhat,,2.jpg\nhat,,3.jpg\ncap,Cap,4.jpg\n"
    (tmp_path / "a.csv").write_text("Handle,Title,Image Src\n" + rows)
    report = FeedReport("shop")
    products, rejects = ingest(tmp_path, feed(max_rejects=0), report)
    assert len(products) == 2
    assert rejects[0]["reason"] == "continues id 'hat' (line 2): no title, a further variant or picture"
    assert (report.continued, report.bad_share) == (2, 0)


def test_too_many_rejects_refuse_the_feed(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,title\n1,Hat\n1,Hat\n,x\n,y\n5,Cap\n")
    with pytest.raises(FeedError) as caught:
        ingest(tmp_path, feed(max_rejects=0.5))
    message = str(caught.value)
    assert message.startswith("feed shop: 3 of 5 rows are bad; nothing was written; expected at most 50%")
    assert "2 × id: empty; first: a.csv line 4" in message
    assert "1 × duplicate id" in message
    assert len(ingest(tmp_path, feed(max_rejects=0.6))[0]) == 2


def test_no_product_at_all_is_refused_unless_all_may_be_bad(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,title\n,x\n")
    with pytest.raises(FeedError, match="1 of 1 rows are bad"):
        ingest(tmp_path, feed(max_rejects=0.99))
    assert ingest(tmp_path, feed(max_rejects=1))[0] == []


def test_no_title_column(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    with pytest.raises(FeedError, match="no column found for the title"):
        ingest(tmp_path, feed())


def test_given_merchant_and_columns(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,Hat\n")
    products, _ = ingest(tmp_path, feed(merchant="Own", columns={"id": "x", "title": "y"}))
    assert (products[0]["merchant"], products[0]["title"]) == ("Own", "Hat")


@pytest.mark.parametrize("given_columns", [{}, {"brand": "brand", "colour": "shade"}])
@pytest.mark.parametrize("form", ["jsonl", "json", "xml"])
def test_columns_that_only_rows_far_down_have(tmp_path: Path, form: str, given_columns: dict[str, str]) -> None:
    rows = [{"id": str(number), "title": f"Hat {number}"} for number in range(1500)]
    rows[1200]["brand"], rows[1400]["shade"] = "Acme", "red"
    if form == "xml":
        cells = ("".join(f"<{name}>{text}</{name}>" for name, text in row.items()) for row in rows)
        text = f"<items>{''.join(f'<item>{each}</item>' for each in cells)}</items>"
    else:
        text = "\n".join(map(json.dumps, rows)) if form == "jsonl" else json.dumps(rows)
    (tmp_path / f"a.{form}").write_text(text)
    for size in (100, 4096):
        products, _ = ingest(tmp_path, feed(path=f"a.{form}", columns=given_columns), size=size)
        assert len(products) == 1500
        assert [(each["merchant_id"], each["brand"]) for each in products if each["brand"]] == [("1200", "Acme")]
        assert [each["colour"] for each in products if each["colour"]] == (["red"] if given_columns else [])
    with pytest.raises(FeedError, match='no column "mark", which feed shop gives as brand'):
        ingest(tmp_path, feed(path=f"a.{form}", columns={"brand": "mark"}))


def test_batch_size_never_changes_an_answer(tmp_path: Path) -> None:
    lines = [f"{number % 9},{'Hat' if number % 4 else ''},{number}" for number in range(40)]
    (tmp_path / "a.csv").write_text("\n".join(["id,title,price", *lines]))
    answers = [ingest(tmp_path, feed(), size=size) for size in (1, 7, 4096)]
    assert answers[0] == answers[1] == answers[2]


def test_kinds_of_reasons() -> None:
    reasons = ["duplicate id 'it's 5' (first seen on line 7)", "12 cells, header has 1,000", None]
    assert reason_kinds(pa.array(reasons)).to_pylist() == [
        "duplicate id ... (first seen on line N)", "N cells, header has N", None,
    ]  # fmt: skip


def test_kinds_are_bounded() -> None:
    report = FeedReport("shop")
    none = pa.RecordBatch.from_pylist([], PRODUCT_SCHEMA)
    for start in range(0, 500, 50):
        rows = [{"file": "f", "line": n, "reason": "x" * n + "y"} for n in range(start, start + 50)]
        report.add_rows(none, pa.RecordBatch.from_pylist(rows, REJECT_SCHEMA))
        products = [{"title": "t", "notes": [row["reason"], "z"]} for row in rows]
        report.add_rows(
            pa.RecordBatch.from_pylist(products, PRODUCT_SCHEMA), pa.RecordBatch.from_pylist([], REJECT_SCHEMA)
        )
    assert len(report.rejects) <= 101
    assert len(report.notes) <= 101
    assert sum(report.notes.values()) == 1000
    assert report.rejected == report.products == report.filled["title"] == 500
    assert report.filled["brand"] == report.filled["image_urls"] == 0
    assert report.rejects["y"].examples == ["f line 0: y"]
    assert len(report.rejects["other reasons"].examples) == 3


GARBAGE = st.text(st.sampled_from('1a,";\n\r\t|\\<&\x00é \u2028'), max_size=300) | st.text(max_size=100)


@settings(max_examples=150, deadline=None)
@given(GARBAGE, st.integers(1, 5))
def test_rows_are_products_plus_rejects_whatever_comes(garbage: str, size: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "a.csv").write_bytes(("id,title\n1,Hat\n" + garbage).encode())
        report = FeedReport("shop")
        try:
            products, rejects = ingest(Path(folder), feed(), report, size)
        except FeedError:
            return
    assert report.rows == len(products) + len(rejects) == report.products + report.rejected
    assert len({each["product_id"] for each in products}) == len(products)
    assert all(each["reason"] for each in rejects)
    assert all(each["title"] and each["merchant_id"] for each in products)
    texts = sum(bool(line.strip(", \t")) for line in garbage.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    assert report.rows <= 1 + texts


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["csv", "tsv", "jsonl", "parquet"]))
def test_any_bytes_give_rows_or_a_clear_refusal(content: bytes, kind: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "a.csv").write_bytes(content)
        refusal = ""
        try:
            ingest(Path(folder), feed(format=kind))
        except FeedError as error:
            refusal = str(error)
    assert not refusal or refusal.startswith("a.csv")


needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="no real feeds here (/work/shared/data)")


@needs_data
@pytest.mark.parametrize(
    ("path", "products"),
    [
        ("instacart/products.csv", 49_688),
        ("fashion/products.csv", 18_144),
        ("retailer_feeds/products.csv", 10_220),
        ("retailer_feeds/raw/shop_25__products_export_1.csv", 1_244),
        ("marketplace_samples/shein-products.csv", 1_000),
        ("marketplace_samples/shopee-products.csv", 1_000),
        ("feeds_real/cj_product_feed_eur.csv", 96),
        ("magento/products.csv", 2_046),
    ],
)
def test_real_feeds_work_without_settings(path: str, products: int) -> None:
    report = FeedReport("real")
    for _ in read_products(Files(DATA), Feed(name="real", path=path), report):
        pass
    assert report.products == products
    assert report.rows == report.products + report.rejected


@needs_data
def test_real_excerpts_of_networks() -> None:
    for file in sorted((DATA / "feed_formats").glob("*__*.csv")):
        report = FeedReport("real")
        for _ in read_products(Files(DATA), feed(path=f"feed_formats/{file.name}"), report):
            pass
        assert report.rows == 1
        assert report.products == 1, file.name
