"""Words on the terminal and the page."""

import pytest
from profiles import part_of

from shelver.profiling.describe import bars, blocks, contents, remarks
from shelver.profiling.phrasing import cut, share


@pytest.mark.parametrize(
    ("columns", "name", "words"),
    [
        ({"price": lambda row: row + 0.5}, "price", "0.5–99.5, mostly 25.2–74.8"),
        ({"gtin": lambda row: f"4{row:03}"}, "gtin", "all different, such as 4"),
        ({"brand": lambda row: "Nike" if row % 4 else "Puma"}, "brand", "Nike 75%, Puma 25%"),
        ({"brand": lambda row: f"b{row % 10}"}, "brand", "b0 10%, b1 10%, b2 10%, b3 10%, b4 10%, b5 10%, …"),
        ({"image_urls": lambda row: ["a"] * (1 + row % 2)}, "image_urls", "1–2 entries"),
        ({"description": lambda row: "a b c d e f"}, "description", "6 words"),
        ({}, "colour", ""),
    ],
)
def test_contents(columns, name, words):
    assert contents(part_of(100, **columns).column(name)).startswith(words)


def test_remarks_tell_what_is_odd():
    part = part_of(
        100, title=lambda row: f"t{row // 2}", price=lambda row: -1.0 if row < 3 else 0.0 if row < 50 else 9.0,
        raw_category=lambda row: "a > b" if row % 2 else "a", gtin=lambda row: "4006381333932",
        notes=lambda row: ["price: call us"] if row == 0 else [],
    )  # fmt: skip
    told = {column.name: remarks(column) for column in part.columns}
    assert told["title"] == ["100 products share their title with another (100%)"]
    assert told["raw_category"] == ["2 different paths of 1 to 2 levels, delimiter >"]
    assert told["price"] == [
        "1 value was refused by a cleaner; the products' notes say why",
        "3 values below 0",
        "47% are 0",
    ]
    assert told["gtin"] == ["100% of the numbers that look like a GTIN have a wrong check digit"]
    assert told["brand"] == []


def test_bars_fit_their_width_and_show_what_is_small():
    assert blocks([1, 1000, 0, 500], 4) == "▁█ ▄"
    assert len(blocks(list(range(100)), 12)) <= 12
    assert blocks([], 5) == blocks([0, 0], 5) == ""
    assert bars(part_of(50, price=float).column("price"), 8)


def test_shares_never_round_to_all_or_nothing():
    assert [share(value) for value in (0, 1e-9, 0.999999, 1)] == ["0%", "<0.1%", ">99.9%", "100%"]
    assert cut("a\nb " + "c" * 50, 10) == "a b ccccc…"
