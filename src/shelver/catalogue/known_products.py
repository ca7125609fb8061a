"""Find the products that the rows of a file are about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from shelver.catalogue.records import Record
from shelver.errors import CatalogueError, nearest

PRODUCT_ID = ("product_id",)
MERCHANT_ID = ("id", "merchant_id")
NARROWING = ("source", "merchant")

_NEAR = 2000  # ids compared to find the nearest match


class KnownProducts:
    """The products that some rows name.

    Parameters
    ----------
    known : pyarrow.Table
        All products: columns product_id, and for the merchant's own ids merchant_id and optional source, merchant.
    rows : sequence of Record
        Only products that these name are kept in memory.

    Raises
    ------
    CatalogueError
        `known` lacks a column that the rows need.
    """

    def __init__(self, known: pa.Table, rows: Sequence[Record]) -> None:
        self._known = known
        self._product_ids = self._among("product_id", _values(rows, PRODUCT_ID))
        own = _values(rows, MERCHANT_ID)
        self._narrowing = [column for column in NARROWING if column in known.column_names]
        self._by_own: dict[str, list[dict[str, str]]] = defaultdict(list)
        if own:
            columns = ["product_id", "merchant_id", *self._narrowing]
            for product in self._filtered("merchant_id", own).select(columns).to_pylist():
                self._by_own[product["merchant_id"]].append(product)

    def find(self, row: Record) -> list[str]:
        """Ids of the products that a row may mean: none, one, or several if it is ambiguous."""
        product_id = row.text(*PRODUCT_ID)
        if product_id:
            return [product_id] if product_id in self._product_ids else []
        return [product["product_id"] for product in self._candidates(row)]

    def explain(self, row: Record, found: Sequence[str]) -> str:
        """Say why a row does not mean exactly one product."""
        product_id, own = row.text(*PRODUCT_ID), row.text(*MERCHANT_ID)
        if product_id:
            return f'no product "{product_id}"; merchants\' own ids belong into a column id'
        if not own:
            return "the product is empty"
        if not found:
            source = "".join(f' of {column} "{row.text(column)}"' for column in NARROWING if row.text(column))
            return f'no product with the id "{own}"{source}{self._near(own)}'
        for column in self._narrowing:
            values = sorted({str(product[column]) for product in self._candidates(row)})
            if len(values) > 1:
                shown = ", ".join(f'"{value}"' for value in values[:3])
                return f'{len(found)} products have the id "{own}", of {column} {shown}; add a column {column}'
        return f'{len(found)} products have the id "{own}"; use product_id'

    def _candidates(self, row: Record) -> list[dict[str, str]]:
        products = self._by_own.get(row.text(*MERCHANT_ID), [])
        for column in self._narrowing:
            wanted = row.text(column)
            if wanted:
                products = [product for product in products if product[column] == wanted]
        return products

    def _filtered(self, column: str, wanted: set[str]) -> pa.Table:
        if column not in self._known.column_names:
            raise CatalogueError(f"the products have no column {column}", expected="products made by ingest")
        values = pc.cast(self._known[column], pa.string())
        index = self._known.column_names.index(column)
        table = self._known.set_column(index, column, values)
        return table.filter(pc.is_in(values, value_set=pa.array(sorted(wanted), pa.string())))

    def _among(self, column: str, wanted: set[str]) -> set[str]:
        return set(self._filtered(column, wanted)[column].to_pylist()) if wanted else set()

    def _near(self, own: str) -> str:
        """Name the nearest id of merchants among those that begin alike."""
        values = pc.cast(self._known["merchant_id"], pa.string())
        alike = values.filter(pc.starts_with(values, pattern=own[:2])).slice(0, _NEAR).to_pylist()
        text = nearest(own, alike)
        return f"; {text}" if text.startswith("did") else ""


def _values(rows: Sequence[Record], columns: tuple[str, ...]) -> set[str]:
    """All ids in some columns; values that are no text are left to `Record.text` to refuse, row by row."""
    raw = (row.values.get(column) for row in rows for column in columns)
    return {str(value).strip() for value in raw if isinstance(value, str | int | float)}
