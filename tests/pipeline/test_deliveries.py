"""Deliveries of feeds: what changes, what comes back, what is held back, what is noted."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from shelver.catalogue.deliveries import FORGOTTEN, INTERRUPTED, WRITING, Delivery
from shelver.errors import ConfigError, FeedError
from shelver.feeds.leftovers import remove_leftovers
from shelver.feeds.schema import PRODUCT_SCHEMA
from shelver.pipeline.background import lock_of
from shelver.pipeline.ingest import IngestError
from shelver.pipeline.workspace import Workspace
from shelver.testing.web import Reply, WebServer

ONE = "id,title,price\n1,Hat,5\n2,Cap,6\n3,Bag,7\n4,Belt,8\n"


class Shop:
    """A workspace with feeds that are written by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.feeds: dict[str, str] = {}

    def set(self, name: str, content: str | None = None, **settings: object) -> None:
        lines = [f'name = "{name}"', f'path = "{name}.csv"', 'encoding = "utf-8"']
        lines += [f"{key} = {value}" for key, value in settings.items()]
        self.feeds[name] = "[[feeds]]\n" + "\n".join(lines) + "\n"
        if content is not None:
            (self.folder / f"{name}.csv").write_text(content)
        (self.folder / "shelver.toml").write_text("".join(self.feeds.values()))

    def drop(self, name: str) -> None:
        del self.feeds[name]
        (self.folder / "shelver.toml").write_text("".join(self.feeds.values()) or "[engine]\n")

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.folder)

    def ingest(self, **options: str) -> dict[str, dict[str, object]]:
        with_details = self.workspace.ingest(**options)
        return {step.name.removeprefix("ingest "): {"rows": step.rows, **step.details} for step in with_details}

    def counts(self, name: str = "shop", **options: str) -> tuple[object, ...]:
        found = self.ingest(**options)[name]
        return tuple(found[key] for key in ("new", "changed", "unchanged", "gone", "back"))

    def rows(self) -> list[tuple[str, str, bool]]:
        found = self.workspace.products().read(["merchant_id", "title", "active"]).to_pylist()
        return [(row["merchant_id"], row["title"], row["active"]) for row in found]

    def statuses(self, name: str = "shop") -> list[str]:
        return [each.status for each in self.workspace.deliveries(name)]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    made.set("shop", ONE, max_gone=0.5)
    return made


def test_changed_new_gone_and_back(shop: Shop) -> None:
    assert shop.counts() == (4, 0, 0, 0, 0)
    assert shop.ingest()["shop"] == {"rows": 4, "status": "up to date"}
    shop.set("shop", "id,title,price\n4,Belt,8\n5,Sock,1\n2,Cap,9\n", max_gone=0.5)
    assert shop.counts() == (1, 1, 1, 2, 0)
    assert shop.rows()[:3] == [("4", "Belt", True), ("5", "Sock", True), ("2", "Cap", True)]
    ids = shop.workspace.products().read(["product_id"])["product_id"].to_pylist()
    assert sorted(shop.rows()[3:]) == [("1", "Hat", False), ("3", "Bag", False)]
    assert ids[3:] == sorted(ids[3:]), "inactive ones lie by their ids"
    shop.set("shop", "id,title,price\n3,Bag,7\n4,Belt,8\n2,Cap,9\n1,Top hat,5\n", max_gone=0.5)
    assert shop.counts() == (0, 0, 2, 1, 2)
    assert shop.rows()[4:] == [("5", "Sock", False)]
    assert [(each.status, each.products, each.gone) for each in shop.workspace.deliveries("shop")] == [
        ("accepted", 4, 0), ("accepted", 3, 2), ("accepted", 4, 1),
    ]  # fmt: skip
    assert shop.ingest()["shop"]["rows"] == 4
    assert len(shop.statuses()) == 3, "what is up to date is no delivery"


def test_what_is_noted(shop: Shop) -> None:
    shop.set("shop", ONE + "5,,9\n6,Tie,call us\n", max_gone=0.5)
    shop.ingest()
    (noted,) = shop.workspace.deliveries()
    assert (noted.feed, noted.path, noted.files) == ("shop", "shop.csv", ("shop.csv",))
    assert (noted.rows, noted.products, noted.rejected, noted.reasons) == (6, 5, 1, {"title: empty": 1})
    assert noted.columns == {"id": ["id"], "price": ["price"], "title": ["title"]}
    assert (noted.filled["title"], noted.filled["price"], noted.filled["brand"]) == (5, 4, 0)
    assert noted.started <= noted.finished


