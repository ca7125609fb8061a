"""Products as people name them: by our id or by the merchant's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shelver.errors import CatalogueError, nearest
from shelver.pipeline.base import Base

_NEAR = 10_000
"""Ids compared to find the nearest."""


def row_of(reference: str, product_ids: pa.Array, merchant_ids: pa.Array, where: str) -> int:
    """Row of a product, by our id or by the merchant's, if only one product has it.

    Parameters
    ----------
    reference : str
        The id.
    product_ids, merchant_ids : pyarrow.Array of string, shape (products,)
        Our ids and the merchants'.
    where : str
        Where these products are, for the error.

    Raises
    ------
    CatalogueError
        No such product, or several.
    """
    found = pc.index(product_ids, reference).as_py()
    if found >= 0:
        return int(found)
    same = pc.fill_null(pc.equal(merchant_ids, reference), False)
    rows = np.flatnonzero(same.to_numpy(zero_copy_only=False))
    if len(rows) == 1:
        return int(rows[0])
    if len(rows):
        what = f'{len(rows)} products have the id "{reference}"'
        raise CatalogueError(what, where=where, hint="name our product_id")
    hint = nearest(reference, product_ids[:_NEAR].to_pylist())
    raise CatalogueError(f'no product "{reference}"', where=where, hint=hint)


def product_ids_of(workspace: Base, references: Sequence[str]) -> list[str]:
    """Our ids of some products, each once; raises as `row_of`."""
    table = workspace.products().read(["product_id", "merchant_id"])
    ours, theirs = (table[name].combine_chunks().cast(pa.string()) for name in ("product_id", "merchant_id"))
    rows = [row_of(reference, ours, theirs, workspace.prefix) for reference in references]
    return list(dict.fromkeys(ours[row].as_py() for row in rows))
