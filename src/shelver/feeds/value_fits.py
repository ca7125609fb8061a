"""How well the values of a column fit a field by themselves, with a reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from shelver.feeds.value_faults import MOST
from shelver.feeds.value_pairs import begins, ends, in_paths, once_a_product
from shelver.feeds.value_signs import Signs, key

FEW = 5
"""Values below which only kinds that cannot be mistaken (addresses, check digits, ...) count by themselves."""

ENOUGH = 20
"""Values from which it says something that they end in 0, 5 or 9."""


class Fit(NamedTuple):
    """How well values fit, from 0 to 1, and why."""

    score: float
    reason: str


@dataclass(frozen=True)
class Sample:
    """The columns of a file beside each other.

    Attributes
    ----------
    signs : dict of str to Signs
        By column, in the order of the file.
    titles, ids, paths : pyarrow.StringArray, optional
        Values of the columns that look most like titles, ids and addresses (or names in them) of products.
    hosts : str
        Hosts in the addresses that are not of pictures.
    longest : float
        Characters of a value in the column with the longest ones, on average.
    """

    signs: Mapping[str, Signs]
    titles: pa.StringArray | None = None
    ids: pa.StringArray | None = None
    paths: pa.StringArray | None = None
    hosts: str = ""
    longest: float = field(default=0.0)

    @classmethod
    def of(cls, signs: Mapping[str, Signs]) -> Sample:
        """Find what single columns are compared with."""
        paths = _values(signs, lambda each: Fit(max(_url(each, cls({})).score, 0.9 * each.of("slug")), ""))
        bare = cls(signs, paths=paths)
        hosts: dict[str, None] = {}
        for each in signs.values():
            if each.of("url") > MOST and each.of("image") < 1 - MOST:
                hosts |= dict.fromkeys(
                    re.findall(r"//([^/\s:]+)", " ".join(each.values.slice(0, 5).drop_null().to_pylist()))
                )
        return cls(
            signs,
            _values(signs, lambda each: _title(each, bare)),
            _values(signs, lambda each: _id(each, bare)),
            paths,
            re.sub(r"[^a-z0-9 ]", "", " ".join(hosts).lower()),
            max((each.chars for each in signs.values() if each.of("url") < 0.5), default=0.0),
        )


def fits(signs: Signs, sample: Sample) -> dict[str, Fit]:
    """Fields that the values of a column fit by themselves, whatever its name."""
    found = {name: fit(signs, sample) for name, fit in FITS.items()} if signs.filled else {}
    return {name: fit for name, fit in found.items() if fit.score > 0}


def _title(signs: Signs, sample: Sample) -> Fit:
    wrong = max(signs.of(kind) for kind in ("url", "json", "number", "money", "date", "html", "boolean"))
    if not 6 <= signs.chars <= 200 or not 1.3 <= signs.words <= 30 or signs.of("letters") < MOST or wrong > 0.2:
        return Fit(0, "")
    variants = 0.25 if signs.words >= 3 and signs.chars >= 20 else 0.5  # those of one product have one title
    if (signs.spread < variants and signs.filled >= FEW) or (signs.chars < 10 and signs.spread < MOST):
        return Fit(0, "")
    score = 0.9 * min(1.0, 0.4 + 0.6 * signs.spread) * (1 - 0.7 * signs.of("path"))
    score *= (1.0 if 2 <= signs.words <= 15 else 0.8) * (0.7 + 0.3 * signs.filled / signs.rows)
    score *= 0.8 + 0.2 * in_paths(signs.values, sample.paths)
    score *= min(1.0, 0.7 + signs.chars / 100) * (1 - 0.5 * signs.of("listed"))
    return Fit(score, f"texts of {signs.words:.0f} words, {signs.spread:.0%} of them different")


def _id(signs: Signs, sample: Sample) -> Fit:
    if signs.of("code") < 0.98 or signs.of("coded") < 0.9 or signs.filled < signs.rows or signs.chars > 40:
        return Fit(0, "")
    among = signs.distinct < signs.filled and once_a_product(signs.values, sample.titles)
    if (signs.distinct < signs.filled and not among) or max(
        signs.of(kind) for kind in ("url", "date", "decimal", "money", "image")
    ) > 0.05:
        return Fit(0, "")
    if signs.filled < FEW or signs.of("fraction") > 0.5:
        return Fit(0, "")
    score = 0.85 - 0.3 * signs.of("long_gtin")
    return Fit(score, f"different in every {'row with a title' if among else 'row'}, short, no blanks")


def _url(signs: Signs, sample: Sample) -> Fit:
    return Fit(signs.of("url") * (1 - signs.of("image")) * (0.5 + 0.5 * signs.spread), "web addresses, not of pictures")


def _image(signs: Signs, sample: Sample) -> Fit:
    return Fit(signs.of("image") * (0.5 + 0.5 * signs.of("url")), "addresses of pictures")


def _images(signs: Signs, sample: Sample) -> Fit:
    return Fit(0.8 * min(signs.of("image"), signs.of("urls")), "several addresses of pictures in a cell")


def _price(signs: Signs, sample: Sample) -> Fit:
    if signs.of("long_gtin") > 0.2 or signs.of("date") > 0.2:
        return Fit(0, "")
    if signs.of("money") > 0.5:
        return Fit(0.95 * signs.of("money"), "amounts with a currency")
    prices = (1 - 0.8 * signs.of("small")) * (0.7 + 0.3 * signs.filled / signs.rows)
    if signs.of("decimal") > 0.3 and signs.of("amount") > MOST:
        return Fit((0.5 + 0.35 * signs.of("decimal")) * prices, "numbers with two decimals")
    if signs.of("fraction") > MOST and signs.distinct > 2:
        return Fit(0.55 * prices, "numbers with decimals")
    whole = signs.of("round") if signs.filled >= ENOUGH and signs.spread < 0.9 else 0.0
    return Fit(0.7 * whole * prices if whole > 0.7 else 0.0, "numbers that end in 0, 5 or 9")


def _currency(signs: Signs, sample: Sample) -> Fit:
    return Fit(0.95 * signs.of("currency") if signs.distinct <= 30 else 0.0, "currencies")


def _gtin(signs: Signs, sample: Sample) -> Fit:
    if signs.filled < 3:
        return Fit(0.8 * signs.of("long_gtin"), "GTINs with the right check digit")
    share = signs.of("long_gtin") if signs.of("long_gtin") >= 0.5 else 0.5 * signs.of("gtin")
    return Fit(share if share >= 0.4 else 0.0, f"{signs.of('gtin'):.0%} are GTINs with the right check digit")


def _words(kind: str, said: str, most: float) -> Callable[[Signs, Sample], Fit]:
    def fit(signs: Signs, sample: Sample) -> Fit:
        share = signs.of(kind) - (signs.of("letter_size") if kind == "gender" else 0.0)  # M is medium as well as male
        return Fit(most * share if signs.distinct <= max(30, signs.filled // 2) else 0.0, said)

    return fit


def _size(signs: Signs, sample: Sample) -> Fit:
    letters = signs.of("letter_size")
    score = 0.9 * signs.of("size") if letters > 0.15 else 0.35 * signs.of("size")
    score *= signs.filled >= FEW
    return Fit(
        score if signs.distinct <= max(60, signs.filled // 2) else 0.0,
        "sizes such as M, XL" if letters > 0.15 else "numbers like sizes",
    )


def _category(signs: Signs, sample: Sample) -> Fit:
    path = signs.of("path") - max(signs.of(kind) for kind in ("url", "html", "gender", "size", "image"))
    if signs.of("letters") < 0.5 or signs.chars > 250 or signs.of("coded") > 0.4 or signs.filled < FEW:
        return Fit(0, "")
    if path >= 0.4:
        repeats = 1.0 if signs.spread < 0.7 else 0.6
        return Fit(0.95 * path * repeats, f"paths of categories, {signs.distinct} different")
    wrong = max(
        signs.of(k)
        for k in (
            "url",
            "json",
            "money",
            "date",
            "html",
            "boolean",
            "availability",
            "gender",
            "colour",
            "size",
            "currency",
            "slug",
            "hyphened",
        )
    )
    if signs.filled < ENOUGH or signs.distinct < 3 or signs.spread > 0.3 or signs.words > 4 or wrong > 0.3:
        return Fit(0, "")
    share = ends(signs.values, sample.titles)
    score = 0.4 + 0.28 * share if share >= 0.5 else 0.0
    return Fit(score, f"few words that repeat; {share:.0%} of the titles have one of them after the first")


def _brand(signs: Signs, sample: Sample) -> Fit:
    wrong = max(
        signs.of(k)
        for k in ("url", "json", "number", "money", "date", "html", "boolean", "path", "language", "currency")
    )
    kinds = max(signs.of(k) for k in ("availability", "gender", "colour", "size"))
    if signs.words > 4 or signs.chars > 40 or signs.of("letters") < MOST or wrong > 0.2 or sample.titles is None:
        return Fit(0, "")
    if (
        signs.filled < FEW
        or signs.spread > (0.7 if signs.filled < ENOUGH else 0.5)
        or signs.of("slug") > 0.3
        or signs.of("coded") > 0.5
    ):
        return Fit(0, "")
    share = begins(signs.values, sample.titles)
    score = (0.45 + 0.5 * share if share >= 0.3 else 0.0) * (1 - 0.8 * kinds)
    return Fit(score, f"few words that repeat; {share:.0%} of the titles begin with them")


def _description(signs: Signs, sample: Sample) -> Fit:
    if max(signs.of(kind) for kind in ("url", "json", "number")) > 0.5 or signs.words < 6:
        return Fit(0, "")
    html = signs.of("html") >= 0.3
    score = (0.9 if signs.chars >= 80 or html else 0.4) * (
        0.6 + 0.4 * signs.chars / max(sample.longest, signs.chars, 1)
    )
    return Fit(score, f"long texts{' with HTML' if html else ''}")


def _mpn(signs: Signs, sample: Sample) -> Fit:
    mixed = min(signs.of("code"), signs.of("coded"), signs.of("letters"))
    wrong = max(signs.of(kind) for kind in ("url", "date", "image", "money", "size"))
    wrong += signs.filled < FEW
    return Fit(
        0.55 * mixed if signs.spread > 0.3 and wrong < 0.2 and 4 <= signs.chars <= 30 else 0.0,
        "codes of letters and digits",
    )


def _merchant(signs: Signs, sample: Sample) -> Fit:
    if (
        signs.filled < FEW
        or signs.distinct > 5
        or signs.words > 5
        or signs.of("letters") < MOST
        or signs.of("url")
        or signs.filled < signs.rows
    ):
        return Fit(0, "")
    name = re.sub(r"\.(com|net|org|[a-z]{2})\b.*", "", signs.example.lower())
    there = len(key(name)) > 2 and key(name).replace(" ", "") in sample.hosts
    return Fit(0.6 if there else 0.0, "one name, which stands in the addresses too")


def _item_group(signs: Signs, sample: Sample) -> Fit:
    if (
        sample.ids is None
        or signs.filled < 10
        or signs.spread > 0.8
        or signs.of("code") < 0.9
        or signs.of("coded") < 0.5
    ):
        return Fit(0, "")
    both = pc.and_(pc.is_valid(signs.values), pc.is_valid(sample.ids))
    pairs = list(zip(signs.values.filter(both).to_pylist(), sample.ids.filter(both).to_pylist(), strict=True))
    first = sum(2 * len(start) >= len(whole) > len(start) and whole.startswith(start) for start, whole in pairs)
    share = first / max(len(pairs), 1)
    return Fit(0.9 * share if share > 0.5 and signs.distinct > 2 else 0.0, "repeats, and ids begin with it")


def _values(signs: Mapping[str, Signs], fit: Callable[[Signs], Fit]) -> pa.StringArray | None:
    best = max(signs.values(), key=lambda each: fit(each).score if each.filled else 0.0, default=None)
    return best.values if best is not None and best.filled and fit(best).score > 0 else None


FITS: dict[str, Callable[[Signs, Sample], Fit]] = {
    "id": _id,
    "title": _title,
    "brand": _brand,
    "raw_category": _category,
    "description": _description,
    "gender": _words("gender", "words for genders", 0.95),
    "size": _size,
    "colour": _words("colour", "names of colours", 0.9),
    "price": _price,
    "currency": _currency,
    "url": _url,
    "image_url": _image,
    "image_urls": _images,
    "gtin": _gtin,
    "mpn": _mpn,
    "availability": _words("availability", "words such as in stock", 0.95),
    "item_group": _item_group,
    "merchant": _merchant,
}
"""Field → how well values fit it; a field that is missing is never guessed by values alone."""
