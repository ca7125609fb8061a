"""The workspace that a simulation plays in: made of a file with known categories, or one with labels of its own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shelver.config import NAME, Categorical, Feature, Number, Text, Vector
from shelver.errors import ConfigError, nearest
from shelver.experiments.data import configure, open_dataset
from shelver.experiments.options import from_options
from shelver.experiments.spec import Dataset
from shelver.feeds.readers import read_feed
from shelver.files import Files
from shelver.pipeline.step import Report, silent
from shelver.pipeline.workspace import Workspace

KINDS: Mapping[str, Feature] = {
    "brand": Categorical(max_values=5000),
    "raw_category": Text(max_tokens=1000),
    "description": Text(),
    "gender": Categorical(),
    "size": Categorical(max_values=100),
    "colour": Categorical(),
    "price": Number(),
}
"""What a model makes of a field, where the user only names its column."""
TEXT_VECTOR, PICTURE = "text_vector", "picture"
PICTURES = "efficientnet-lite2-int8"


def is_workspace(data: str) -> bool:
    """Is this the folder of a workspace?"""
    return os.path.isfile(os.path.join(data, NAME))


def data_sets(
    data: str, sets: str, label: str = "", title: str = "", image: str = "", columns: Mapping[str, str] | None = None
) -> list[tuple[Dataset, str]]:
    """Data sets to simulate on, each with the folder that its paths are relative to.

    Parameters
    ----------
    data, sets, label, image
        See `shelver.experiments.options.from_options`.
    title : str
        For a feed file: column of the title; empty: found by its name.
    columns : mapping of str to str, optional
        For a feed file: product field = column; each becomes a feature.

    Raises
    ------
    ConfigError
        Something is named that is not there.
    """
    fields = dict(columns or {})
    wrong = [field for field in fields if field not in (*KINDS, "id")]
    if wrong:
        raise ConfigError(f'no product field "{wrong[0]}"', where="--column", hint=nearest(wrong[0], (*KINDS, "id")))
    named = fields | ({"title": title} if title else {})
    found = from_options(data, sets, label, image, named)
    if not os.path.isfile(data):
        return found
    [(dataset, where)] = found
    there = read_feed(Files("/"), os.path.abspath(data), dataset.feed(where)).columns
    for option, column in [
        *(("--label", each) for each in dataset.category),
        *(("--title" if field == "title" else "--column", each) for field, each in named.items()),
    ]:
        if column not in there:
            raise ConfigError(f'no column "{column}"', where=f"{data}, {option}", hint=nearest(column, there))
    features = dict(dataset.features) | {field: KINDS[field] for field in fields if field != "id"}
    return [(replace(dataset, features=features), where)]


def open_simulation(
    dataset: Dataset,
    folder: str,
    where: str = "",
    *,
    rows: int = 0,
    encoder: str = "auto",
    test: float = 0.2,
    report: Report = silent,
) -> Workspace:
    """Make and prepare a workspace of all products with a known category; the same call again changes nothing.

    Models and training can be changed in its ``shelver.toml`` between two calls.

    Parameters
    ----------
    dataset : Dataset
        Which.
    folder : str
        Of the workspace.
    where : str
        Folder of the data.
    rows : int
        Take a random part with so many rows; 0: all.
    encoder : str
        Text encoder of the titles.
    test : float
        Share of the products that is measured on.
    report : callable
        Told about progress.
    """
    features: dict[str, Feature] = {**dataset.features, TEXT_VECTOR: Vector(encoder=encoder, columns=("title",))}
    if dataset.images:
        features[PICTURE] = Vector(encoder=PICTURES, columns=("image",))
    settings: dict[str, Any] = {"features": features, "split": {"test": test}}
    workspace = open_dataset(dataset, folder, where, rows=rows, known_only=True, settings=settings)
    workspace.report = report
    workspace = configure(workspace, settings)
    workspace.prepare()
    return workspace
