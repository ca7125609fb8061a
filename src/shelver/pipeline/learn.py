"""Train a model on a run, and say how good it is."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shelver.catalogue.runs import Run
from shelver.config import AnyObjective, Bagged, Combined, FromColumn
from shelver.errors import ConfigError, ModelError, nearest
from shelver.features.split import Side
from shelver.files import Files
from shelver.models.folder import MANIFEST, SavedModel, load_model, save_model
from shelver.pipeline.base import Base
from shelver.pipeline.card import write_model_card, write_model_events
from shelver.pipeline.combine import Made, join
from shelver.pipeline.fit import fit
from shelver.pipeline.prepare import Dataset, dataset, find_run
from shelver.pipeline.step import Step
from shelver.stage import digest
from shelver.training.calibrate import temperatures
from shelver.training.checkpoint import Checkpoints
from shelver.training.evaluate import Evaluation, evaluate, evaluate_rules

VERSION = "train.v2"
RULES = "rules"
"""Model id under which the scores of the rules alone are kept."""


def model_id_of(workspace: Base, name: str = "") -> str:
    """Name of a model, the configured one if none is named: with its objectives where it does not learn both."""
    training = workspace.config.training
    both = set(training.objectives) == {"exclusive", "rule_based"}
    return "-".join([name or training.model, *(() if both else training.objectives)])


def train(workspace: Base, run_id: str = "", name: str = "") -> Step:
    """Train a model, the configured one if none is named, and first those it is made of.

    Nothing is done if it exists; a killed training is taken up where it was.

    Raises
    ------
    ConfigError
        There is no such model.
    """
    begun = time.perf_counter()
    data = dataset(workspace, run_id)
    config = workspace.config
    name = name or config.training.model
    if name not in config.models:
        raise ConfigError(f'no model "{name}"', where="[models]", hint=nearest(name, config.models))
    spec, model_id = config.models[name], model_id_of(workspace, name)
    objectives = {objective: config.objectives[objective] for objective in config.training.objectives}
    folder = workspace.folder("model", run_id=data.run_id, model_id=model_id)
    fingerprint = _fingerprint(workspace, data, name)
    details: dict[str, Any] = {"run_id": data.run_id, "model_id": model_id}
    rows = {objective: len(data.examples.rows(objective, Side.TRAIN)) for objective in objectives}
    if _made_by(folder) == fingerprint:
        return Step("train", sum(rows.values()), True, time.perf_counter() - begun, details)
    _check_prepared(workspace, data, objectives)
    checkpoints = Checkpoints(workspace.folder("checkpoint", run_id=data.run_id, model_id=model_id), fingerprint)
    if isinstance(spec, Combined | Bagged):

        def member(wanted: str) -> SavedModel:
            train(workspace, data.run_id, wanted)
            return saved_model(workspace, data.run_id, model_id_of(workspace, wanted))[2]

        made = join(workspace, data.examples, spec, objectives, checkpoints, member)
    else:
        net, history = fit(workspace, data.examples, spec, objectives, config.training, checkpoints)
        made = Made(net, history)
    history = made.history
    details |= {"epochs": history.epoch, "best_epoch": history.best_epoch, "losses": history.losses}
    details |= {"solved": history.solved} if history.solved else {}
    details |= {"parameters": made.net.count(), **made.details}
    taken = {name: data.examples.taken_over(name, Side.TRAIN) for name in objectives}
    details |= {"propagated": {name: n for name, n in taken.items() if n}} if any(taken.values()) else {}
    notes = {"fingerprint": fingerprint, "training": config.training.model_dump(mode="json"), "labels": rows, **details}
    scales = temperatures(made.net, data.examples)
    model = SavedModel(made.net, data.examples.transform, data.examples.classes, notes, scales)
    write_model_card(workspace, data, model_id, model, evaluated=False)
    write_model_events(workspace, data.run_id, model_id, history.losses)
    save_model(folder, model)  # last: once it is there, all is there
    checkpoints.clear()
    return Step("train", sum(rows.values()), False, time.perf_counter() - begun, details)


def _check_prepared(workspace: Base, data: Dataset, objectives: Mapping[str, AnyObjective]) -> None:
    """Refuse objectives whose right answers are not those that were prepared."""
    before = workspace.folder("run", run_id=data.run_id).read_json("run.json")["settings"].get("objectives", {})
    learnt = {"weight", "entropy", "consistency", "loss", "frequency"}  # how it is learnt may change
    for name, spec in objectives.items():
        if isinstance(spec, FromColumn):
            now = spec.model_dump(mode="json", exclude=learnt)
            if {key: value for key, value in before.get(name, {}).items() if key not in learnt} != now:
                what = f'the objective "{name}" is not as it was prepared'
                raise ModelError(what, where=data.run_id, hint="run: shelver prepare")


def _fingerprint(workspace: Base, data: Dataset, name: str) -> str:
    config = workspace.config
    spec = config.models[name]
    members = spec.parts if isinstance(spec, Combined | Bagged) else ()
    objectives = {objective: config.objectives[objective].fingerprint() for objective in config.training.objectives}
    training = config.training.model_dump(mode="json", exclude={"model", "device"})
    specs = [config.models[each].fingerprint() for each in (name, *members)]
    return digest(VERSION, data.fingerprint, specs, training, objectives)


def _made_by(folder: Files) -> str:
    """Fingerprint of what a model was trained from; empty if there is none that is whole."""
    if not folder.exists(MANIFEST):
        return ""
    try:
        return str(load_model(folder).notes.get("fingerprint", ""))
    except ModelError:
        return ""


def known_id(workspace: Base, run_id: str, name: str = "") -> str:
    """Id of a trained model that is called by its id or by its name in the settings; the configured one if by none."""
    if name and workspace.folder("model", run_id=run_id, model_id=name).exists(MANIFEST):
        return name
    full = model_id_of(workspace, name)
    if name and not workspace.folder("model", run_id=run_id, model_id=full).exists(MANIFEST):
        folder = workspace.folder("model", run_id=run_id, model_id=name)
        raise ModelError("no model here", where=folder.prefix, hint=f"make one with: shelver train --model {name}")
    return full


def saved_model(workspace: Base, run_id: str = "", model_id: str = "") -> tuple[Run, str, SavedModel]:
    """A run, a model's id, and the model: the configured one of the run prepared last if none is named."""
    run = find_run(workspace, run_id)
    model_id = known_id(workspace, run.run_id, model_id)
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
            name: {objective: scores.as_dict() for objective, scores in found.scores.items()}
            for name, found in (("rules", self.rules), ("model", self.model))
        }


def evaluate_model(workspace: Base, run_id: str = "", model_id: str = "", side: Side = Side.TEST) -> Comparison:
    """Score a model and the rules on one side of the split; the scores are also written beside the model."""
    run, model_id, model = saved_model(workspace, run_id, model_id)
    data = dataset(workspace, run.run_id)
    examples = data.examples
    split = side.name.lower()
    judged = evaluate(model, examples, side, workspace.config.predict.threshold)
    found = Comparison(run.run_id, model_id, split, evaluate_rules(examples, side), judged)
    for name, evaluation in ((RULES, found.rules), (model_id, found.model)):
        for objective, scores in evaluation.scores.items():
            path = workspace.path("metrics", run_id=run.run_id, model_id=name, objective=objective, split=split)
            workspace.files.write_json(path, scores.as_dict())
    write_model_card(workspace, data, model_id, model)
    return found
