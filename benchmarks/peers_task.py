"""What `peers.py` hands out: the split as files, with cleaned columns, and without the labels of the test side."""

from __future__ import annotations

import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shelver import Workspace
from shelver.catalogue.origins import human_only
from shelver.config import Categorical, Number, Text
from shelver.experiments.data import product_sides
from shelver.experiments.known import as_csv
from shelver.experiments.spec import Dataset
from shelver.features.split import Side


@dataclass
class Split:
    """What contestants are given, and what they are measured with.

    Attributes
    ----------
    folder : Path
        With ``train.csv``, ``valid.csv``, ``test.csv`` and ``columns.json``.
    ids : list of str
        Products in the order of the three files.
    truth : dict of Side to list of str
        Path of the right category of each product of a side.
    """

    folder: Path
    ids: list[str]
    truth: dict[Side, list[str]]


def export(workspace: Workspace, dataset: Dataset, folder: Path) -> Split:
    """Write the split as files; only labelled products, their cleaned fields, and for the test side no labels."""
    text = [name for name, spec in dataset.features.items() if isinstance(spec, Text)]
    category = [name for name, spec in dataset.features.items() if isinstance(spec, Categorical)]
    number = [name for name, spec in dataset.features.items() if isinstance(spec, Number)]
    columns = [*text, *category, *number]
    products = workspace.products().read(["product_id", "merchant_id", *columns])
    labels = human_only(workspace.control.current_labels())
    path = {category.category_id: str(category) for category in workspace.tree().categories}
    label = dict(zip(labels["product_id"].to_pylist(), map(path.get, labels["category_id"].to_pylist()), strict=True))
    pictures = unpacked(dataset, workspace, folder) if dataset.images else {}
    kinds = {"text": text, "category": category, "number": number, "image": "image" if pictures else ""}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "columns.json").write_text(json.dumps(kinds))
    rows = products.to_pylist()
    side = product_sides(workspace)
    header = [*columns, *(["image"] if pictures else [])]
    split = Split(folder, [], {})
    for each in Side:
        chosen = [row for row in rows if side[row["product_id"]] == each and row["product_id"] in label]
        truth = [label[row["product_id"]] for row in chosen]
        cells: list[list[object]] = [["" if row[name] is None else row[name] for name in columns] for row in chosen]
        if pictures:
            cells = [[*line, pictures.get(row["merchant_id"], "")] for line, row in zip(cells, chosen, strict=True)]
        if each != Side.TEST:
            cells = [[*line, right] for line, right in zip(cells, truth, strict=True)]
        names = header if each == Side.TEST else [*header, "label"]
        (folder / f"{each.name.lower()}.csv").write_text(as_csv(names, cells), encoding="utf-8")
        split.ids += [row["product_id"] for row in chosen]
        split.truth[each] = truth
    (folder / "ids.json").write_text(json.dumps(split.ids))
    return split


def unpacked(dataset: Dataset, workspace: Workspace, folder: Path) -> dict[str, str]:
    """Unpack pictures for those who want files; gives their paths by the product's id in the feed."""
    source = workspace.config.feeds[0].images
    if not zipfile.is_zipfile(source):
        return {path.stem: str(path) for path in Path(source).iterdir()} if os.path.isdir(source) else {}
    wanted = set(workspace.products().read(["merchant_id"])["merchant_id"].to_pylist())
    place = folder / "images"
    place.mkdir(parents=True, exist_ok=True)
    found = {}
    with zipfile.ZipFile(source) as archive:
        for member in archive.namelist():
            key = Path(member).stem
            if key in wanted:
                target = place / Path(member).name
                target.write_bytes(archive.read(member))
                found[key] = str(target)
    return found


def own_dataset(path: str, label: str, fields: list[str]) -> Dataset:
    """A file of one's own, with its product field=column pairs: text fields as bags of words, others as categories."""
    columns = dict(pair.split("=", 1) for pair in fields)
    texts = ("title", "description", "raw_category")
    features: dict[str, Any] = {"title": Text(ngrams=2)}
    for name in columns:
        if name not in ("id", "title", "merchant"):
            features[name] = Text() if name in texts else Number() if name == "price" else Categorical()
    return Dataset("own", path, tuple(label.split(",")), columns, features=features)
