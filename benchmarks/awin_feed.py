"""Make a big feed as an affiliate network delivers it, and its next delivery, out of a small real catalogue.

    python benchmarks/awin_feed.py OUT --rows 1000000
    python benchmarks/awin_feed.py OUT --rows 1000000 --delivery 2

Writes ``OUT/awin.csv`` with columns of AWIN's product feed, about 600 bytes a row; rows are streamed. Words, prices and
categories are those of `amplify.py`; identifiers are new. Some of it is as untidy as real feeds are, in the shares of
`MESS`. The second delivery has other prices for 1% of the products, 0.5% new ones, and lacks 0.5%. The same arguments
give the same file, byte for byte.
"""

from __future__ import annotations

import argparse
import csv
import random
from collections.abc import Iterator
from pathlib import Path

from amplify import Seed, Shelf, amplified, real_groceries, split

FEED = "awin.csv"
HEADER = (
    "aw_deep_link", "product_name", "aw_product_id", "merchant_product_id", "merchant_image_url", "description",
    "merchant_category", "search_price", "merchant_name", "merchant_id", "category_name", "category_id", "aw_image_url",
    "currency", "delivery_cost", "merchant_deep_link", "language", "brand_name", "colour", "ean", "in_stock",
    "data_feed_id",
)  # fmt: skip
CATEGORIES = 1300
MESS = {
    "entities": 0.02,
    "tags": 0.02,
    "newline": 0.01,
    "blanks": 0.01,
    "mojibake": 0.005,
    "nothing": 0.01,
    "ean": 0.003,
    "ragged": 0.0005,
    "again": 0.0005,
}
"""Share of rows with entities or tags in the description, a line break in it, surplus blanks in the title, text that
was decoded wrongly, ``N/A`` as brand, a wrong check digit, a cell too many, and an id that was there before."""
CHANGED, NEW, GONE = 0.01, 0.005, 0.005
MERCHANTS = ("Green Grocer", "Corner Shop", "Market Hall", "Pantry & Co", "Daily Bread")
COLOURS = ("", "", "", "red", "blue", "green", "black", "white")


def ean(number: int) -> str:
    """A GTIN-13 with its check digit."""
    digits = f"40{number:010}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-total % 10}"


def untidy(cells: list[str], number: int) -> list[str]:
    """The same row with what is wrong in a few of them; depends on the number alone."""
    dice = random.Random(number)  # noqa: S311 (not for secrets)
    draw = {kind: dice.random() < share for kind, share in MESS.items()}
    if draw["entities"]:
        cells[5] = cells[5].replace(" ", " &amp; ", 1) + " caf&eacute;"
    if draw["tags"]:
        cells[5] = f"<p>{cells[5]}</p><br/><ul><li>{cells[1]}</li></ul>"
    if draw["newline"]:
        cells[5] = cells[5].replace(" ", "\n", 1) + ', "as ever"'
    if draw["blanks"]:
        cells[1] = f"  {cells[1].replace(' ', '   ', 1)} "
    if draw["mojibake"]:
        cells[1] += " crÃ¨me brÃ»lÃ©e"
    if draw["nothing"]:
        cells[17] = "N/A"
    if draw["ean"]:
        cells[19] = cells[19][:-1] + str((int(cells[19][-1]) + 1) % 10)
    if draw["ragged"]:
        cells.append("one too many")
    return cells


def row(found: tuple[str, ...] | list[str], shelf: Shelf, number: int, delivery: int) -> list[str]:
    """Cells of one product."""
    _, title, brand, described, price = found
    shop = number % len(MERCHANTS)
    dice = random.Random(-number - 1)  # noqa: S311 (not for secrets)
    if delivery > 1 and dice.random() < CHANGED:
        price = f"{float(price) * 0.9:.2f}"
    slug = "-".join(title.lower().split())[:40]
    host = f"https://www.shop{shop}.example"
    return [
        f"https://www.awin1.com/pclick.php?p={24_000_000_000 + number}&a=10001&m={7000 + shop}",
        title,
        str(24_000_000_000 + number),
        f"SKU-{number:08}",
        f"{host}/media/{number % 997}/{slug}.jpg",
        described,
        " > ".join(part.title() for part in shelf),
        price,
        MERCHANTS[shop],
        str(7000 + shop),
        "Groceries",
        "542",
        f"https://images2.productserve.com/?w=200&h=200&url=ssl%3Awww.shop{shop}.example%2F{number}.jpg&feedId=17599",
        "EUR" if shop < 3 else "GBP",
        "4.90",
        f"{host}/p/{number}/{slug}",
        "en",
        brand,
        COLOURS[number % len(COLOURS)],
        ean(number),
        str(int(number % 17 != 0)),
        "17599",
    ]


def rows(seeds: list[Seed], count: int, delivery: int) -> Iterator[list[str]]:
    """All rows of a delivery; the second one has as many new ones as it lacks."""
    made = split(seeds, CATEGORIES)
    wanted = count + (int(count * NEW) if delivery > 1 else 0)
    last: list[str] | None = None
    for number, (found, shelf) in enumerate(amplified(seeds, made, wanted)):
        if delivery > 1 and number < count and random.Random(f"gone {number}").random() < GONE:  # noqa: S311
            continue
        cells = untidy(row(list(found), shelf, number, delivery), number)
        yield cells
        if last is not None and random.Random(f"again {number}").random() < MESS["again"]:  # noqa: S311
            yield last
        last = cells


def write(out: Path, count: int, delivery: int = 1) -> Path:
    """Write the feed; gives its path."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / FEED
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(rows(real_groceries(out), count, delivery))
    return path


def main() -> None:
    """Parse and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--delivery", type=int, choices=(1, 2), default=1)
    options = parser.parse_args()
    path = write(options.out, options.rows, options.delivery)
    print(f"{path}: {path.stat().st_size / 1e6:,.0f} MB")


if __name__ == "__main__":
    main()
