"""Prices as people and machines write them: ``1.299,00 €``, ``EUR 12``, ``$1,299.00``, ``ab 12,-``."""

from __future__ import annotations

import re
from typing import NamedTuple

from shelver.errors import Reject
from shelver.feeds.clean_text import clean_value, shorten
from shelver.feeds.currencies import DECIMALS, SIGNS, VAGUE, WORDS

MAX_PRICE = 1e12
"""More is no price."""

AUTO = "auto"
"""Decimal sign by each value."""

_MAX_CHARS = 100
_SPACES = " \u00a0\u2009\u202f"
_APOSTROPHES = "'’´`"
_GROUPS = rf"(?:[.,]|[{_APOSTROPHES}{_SPACES}](?=[0-9]{{3}}(?![0-9])))"
_NUMBER = re.compile(rf"(?:(?<![\w.,])[.,](?=[0-9]))?[0-9]+(?:{_GROUPS}[0-9]+)*")
_CENTS_AFTER_SIGN = re.compile(rf"\D*\d+[{_SPACES}]?[€£$][{_SPACES}]?\d\d(?!\d)\D*", re.ASCII)
_SCIENTIFIC = re.compile(r"\d\.\d{1,20}[eE][+-]?\d{1,3}", re.ASCII)
_POINTED = "|".join(re.escape(sign) for sign in sorted(SIGNS, key=len, reverse=True) if re.search("[./]", sign))
_WORD = re.compile(
    rf"(?<![^\W\d_])(?:{_POINTED})|[^\W\d_]+[$£¥₵]|[^\W\d_]+|[$€£¥￥₹₨₩￦₽₺₴₫₱฿₪₦₵₸₾֏₼₮₭៛৳₲₡﷼]", re.IGNORECASE
)
_MINUS = re.compile(r"[-−]\s*\D{0,4}$")
_SCALED = re.compile(
    r"[0-9]k(?!\w)|[0-9]\s?(?:mio|mln|mrd|tsd|million(?:en|es|s)?|lakhs?|crores?)(?!\w)", re.IGNORECASE
)
_RANGE = re.compile(r"(?:-|–|—|−|~|/|\.{2,3}|…|to|bis|à|a|al|até|tot|till|til|do|до|do|ile|and|und)", re.IGNORECASE)
_BETWEEN_WORDS = re.compile(r"^(?:from|between|ab|von|zwischen|de|desde|da|dal|van|från|fra|od|от)\b\.?", re.IGNORECASE)


class Price(NamedTuple):
    """A price, its currency (None: unknown), and what was decided to get it (empty: nothing)."""

    value: float
    currency: str | None
    note: str = ""


def parse_price(text: str | None, currency: str | None = None, decimal: str = AUTO) -> Price | Reject | None:
    """Read a price.

    Parameters
    ----------
    text : str
        As written in the feed.
    currency : str, optional
        Currency of the row by its own column; wins over signs that several currencies share, and decides what ``1.299``
        means if it has three decimals.
    decimal : {"auto", ".", ","}
        Decimal sign of the feed; decides what ``1.299`` means. What can be read in one way only is read so.

    Returns
    -------
    Price, None or Reject
        None for an empty text; `Reject` if it holds no price, several that are no range, one below zero, or one above
        `MAX_PRICE`. Of a range, or of two prices, the lower counts, with a note.

    Notes
    -----
    The last of ``.`` and ``,`` is the decimal sign if both occur. A single one followed by exactly three digits parts
    thousands (``1.299`` is 1299), unless the number starts with 0, the currency has three decimals, or `decimal` says
    otherwise. Digits of any script are read.

    Examples
    --------
    >>> parse_price("1.299,00 €"), parse_price("1.299", decimal=".")
    (Price(value=1299.0, currency='EUR', note=''), Price(value=1.299, currency=None, note=''))
    >>> parse_price("$10 - $20")
    Price(value=10.0, currency='USD', note="the lowest of '$10 - $20'")
    >>> parse_price("call us")
    Reject(field='price', reason="no digits in 'call us'")
    """
    found = clean_value(text[: _MAX_CHARS * 10] if text else text)
    if found is None:
        return None
    plain = found if found.isascii() else _ascii_digits(found)
    if _SCIENTIFIC.fullmatch(plain) and float(plain) <= MAX_PRICE:
        return Price(float(plain), currency)
    if _CENTS_AFTER_SIGN.fullmatch(plain):  # 12€50
        plain = re.sub(rf"(\d)[{_SPACES}]?([€£$])[{_SPACES}]?(\d\d)", r"\1.\3 \2", plain)
    numbers = list(_NUMBER.finditer(plain))
    fault = _fault(plain, numbers)
    written, vague = _currency(plain)
    unit = currency if currency and (vague or not written) else written
    values = [] if fault else [_value(number[0], unit, decimal) for number in numbers]
    known = [value for value in values if value is not None]
    if fault:
        pass
    elif len(known) < len(values):
        fault = "cannot tell decimals from thousands in"
    elif _below_zero(plain, numbers):
        fault = "below zero:"
    elif max(known) > MAX_PRICE:
        fault = f"more than {MAX_PRICE:.0e}:"
    else:
        return Price(min(known), unit, f"the lowest of {shorten(found)}" if len(known) > 1 else "")
    return Reject("price", f"{fault} {shorten(found)}")


