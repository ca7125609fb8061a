"""Put products on shelves: all of the catalogue, or one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from shelver.config import FIELDS
from shelver.errors import ShelverError, nearest
from shelver.feeds.rows import RawRow, number_text
from shelver.feeds.schema import raw_batch
from shelver.feeds.stage import CleanStage
from shelver.pipeline.base import Base, vectors_of
from shelver.pipeline.learn import saved_model
from shelver.pipeline.prepare import apply_rules, encode, inputs_of, map_over
from shelver.pipeline.step import Step
from shelver.rules.stage import RulesStage
from shelver.training.predict import PredictStage


def predict(workspace: Base, run_id: str = "", model_id: str = "") -> Step:
    """Make the table ``predictions``: the best categories of every product for every objective.

    Rule labels and vectors are brought up to date first, so that products which came after training are treated alike.
    """
    run, model_id, model = saved_model(workspace, run_id, model_id)
    features = model.transform.features
    apply_rules(workspace)
    encode(workspace, features)
    stage = PredictStage(model, workspace.config.predict.top_k)
    inputs = [*inputs_of(workspace, features), workspace.table("rule_labels")]
    step = map_over(workspace, "predict", stage, inputs, workspace.table("predictions"))
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
    """

    ranked: Mapping[str, list[tuple[str, str, float]]]
    rules: list[tuple[str, str, str, int, int]]

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
        _, _, model = saved_model(workspace, run_id, model_id)
        self.tree = model.classes.tree
        self.rules: RulesStage = workspace.rules_stage(workspace.tree())
        vectors = vectors_of(model.transform.features)
        self.encoders = {name: workspace.encode_stage(name, spec) for name, spec in vectors.items()}
        self.stage = PredictStage(model, workspace.config.predict.top_k)

    def __call__(self, **fields: str | float) -> Answer:
        """Classify a product given by its fields, for example ``title="Red sandals", brand="Acme"``.

        The fields are cleaned as those of a feed are.
        """
        for name in fields:
            if name not in FIELDS:
                raise ShelverError(f'no product field "{name}"', hint=nearest(name, FIELDS))
        texts: dict[str, str | None] = {"id": "1", **{name: _text(value) for name, value in fields.items()}}
        row = RawRow(1, texts, "")
        product = CleanStage("classify").apply(raw_batch([row], "classify", {name: name for name in texts}))
        labels = self.rules.apply(product.select(self.rules.columns))["labels"]
        columns = {name: product[name] for name in product.schema.names} | {"labels": labels}
        for name, encoder in self.encoders.items():
            columns[name] = encoder.apply(product.select(encoder.columns))[name]
        answer = self.stage.apply(pa.RecordBatch.from_pydict(columns)).to_pylist()[0]
        ranked = {
            objective: [(c["category_id"], str(self.tree.by_id(c["category_id"])), c["probability"]) for c in best]
            for objective, best in answer.items()
            if objective != "product_id"
        }
        fired = [
            (r["rule_id"], self._path(r["category_id"]), r["field"], r["start"], r["end"]) for r in labels[0].as_py()
        ]
        return Answer(ranked, fired)

    def _path(self, category_id: str) -> str:
        return str(self.tree.by_id(category_id)) if category_id in self.tree else category_id


def _text(value: str | float) -> str | None:
    return value if isinstance(value, str) else number_text(float(value))
