"""When the values of a column rule a field out, and what speaks against one without ruling it out."""

from __future__ import annotations

from shelver.feeds.value_signs import Signs

ENOUGH = 20
"""Values from which "always the same" says something."""

MOST = 0.8
"""Share of the values that must be of a wrong kind before a field is ruled out."""

EMPTY = 0.35
"""What a name loses if its column has no value in the first rows: another name of the field goes before it."""

SOMETIMES = 0.4
"""What a price loses if hardly a row has it, less if more have: a sale price."""

NUMBERS = 0.4
"""What a column of categories loses if it has numbers instead of names."""


def ruled_out(name: str, signs: Signs) -> str:
    """Why a column cannot hold a field, as in "holds addresses"; empty if it may, or if it is empty itself."""
    if not signs.filled:
        return ""
    faults = (
        *((f"holds {said}", signs.of(kind) >= MOST) for kind, said in NEVER.get(name, ())),
        (f"holds no {MUST[name][1]}", max(map(signs.of, MUST[name][0])) < 1 - MOST) if name in MUST else ("", False),
        ("holds long texts", signs.words > MAX_WORDS.get(name, 1e9)),
        (SAME, name == "id" and signs.distinct == 1 and signs.filled >= ENOUGH),
        ("holds addresses", name == "availability" and signs.of("url") - signs.of("availability") >= MOST),
        ("holds digits and no gender", name == "gender" and signs.of("coded") >= MOST and not signs.of("gender")),
    )
    return next((said for said, wrong in faults if wrong), "")


SAME = "is the same in every row"
"""What rules a column out as id, unless it is the id of a known network: a file may have one product only."""

NEVER: dict[str, tuple[tuple[str, str], ...]] = {
    "id": (("url", "addresses"), ("html", "HTML"), ("money", "prices"), ("date", "dates")),
    "title": (("url", "addresses"), ("number", "numbers"), ("money", "prices"), ("date", "dates"), ("json", "JSON")),
    "brand": (("url", "addresses"), ("decimal", "numbers"), ("money", "prices"), ("date", "dates"), ("json", "JSON")),
    "category": (
        ("url", "addresses"), ("decimal", "numbers"), ("money", "prices"), ("date", "dates"), ("boolean", "yes or no"),
    ),
    "raw_category": (
        ("url", "addresses"), ("number", "numbers"), ("money", "prices"), ("date", "dates"), ("boolean", "yes or no"),
    ),
    "description": (("url", "addresses"), ("number", "numbers"), ("money", "prices"), ("date", "dates")),
    "gender": (("url", "addresses"), ("money", "prices"), ("decimal", "numbers")),
    "size": (("url", "addresses"), ("money", "prices"), ("html", "HTML")),
    "colour": (("url", "addresses"), ("number", "numbers"), ("money", "prices")),
    "merchant": (("url", "addresses"), ("number", "numbers"), ("money", "prices"), ("boolean", "yes or no")),
    "price": (("url", "addresses"), ("html", "HTML"), ("long_gtin", "GTINs"), ("date", "dates"), ("json", "JSON")),
    "currency": (("number", "numbers"), ("money", "prices")),
    "mpn": (("url", "addresses"), ("html", "HTML")),
    "gtin": (("url", "addresses"),),
    "availability": (("decimal", "numbers"), ("money", "prices")),
    "item_group": (("url", "addresses"), ("html", "HTML")),
}  # fmt: skip
"""Field → kinds of values that it never has, and what to call them."""

MUST = {
    "url": (("url",), "addresses"),
    "image_url": (("url", "image"), "addresses of pictures"),
    "image_urls": (("url", "image"), "addresses of pictures"),
    "price": (("amount", "money", "coded"), "prices"),
    "currency": (("currency",), "currencies"),
    "gtin": (("coded",), "numbers"),
}
"""Field → kinds of which some value must be one."""

MAX_WORDS = {
    "id": 8,
    "brand": 10,
    "gender": 6,
    "size": 25,
    "colour": 25,
    "availability": 10,
    "merchant": 12,
    "gtin": 3,
    "mpn": 15,
}
"""Words of a value on average, above which a field is ruled out."""


def speaks_against(name: str, signs: Signs) -> tuple[float, str]:
    """What a name of a field loses by values that do not rule it out, and why."""
    if signs.rows and not signs.filled:
        return EMPTY, "is empty in the first rows"
    category = name in ("category", "raw_category")
    faults = (
        (NUMBERS, "holds numbers instead of names", category and signs.filled and signs.of("letters") < 0.2),
        (EMPTY, SAME, name in ("title", "url") and signs.distinct == 1 and signs.filled >= ENOUGH),
        (
            SOMETIMES * (1 - signs.filled / max(signs.rows, 1)),
            "is not in every row",
            name == "price" and signs.filled < signs.rows,
        ),
        (NUMBERS, "holds genders", category and signs.of("gender") >= MOST),
        (EMPTY, "holds wrong check digits", name == "gtin" and signs.filled >= 5 and signs.of("gtin") < 0.05),
    )
    return next(((less, said) for less, said, wrong in faults if wrong), (0.0, ""))
