"""Currencies of the world: codes with their decimals, and the signs and words that feeds write for them."""

from __future__ import annotations

_NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_TWO = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC
CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IRR JMD
KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK
NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS
TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD YER ZAR ZMW ZWL
"""
_THREE = "BHD IQD JOD KWD LYD OMR TND"

DECIMALS: dict[str, int] = {
    code: decimals for codes, decimals in ((_NONE, 0), (_TWO, 2), (_THREE, 3)) for code in codes.split()
}
"""Code → digits after the decimal sign (ISO 4217:2015, list one of 2024, with the kuna, which old feeds have)."""

SIGNS: dict[str, str] = {
    "$": "USD", "us$": "USD", "usd$": "USD", "a$": "AUD", "au$": "AUD", "c$": "CAD", "ca$": "CAD", "cdn$": "CAD",
    "nz$": "NZD", "hk$": "HKD", "s$": "SGD", "sg$": "SGD", "mx$": "MXN", "mex$": "MXN", "r$": "BRL", "nt$": "TWD",
    "ar$": "ARS", "clp$": "CLP", "col$": "COP", "b/.": "PAB", "s/": "PEN", "s/.": "PEN", "bs.": "BOB", "q": "GTQ",
    "rd$": "DOP", "gs": "PYG", "gs.": "PYG", "₲": "PYG", "₡": "CRC", "€": "EUR", "euro": "EUR", "euros": "EUR",
    "eur.": "EUR", "£": "GBP", "gbp£": "GBP", "¥": "JPY", "￥": "JPY", "jp¥": "JPY", "円": "JPY", "cn¥": "CNY",
    "元": "CNY", "rmb": "CNY", "圆": "CNY", "₹": "INR", "rs": "INR", "rs.": "INR", "₨": "INR", "₩": "KRW", "￦": "KRW",
    "원": "KRW", "₽": "RUB", "руб": "RUB", "руб.": "RUB", "р.": "RUB", "₺": "TRY", "tl": "TRY", "₴": "UAH",
    "грн": "UAH",
    "грн.": "UAH", "₫": "VND", "đ": "VND", "vnđ": "VND", "₱": "PHP", "฿": "THB", "บาท": "THB", "₪": "ILS", "₦": "NGN",
    "₵": "GHS", "gh₵": "GHS", "₸": "KZT", "₾": "GEL", "֏": "AMD", "₼": "AZN", "₮": "MNT", "₭": "LAK", "៛": "KHR",
    "৳": "BDT", "ksh": "KES", "kshs": "KES", "ush": "UGX", "tsh": "TZS", "r": "ZAR", "zł": "PLN", "zl": "PLN",
    "kč": "CZK", "kc": "CZK", "ft": "HUF", "lei": "RON", "leu": "RON", "лв": "BGN", "лв.": "BGN", "kn": "HRK",
    "din": "RSD", "din.": "RSD", "дин.": "RSD", "ден": "MKD", "fr": "CHF", "fr.": "CHF", "sfr": "CHF", "sfr.": "CHF",
    "rp": "IDR", "rp.": "IDR", "rm": "MYR", "l.e.": "EGP", "ج.م": "EGP", "د.إ": "AED", "dhs": "AED",
    "dh": "MAD", "ر.س": "SAR", "﷼": "SAR", "sr": "SAR", "ر.ق": "QAR", "د.ك": "KWD", "kd": "KWD", "د.ب": "BHD",
    "bd": "BHD", "ر.ع.": "OMR", "د.ا": "JOD", "jd": "JOD", "د.ت": "TND", "dt": "TND", "fcfa": "XOF", "cfa": "XOF",
    "dkr": "DKK", "dkr.": "DKK", "skr": "SEK", "nkr": "NOK",
}  # fmt: skip
"""Signs and words for currencies, in lower case. ``kr`` alone is none: three countries write it."""

WORDS = frozenset({
    "ALL", "ANG", "BAM", "BOB", "COP", "CUP", "DOP", "GEL", "LAK", "MAD", "MOP", "PEN", "RON", "SOS", "TOP", "TRY",
})  # fmt: skip
"""Codes that are words as well: codes in capitals only."""

VAGUE = frozenset({
    "$", "¥", "￥", "rs", "rs.", "₨", "£", "r", "l.e.", "fr", "fr.", "cfa", "fcfa", "q", "﷼", "dh", "din",
})  # fmt: skip
"""Signs that several currencies share: a currency column wins over them."""
