"""Products that have been gone for long are forgotten, if a feed asks for it; labelled ones never are."""

from __future__ import annotations

from datetime import timedelta

import pyarrow as pa
import pytest

from shelver.catalogue.label_events import LabelEvent
from shelver.errors import ConfigError
from shelver.pipeline.forgetting import SCHEMA
from shelver.pipeline.workspace import Workspace

FEED = '[[feeds]]\nname = "{}"\npath = "{}.csv"\nmax_gone = 1.0\n'


class Shop:
    def __init__(self, folder) -> None:
        self.folder = folder
        (folder / "tree.csv").write_text("path\nHats\nCaps\n")

    def deliver(self, *keys: str, days: float | None = None, name: str = "shop") -> Workspace:
        text = '[categories]\npath = "tree.csv"\n' + "".join(
            FEED.format(each, each) + (f"forget_after = {days}\n" if days is not None and each == name else "")
            for each in {"shop": 0, name: 0}
        )
        (self.folder / "shelver.toml").write_text(text)
        (self.folder / f"{name}.csv").write_text("id,title\n" + "".join(f"{key},Hat {key}\n" for key in keys))
        workspace = Workspace(self.folder)
        workspace.ingest(name)
        return workspace

    def later(self, days: float) -> None:
        """As if so many days had gone by since products were noted as gone."""
        table = Workspace(self.folder).table("gone")
        rows = table.read(SCHEMA.names)
        since = [each - timedelta(days=days) for each in rows["since"].to_pylist()]
        table.write(
            rows.set_column(2, SCHEMA.field(2), pa.array(since, SCHEMA.field(2).type)).to_batches(), SCHEMA, "x"
        )

    def keys(self) -> dict[str, bool]:
        rows = Workspace(self.folder).products().read(["merchant_id", "active"]).to_pylist()
        return {row["merchant_id"]: row["active"] for row in rows}


@pytest.fixture
def shop(tmp_path) -> Shop:
    made = Shop(tmp_path)
    made.deliver("1", "2", "3", "4")
    return made


def test_off_by_default(shop: Shop) -> None:
    shop.deliver("1")
    assert shop.keys() == {"1": True, "2": False, "3": False, "4": False}
    assert not Workspace(shop.folder).table("gone").exists()


def test_what_is_gone_for_long(shop: Shop) -> None:
    shop.deliver("1", "2", days=30)
    shop.later(20)
    shop.deliver("1", days=30)
    assert shop.keys() == {"1": True, "2": False, "3": False, "4": False}, "nothing is gone for 30 days yet"
    shop.later(15)
    workspace = shop.deliver("1", "5", days=30)
    assert shop.keys() == {"1": True, "5": True, "2": False}, "3 and 4 are: 35 days"
    assert "2 products were forgotten: gone for 30 days or more" in workspace.deliveries("shop")[-1].reason
    assert len(workspace.table("gone").read()) == 1
    shop.deliver("1", "3", "5", days=30)
    assert shop.keys()["3"], "what comes back is new"
    assert Workspace(shop.folder).deliveries("shop")[-1].new == 1


def test_what_came_back_counts_anew(shop: Shop) -> None:
    shop.deliver("1", days=30)
    shop.later(40)
    shop.deliver("1", "2", "3", "4", days=30)
    shop.deliver("1", "2", days=30)
    assert shop.keys() == {"1": True, "2": True, "3": False, "4": False}


def test_what_people_labelled_is_kept(shop: Shop) -> None:
    workspace = Workspace(shop.folder)
    rows = workspace.products().read(["merchant_id", "product_id"]).to_pylist()
    ids = {row["merchant_id"]: row["product_id"] for row in rows}
    hats = workspace.tree().resolve("Hats").category_id
    workspace.add_labels([LabelEvent(ids["2"], hats), LabelEvent(ids["3"], hats)])
    workspace.undo_label(workspace.control.current_labels()["event_id"][1].as_py())
    shop.deliver("1", days=30)
    shop.later(31)
    shop.deliver("1", "5", days=30)
    assert shop.keys() == {"1": True, "5": True, "2": False, "3": False}, "also what a label was taken back from"


def test_other_feeds_are_left_alone(shop: Shop) -> None:
    shop.deliver("1", days=30)
    shop.deliver("a", "b", name="other", days=1)
    shop.deliver("a", name="other", days=1)
    assert Workspace(shop.folder).table("gone").read()["source"].to_pylist() == ["other", "shop", "shop", "shop"]
    shop.later(2)
    shop.deliver("a", "c", name="other", days=1)
    assert set(shop.keys()) == {"1", "2", "3", "4", "a", "c"}


def test_the_setting_alone_makes_no_delivery(shop: Shop) -> None:
    before = Workspace(shop.folder).deliveries("shop")
    written = Workspace(shop.folder).products().open().version
    steps = shop.deliver("1", "2", "3", "4", days=30).ingest("shop")
    assert steps[0].fresh
    assert Workspace(shop.folder).deliveries("shop") == before
    assert len(before) == 1
    assert Workspace(shop.folder).products().open().version == written


def test_without_the_setting_nothing_is_noted_any_more(shop: Shop) -> None:
    shop.deliver("1", "2", "3", days=30)
    shop.later(40)
    shop.deliver("1", "2", "3", "5")
    assert not Workspace(shop.folder).table("gone").read()["product_id"].to_pylist()
    shop.deliver("1", "2", "5", days=30)
    assert shop.keys() == {"1": True, "2": True, "5": True, "3": False, "4": False}, (
        "3 is gone since now, and so is 4 as far as is known"
    )


def test_without_the_setting_notes_of_other_feeds_stay(shop: Shop) -> None:
    shop.deliver("1", days=30)
    shop.deliver("a", "b", name="other", days=1)
    shop.deliver("a", name="other", days=1)
    shop.deliver("a", "c", name="other")
    assert Workspace(shop.folder).table("gone").read()["source"].to_pylist() == ["shop"] * 3


def test_what_was_on_offer_until_now_is_gone_since_now_whatever_was_noted(shop: Shop) -> None:
    shop.deliver("1", "2", "3", days=30)
    table = Workspace(shop.folder).table("gone")
    stale = table.read(SCHEMA.names)
    shop.deliver("1", "2", "3", "4", days=30)
    table.write(stale.to_batches(), SCHEMA, "x")  # as a kill between products and note leaves it
    shop.later(40)
    shop.deliver("1", "2", "3", days=30)
    assert shop.keys() == {"1": True, "2": True, "3": True, "4": False}


def test_a_feed_given_up_has_no_notes(shop: Shop) -> None:
    shop.deliver("1", days=30)
    (shop.folder / "shelver.toml").write_text('[categories]\npath = "tree.csv"\n')
    Workspace(shop.folder).ingest(forget="shop")
    assert not Workspace(shop.folder).table("gone").read()["product_id"].to_pylist()
    assert shop.keys() == {"1": False, "2": False, "3": False, "4": False}


@pytest.mark.parametrize("days", [-1, 1_000_000, float("inf")])
def test_days_that_are_none(shop: Shop, days: float) -> None:
    with pytest.raises(ConfigError, match="forget_after"):
        shop.deliver("1", days=days)
