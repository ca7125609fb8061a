"""Which fields the guess of columns finds under headers of formats that it was not built with.

    python benchmarks/header_guesses.py [--batch 2] [--rows 200] [--wrong all] [--json out.json]

`known_headers.toml` has headers of public formats with what each column holds; the values are made up here, in the
language of the format, the same ones in every run. So this measures words and kinds of values, not real data:
`feed_fields.py` measures that. Verdicts and variants are those of `feed_fields.py`.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from feed_fields import FIELDS, TAKEN, VARIANTS, guesses, print_table

from shelver.feeds.columns import ColumnMap, columns_of
from shelver.feeds.rows import Block, RawRow

HEADERS = Path(__file__).with_name("known_headers.toml")
WORDS = Path(__file__).with_name("known_headers_words.toml")


@dataclass(frozen=True)
class Header:
    """One format: its columns, what they hold (``field`` or empty; sure or only allowed), and how values are made."""

    name: str
    batch: int
    source: str
    language: str
    columns: tuple[tuple[str, str, str], ...]

    @classmethod
    def read(cls, block: Mapping[str, object]) -> Header:
        """Parse ``header = field generator`` lines."""
        lines = [line.rsplit(" = ", 1) for line in str(block["columns"]).strip().splitlines()]
        columns = tuple((name, *what.split(" ", 1)) for name, what in lines)
        return cls(str(block["name"]), int(str(block["batch"])), str(block["source"]), str(block["language"]), columns)  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------------------- made-up products

BRANDS = (
    "Nordvik", "Acorn & Pine", "Lumea", "TechPro", "Bellavita", "Grünwald", "Kestrel", "Oakley Home", "Sorano", "Vanta",
    "Mirabel", "Hexa", "Pixen", "Rivoli", "Zentra", "Tamborine", "Urbano", "Falke & Söhne", "Aurelle", "Brix",
    "Cordova", "Delmar", "Edelweiss", "Fjord", "Gusto",
)  # fmt: skip


def _rng(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  (made-up values, no secret)


@dataclass(frozen=True)
class Made:
    """One made-up product and the words of its language."""

    number: int
    words: Mapping[str, list[str]]

    @property
    def noun(self) -> list[str]:
        """``[level 1, level 2, noun]``."""
        return self.words["things"][self.number * 7 % len(self.words["things"])].split("/")

    @property
    def brand(self) -> str:
        """Brand, of which there are fewer than products."""
        return BRANDS[self.number * 11 % 17]

    @property
    def model(self) -> str:
        """A model of the maker."""
        return f"{'ABCDEFGHKLMNPRSTVX'[self.number % 18]}{'QXZRT'[self.number % 5]}-{self.number * 37 % 900 + 100}"

    @property
    def title(self) -> str:
        """Title: adjective, noun, model; half with the brand."""
        adjective = self.words["adjectives"][self.number % len(self.words["adjectives"])]
        name = f"{adjective} {self.noun[2]} {self.words['colours'][self.number % 5]}"
        return f"{self.brand} {name}" if self.number % 2 else f"{name} {self.model}"

    @property
    def slug(self) -> str:
        """What stands in addresses."""
        return f"{re.sub('[^a-z0-9]+', '-', self.title.lower()).strip('-') or 'p'}-{self.number}"

    @property
    def price(self) -> float:
        """What is paid now."""
        return round(_rng(self.number * 13 + 5).lognormvariate(3.4, 0.9), 1) - 0.01 + 1

    def text(self, sentences: int) -> str:
        """Sentences."""
        return " ".join(
            self.words["sentences"][(self.number + i) % 4].replace("*", self.noun[2]) for i in range(sentences)
        )


def _money(amount: float, form: str, currency: str) -> str:
    sign = {"EUR": "€", "USD": "$", "GBP": "£", "INR": "₹"}.get(currency, "$")
    return {
        "dot": f"{amount:.2f}",
        "comma": f"{amount:.2f}".replace(".", ","),
        "cur": f"{amount:.2f} {currency}",
        "sign": f"{sign}{amount:,.2f}",
        "eur": f"{amount:.2f} €".replace(".", ","),
        "int": str(round(amount * 23)),
        "cents": str(round(amount * 100)),
        "rupee": f"₹{round(amount * 40):,}",
    }[form]


def _digits(body: str) -> str:
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return body + str(-total % 10)


def _prices(kind: str) -> Callable[[Made, str], str]:
    factor = {"now": 1.0, "list": 1.3, "cost": 0.5, "exvat": 0.8, "sale": 0.85}

    def make(made: Made, form: str) -> str:
        if kind == "ship":
            return _money((3.95, 4.95, 0.0)[made.number % 3], form, made.words["currency"][0])
        if kind == "sale" and made.number % 5 < 3:
            return ""
        return _money(made.price * factor[kind], form, made.words["currency"][0])

    return make


def _host(made: Made) -> str:
    return made.words["host"][0]


def _image(made: Made, number: int) -> str:
    return f"https://cdn.{_host(made)}/media/{made.number * 31 % 97}/{made.slug}-{number}.jpg"


def _images(made: Made, form: str) -> str:
    style, _, names = form.partition(".")
    some = [_image(made, number + 1) for number in range(1 + made.number % 4)]
    if names:
        some = [address.rsplit("/", 1)[1] for address in some]
    if style == "json":
        return json.dumps(some)
    if style == "python":
        return str(some)
    return {"comma": ",", "semi": ";", "bar": "|", "space": " "}[style].join(some)


def _path(made: Made, form: str) -> str:
    if form == "json":
        return json.dumps([" >> ".join(made.noun)])
    return {"gt": " > ", "slash": "/", "bar": " | ", "dash": " - ", "colon": ":"}[form].join(made.noun)


GENERATORS: dict[str, Callable[[Made, str], str]] = {
    "int": lambda m, _: str(100_213 + m.number * 7),
    "sku": lambda m, _: f"{m.brand[:3].upper().strip()}-{4000 + m.number * 3}",
    "guid": lambda m, _: f"{_rng(m.number).getrandbits(32):08x}-4e1d-a{m.number:03d}-9c5a6b7c8d9e",
    "guid2": lambda m, _: f"{_rng(m.number + 7000).getrandbits(32):08x}-4e1d-b{m.number:03d}-1c5a6b7c8d9e",
    "hex": lambda m, _: f"{_rng(m.number).getrandbits(128):032x}",
    "hex2": lambda m, _: f"{_rng(m.number // 9 + 900).getrandbits(128):032x}",
    "asin": lambda m, _: "B0" + "".join(_rng(m.number).choices("0123456789BCDFGHJKLMNPQRSTVWXYZ", k=8)),
    "ids": lambda m, _: ",".join("R" + "".join(_rng(m.number + i).choices("ABCDEF123", k=12)) for i in range(3)),
    "slug": lambda m, _: m.slug,
    "title": lambda m, _: m.title,
    "brand": lambda m, _: m.brand,
    "merchant": lambda m, _: m.words["merchant"][0],
    "merchant3": lambda m, _: ("Alpha Trading", "Great Supply Co", "M. Distribution")[m.number % 3],
    "mpn": lambda m, _: m.model.replace("-", "") + str(m.number * 17 % 89),
    "group": lambda m, _: f"G{1000 + m.number // 4}",
    "ean": lambda m, _: _digits(f"40{_rng(m.number).randrange(10**10):010d}"),
    "upc": lambda m, _: _digits(f"8{_rng(m.number).randrange(10**10):010d}"),
    "isbn": lambda m, _: _digits(f"978{_rng(m.number).randrange(10**9):09d}"),
    "now": _prices("now"),
    "list": _prices("list"),
    "sale": _prices("sale"),
    "cost": _prices("cost"),
    "exvat": _prices("exvat"),
    "ship": _prices("ship"),
    "unitprice": lambda m, _: f"{m.price / 3:.2f} € / 100 g",
    "pricehtml": lambda m, _: f'<span class="amount">{m.price:.2f}&nbsp;€</span>',
    "currency": lambda m, _: m.words["currency"][0],
    "vat": lambda m, _: ("20", "20", "10")[m.number % 3],
    "zero": lambda m, _: "0.00",
    "percent": lambda m, _: f"{m.number * 7 % 60 + 5}%",
    "path": lambda m, form: f"{m.number % 9}/{m.number % 7}/{m.slug}.jpg" if form == "image" else _path(m, form),
    "level1": lambda m, _: m.noun[0],
    "level2": lambda m, _: m.noun[1],
    "leaf": lambda m, _: m.noun[2].capitalize() if m.number % 3 else m.noun[1],
    "categories": lambda m, form: {"comma": ", ", "semi": ";"}[form or "comma"].join(m.noun[:2]),
    "google": lambda m, _: ("Apparel & Accessories > Shoes", "Home & Garden > Decor", "Electronics")[m.number % 3],
    "catid": lambda m, _: str((512, 730, 1604, 187)[m.number % 4]),
    "taglist": lambda m, _: ",".join(f"en:{name.lower()}" for name in m.noun[:2]),
    "tag": lambda m, _: f"en:{m.noun[1].lower()}",
    "image": lambda m, _: _image(m, 1),
    "image2": lambda m, _: _image(m, 2) if m.number % 3 else "",
    "image3": lambda m, _: _image(m, 3) if m.number % 3 == 1 else "",
    "images": _images,
    "logo": lambda m, _: f"https://cdn.{_host(m)}/logos/{m.brand[:4].lower()}.png",
    "brandlink": lambda m, _: f"https://www.{_host(m)}/brand/{m.brand[:4].lower()}",
    "video": lambda m, _: f"https://cdn.{_host(m)}/video/{m.number}.mp4" if m.number % 4 == 0 else "",
    "url": lambda m, _: f"https://www.{_host(m)}/{m.slug}.html",
    "urlpath": lambda m, _: f"/{m.slug}/",
    "track": lambda m, _: f"https://track.example-net.com/click?p=81&a=7&url=https%3A%2F%2Fwww.{_host(m)}%2F{m.slug}",
    "text": lambda m, _: m.text(3),
    "short": lambda m, _: m.text(1),
    "html": lambda m, _: f"<p>{m.text(2)}</p><ul><li>{m.text(1)}</li></ul>",
    "words": lambda m, _: ", ".join([m.noun[2].lower(), m.noun[1].lower(), m.words["colours"][m.number % 5]]),
    "specs": lambda m, _: json.dumps({"product_specification": [{"key": "Type", "value": m.noun[2]}]}),
    "avail": lambda m, _: m.words["stock"][m.number % 5 == 0],
    "days": lambda m, _: m.words["days"][m.number % 2],
    "inout": lambda m, _: ("in stock", "out of stock")[m.number % 6 == 0],
    "instock": lambda m, _: ("instock", "outofstock")[m.number % 6 == 0],
    "schema": lambda m, _: f"https://schema.org/{('InStock', 'OutOfStock')[m.number % 6 == 0]}",
    "count": lambda m, _: str(m.number * 13 % 84),
    "small": lambda m, _: str((1, 1, 3, 2)[m.number % 4]),
    "yes": lambda m, _: ("1", "0")[m.number % 6 == 0],
    "true": lambda m, _: ("true", "false")[m.number % 6 == 0],
    "yesword": lambda m, _: m.words["yes"][m.number % 6 == 0],
    "colour": lambda m, _: m.words["colours"][m.number % 5],
    "size": lambda m, _: ("S", "M", "L", "XL", "38", "40")[m.number % 6],
    "sizes": lambda m, _: ("S,M,L", "M,L,XL", "38,39,40")[m.number % 3],
    "gender": lambda m, _: m.words["genders"][m.number % len(m.words["genders"])],
    "material": lambda m, _: m.words["materials"][m.number % len(m.words["materials"])],
    "country": lambda m, _: ("Italy", "China", "Portugal")[m.number % 3],
    "new": lambda m, _: "new",
    "weight": lambda m, _: f"{(m.number * 31 % 90 + 5) / 10:.1f}",
    "date": lambda m, _: f"2024-0{m.number % 9 + 1}-1{m.number % 10} 08:3{m.number % 10}:00",
    "epoch": lambda m, _: str(1_400_000_000 + m.number * 91_237),
    "rating": lambda m, _: f"{3 + m.number * 7 % 20 / 10:.1f}",
    "empty": lambda m, _: "",
    "const": lambda m, form: form,
}  # fmt: skip


def rows(header: Header, words: Mapping[str, list[str]], count: int) -> list[dict[str, str | None]]:
    """Make ``count`` products up."""
    made = []
    for number in range(count):
        product = Made(number, words)
        row: dict[str, str | None] = {}
        for name, field, what in header.columns:
            kind, _, form = what.partition(":") if what.startswith("const:") else what.partition(".")
            if kind == "list" and field.removeprefix("~") == "category":
                kind = "categories"
            row[name] = GENERATORS[kind](product, form)
        made.append(row)
    return made


def judge(header: Header, made: Sequence[Mapping[str, str | None]], found: ColumnMap) -> dict[str, str]:
    """Judge every field that is present, and absent ones that were found nonetheless (``invented``)."""
    filled = {name for name, _, _ in header.columns if any(row[name] for row in made)}
    verdicts: dict[str, str] = {}
    for field in FIELDS:
        taken = {c for name in TAKEN.get(field, (field,)) for c in columns_of(found.columns.get(name, ()))} & filled
        present = {name for name, what, _ in header.columns if what == field} & filled
        also = {f"~{field}"} | ({"image", "~image"} if field == "images" else set())
        allowed = present | {name for name, what, _ in header.columns if what in also}
        if present:
            verdicts[field] = "wrong" if taken - allowed else "found" if taken else "missed"
        elif taken - allowed:
            verdicts[field] = "invented"
    return verdicts


def headers() -> list[Header]:
    """All known headers."""
    return [Header.read(block) for block in tomllib.loads(HEADERS.read_text(encoding="utf-8"))["feeds"]]


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, help="only this batch")
    parser.add_argument("--rows", type=int, default=200, help="made-up products of each format")
    parser.add_argument("--wrong", choices=VARIANTS, help="list what one variant got wrong, missed or invented")
    parser.add_argument("--json", type=Path, help="write all verdicts to this file")
    args = parser.parse_args()
    words = tomllib.loads(WORDS.read_text(encoding="utf-8"))
    total: dict[str, Counter[tuple[str, str]]] = {variant: Counter() for variant in VARIANTS}
    verdicts: dict[str, dict[str, dict[str, str]]] = {}
    formats = [each for each in headers() if args.batch in (None, each.batch)]
    seconds = 0.0
    for header in formats:
        made = rows(header, words[header.language], args.rows)
        names = [name for name, _, _ in header.columns]
        block = Block.of([RawRow(number + 2, row, "{}") for number, row in enumerate(made)], names)
        verdicts[header.name] = {}
        start = time.process_time()
        found = guesses(names, block)
        seconds += time.process_time() - start
        for variant, each in found.items():
            verdicts[header.name][variant] = judge(header, made, each)
            total[variant].update(verdicts[header.name][variant].items())
            if variant == args.wrong:
                _explain(header, verdicts[header.name][variant], each)
    print(f"{len(formats)} formats, {args.rows} made-up products each; {seconds / len(formats) / 4:.3f} s CPU a guess")
    for variant in VARIANTS:
        print_table(variant, total[variant])
    if args.json:
        args.json.write_text(json.dumps(verdicts, indent=1))


def _explain(header: Header, verdicts: Mapping[str, str], found: ColumnMap) -> None:
    for field, verdict in verdicts.items():
        if verdict != "found":
            taken = [name for name in TAKEN.get(field, (field,)) if name in found.columns]
            said = "; ".join(f"{name} = {found.columns[name]} ({found.why[name]})" for name in taken)
            truth = [name for name, what, _ in header.columns if what == field]
            print(f"{verdict:8} {field:12} {header.name}: {said or '-'}  [{', '.join(truth)}]")


if __name__ == "__main__":
    main()
