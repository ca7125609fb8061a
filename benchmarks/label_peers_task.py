"""What `label_peers.py` hands out: products as texts and vectors, and an oracle for those that may be asked about."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from shelver import Workspace
from shelver.config import Categorical, Feature, Number, Text, Vector
from shelver.experiments.data import open_dataset
from shelver.experiments.spec import Dataset
from shelver.features.split import Side
from shelver.pipeline.prepare import dataset as prepared
from shelver.training.examples import Examples
from shelver.training.start import category_texts

VECTOR = "text_vector"
Ints = npt.NDArray[np.int64]


@dataclass
class LabelTask:
    """One data set as all contestants get it.

    Attributes
    ----------
    folder : Path
        ``pool.json`` and ``test.json`` (texts and values), ``pool_vectors.npy`` and ``test_vectors.npy``,
        ``pool_truth.npy`` (the oracle's answers), ``class_vectors.npy`` (sentence vectors of the categories' words),
        ``rows.json`` (numbers of the products in the run, and the categories).
    workspace : Path
        The prepared workspace.
    test_truth : ndarray of int64, shape (test,)
        Right class of each test product; not in the folder.
    pool, classes : int
        How many products may be asked about; how many categories there are.
    """

    folder: Path
    workspace: Path
    test_truth: Ints
    pool: int
    classes: int


def make_task(dataset: Dataset, data: str, place: Path, rows: int, test: float, encoder: str, seed: int) -> LabelTask:
    """Prepare a data set and write it down; what is there already is taken. Each seed takes other rows and titles.

    Numbers are left out: most peers read text. Everybody gets the same texts, values and sentence vectors.
    """
    task = place / "task"
    truth = place / "test_truth.npy"  # beside the folder that contestants are given
    if not truth.exists():
        settings = {
            "split": {"test": test, "seed": seed},
            "features": {**columns(dataset.features), VECTOR: Vector(encoder=encoder, columns=("title",))},
        }
        workspace = open_dataset(
            dataset, place / "workspace", data, rows=rows, known_only=True, settings=settings, seed=seed
        )
        workspace.prepare()
        found = export(workspace, dataset, task, encoder)
        workspace.close()
        np.save(truth, found)
    about = json.loads((task / "rows.json").read_text())
    return LabelTask(task, place / "workspace", np.load(truth), len(about["pool"]), len(about["classes"]))


def columns(features: Any) -> dict[str, Feature]:
    """Features of a data set without its numbers."""
    return {name: spec for name, spec in features.items() if not isinstance(spec, Number)}


def export(workspace: Workspace, dataset: Dataset, folder: Path, encoder: str) -> Ints:
    """Write the pool and the test side; gives the right class of each test product."""
    folder.mkdir(parents=True, exist_ok=True)
    examples: Examples = prepared(workspace).examples
    answers = np.asarray(examples.answers["exclusive"], np.int64)
    known = examples.known["exclusive"]
    sides = {
        "pool": np.flatnonzero(known & (examples.side != Side.TEST)),
        "test": np.flatnonzero(known & (examples.side == Side.TEST)),
    }
    fields = columns(dataset.features)
    texts = [name for name, spec in fields.items() if isinstance(spec, Text)]
    values = [name for name, spec in fields.items() if isinstance(spec, Categorical)]
    products = workspace.products().read(["product_id", *texts, *values])
    ids = examples.features.read(["product_id"])["product_id"].to_pylist()
    if products["product_id"].to_pylist() != ids:
        raise SystemExit("products and features are not in the same order")
    said = products.to_pylist()
    for name, rows in sides.items():
        about = {
            "texts": [". ".join(str(said[row][field]) for field in texts if said[row][field]) for row in rows],
            "values": [{field: said[row][field] for field in values if said[row][field]} for row in rows],
        }
        (folder / f"{name}.json").write_text(json.dumps(about))
        np.save(folder / f"{name}_vectors.npy", examples.batch(rows).vectors[VECTOR].astype(np.float32))
    np.save(folder / "pool_truth.npy", answers[sides["pool"]])
    encode = workspace.encode_stage("words", Vector(encoder=encoder)).encoder.encode
    np.save(folder / "class_vectors.npy", encode(category_texts(examples.classes)))
    places = {name: rows.tolist() for name, rows in sides.items()}
    paths = [examples.classes.label("exclusive", place) for place in range(len(examples.classes.exclusive))]
    (folder / "rows.json").write_text(json.dumps({**places, "classes": paths}))
    return answers[sides["test"]]
