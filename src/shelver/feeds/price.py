"""Prices as people and machines write them: ``1.299,00 €``, ``EUR 12``, ``$1,299.00``."""

from __future__ import annotations

import re
from typing import NamedTuple

from shelver.errors import Reject
from shelver.feeds.clean import clean_value, shorten

SYMBOLS = {
    "us$": "USD", "a$": "AUD", "au$": "AUD", "c$": "CAD", "ca$": "CAD", "nz$": "NZD", "hk$": "HKD", "s$": "SGD",
    "mx$": "MXN", "r$": "BRL", "nt$": "TWD", "$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₩": "KRW",
    "₽": "RUB", "₺": "TRY", "₴": "UAH", "₫": "VND", "₱": "PHP", "฿": "THB", "₪": "ILS", "₦": "NGN", "zł": "PLN",
    "kč": "CZK", "ft": "HUF", "lei": "RON", "rs": "INR", "rs.": "INR", "rp": "IDR", "rm": "MYR", "fr.": "CHF",
    "sfr.": "CHF", "euro": "EUR", "euros": "EUR", "руб": "RUB", "руб.": "RUB", "le": "EGP",
}  # fmt: skip
"""Signs and words for currencies, in lower case. A bare ``$`` is the US one unless the feed says otherwise."""

VAGUE = frozenset({"$", "¥", "rs", "rs.", "le"})
"""Signs that several currencies share: a currency column wins over them."""

CODES = frozenset({
    "AED", "ARS", "AUD", "BGN", "BHD", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EGP", "EUR", "GBP",
    "HKD", "HRK", "HUF", "IDR", "ILS", "INR", "IQD", "ISK", "JOD", "JPY", "KES", "KRW", "KWD", "KZT", "LYD", "MAD",
    "MXN", "MYR", "NGN", "NOK", "NZD", "OMR", "PEN", "PHP", "PKR", "PLN", "QAR", "RON", "RSD", "RUB", "SAR", "SEK",
    "SGD", "THB", "TND", "TRY", "TWD", "UAH", "USD", "UYU", "VND", "ZAR",
})  # fmt: skip
"""Currency codes of ISO 4217 that occur in feeds."""

THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
"""Currencies with a thousandth part (ISO 4217), whose prices have three decimals."""

MAX_PRICE = 1e12
_MAX_CHARS = 100
_SPACES = " \u00a0\u2009\u202f"
_NUMBER = re.compile(rf"\d+(?:(?:[.,'’]|[{_SPACES}](?=\d{{3}}(?!\d)))\d+)*")
_SCIENTIFIC = re.compile(r"\d\.\d{1,20}[eE][+-]?\d{1,3}", re.ASCII)
_WORD = re.compile(r"[^\W\d_]+\$|[^\W\d_]+\.?|[$€£¥₹₩₽₺₴₫₱฿₪₦]")


class Price(NamedTuple):
    """A price and its currency (None: unknown)."""

    value: float
    currency: str | None


def parse_price(text: str | None, currency: str | None = None) -> Price | Reject | None:
    """Read a price.

    Parameters
    ----------
    text : str
        As written in the feed.
    currency : str, optional
        Currency of the row by its own column; decides what ``1.299`` means and wins over signs that several
        currencies share.

    Returns
    -------
    Price, None or Reject
        None for an empty text; `Reject` if it holds no price, or more than one.

    Notes
    -----
    The last of ``.`` and ``,`` is the decimal sign if both occur. A single one followed by exactly three digits parts
    thousands (``1.299`` is 1299), unless the number starts with 0 or the currency has three decimals.

    Examples
    --------
    >>> parse_price("1.299,00 €")
    Price(value=1299.0, currency='EUR')
    >>> parse_price("call us")
    Reject(field='price', reason="no digits in 'call us'")
    """
    found = clean_value(text[: _MAX_CHARS * 10] if text else text)
    if found is None:
        return None
    plain = found.replace("٫", ".").replace("٬", ",")
    if _SCIENTIFIC.fullmatch(plain) and float(plain) <= MAX_PRICE:
        return Price(float(plain), currency)
    numbers = list(_NUMBER.finditer(plain))
    if not numbers:
        return Reject("price", f"no digits in {shorten(found)}")
    if len(numbers) > 1 or len(plain) > _MAX_CHARS:
        return Reject("price", f"more than one number in {shorten(found)}")
    written, vague = _currency(plain)
    unit = currency if currency and (vague or not written) else written
    value = _value(numbers[0][0], unit)
    if value is None:
        fault = "cannot tell decimals from thousands in"
    elif re.search(r"[-−]\s*\D{0,4}$", plain[: numbers[0].start()]):
        fault = "below zero:"
    elif value > MAX_PRICE:
        fault = f"more than {MAX_PRICE:.0e}:"
    else:
        return Price(value, unit)
    return Reject("price", f"{fault} {shorten(found)}")


def clean_currency(text: str | None) -> str | Reject | None:
    """Three-letter code of a currency."""
    found = clean_value(text)
    if found is None:
        return None
    code = SYMBOLS.get(found.lower(), found.upper())
    return code if code in CODES else Reject("currency", f"not known: {shorten(found)}")


def _currency(text: str) -> tuple[str | None, bool]:
    for word in _WORD.findall(text):
        if word.rstrip(".").upper() in CODES:
            return word.rstrip(".").upper(), False
        sign = word.lower() if word.lower() in SYMBOLS else word.lower().rstrip(".")
        if sign in SYMBOLS:
            return SYMBOLS[sign], sign in VAGUE
    return None, False


def _value(number: str, currency: str | None) -> float | None:
    """Value of digits with separators; None if they contradict each other."""
    digits = re.sub(rf"['’{_SPACES}]", "", number)
    dot, comma = digits.rfind("."), digits.rfind(",")
    if dot >= 0 and comma >= 0:
        decimal, thousands = (".", ",") if dot > comma else (",", ".")
        whole, _, part = digits.rpartition(decimal)
        if decimal in whole or not _grouped(whole, thousands):
            return None
        return float(f"{whole.replace(thousands, '')}.{part}")
    sign = "." if dot >= 0 else ","
    whole, _, part = digits.rpartition(sign) if sign in digits else (digits, "", "")
    if not part:
        return float(whole)
    if sign in whole:
        return float(digits.replace(sign, "")) if _grouped(digits, sign) else None
    parts_thousands = len(part) == 3 and 1 <= len(whole) <= 3 and not whole.startswith("0")
    if parts_thousands and currency not in THREE_DECIMALS:
        return float(whole + part)
    return float(f"{whole}.{part}")


def _grouped(digits: str, sign: str) -> bool:
    """Tell whether the digits are parted as thousands are (also the Indian way, ``1,23,456``)."""
    first, *groups = digits.split(sign)
    if not groups:
        return True
    return 1 <= len(first) <= 3 and len(groups[-1]) == 3 and all(len(group) in (2, 3) for group in groups)
