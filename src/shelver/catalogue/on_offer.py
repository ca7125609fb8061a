"""Which products are on offer: those that their feed still delivers. Everybody who needs to know asks here.

A product that a feed no longer delivers keeps its row, with ``active = false``, as what people said of it goes on
teaching. Products *count* if they are on offer, or if people labelled them.
"""

from __future__ import annotations

from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

ACTIVE = "active"
"""Column of the products."""

ON_OFFER = f"{ACTIVE} IS NULL OR {ACTIVE}"
"""SQL condition for products on offer."""

GONE = f"{ACTIVE} = false"
"""SQL condition for all others."""

Rows = TypeVar("Rows", pa.RecordBatch, pa.Table)


def is_on_offer(active: pa.Array) -> pa.BooleanArray:
    """Which products are on offer, by the column ``active``: what is not known to be gone is there.

    Examples
    --------
    >>> is_on_offer(pa.array([True, None, False])).to_pylist()
    [True, True, False]
    """
    return pc.fill_null(active, True)


def on_offer(rows: Rows) -> Rows:
    """The products on offer among some; all, where the column ``active`` is not among theirs."""
    return rows.filter(is_on_offer(rows[ACTIVE])) if ACTIVE in rows.schema.names else rows


def counting(rows: Rows, labelled: pa.Array) -> Rows:
    """The products that count among some, which have the columns ``product_id`` and ``active``.

    Parameters
    ----------
    rows : pyarrow.RecordBatch or pyarrow.Table
        Products.
    labelled : pyarrow.Array of string
        Ids of products that count though they are gone.
    """
    there = is_on_offer(rows[ACTIVE])
    if len(labelled):
        there = pc.or_(there, pc.is_in(rows["product_id"].cast(labelled.type), value_set=labelled))
    return rows.filter(there)
