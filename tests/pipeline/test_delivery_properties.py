"""Whatever is delivered, in whatever pieces: the catalogue is what the last delivery says, and the rest is inactive."""

from __future__ import annotations

import csv
import json
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shelver.config import Feed
from shelver.feeds.ingest import read_products
from shelver.feeds.rows import number_text
from shelver.feeds.schema import PRODUCT_SCHEMA
from shelver.files import Files
from shelver.pipeline.workspace import Workspace

EXPORTED = {
    "id": "merchant_id", "merchant": "merchant", "title": "title", "brand": "brand", "category": "category",
    "raw_category": "raw_category", "description": "description", "gender": "gender", "size": "size",
    "colour": "colour", "price": "price", "currency": "currency", "url": "url", "image_url": "image_url",
    "gtin": "gtin", "mpn": "mpn", "availability": "availability", "item_group": "item_group",
}  # fmt: skip
"""Field of a feed → column of the products."""


def products(folder: str, feed: Feed) -> pa.Table:
    return pa.Table.from_batches([good for good, _ in read_products(Files(folder), feed)], PRODUCT_SCHEMA)


def contents(table: pa.Table) -> dict[str, str]:
    ids, hashes = table["product_id"].to_pylist(), table["content_hash"].to_pylist()
    assert len(set(ids)) == len(ids)
    return dict(zip(ids, hashes, strict=True))


def write(path: Path, rows: Sequence[dict[str, str]], columns: Sequence[str], delimiter: str = ",") -> None:
    with open(path, "w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns, delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)


TEXT = st.text(st.sampled_from("aZé9 ,;\"\n'|\\&<>ß漢"), min_size=1, max_size=12)
ROW = st.fixed_dictionaries(
    {"title": TEXT, "brand": TEXT, "price": st.sampled_from(["", "5", "12,50 €", "1.299", "?"])}
)


@settings(max_examples=40, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=12), st.randoms(use_true_random=False), st.integers(1, 5), st.integers(1, 4))
def test_any_split_into_files_in_any_order_is_the_same_catalogue(
    rows: list[dict[str, str]], rng: random.Random, files: int, size: int
) -> None:
    whole = [{"id": f"p{number}", **row} for number, row in enumerate(rows)]
    columns = ["id", "title", "brand", "price"]
    feed = Feed(name="shop", path="*.csv", max_rejects=1, encoding="utf-8", columns={name: name for name in columns})
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as many:
        write(Path(one, "a.csv"), whole, columns)
        rng.shuffle(whole)
        for number in range(files):
            if part := whole[number::files]:
                rng.shuffle(columns)
                write(Path(many, f"{rng.randrange(1000):03}-{number}.csv"), part, columns, rng.choice(",;\t|"))
        expected = contents(products(one, feed))
        made = [good for good, _ in read_products(Files(many), feed, batch_size=size)]
        assert contents(pa.Table.from_batches(made, PRODUCT_SCHEMA)) == expected


DELIVERY = st.dictionaries(st.integers(0, 5), st.integers(0, 2), min_size=1)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from("ab"), DELIVERY), min_size=1, max_size=4))
def test_any_deliveries_end_in_the_last_one_and_an_inactive_rest(steps: list[tuple[str, dict[int, int]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        text = '[[feeds]]\nname = "{0}"\npath = "{0}.csv"\nencoding = "utf-8"\nmax_gone = 1\n'
        known: dict[str, dict[str, str]] = {"a": {}, "b": {}}
        last: dict[str, dict[int, int]] = {}
        for feed, delivery in steps:
            rows = [{"id": f"p{key}", "title": f"Thing {value}"} for key, value in delivery.items()]
            write(Path(folder, f"{feed}.csv"), rows, ["id", "title"])
            last[feed] = delivery
            known[feed] |= {row["id"]: row["title"] for row in rows}
            Path(folder, "shelver.toml").write_text("".join(text.format(name) for name in sorted(last)))
            workspace = Workspace(folder)
            made = next(step for step in workspace.ingest() if step.name == f"ingest {feed}")
            assert made.rows == len(delivery)
        found = workspace.products().read(["source", "merchant_id", "title", "active", "product_id"]).to_pylist()
        workspace.close()
    for feed, delivery in last.items():
        mine = [row for row in found if row["source"] == feed]
        active = [(row["merchant_id"], row["title"]) for row in mine if row["active"]]
        assert active == [(f"p{key}", f"Thing {value}") for key, value in delivery.items()], "in the feed's order"
        rest = mine[len(active) :]
        assert not any(row["active"] for row in rest)
        assert [row["product_id"] for row in rest] == sorted(row["product_id"] for row in rest)
        gone = {name: title for name, title in known[feed].items() if name not in dict(active)}
        assert {row["merchant_id"]: row["title"] for row in rest} == gone
    assert [row["source"] for row in found] == sorted(row["source"] for row in found)


AWKWARD = TEXT | st.text(max_size=20) | st.sampled_from(["&amp;lt;b&amp;gt;", "N/A", "a\x1fb", "Ã©tÃ©", "1,299.00"])
GIVEN = st.fixed_dictionaries(
    dict.fromkeys(("id", "title"), AWKWARD),
    optional={name: AWKWARD for name in EXPORTED if name not in ("id", "title", "price", "currency", "gtin")}
    | {"price": st.sampled_from(["5", "1.299", "1.2990", "0.001", "12,50 kr", "1e3", "0", "1,234,567.89"])}
    | {"currency": st.sampled_from(["EUR", "KWD", "JPY", "?"]), "gtin": st.sampled_from(["4006381333931", "123"])}
    | {"url": st.sampled_from(["https://a.b/c?d=é&e=,", "//a.b/c d", "x"])}
    | {
        "image_url": st.sampled_from(["https://a.b/1.jpg,https://a.b/2.jpg", "https://a.b/1.jpg|https://a.b/3.png", ""])
    },
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(GIVEN, min_size=1, max_size=6), st.sampled_from(["", "Acme"]))
def test_products_that_are_exported_and_ingested_again_are_the_same(rows: list[dict[str, str]], merchant: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "feed.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        same = {"name": "shop", "max_rejects": 1, "merchant": merchant, "encoding": "utf-8"}
        names = sorted({name for row in rows for name in row})
        first = products(folder, Feed(path="feed.jsonl", columns={name: name for name in names}, **same))
        out = [
            {field: number_text(row[name]) if field == "price" and row[name] is not None else row[name]
             for field, name in EXPORTED.items()} | {"image_urls": " ".join(row["image_urls"] or [])}
            for row in first.to_pylist()
        ]  # fmt: skip
        columns = [*EXPORTED, "image_urls"]
        write(Path(folder, "export.csv"), out, columns)
        again = Feed(path="export.csv", columns={name: name for name in columns}, **same)
        second = products(folder, again) if out else first
    for name in ("product_id", *EXPORTED.values(), "image_urls", "content_hash"):
        assert second[name].to_pylist() == first[name].to_pylist(), name