def test_keys_in_addresses_are_not_noted(tmp_path: Path) -> None:
    with WebServer({"/f.csv": Reply(ONE.encode())}) as server:
        address = server.url("/f.csv?apikey=4f3e").replace("http://", "http://me:secret@")
        (tmp_path / "shelver.toml").write_text(f'[[feeds]]\nname = "shop"\npath = "{address}"\n')
        Workspace(tmp_path).ingest()
    (noted,) = Workspace(tmp_path).deliveries()
    assert noted.path.startswith("http://***@")
    assert noted.path.endswith("/f.csv?apikey=***")
    assert b"4f3e" not in (tmp_path / "control.db").read_bytes()


def test_a_delivery_that_shrinks_is_held_back_until_it_is_confirmed(shop: Shop) -> None:
    shop.ingest()
    before = shop.workspace.products()
    shop.set("shop", "id,title,price\n1,Hat,5\n", max_gone=0.5)
    for _ in range(2):
        with pytest.raises(IngestError) as caught:
            shop.ingest()
        assert "feed shop: held back, nothing was changed" in str(caught.value)
        assert "3 of 4 products (75.0%) are gone, at most 50% may be (max_gone): 2 Cap; 3 Bag; 4 Belt" in str(
            caught.value
        )
        assert "shelver ingest --accept shop" in str(caught.value)
        assert [step.details["status"] for step in caught.value.steps] == ["held"]
    assert shop.workspace.products().version == before.version
    assert shop.statuses() == ["accepted", "held"], "the same delivery is noted once"
    shop.set("shop", "id,title,price\n2,Cap,6\n", max_gone=0.5)
    with pytest.raises(IngestError, match="another delivery than the one that was held back"):
        shop.ingest(accept="shop")
    assert shop.counts(accept="shop") == (0, 0, 1, 3, 0)
    assert shop.statuses() == ["accepted", "held", "held", "accepted"]
    assert shop.ingest(accept="shop")["shop"]["status"] == "up to date"


def test_a_held_delivery_is_judged_anew_by_changed_settings(shop: Shop) -> None:
    shop.ingest()
    shop.set("shop", "id,title,price\n1,Hat,5\n", max_gone=0.5)
    with pytest.raises(IngestError):
        shop.ingest()
    shop.set("shop", max_gone=0.75)
    assert shop.counts() == (0, 0, 1, 3, 0)


def test_columns_that_vanish_hold_a_delivery_back(shop: Shop) -> None:
    shop.ingest()
    shop.set("shop", ONE.replace("price", "weight"), max_gone=0.5)
    with pytest.raises(IngestError, match='price was read from "price", which is gone; now from none'):
        shop.ingest()
    shop.set("shop", max_gone=0.5, hold_columns="false")
    assert shop.counts() == (0, 4, 0, 0, 0)


def test_columns_that_are_added_or_asked_for_hold_nothing_back(shop: Shop) -> None:
    shop.ingest()
    shop.set("shop", "id,title,price,brand,sale\n1,Hat,5,Acme,4\n2,Cap,6,,5\n3,Bag,7,,6\n4,Belt,8,,7\n")
    assert shop.counts() == (0, 1, 3, 0, 0)
    shop.set("shop", columns='{ price = "sale" }')
    assert shop.counts() == (0, 4, 0, 0, 0)


def test_a_column_that_only_rows_far_down_had_may_be_gone(tmp_path: Path) -> None:
    (tmp_path / "shelver.toml").write_text('[[feeds]]\nname = "shop"\npath = "shop.jsonl"\n')
    rows = [{"id": number, "title": f"Hat {number}"} for number in range(1100)]
    for last in ({"brand": "Acme"}, {}):
        rows[-1] = {"id": 1099, "title": "Hat", **last}
        (tmp_path / "shop.jsonl").write_text("\n".join(map(json.dumps, rows)))
        Workspace(tmp_path).ingest()
    first, second = Workspace(tmp_path).deliveries("shop")
    assert (first.columns["brand"], first.filled["brand"]) == (["brand"], 1)
    assert (second.status, second.changed, "brand" in second.columns) == ("accepted", 1, False)


