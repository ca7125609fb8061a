"""Put products on shelves: all of the catalogue, or one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from shelver.config import TEXT_FIELDS
from shelver.errors import ShelverError, nearest
from shelver.pipeline.base import Base
from shelver.pipeline.learn import saved_model
from shelver.pipeline.prepare import inputs_of, map_over
from shelver.pipeline.step import Step
from shelver.rules.stage import RulesStage
from shelver.training.predict import PredictStage

PRODUCT = pa.schema(
    [("product_id", pa.string()), *((name, pa.string()) for name in TEXT_FIELDS), ("price", pa.float64())]
)


def predict(workspace: Base, run_id: str = "", model_id: str = "") -> Step:
    """Make the table ``predictions``: the best categories of every product for every objective."""
    data, model_id, model = saved_model(workspace, run_id, model_id)
    stage = PredictStage(model, workspace.config.predict.top_k)
    step = map_over(workspace, "predict", stage, inputs_of(workspace), workspace.table("predictions"))
    return Step(step.name, step.rows, step.fresh, step.seconds, {"run_id": data.run_id, "model_id": model_id})


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
    """A trained model, loaded and ready for one product at a time: the stages of `predict`, on one row.

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
        self.encoders = {name: workspace.encode_stage(name) for name in workspace.vector_features()}
        self.stage = PredictStage(model, workspace.config.predict.top_k)

    def __call__(self, **fields: str | float) -> Answer:
        """Classify a product given by its fields, for example ``title="Red sandals", brand="Acme"``."""
        for name in fields:
            if name not in PRODUCT.names:
                raise ShelverError(f'no product field "{name}"', hint=nearest(name, PRODUCT.names))
        product = pa.RecordBatch.from_pylist([{"product_id": "", **fields}], schema=PRODUCT)
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
