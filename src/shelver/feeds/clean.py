"""The cleaner of each field, and what it leaves as it is.

Each cleaner is a plain function of one value that gives the clean value, None for nothing, or a `Reject`; beside it
stands a test for whole columns that finds values the function would not change. Prices are read in `price_column`,
pictures in `picture_urls`: they need two columns each.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shelver.feeds.characters import unclean, untidy
from shelver.feeds.clean_category import clean_category
from shelver.feeds.clean_codes import GTIN_SIZES, clean_gtin
from shelver.feeds.clean_text import NOTHING, clean_text, clean_value, shorten, tidy
from shelver.feeds.clean_urls import MAX_URL, clean_url, clean_urls
from shelver.feeds.clean_words import AVAILABILITY, GENDER, clean_availability, clean_gender
from shelver.feeds.columnar import Cleaner
from shelver.feeds.currencies import DECIMALS
from shelver.feeds.identity import product_id
from shelver.feeds.price import clean_currency

__all__ = [
    "CLEANERS", "clean_availability", "clean_category", "clean_currency", "clean_gender", "clean_gtin", "clean_text",
    "clean_url", "clean_urls", "clean_value", "product_id", "shorten", "tidy",
]  # fmt: skip

_URL = r"^https?://[!#-;=?-~]*[!#-&(-+\-./0-9:=?-{}~]$"
_SEVERAL = r"(?i)[,;|](?:https?:)?//|&(?:amp|#)"
_LONGEST_NOTHING = max(map(len, NOTHING))
_DELIMITERS = r"[/|;\\»›→⇒▸►➔❯\[]|::|[^ ]>|>[^ ]|^>|>$|[-=]> |> >"

_STEP_OF_NOTHING = rf"(?i)(?:^|> )(?:[-=:,]+|{'|'.join(map(re.escape, sorted(NOTHING)))})(?:$| >)"


def is_text(column: pa.Array) -> pa.Array:
    """Clean by `clean_text`."""
    return pc.invert(pc.match_substring_regex(column, unclean()))


def is_value(column: pa.Array) -> pa.Array:
    """Clean by `clean_value`."""
    return pc.and_(is_text(column), pc.invert(pc.is_in(_short(column), _nothing())))


def is_id(column: pa.Array) -> pa.Array:
    """Clean by `tidy`."""
    return pc.invert(pc.match_substring_regex(column, untidy()))


def is_url(column: pa.Array) -> pa.Array:
    """Clean by `clean_url`: one address of plain characters."""
    found = pc.and_(pc.match_substring_regex(column, _URL), pc.invert(pc.match_substring_regex(column, _SEVERAL)))
    return pc.and_(found, pc.less_equal(pc.binary_length(column), MAX_URL))


def is_path(column: pa.Array) -> pa.Array:
    """Clean by `clean_category`: a name without delimiters, or such names with `` > `` between them."""
    delimiters = pc.match_substring_regex(column, _DELIMITERS)
    listed = pc.and_(pc.match_substring(column, ","), pc.match_substring(column, ">"))
    nothing = pc.match_substring_regex(column, _STEP_OF_NOTHING)
    return pc.and_(is_value(column), pc.invert(pc.or_(pc.or_(delimiters, listed), nothing)))


def is_gtin(column: pa.Array) -> pa.Array:
    """Clean by `clean_gtin`: digits, as many as it takes, of which the last is the right check digit."""
    lengths = pc.fill_null(pc.binary_length(column), 0).to_numpy(zero_copy_only=False)
    found = np.zeros(len(column), bool)
    offsets = np.frombuffer(column.buffers()[1], np.int32)[column.offset : column.offset + len(column)]
    data = np.frombuffer(column.buffers()[2] or b"", np.uint8)
    for size in GTIN_SIZES:
        rows = np.flatnonzero(lengths == size)
        digits = data[offsets[rows][:, None] + np.arange(size)].astype(np.int32) - ord("0")  # (rows, size)
        weights = np.where(np.arange(size)[::-1] % 2, 3, 1)
        right = (digits >= 0).all(1) & (digits <= 9).all(1) & (digits @ weights % 10 == 0) & digits.any(1)
        found[rows] = right
    return pa.array(found, mask=column.is_null().to_numpy(zero_copy_only=False))


def _one_of(values: frozenset[str]) -> Callable[[pa.Array], pa.Array]:
    known = pa.array(sorted(values))
    return lambda column: pc.if_else(column.is_valid(), pc.is_in(column, known), None)


def _short(column: pa.Array) -> pa.Array:
    """Values in lower case that are short enough to mean nothing; null for others."""
    return pc.ascii_lower(pc.if_else(pc.less_equal(pc.binary_length(column), _LONGEST_NOTHING), column, None))


@cache
def _nothing() -> pa.Array:
    return pa.array(sorted(NOTHING))


CLEANERS: dict[str, Cleaner] = {
    "title": Cleaner(clean_text, is_text),
    "brand": Cleaner(clean_value, is_value),
    "category": Cleaner(clean_category, is_path),
    "raw_category": Cleaner(clean_category, is_path),
    "description": Cleaner(clean_value, is_value),
    "gender": Cleaner(clean_gender, _one_of(frozenset(GENDER))),
    "size": Cleaner(clean_value, is_value),
    "colour": Cleaner(clean_value, is_value),
    "currency": Cleaner(clean_currency, _one_of(frozenset(DECIMALS))),
    "url": Cleaner(clean_url, is_url),
    "gtin": Cleaner(clean_gtin, is_gtin),
    "mpn": Cleaner(clean_value, is_value),
    "availability": Cleaner(clean_availability, _one_of(frozenset(AVAILABILITY))),
    "item_group": Cleaner(clean_value, is_value),
    "merchant": Cleaner(clean_value, is_value),
    "id": Cleaner(tidy, is_id),
}
"""Field → its cleaner, in the order of notes."""