def test_a_refused_feed_is_noted_and_stops_no_other(shop: Shop) -> None:
    shop.set("bad", "id,title\n1,Hat\n,x\n,y\n")
    shop.set("gone", ONE)
    shop.set("more", ONE)
    (shop.folder / "gone.csv").unlink()
    with pytest.raises(IngestError) as caught:
        shop.ingest()
    text = str(caught.value)
    assert "2 of 4 feeds were not taken" in text
    assert "2 of 3 rows are bad" in text
    assert "gone.csv: no such file" in text
    assert [step.details["status"] for step in caught.value.steps] == ["accepted", "refused", "refused", "accepted"]
    assert len(shop.rows()) == 8
    (noted,) = shop.workspace.deliveries("bad")
    assert (noted.status, noted.rows, noted.rejected) == ("refused", 3, 2)
    assert "2 of 3 rows are bad" in noted.reason
    shop.drop("gone")
    with pytest.raises(IngestError) as caught:
        shop.ingest()
    assert str(caught.value).startswith("feed bad: 2 of 3 rows are bad; nothing was written; expected at most 20%")
    assert shop.statuses("bad") == ["refused"], "the same delivery is noted once"


def test_all_feeds_that_were_not_taken_are_told_wholly(shop: Shop) -> None:
    names = [f"shop-number-{number}-of-a-network-with-a-long-name" for number in range(8)]
    for name in names:
        shop.set(name)
    with pytest.raises(IngestError) as caught:
        shop.ingest()
    text = str(caught.value)
    assert "8 of 9 feeds were not taken" in text
    for name in names:
        assert f"{name}.csv: no such file; expected a feed at {shop.folder}/{name}.csv" in text


def test_all_reasons_of_a_held_delivery_are_told(shop: Shop) -> None:
    rows = "".join(f"{number},{'Hat ' * 30}{number},5,Acme,red\n" for number in range(4))
    shop.set("shop", "id,title,price,brand,color\n" + rows)
    shop.ingest()
    shop.set("shop", "id,title\n9,Bag\n", max_gone=0.5)
    with pytest.raises(IngestError) as caught:
        shop.ingest()
    text = str(caught.value)
    for told in ("4 of 4 products", '"price", which is gone', '"brand", which is gone', '"color", which is gone'):
        assert told in text
    assert "..." not in text.replace(", ...", "")


def test_leftovers_that_cannot_be_looked_for_hide_nothing(shop: Shop) -> None:
    shop.ingest()
    table = shop.workspace.table("products")
    shop.set("shop", ONE.replace("Hat", "Beret"))
    shop.ingest()
    old = min(Path(table.uri, "_versions").iterdir(), key=lambda file: file.stat().st_mtime_ns)
    old.write_bytes(b"damaged")
    with pytest.raises((RuntimeError, OSError), match="corrupt"):
        remove_leftovers(table, time.time())
    shop.set("bad", "id,title\n1,Hat\n,x\n,y\n")
    with pytest.raises(IngestError, match="2 of 3 rows are bad"):
        shop.ingest()


def test_a_feed_that_is_no_longer_in_the_settings(shop: Shop) -> None:
    shop.set("old", ONE)
    shop.ingest()
    with pytest.raises(ConfigError, match='the feed "old" is still in the settings'):
        shop.ingest(forget="old")
    shop.drop("old")
    assert shop.ingest()["old"] == {"rows": 4, "status": "not in shelver.toml"}
    assert all(active for _, _, active in shop.rows())
    with pytest.raises(FeedError, match=r'no products of a feed "odl"(.|\n)*did you mean "old"'):
        shop.ingest(forget="odl")
    assert shop.counts("old", forget="old") == (0, 0, 0, 4, 0)
    assert [active for _, _, active in shop.rows()] == [False] * 4 + [True] * 4
    assert shop.statuses("old") == ["accepted", "forgotten"]
    assert "old" not in shop.ingest()
    shop.set("old", ONE)
    assert shop.counts("old") == (0, 0, 0, 0, 4)


def test_equal_products_have_equal_fingerprints(shop: Shop) -> None:
    shop.set("other", ONE)
    shop.ingest()
    first, rows = shop.workspace.products().fingerprint(), shop.workspace.products().read()
    shop.set("shop", ONE.replace("Hat", "Cap"))
    shop.ingest()
    assert shop.workspace.products().fingerprint() != first
    shop.set("shop", ONE, max_gone=0.9, decimal='"."')
    shop.ingest()
    assert shop.workspace.products().fingerprint() == first
    assert shop.workspace.products().read().equals(rows)


def test_another_value_of_a_column_that_is_no_field_shows_in_the_fingerprint(shop: Shop) -> None:
    """Objectives can be read from the raw row."""
    shop.set("shop", ONE.replace("price", "conversion"))
    shop.ingest()
    before = shop.workspace.products().fingerprint()
    shop.set("shop", ONE.replace("price", "conversion").replace(",8", ",9"))
    assert shop.counts() == (0, 0, 4, 0, 0)
    assert shop.workspace.products().fingerprint() != before


