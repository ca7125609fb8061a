"""Rows as JSON objects, a whole batch at once."""

from __future__ import annotations

import json
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_SHORT = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"'}


def json_rows(cells: pa.RecordBatch) -> pa.StringArray:
    r"""Every row as ``json.dumps(row, ensure_ascii=False)`` writes it.

    Parameters
    ----------
    cells : pyarrow.RecordBatch
        n rows of one or more columns of type string, none of them null.

    Returns
    -------
    pyarrow.StringArray, shape (n,)

    Examples
    --------
    >>> json_rows(pa.RecordBatch.from_pydict({"id": ["1"], "title": ['7" pan']})).to_pylist()
    ['{"id": "1", "title": "7\\" pan"}']
    """
    parts: list[pa.Scalar | pa.StringArray] = []
    before = "{"
    for name, column in zip(cells.schema.names, cells.columns, strict=True):
        parts += [pa.scalar(f'{before}{json.dumps(name, ensure_ascii=False)}: "'), escaped(column)]
        before = '", '
    return pc.binary_join_element_wise(*parts, pa.scalar('"}'), pa.scalar(""))


def escaped(column: pa.StringArray) -> pa.StringArray:
    """Put backslashes before what JSON strings cannot hold; U+007F and all beyond ASCII stay as they are."""
    offsets = np.frombuffer(column.buffers()[1], np.int32)[column.offset : column.offset + len(column) + 1]
    data = column.buffers()[2]
    if data is None or not len(column):
        return column
    used = np.frombuffer(data, np.uint8)[offsets[0] : offsets[-1]]
    found = np.flatnonzero((used < 32) | (used == 34) | (used == 92))
    if not len(found):
        return column
    signs = set(np.unique(used[found]).tolist())
    if len(found) < len(column) / 4:  # few cells: only they are copied again and again
        rows = np.unique(np.searchsorted(offsets - offsets[0], found, side="right") - 1)
        some = _replaced(column.take(pa.array(rows)), signs)
        mask = np.zeros(len(column), bool)
        mask[rows] = True
        return pc.replace_with_mask(column, pa.array(mask), some)
    return _replaced(column, signs)


def _replaced(column: pa.StringArray, signs: set[int]) -> pa.StringArray:
    first = pc.replace_substring(column, "\\", "\\\\") if 92 in signs else column
    return reduce(
        lambda made, sign: pc.replace_substring(made, chr(sign), _SHORT.get(sign, f"\\u{sign:04x}")),
        sorted(signs - {92}),
        first,
    )
