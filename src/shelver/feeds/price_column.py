"""Prices of a whole batch: plain ones at once, the others by `price.parse_price`."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shelver.errors import Reject
from shelver.feeds.columnar import Notes, noted
from shelver.feeds.currencies import DECIMALS
from shelver.feeds.price import AUTO, Price, parse_price

PLAIN = r"^(?P<value>[0-9]{1,11}(?:[.,][0-9]{1,2})?)(?: ?(?P<unit>[A-Z]{3}|€))?$"
"""``12``, ``12.99``, ``12,99`` and these with a code or ``€`` behind them: can be read in one way only."""

_CODES = pa.array(sorted(DECIMALS))
_SEPARATOR = "\x1f"


def parse_prices(column: pa.Array, currencies: pa.Array, decimal: str = AUTO) -> tuple[pa.Array, pa.Array, list[Notes]]:
    """Read the prices of n rows; the same as `parse_price` on each.

    Parameters
    ----------
    column : pyarrow.StringArray, shape (n,)
        Prices as read.
    currencies : pyarrow.StringArray, shape (n,)
        Clean currencies of the rows by their own column.
    decimal : {"auto", ".", ","}
        Decimal sign.

    Returns
    -------
    values : pyarrow.DoubleArray, shape (n,)
        Null where there is no price.
    units : pyarrow.StringArray, shape (n,)
        Currency of the price, else the one given.
    notes : list of Notes
        What was refused or decided.
    """
    if column.null_count == len(column):
        return pa.nulls(len(column), pa.float64()), currencies, []
    parts = pc.extract_regex(column, PLAIN)
    texts, units = parts.field("value"), parts.field("unit")
    units = pc.replace_substring(pc.if_else(pc.equal(units, ""), None, units), "€", "EUR")
    plain = pc.and_(parts.is_valid(), pc.or_(units.is_null(), pc.is_in(units, _CODES)))
    texts = pc.if_else(plain, pc.replace_substring(texts, ",", "."), None)
    values = pc.cast(texts, pa.float64())
    units = pc.if_else(plain, units, None)
    rest = pc.and_(pc.invert(plain), column.is_valid())
    notes: list[Notes | None] = []
    if rest.true_count:
        found, reasons = _parsed(column.filter(rest), currencies.filter(rest), decimal)
        values = pc.replace_with_mask(values, rest, found.field("value"))
        units = pc.replace_with_mask(units, rest, found.field("unit"))
        notes.append(noted(np.flatnonzero(rest.to_numpy(zero_copy_only=False)), reasons))
    differ = pc.fill_null(pc.not_equal(units, currencies), False)
    if differ.true_count:
        told = (units.filter(differ), currencies.filter(differ))
        text = pc.binary_join_element_wise(
            "currency: the price is in ", told[0], ", the currency column says ", told[1], ""
        )
        notes.append(noted(np.flatnonzero(differ.to_numpy(zero_copy_only=False)), text))
    return values, pc.coalesce(units, currencies), [each for each in notes if each is not None]


def _parsed(column: pa.Array, currencies: pa.Array, decimal: str) -> tuple[pa.StructArray, pa.Array]:
    """Values and units, and the reasons of notes, each distinct pair of price and currency parsed once."""
    pairs = pc.binary_join_element_wise(pc.fill_null(currencies, ""), column, _SEPARATOR)
    coded = pairs.dictionary_encode()
    values: list[float | None] = []
    units: list[str | None] = []
    reasons: list[str | None] = []
    for pair in coded.dictionary.to_pylist():
        currency, _, text = pair.partition(_SEPARATOR)
        price = parse_price(text, currency or None, decimal)
        values.append(price.value if isinstance(price, Price) else None)
        units.append(price.currency if isinstance(price, Price) else None)
        note = str(price) if isinstance(price, Reject) else f"price: {price.note}" if price and price.note else None
        reasons.append(note)
    found = pa.StructArray.from_arrays(
        [pa.array(values, pa.float64()), pa.array(units, pa.string())], names=["value", "unit"]
    )
    return found.take(coded.indices), pa.array(reasons, pa.string()).take(coded.indices)
