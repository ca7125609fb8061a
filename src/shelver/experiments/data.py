"""A workspace made of a known data set: the feed, the tree, starting rules, and the known categories as labels."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from typing import Any

import numpy as np
import tomli_w

from shelver.catalogue.label_events import LabelEvent
from shelver.catalogue.origins import human_only
from shelver.catalogue.tree_paths import PathRow, path_id, rows_from_paths
from shelver.config import NAME, Feed
from shelver.errors import ConfigError, FeedError, ShelverError
from shelver.experiments.known import as_csv, choose, known_categories, known_paths
from shelver.experiments.presets import find_dataset
from shelver.experiments.spec import Dataset
from shelver.features.split import Side, sides
from shelver.feeds.readers import read_feed
from shelver.files import Files
from shelver.pipeline.workspace import Workspace
from shelver.workspace import PATHS

TREE = "categories.csv"

PLAYED = "known categories"
"""Person in whose name the known categories are given as labels."""


def open_dataset(
    dataset: Dataset | str,
    folder: str | os.PathLike[str],
    data: str = "",
    *,
    rows: int = 0,
    known_only: bool = False,
    labels: int = 0,
    settings: Mapping[str, Any] | None = None,
    rules: str = "",
    seed: int = 0,
) -> Workspace:
    """Make a workspace from a data set, with products, tree, rules and labels; the same call again changes nothing.

    Every category that a product has can be assigned, also those with others below. Labels of the test side are
    always all given, as they are only measured with.

    Parameters
    ----------
    dataset : Dataset or str
        Which, or the name of one of `shelver.experiments.presets.PRESETS`.
    folder : str or path
        Of the workspace: empty, or made by the same call before.
    data : str
        Folder of the data.
    rows : int
        Take a random part with so many rows; 0: all.
    known_only : bool
        Leave out products without a known category.
    labels : int
        Give so many labels of each category outside the test side; 0: all.
    settings : mapping
        More of ``shelver.toml`` by section; see `configure`.
    rules : str
        A rules file to take; empty: rules are made from the names in the tree.
    seed : int
        Of the random part and of the choice of labels.

    Raises
    ------
    ShelverError
        No such data, nothing labelled in it, or another workspace in the folder.
    """
    dataset = find_dataset(dataset) if isinstance(dataset, str) else dataset
    workspace = Workspace(folder)
    feed = dataset.feed(data)
    if not os.path.isfile(feed.path):
        raise FeedError(
            "no such file", where=feed.path, expected=f"the data set {dataset.name}",
            hint="name the folder that it is in with --data DIR",
        )  # fmt: skip
    whole = not rows and not known_only
    path = feed.path if whole else f"{dataset.name}-{rows or 'all'}-{seed}{'-known' if known_only else ''}.csv"
    _write_settings(workspace, dataset, feed, path, settings or {})
    if not whole and not workspace.files.exists(path):
        workspace.files.write(path, _part(dataset, feed, rows, known_only, seed))
    workspace.ingest()
    truth = _tree(workspace, dataset)
    if not workspace.files.exists(workspace.config.rules.path):
        if rules:
            source, name = os.path.split(os.path.abspath(rules))
            workspace.files.write(workspace.config.rules.path, Files(source).read(name))
        else:
            workspace.suggest_rules()
    _label(workspace, truth, labels, seed)
    return workspace


def configure(workspace: Workspace, settings: Mapping[str, Any]) -> Workspace:
    """Open a workspace anew with other settings.

    Parameters
    ----------
    workspace : Workspace
        Closed by this.
    settings : mapping
        Sections of ``shelver.toml``. A table is laid over what is there key by key; ``features`` and ``models`` take
        the place of what is there, and a key with None is removed.
    """
    now = tomllib.loads(workspace.files.read(NAME).decode())
    workspace.files.write(NAME, tomli_w.dumps(_merged(now, settings)))
    workspace.close()
    changed = Workspace(workspace.prefix, workspace.report)
    _ = changed.config  # a fault is an error here, not at the first use
    return changed


def measured_truth(workspace: Workspace) -> dict[str, str]:
    """Known category of each labelled product of the test side: what experiments measure with."""
    current = human_only(workspace.control.current_labels())
    labels = dict(zip(current["product_id"].to_pylist(), current["category_id"].to_pylist(), strict=True))
    return {product: labels[product] for product, side in product_sides(workspace).items()
            if side == Side.TEST and product in labels}  # fmt: skip


def product_sides(workspace: Workspace) -> dict[str, Side]:
    """Side of the split of every product."""
    products = workspace.products().read(["product_id", "title"])
    found = sides(products["title"].combine_chunks(), workspace.config.split)
    return dict(zip(products["product_id"].to_pylist(), map(Side, found.tolist()), strict=True))


def _merged(now: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(now)
    for section, value in settings.items():
        if isinstance(value, Mapping) and section not in ("features", "models"):
            merged[section] = _plain({**merged.get(section, {}), **value})
        else:
            merged[section] = _plain(value)
    return {section: value for section, value in merged.items() if value is not None}


def _plain(value: Any) -> Any:
    """Settings as TOML has them: specs as tables, without what is None."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", exclude_none=True)
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items() if each is not None}
    return value