def test_a_delivery_that_was_killed_is_settled_by_the_next_ingest(shop: Shop) -> None:
    shop.ingest()
    digest = shop.workspace.deliveries()[0].digest
    control = shop.workspace.control
    control.record_delivery(Delivery("shop", "shop.csv", digest, status=WRITING))
    control.record_delivery(Delivery("shop", "shop.csv", "another", status=WRITING))
    assert shop.ingest()["shop"]["status"] == "up to date"
    assert shop.statuses() == ["accepted", "accepted", INTERRUPTED]


@pytest.mark.parametrize("done", [True, False])
def test_a_feed_that_was_being_given_up_when_a_kill_came(shop: Shop, done: bool) -> None:
    shop.set("old", ONE)
    shop.ingest()
    shop.drop("old")
    if done:
        shop.ingest(forget="old")
    shop.workspace.control.record_delivery(Delivery("old", "", "", status=WRITING))
    shop.set("old", ONE)
    shop.ingest()
    assert shop.statuses("old")[done + 1] == (FORGOTTEN if done else INTERRUPTED)


def test_a_killed_forgetting_of_products_of_an_older_shelver(shop: Shop) -> None:
    shop.ingest()
    products = shop.workspace.table("products")
    rows = products.read([name for name in PRODUCT_SCHEMA.names if name != "active"])
    products.write(rows.to_batches(), rows.schema, "")
    shop.workspace.control.record_delivery(Delivery("shop", "", "", status=WRITING))
    shop.ingest()
    assert shop.statuses() == ["accepted", INTERRUPTED, "accepted"], "its products were still active"


def test_rejects_are_written_bit_by_bit(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shelver.pipeline.delivering.REFUSED_BYTES", 1)
    monkeypatch.setattr("shelver.feeds.ingest.BATCH", 2)
    lines = ["id,title", *(f"{number},{'Hat' if number % 3 == 1 else ''}" for number in range(20))]
    shop.set("shop", "\n".join(lines) + "\n", max_rejects=0.9)
    found = shop.ingest()["shop"]
    assert (found["rows_read"], found["rows"], found["rejected"]) == (20, 7, 13)
    assert [row[0] for row in shop.rows()] == [str(number) for number in range(20) if number % 3 == 1]
    assert shop.workspace.table("rejects").read(["line"])["line"].to_pylist() == [
        number + 2 for number in range(20) if number % 3 != 1
    ]


def test_a_feed_that_nobody_knows(shop: Shop) -> None:
    with pytest.raises(ConfigError, match=r'no feed is called "shp"(.|\n)*did you mean "shop"'):
        shop.ingest(accept="shp")


def test_products_of_an_older_shelver_are_taken_over(shop: Shop) -> None:
    shop.set("other", ONE)
    shop.ingest()
    products, rejects = shop.workspace.table("products"), shop.workspace.table("rejects")
    old = [name for name in PRODUCT_SCHEMA.names if name not in ("active", "language", "mpn")]
    rows = products.read(old)
    products.write(rows.to_batches(), rows.schema, '{"other": "x", "shop": "y"}')
    rejects.write(rejects.read().to_batches(), rejects.schema, '{"other": "x", "shop": "y"}')
    with pytest.raises(Exception, match=r"an older Shelver made the products(.|\n)*shelver ingest"):
        shop.workspace.products()
    shop.drop("other")
    shop.set("shop", ONE.replace("Hat", "Cap"))
    assert shop.counts() == (0, 1, 3, 0, 0)
    assert [(row[1], row[2]) for row in shop.rows()][:4] == [
        ("Hat", True),
        ("Cap", True),
        ("Bag", True),
        ("Belt", True),
    ]
    assert shop.workspace.products().schema.equals(PRODUCT_SCHEMA)


def test_two_at_once_wait_for_each_other(shop: Shop) -> None:
    lock = lock_of(str(shop.folder), "ingesting")
    script = (
        "import sys; from shelver.pipeline.workspace import Workspace; print(Workspace(sys.argv[1]).ingest()[0].rows)"
    )
    with lock:
        command = [sys.executable, "-c", script, str(shop.folder)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(4)
        assert not shop.workspace.table("products").exists()
    said, _ = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, "4\n")


def test_a_lock_that_is_never_free_is_told(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shelver.pipeline.ingest.PATIENCE", 0.1)
    with lock_of(str(shop.folder), "ingesting"), pytest.raises(Exception, match="another process is ingesting"):
        shop.ingest()
