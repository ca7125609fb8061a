"""Put products on shelves: all of the catalogue, or one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from shelver.config import FIELDS
from shelver.encoders.picture_stage import EncodePicturesStage, fault
from shelver.encoders.pictures import OnePicture
from shelver.encoders.stage import EncodeStage
from shelver.errors import ShelverError, nearest
from shelver.feeds.rows import Block, RawRow, number_text
from shelver.feeds.schema import raw_batch
from shelver.feeds.stage import CleanStage
from shelver.files import Files
from shelver.pipeline.base import Base, vectors_of
from shelver.pipeline.learn import saved_model
from shelver.pipeline.prepare import apply_rules, encode, inputs_of, map_over
from shelver.pipeline.step import Step
from shelver.rules.stage import RulesStage
from shelver.training.predict import PredictStage


def predict(workspace: Base, run_id: str = "", model_id: str = "") -> Step:
    """Make the table ``predictions``: the best categories of every product on offer, for every objective.

    Rule labels and vectors are brought up to date first, so that products which came after training are treated alike.
    """
    run, model_id, model = saved_model(workspace, run_id, model_id)
    features = model.transform.features
    apply_rules(workspace)
    encode(workspace, features)
    stage = PredictStage(model, **workspace.config.predict.model_dump())
    inputs = [*inputs_of(workspace, features), workspace.table("rule_labels")]
    step = map_over(workspace, "predict", stage, inputs, workspace.table("predictions"), offered=True)
    return Step(step.name, step.rows, step.fresh, step.seconds, {"run_id": run.run_id, "model_id": model_id})


@dataclass(frozen=True)
class Answer:
    """Where one product belongs.

    Attributes
    ----------
    ranked : mapping of str to list of (category_id, path, probability)
        Best categories of each objective, best first.
    rules : list of (rule_id, path, field, start, end)
        Rules that fired, and where.
    shelf : (category_id, path, probability), optional
        The deepest category that is sure enough; None if not even one at the top of the tree is.
    """

    ranked: Mapping[str, list[tuple[str, str, float]]]
    rules: list[tuple[str, str, str, int, int]]
    shelf: tuple[str, str, float] | None = None

    def as_dict(self) -> dict[str, Any]:
        """As JSON-like values."""
        return {
            **{
                objective: [{"category_id": i, "path": path, "probability": p} for i, path, p in best]
                for objective, best in self.ranked.items()
            },
            "rules": [
                dict(zip(("rule_id", "path", "field", "start", "end"), rule, strict=True)) for rule in self.rules
            ],
            "shelf": dict(zip(("category_id", "path", "probability"), self.shelf, strict=True)) if self.shelf else None,
        }


class Classifier:
    """A trained model, loaded and ready for one product at a time: the stages of `ingest` and `predict`, on one row.

    Parameters
    ----------
    workspace : Base
        The workspace.
    run_id, model_id : str
        Which model; the configured one of the newest run if not named.
    """

    def __init__(self, workspace: Base, run_id: str = "", model_id: str = "") -> None:
        run, _, model = saved_model(workspace, run_id, model_id)
        self.run_id = run.run_id
        self.tree = model.classes.tree
        self.rules: RulesStage = workspace.rules_stage(workspace.tree())
        vectors = vectors_of(model.transform.features)
        self.encoders = {name: workspace.encode_stage(name, spec) for name, spec in vectors.items()}
        self.stage = PredictStage(model, **workspace.config.predict.model_dump())

    def __call__(self, image: bytes | str | os.PathLike[str] | None = None, **fields: str | float) -> Answer:
        """Classify a product given by its fields, for example ``title="Red sandals", brand="Acme"``.

        The fields are cleaned as those of a feed are.

        Parameters
        ----------
        image : bytes or path, optional
            Its picture: the content of a file, or where the file is.
        **fields : str or float
            Its fields.

        Raises
        ------
        ShelverError
            There is no such field, the picture cannot be read, or the model takes none.
        """
        return self.answer(self.product(**fields), image)

    def answer(self, product: pa.RecordBatch, image: bytes | str | os.PathLike[str] | None = None) -> Answer:
        """Classify a cleaned product: one row, and its picture; raises as a call."""
        filled = self.filled(product, image)
        answer = self.stage.apply(filled).to_pylist()[0]
        ranked = {
            objective: [(c["category_id"], self._path(c["category_id"]), c["probability"]) for c in best]
            for objective, best in answer.items()
            if objective not in ("product_id", "shelf")
        }
        found = answer.get("shelf")
        shelf = (found["category_id"], self._path(found["category_id"]), found["probability"]) if found else None
        fired = [
            (r["rule_id"], self._path(r["category_id"]), r["field"], r["start"], r["end"])
            for r in filled["labels"][0].as_py()
        ]
        return Answer(ranked, fired, shelf)

    def product(self, **fields: str | float) -> pa.RecordBatch:
        """A product given by its fields, cleaned as those of a feed are: one row.

        Raises
        ------
        ShelverError
            There is no such field.
        """
        for name in fields:
            if name not in FIELDS:
                raise ShelverError(f'no product field "{name}"', hint=nearest(name, FIELDS))
        texts: dict[str, str | None] = {"id": "1", **{name: _text(value) for name, value in fields.items()}}
        row = RawRow(1, texts, "")
        return CleanStage("classify").apply(raw_batch(Block.of([row]), "classify", {name: name for name in texts}))

    def filled(self, products: pa.RecordBatch, image: bytes | str | os.PathLike[str] | None = None) -> pa.RecordBatch:
        """Products with their rule labels and vectors: all that the model takes; `image` stands for all pictures.

        Raises
        ------
        ShelverError
            The picture cannot be read, or the model takes none.
        """
        encoders = self.encoders if image is None else with_picture(self.encoders, image)
        columns = {name: products[name] for name in products.schema.names}
        columns["labels"] = self.rules.apply(products.select(self.rules.columns))["labels"]
        for name, encoder in encoders.items():
            columns[name] = encoder.apply(products.select(encoder.columns))[name]
        return pa.RecordBatch.from_pydict(columns)

    def _path(self, category_id: str) -> str:
        return str(self.tree.by_id(category_id)) if category_id in self.tree else category_id


def with_picture(
    encoders: Mapping[str, EncodeStage | EncodePicturesStage], image: bytes | str | os.PathLike[str]
) -> dict[str, EncodeStage | EncodePicturesStage]:
    """Stages that take one picture, given by its content or its path, for every product.

    Raises
    ------
    ShelverError
        The picture cannot be read, or no stage takes pictures.
    """
    where = "" if isinstance(image, bytes) else os.path.abspath(image)
    if not any(isinstance(stage, EncodePicturesStage) for stage in encoders.values()):
        hint = 'add a feature with columns = ["image"], and train again'
        raise ShelverError("the model takes no picture", where=where, hint=hint)
    try:
        content = image if isinstance(image, bytes) else Files(os.path.dirname(where)).read(os.path.basename(where))
    except FileNotFoundError:
        raise ShelverError("no such picture", where=where, expected="a file") from None
    if reason := fault(content):
        raise ShelverError(reason, where=where, expected="a picture")
    return {
        name: EncodePicturesStage(stage.encoder, name, OnePicture(content))
        if isinstance(stage, EncodePicturesStage)
        else stage
        for name, stage in encoders.items()
    }


def _text(value: str | float) -> str | None:
    return value if isinstance(value, str) else number_text(float(value))
