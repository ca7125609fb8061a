"""Labels written to a file that another program reads, and that `import_labels` takes back."""

from __future__ import annotations

import csv
import io
import json
import os
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from shelver.errors import ShelverError
from shelver.files import Files
from shelver.pipeline.base import Base

COLUMNS = (
    "product_id", "source", "merchant", "merchant_id", "title", "category", "category_id", "person", "how", "at",
    "event_id",
)  # fmt: skip
"""Columns of the file: the product, its category (path and id), who said so, how, when, and the label event."""
FORMATS = ("csv", "json")


def label_rows(workspace: Base) -> list[dict[str, Any]]:
    """Current labels, exclusive categories only, in the order of their events; see `COLUMNS`.

    Products that are not in the catalogue any more have null for what is not known of them.
    """
    tree, labels = workspace.tree(), workspace.control.current_labels()
    history = workspace.control.label_history().select(["event_id", "at"])
    at = dict(zip(*(history[name].to_pylist() for name in ("event_id", "at")), strict=True))
    about = ["source", "merchant", "merchant_id", "title"]
    products = workspace.products().read(["product_id", *about])
    places = pc.index_in(
        labels["product_id"].combine_chunks().cast(pa.string()),
        value_set=products["product_id"].combine_chunks().cast(pa.string()),
    )
    known = products.select(about).take(places).to_pylist()
    rows = []
    for label, product in zip(labels.to_pylist(), known, strict=True):
        said = {
            "category": str(tree.by_id(label["category_id"])),
            "at": at[label["event_id"]].isoformat(timespec="seconds"),
        }
        row = {**label, **product, **said}
        rows.append({name: row[name] for name in COLUMNS})
    return rows


def as_text(rows: list[dict[str, Any]], form: str) -> str:
    """Rows as the text of a file.

    Parameters
    ----------
    rows : list of dict
        See `label_rows`.
    form : str
        One of `FORMATS`.
    """
    if form == "json":
        return json.dumps(rows, indent=1, ensure_ascii=False) + "\n"
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def export_labels(workspace: Base, path: str) -> int:
    """Write the current labels to a CSV or JSON file, by its suffix (relative to the current folder); gives how many.

    Raises
    ------
    ShelverError
        Another suffix, there are no products, or the file cannot be written.
    """
    form = os.path.splitext(path)[1].removeprefix(".").lower()
    if form not in FORMATS:
        raise ShelverError("labels are not written in this form", where=path, expected="a name with .csv or .json")
    rows = label_rows(workspace)
    folder, name = os.path.split(os.path.abspath(path))
    Files(folder).write(name, as_text(rows, form))
    return len(rows)
