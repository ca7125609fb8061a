"""JSON, JSON lines and XML whose products are known, to be damaged as a whole or in a single product."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from random import Random

from shelver.testing.fuzz_damage import mutate

IDS = [f"sku-{number:04}" for number in range(7)]
ID = re.compile(r"sku-\d{4}")

BRACKET = 0.2
"""Share of the damaged JSON products that lack a bracket and nothing else."""


def _json_items() -> list[str]:
    return [
        json.dumps(
            {"id": key, "title": f'Red "shoe" ü {number}', "price": {"amount": 9.99, "currency": "EUR"},
             "tags": ["a", "b"], "images": [{"src": "https://x.example/1.jpg"}, {"src": "https://x.example/2.jpg"}],
             "stock": None, "new": True},
            ensure_ascii=number % 2 == 0,
            indent=None if number % 3 else 1,
        )
        for number, key in enumerate(IDS)
    ]  # fmt: skip


def _xml_items() -> list[str]:
    return [
        f'<item n="{number}"><g:id>{key}</g:id><title>Shoe &amp; {number}</title><g:price>9.99 EUR</g:price>'
        f"<description><![CDATA[<b>Größe</b> 42]]></description><g:shipping><g:country>DE</g:country></g:shipping>\n"
        "<g:additional_image_link>https://x.example/1</g:additional_image_link></item>\n"
        for number, key in enumerate(IDS)
    ]


Frame = tuple[str, tuple[str, ...], str]
"""What is before, between and after the products of a file; what is between them in turn. % is a product's number."""

FRAMES: dict[str, tuple[Frame, ...]] = {
    "jsonl": (("", ("\n",), "\n"),),
    "json": (
        ("[", (",\n",), "]"),
        ('{"status": "ok", "links": [{"rel": "next"}], "products": [', (", ",), '], "total": 7}\n'),
        ('{"feed": {"title": "shop", "entry": [\n', (",",), "]}}"),
        ('{"products": {"k%": ', (', "k%": ',), '}, "facets": [{"id": "f", "title": "Red", "price": 1}]}'),
        ('{"pages": [{"products": [', (*3 * (", ",), ']}, {"products": ['), "]}]}"),
        ('{"shops": [{"n": 1, "pages": [{"n": %, "offers": [', (",", ']}, {"n": %, "offers": [', ","), "]}]}]}\n"),
    ),
    "xml": (
        (
            '<?xml version="1.0" encoding="UTF-8"?>\n<rss xmlns:g="urn:g"><channel><title>Shop</title>\n',
            ("",),
            "</channel></rss>\n",
        ),
        ('<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="urn:g"><!-- a <b> -->', ("\n",), "</feed>"),
        ("<!DOCTYPE shop><shop><info><a>1</a></info><items>", ("\n<!-- <item> --><?a <item>?>",), "</items></shop>"),
    ),
}
ITEMS = {"jsonl": [item.replace("\n", "") for item in _json_items()], "json": _json_items(), "xml": _xml_items()}
"""Products as text; each has an id that is found nowhere else."""


def one_damaged(kind: str, rng: Random) -> bytes:
    """Make a file in which a single product is damaged, anywhere after its first sign; or, of JSON, lacks a bracket."""
    items = [item.encode() for item in ITEMS[kind]]
    place = rng.randrange(len(items))
    first = 5 if kind == "xml" else 1
    if kind == "json" and rng.random() < BRACKET:
        at = rng.choice([each.start() for each in re.finditer(rb"[{}\[\]]", items[place])])
        items[place] = items[place][:at] + items[place][at + 1 :]
    else:
        items[place] = items[place][:first] + mutate(items[place][first:], rng)
    return framed(rng.choice(FRAMES[kind]), items)


def framed(frame: Frame, items: Sequence[bytes]) -> bytes:
    """Put products into one of `FRAMES`."""
    before, between, after = frame
    made = [
        (between[(number - 1) % len(between)] if number else before).replace("%", str(number)).encode() + item
        for number, item in enumerate(items)
    ]
    return b"".join(made) + after.encode()


def whole(kind: str, rng: Random) -> bytes:
    """Make a file without damage."""
    return framed(rng.choice(FRAMES[kind]), [item.encode() for item in ITEMS[kind]])