def clean_currency(text: str | None) -> str | Reject | None:
    """Three-letter code of a currency.

    Examples
    --------
    >>> clean_currency("€"), clean_currency("usd"), clean_currency("beads")
    ('EUR', 'USD', Reject(field='currency', reason="not known: 'beads'"))
    """
    found = clean_value(text)
    if found is None:
        return None
    code = SIGNS.get(found.lower(), found.upper())
    return code if code in DECIMALS else Reject("currency", f"not known: {shorten(found)}")


def _fault(text: str, numbers: list[re.Match[str]]) -> str:
    """Why a text with these numbers holds no price; empty if it does."""
    if not numbers:
        return "no digits in"
    if len(text) > _MAX_CHARS or (len(numbers) > 1 and not _is_range(text, numbers)):
        return "more than one number in"
    if "%" in text:
        return "a share, not a price:"
    if _SCALED.search(text):
        return "thousands or millions in"
    if re.search("[\u00bc-\u00be\u2150-\u215e]", text):
        return "a fraction in"
    return "superscript digits in" if re.search("[\u00b2\u00b3\u00b9\u2070-\u2079]", text) else ""


def _is_range(text: str, numbers: list[re.Match[str]]) -> bool:
    """Tell whether a text is two prices with a dash, a slash or a word between them, in one currency."""
    if len(numbers) != 2:
        return False
    parts = (text[: numbers[0].start()], text[numbers[0].end() : numbers[1].start()], text[numbers[1].end() :])
    units = {unit for unit, _ in map(_currency, parts) if unit}
    before, between, after = (_without_currency(part) for part in parts)
    before = _BETWEEN_WORDS.sub("", before).strip()
    return len(units) < 2 and not before and not after and _RANGE.fullmatch(between) is not None


def _without_currency(text: str) -> str:
    left = _WORD.sub(lambda word: "" if _is_code(word[0]) or word[0].lower() in SIGNS else word[0], text)
    return left.strip(f"{_SPACES}:.,")


def _below_zero(text: str, numbers: list[re.Match[str]]) -> bool:
    """Tell whether a minus stands before the first number, or, as some programs write it, behind its decimals."""
    before, after = text[: numbers[0].start()], text[numbers[-1].end() :]
    in_brackets = before.rstrip(_SPACES).endswith("(") and after.lstrip(_SPACES).startswith(")")
    behind = re.fullmatch(r"\s*[-−]", after) is not None and re.search(r"[.,]\d\d$", numbers[-1][0]) is not None
    return _MINUS.search(before) is not None or behind or in_brackets


def _ascii_digits(text: str) -> str:
    digits = "".join(str(int(sign)) if sign.isdecimal() else sign for sign in text)
    return digits.replace("٫", ".").replace("٬", ",").replace("，", ",").replace("．", ".")


def _currency(text: str) -> tuple[str | None, bool]:
    """Code that a text names, else what a sign in it stands for, and whether other currencies share the sign."""
    words = _WORD.findall(text)
    named = next((word.upper() for word in words if _is_code(word)), None)
    if named:
        return named, False
    sign = next((word.lower() for word in words if word.lower() in SIGNS), None)
    return (SIGNS[sign], sign in VAGUE) if sign else (None, False)


def _is_code(word: str) -> bool:
    return word.upper() in DECIMALS and (word.isupper() or word.upper() not in WORDS)


def _value(number: str, currency: str | None, decimal: str) -> float | None:
    """Value of digits with separators; None if they contradict each other."""
    digits = re.sub(rf"[{_APOSTROPHES}{_SPACES}]", "", number)
    dot, comma = digits.rfind("."), digits.rfind(",")
    if dot >= 0 and comma >= 0:
        sign, thousands = (".", ",") if dot > comma else (",", ".")
        whole, _, part = digits.rpartition(sign)
        if sign in whole or not _grouped(whole, thousands):
            return None
        return float(f"{whole.replace(thousands, '')}.{part}")
    sign = "." if dot >= 0 else ","
    whole, _, part = digits.rpartition(sign) if sign in digits else (digits, "", "")
    if not part:
        return float(whole)
    if sign in whole:
        return float(digits.replace(sign, "")) if _grouped(digits, sign) else None
    may_part_thousands = len(part) == 3 and 1 <= len(whole) <= 3 and not whole.startswith("0")
    decimals = DECIMALS.get(currency or "", 2) == 3 if decimal == AUTO else sign == decimal
    return float(whole + part) if may_part_thousands and not decimals else float(f"{whole or '0'}.{part}")


def _grouped(digits: str, sign: str) -> bool:
    """Tell whether the digits are parted as thousands are (also the Indian way, ``1,23,456``)."""
    first, *groups = digits.split(sign)
    if not groups:
        return True
    return 1 <= len(first) <= 3 and len(groups[-1]) == 3 and all(len(group) in (2, 3) for group in groups)
