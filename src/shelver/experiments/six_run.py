"""Run the study of the six settings on data sets, and keep every cell, so that a study can be gone on with."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from shelver.config import Model, NetSpec, Vector, default_models
from shelver.config.models import Bagged, Combined
from shelver.errors import ConfigError, nearest
from shelver.experiments.data import configure, open_dataset
from shelver.experiments.six_settings import Cell, Study
from shelver.experiments.spec import Dataset
from shelver.files import Files
from shelver.pipeline.prepare import dataset as prepared
from shelver.stage import digest

CELLS = "six-settings.json"
VERSION = "six-settings.v2"
"""Part of the name under which cells are kept; another number makes all of them anew."""


def run_study(
    datasets: Sequence[tuple[Dataset, str]],
    folder: str,
    models: Sequence[str],
    budgets: Sequence[int],
    seeds: Sequence[int],
    *,
    rows: int = 0,
    encoder: str = "minilm-int8",
    epochs: int = 10,
    tell: Callable[[Cell], None] | None = None,
) -> list[Cell]:
    """Train every cell that the folder does not hold yet.

    Parameters
    ----------
    datasets : sequence of (Dataset, str)
        Data sets, each with the folder its paths are relative to.
    folder : str
        For workspaces and cells.
    models : sequence of str
        Names among the models that there are without settings.
    budgets, seeds
        See `Study.cells`.
    rows : int
        Take a random part with so many rows; 0: all.
    encoder : str
        Text encoder of the sentence vectors.
    epochs : int
        Passes over the data at most.
    tell : callable, optional
        Told of each new cell.

    Returns
    -------
    list of Cell
        All that were asked for, those kept from before among them.

    Raises
    ------
    ConfigError
        There is no such model, or it is made of others.
    """
    specs = {name: _net(name, default_models()) for name in models}
    files = Files(folder)
    found: list[Cell] = []
    for dataset, where in datasets:
        settings: dict[str, Any] = {
            "features": {**dataset.features, "text_vector": Vector(encoder=encoder, columns=("title",))},
            "training": {"epochs": epochs},
            "split": {"test": 0.2},  # a tenth of a small catalogue has too few products of each category
        }
        workspace = open_dataset(
            dataset, os.path.join(folder, f"{dataset.name}-six"), where, rows=rows, known_only=True
        )
        workspace = configure(workspace, settings)
        workspace.prepare()
        data = prepared(workspace)
        config = workspace.config
        name = f"{dataset.name}-{digest(VERSION, data.fingerprint, config.training.model_dump(mode='json'))[:8]}"
        kept = _kept(files, name)
        study = Study(dataset.name, data.examples, config.objectives, config.training, workspace.text_encoder)

        def keep(cell: Cell, name: str = name, kept: dict[tuple[Any, ...], Cell] = kept) -> None:
            kept[cell.key] = cell
            files.write_json(f"{name}-{CELLS}", [each.as_dict() for each in kept.values()])
            if tell:
                tell(cell)

        found += study.cells(specs, budgets, seeds, kept, keep)
        workspace.close()
    return found


def _kept(files: Files, name: str) -> dict[tuple[Any, ...], Cell]:
    path = f"{name}-{CELLS}"
    rows = files.read_json(path) if files.exists(path) else []
    cells = [Cell(**{**row, "objectives": tuple(row["objectives"])}) for row in rows]
    return {cell.key: cell for cell in cells}


def _net(name: str, models: dict[str, Model]) -> NetSpec:
    if name not in models:
        raise ConfigError(f'no model "{name}"', where="--models", hint=nearest(name, models))
    spec = models[name]
    if isinstance(spec, Combined | Bagged):
        raise ConfigError(f'"{name}" is made of several models', where="--models", expected="a single one")
    return spec
