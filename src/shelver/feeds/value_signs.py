"""What the values of a column look like: shares of addresses, prices, check digits, words, ... in the first rows."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shelver.feeds.clean_text import NOTHING
from shelver.feeds.clean_words import AVAILABILITY, GENDER
from shelver.feeds.column_names import plain_text
from shelver.feeds.currencies import DECIMALS, SIGNS

ROWS = 500
"""Rows looked at."""

CHARS = 400
"""Characters of a value looked at."""

_WORDS_OF_ASCII = re.compile(r"[a-z0-9]+")
_SHORT = 40  # characters of a value that is compared with lists of words
_CODE = "(?:" + "|".join(sorted(DECIMALS)) + ")"
_SYMBOL = r"(?:[A-Za-z]{0,3}\$|[€£¥￥₹₩₽₺₴₫₱฿₪₦])"
_WORD = r"(?:kr|zł|kč|ft|lei|rp|rm|rs|s?fr|euros?|руб|円|元)\.?"
_AMOUNT = r"\+?(?:\d{1,3}(?:[.,'’ ]\d{3})+(?:[.,]\d{1,4})?|\d+(?:[.,]\d{1,20})?(?:e[+-]?\d+)?)"

PATTERNS = {
    kind: re.compile(pattern, re.IGNORECASE)
    for kind, pattern in {
        "url": r"^[\[\"']*(?:https?:)?//\S+(?:[,;| ]+[\"']?(?:https?:)?//\S+)*$|^www\.\S+\.\S+$",
        "image": (
            r"\.(?:jpe?g|png|gif|webp|avif|bmp|tiff?|heic)(?:[?!:;,|&\"'\s]|$)|^[\[\"']*(?:https?:)?//(?:[^/\s]*\b(?:cdn|"
            r"imgs?|images?|media|static|photos?|pics)\d*[.-]|\S*/(?:images?|imgs?|media|photos?|pictures?|thumb\w*)/|"
            r"\S*[?&](?:image|img|photo)\w*=)"
        ),
        "urls": r"(?:https?:)?//\S+?[\s,;|\"']+(?:https?:)?//",
        "number": r"^[+-]?\d+(?:[.,]\d+)?$",
        "decimal": r"^\d{1,7}[.,]\d{2}$",
        "fraction": r"^\d{1,7}[.,]\d{1,10}$",
        "amount": rf"^{_AMOUNT}$",
        "money": (
            rf"^(?:{_SYMBOL} ?{_AMOUNT}|{_AMOUNT} ?(?:{_SYMBOL}|{_WORD}|{_CODE})|(?:{_WORD}|{_CODE}) {_AMOUNT}|"
            rf"(?:{_WORD}|{_CODE})\d{{1,6}}[.,]\d\d)$"
        ),
        "small": r"^(?:[0-4](?:[.,]\d+)?|5(?:[.,]0+)?)$",
        "round": r"^\d+[059]$",
        "date": r"^(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})(?:[T\s].*)?$",
        "html": r"</?[a-z][^>]*>|&[a-z]{2,8};",
        "json": r"^[\[{].*[\]}\"',]",
        "code": r"^[^\s<>,;|]{1,64}$",
        "coded": r"\d",
        "letters": r"[^\W\d_]",
        "hyphened": r"^[a-z\d]+(?:[-_][a-z\d]+)+$",
        "listed": r"[,;][^,;]+[,;]",
        "slug": r"^[a-z\d]+(?:[-_][a-z\d]+){2,}$",
        "path": (
            r"\S ?(?:>|»|›|//|::|~~) ?\S|\S [/|] \S|^\[ ?\"|^[^/|]{2,40}[/|][^/|]{2,40}[/|]|"
            r"^[^\W\d_][^\W\d_ &-]{2,30}\|[^\W\d_]"
        ),
        "size": (
            r"^(?:\d?x{0,4}[sml]|\d{1,2}xl|one[ -]?size|\d{2,3}(?:[.,]5|[½⅓⅔]| 1/2)?|\d{2}[/-]\d{2}|"
            r"(?:eu|uk|us|it|fr|de) ?\d{1,2}(?:[.,]5)?|t\.? ?\d{1,3}|\d{2,3}[a-g]|taille unique|os|tu) ?(?:[,|/;]|$)"
        ),
        "letter_size": r"^(?:\d?x{0,4}[sml]|\d{1,2}xl|one[ -]?size|taille unique) ?(?:[,|/;]|$)",
        "boolean": r"^(?:true|false|yes|no|y|n|oui|non|ja|nein|si|0|1)$",
    }.items()
}
"""Kind → pattern; the share of the filled values in which it is found is a sign. Blanks are single ones."""


@dataclass(frozen=True)
class Signs:
    """Signs of one column.

    Attributes
    ----------
    rows : int
        Rows looked at.
    filled, distinct : int
        Values that say something, and different ones.
    chars, words : float
        Characters and words of a value, on average; of values cut to `CHARS`.
    share : dict of str to float
        Kind of value → share of the filled values; kinds with none are left out.
    values : pyarrow.StringArray, shape (rows,)
        The values, cut; null where there is none.
    example : str
        A value for people to see.
    """

    rows: int
    filled: int
    distinct: int
    chars: float
    words: float
    share: dict[str, float]
    values: pa.StringArray = field(repr=False)
    example: str = ""

    def of(self, kind: str) -> float:
        """Share of values of a kind."""
        return self.share.get(kind, 0.0)

    @property
    def spread(self) -> float:
        """Different values among the filled ones, from 0 to 1."""
        return self.distinct / self.filled if self.filled else 0.0


def measure(column: pa.StringArray) -> Signs:
    """Look at the values of a column.

    Parameters
    ----------
    column : pyarrow.StringArray, shape (n,)
        Its first values; no more than `ROWS` count.
    """
    short = pc.utf8_slice_codeunits(column.slice(0, ROWS), 0, CHARS)
    cut = pc.utf8_trim_whitespace(pc.replace_substring_regex(short, pattern=r"\s+", replacement=" "))
    nothing = pc.is_in(pc.utf8_lower(cut), pa.array(["", *NOTHING]))
    values = pc.if_else(nothing, pa.scalar(None, pa.string()), cut)
    full = values.drop_null()
    if not len(full):
        return Signs(len(values), 0, 0, 0.0, 0.0, {}, values)
    counts = full.value_counts()
    unique, weights = counts.field("values"), counts.field("counts").to_numpy()
    texts = unique.to_pylist()
    found = {kind: [pattern.search(text) is not None for text in texts] for kind, pattern in PATTERNS.items()}
    found |= {kind: [len(text) <= _SHORT and is_one(text) for text in texts] for kind, is_one in WORDS.items()}
    sure = gtins(unique)
    found |= {"gtin": (sure > 0).tolist(), "long_gtin": (sure > 8).tolist()}
    total = len(full)
    shares = {kind: float(weights[np.array(right)].sum()) / total for kind, right in found.items()}
    return Signs(
        rows=len(values),
        filled=total,
        distinct=len(unique),
        chars=float(np.average([len(text) for text in texts], weights=weights)),
        words=float(np.average([text.count(" ") + 1 for text in texts], weights=weights)),
        share={kind: share for kind, share in shares.items() if share},
        values=values,
        example=texts[0],
    )


def gtins(values: pa.StringArray) -> np.ndarray:
    """Digits of each value that is a GTIN with a right check digit, else 0; int64 of shape (n,).

    Notes
    -----
    Weights 3, 1, 3, ... from the right, sum divisible by 10 (GS1 General Specifications, section 7.9.1). A UPC may have
    lost its first zero; a leading apostrophe, as spreadsheets write it, does not count.
    """
    bare = pc.replace_substring_regex(values, pattern=r"[\s'-]|\.0$", replacement="")
    right = pc.match_substring_regex(bare, pattern=r"^(?:\d{8}|\d{11,14})$").to_numpy(zero_copy_only=False)
    padded = pc.utf8_lpad(pc.if_else(pa.array(right), bare, "1"), 14, "0")
    signs = np.frombuffer("".join(padded.to_pylist()).encode("ascii"), np.uint8).reshape(-1, 14)
    digits = signs.astype(np.int64) - ord("0")
    sums = digits @ np.tile([3, 1], 7)
    lengths = pc.utf8_length(bare).to_numpy(zero_copy_only=False)
    return np.where(right & (sums % 10 == 0) & (digits.sum(axis=1) > 0), lengths, 0)


@cache
def _listed(name: str) -> frozenset[str]:
    raw = tomllib.loads(files("shelver.feeds").joinpath("value_words.toml").read_text(encoding="utf-8"))
    return frozenset(map(key, raw[name]))


def key(text: str) -> str:
    """Text as it is compared with lists of words: no case, accents, punctuation."""
    if text.isascii():
        return " ".join(_WORDS_OF_ASCII.findall(text.lower()))
    plain = "".join(sign if sign.isalnum() else " " for sign in plain_text(text) if not 0x300 <= ord(sign) < 0x370)
    return " ".join(plain.split())


_GENDERS = frozenset(key(word) for words in GENDER.values() for word in words)
_STOCK = frozenset(key(word) for words in AVAILABILITY.values() for word in words if len(word) > 3) - {
    "false",
    "true",
    "nein",
}


def _is_colour(text: str) -> bool:
    words = key(text).split()
    return 0 < len(words) <= 6 and 2 * sum(word in _listed("colour") for word in words) >= len(words)


def _is_gender(text: str) -> bool:
    parts = re.split(r"[,/|&;]", text)
    return all(key(part) in _GENDERS for part in parts)


WORDS: dict[str, Callable[[str], bool]] = {
    "availability": lambda text: key(text) in _STOCK or key(text.rpartition("/")[2]) in _STOCK,
    "gender": _is_gender,
    "colour": _is_colour,
    "language": lambda text: key(text) in _listed("language"),
    "currency": lambda text: (
        text.upper() in DECIMALS or (text.casefold() in SIGNS and (not text.isalpha() or len(text) > 2))
    ),
}
"""Kind → is a short value of it?"""