def _write_settings(workspace: Workspace, dataset: Dataset, feed: Feed, path: str, settings: Mapping[str, Any]) -> None:
    own = {**feed.model_dump(mode="json", exclude_defaults=True), "path": path}
    if workspace.files.exists(NAME):
        other = tomllib.loads(workspace.files.read(NAME).decode()).get("feeds")
        if other != [own]:
            raise ConfigError("there is another workspace here", where=workspace.prefix, hint="choose an empty folder")
    elif workspace.files.exists(PATHS["control"]):
        raise ConfigError("a workspace without settings", where=workspace.prefix, hint="choose an empty folder")
    whole = {
        "feeds": [own],
        "categories": {"path": TREE, "exclusive": "file"},
        "features": dict(dataset.features),
    }
    workspace.files.write(NAME, tomli_w.dumps(_merged(_merged({}, whole), settings)))


def _part(dataset: Dataset, feed: Feed, rows: int, known_only: bool, seed: int) -> str:
    """Rows of the file in their order: a random part, or those with a known category, or both."""
    reader = read_feed(Files("/"), feed.path, feed)
    missing = [column for column in dataset.category if column not in reader.columns]
    if missing:
        columns = ", ".join(reader.columns[:20])
        raise ConfigError(f'no column "{missing[0]}"', where=feed.path, expected=columns, hint="name it with --label")
    whole = [row.values for block in reader.batches for row in block.rows() if not row.reason]
    if known_only:
        paths = dataset.known(known_paths(whole, dataset.category, dataset.where))
        whole = [row for row, path in zip(whole, paths, strict=True) if path]
    if rows and rows < len(whole):
        places = np.sort(np.random.default_rng(seed).choice(len(whole), rows, replace=False))
        whole = [whole[place] for place in places]
    return as_csv(reader.columns, [[row.get(column) or "" for column in reader.columns] for row in whole])


def _tree(workspace: Workspace, dataset: Dataset) -> dict[str, str]:
    """Write the tree of the known categories; gives the category of every product that has one."""
    products = workspace.products().read(["product_id", "raw"])
    found = known_categories(products, *dataset.category, where=dataset.where)
    known = {key: path for key, path in zip(found, dataset.known(list(found.values())), strict=True) if path}
    if not known:
        columns = ", ".join(dataset.category)
        raise ShelverError(f"no row has a known category in {columns}", where=workspace.config.feeds[0].path)
    tree = rows_from_paths(PathRow(path, exclusive=True) for path in sorted(set(known.values())))
    table = [(row.category_id, row.parent_id, row.name, int(row.exclusive is True)) for row in tree]
    text = as_csv(("id", "parent", "name", "exclusive"), table)
    if not workspace.files.exists(TREE) or workspace.files.read(TREE).decode() != text:
        workspace.files.write(TREE, text)
    workspace.tree()
    return {product_id: path_id(path) for product_id, path in known.items()}


def _label(workspace: Workspace, truth: dict[str, str], labels: int, seed: int) -> None:
    side = product_sides(workspace)
    measured = {product: category for product, category in truth.items() if side[product] == Side.TEST}
    rest = {product: category for product, category in truth.items() if side[product] != Side.TEST}
    given = choose(rest, labels, seed) if labels else rest
    name = f"{labels} each, seed {seed}" if labels else "all"
    others = set(workspace.control.label_history()["batch"].to_pylist()) - {f"{PLAYED}: {name}", f"{PLAYED}: test"}
    if others:
        raise ShelverError(
            f"there are other labels here ({', '.join(sorted(map(repr, others)))})",
            where=workspace.prefix, hint="choose an empty folder",
        )  # fmt: skip
    for batch, chosen in (("test", measured), (name, given)):
        workspace.add_labels(
            LabelEvent(product, category, person=PLAYED, how="simulated", batch=f"{PLAYED}: {batch}")
            for product, category in chosen.items()
        )
