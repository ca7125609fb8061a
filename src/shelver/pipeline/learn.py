"""Train a model on a run, and say how good it is."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from shelver.catalogue.runs import Run
from shelver.errors import ModelError
from shelver.features.split import Side
from shelver.files import Files
from shelver.models.folder import MANIFEST, SavedModel, build_net, load_model, save_model
from shelver.pipeline.base import Base, vectors_of
from shelver.pipeline.prepare import Dataset, dataset, find_run
from shelver.pipeline.step import Step
from shelver.stage import digest
from shelver.training.checkpoint import Checkpoints
from shelver.training.evaluate import Evaluation, evaluate, evaluate_rules
from shelver.training.loop import train as train_net
from shelver.training.start import Encode, start

VERSION = "train.v1"
RULES = "rules"
"""Model id under which the scores of the rules alone are kept."""


def model_id_of(workspace: Base) -> str:
    """Name of the configured model: the model, and its objectives where it does not learn both."""
    training = workspace.config.training
    return "-".join([training.model, *(training.objectives if len(training.objectives) == 1 else ())])


def train(workspace: Base, run_id: str = "") -> Step:
    """Train the configured model; nothing is done if it exists, and a killed training is taken up where it was."""
    begun = time.perf_counter()
    data = dataset(workspace, run_id)
    settings = workspace.config.training
    spec = workspace.config.models[settings.model]
    model_id = model_id_of(workspace)
    folder = workspace.folder("model", run_id=data.run_id, model_id=model_id)
    fingerprint = digest(VERSION, data.fingerprint, spec.fingerprint(), settings.fingerprint())
    details: dict[str, Any] = {"run_id": data.run_id, "model_id": model_id}
    rows = {name: len(data.examples.rows(name, Side.TRAIN)) for name in settings.objectives}
    if _made_by(folder) == fingerprint:
        return Step("train", sum(rows.values()), True, time.perf_counter() - begun, details)
    net = build_net(spec, data.examples.transform, data.examples.classes, settings.objectives, settings.seed)
    start(net, data.examples, _encoder(workspace, data, net.text) if net.prior else None)
    checkpoints = Checkpoints(workspace.folder("checkpoint", run_id=data.run_id, model_id=model_id), fingerprint)
    total = settings.epochs
    history = train_net(
        net,
        data.examples,
        settings,
        checkpoints,
        lambda epoch, line: workspace.report("train", epoch, max(total, epoch)),
    )
    details |= {"epochs": history.epoch, "best_epoch": history.best_epoch, "losses": history.losses[-1:] or []}
    notes = {"fingerprint": fingerprint, "training": settings.model_dump(mode="json"), "labels": rows, **details}
    save_model(folder, SavedModel(net, data.examples.transform, data.examples.classes, notes))
    checkpoints.clear()
    return Step("train", sum(rows.values()), False, time.perf_counter() - begun, details)


def _encoder(workspace: Base, data: Dataset, feature: str) -> Encode:
    spec = vectors_of(data.examples.transform.features)[feature]
    return workspace.encode_stage(feature, spec).encoder.encode


def _made_by(folder: Files) -> str:
    """Fingerprint of what a model was trained from; empty if there is none that is whole."""
    if not folder.exists(MANIFEST):
        return ""
    try:
        return str(load_model(folder).notes.get("fingerprint", ""))
    except ModelError:
        return ""


def saved_model(workspace: Base, run_id: str = "", model_id: str = "") -> tuple[Run, str, SavedModel]:
    """A run, a model's id, and the model: the configured one of the run prepared last if none is named."""
    run = find_run(workspace, run_id)
    model_id = model_id or model_id_of(workspace)
    return run, model_id, load_model(workspace.folder("model", run_id=run.run_id, model_id=model_id))


@dataclass(frozen=True)
class Comparison:
    """Scores of the rules alone and of a model, on the same products."""

    run_id: str
    model_id: str
    split: str
    rules: Evaluation
    model: Evaluation

    def as_dict(self) -> dict[str, Any]:
        """As JSON-like values."""
        return {"run_id": self.run_id, "model_id": self.model_id, "split": self.split} | {
            name: {
                objective: scores.as_dict() if scores else None
                for objective, scores in (("exclusive", found.exclusive), ("rule_based", found.rule_based))
            }
            for name, found in (("rules", self.rules), ("model", self.model))
        }


def evaluate_model(workspace: Base, run_id: str = "", model_id: str = "", side: Side = Side.TEST) -> Comparison:
    """Score a model and the rules on one side of the split; the scores are also written beside the model."""
    run, model_id, model = saved_model(workspace, run_id, model_id)
    examples = dataset(workspace, run.run_id).examples
    split = side.name.lower()
    found = Comparison(run.run_id, model_id, split, evaluate_rules(examples, side), evaluate(model, examples, side))
    for name, evaluation in ((RULES, found.rules), (model_id, found.model)):
        for objective, scores in (("exclusive", evaluation.exclusive), ("rule_based", evaluation.rule_based)):
            if scores is not None:
                path = workspace.path("metrics", run_id=run.run_id, model_id=name, objective=objective, split=split)
                workspace.files.write_json(path, scores.as_dict())
    return found
