"""One trial of a study: the pipeline with other settings, in a folder of its own."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from filelock import FileLock

from shelver.config import Config, kind_of
from shelver.errors import ShelverError, nearest
from shelver.features.split import Side
from shelver.pipeline.base import Base
from shelver.pipeline.learn import evaluate_model, model_id_of, train
from shelver.pipeline.overrides import settings_with
from shelver.pipeline.prepare import find_run, prepare
from shelver.pipeline.space import PREPARED
from shelver.pipeline.step import Report, silent
from shelver.tomlfile import parse
from shelver.training.checkpoint import LAST, MARK

OWN = ("latest", "model", "checkpoint", "metrics")
"""Paths that a trial has for itself; tables, features and runs are shared."""
Watch = Callable[[int, float], None]
"""Told the epoch and the validation loss of the main objective; may raise to end the trial."""


class Trial(Base):
    """The workspace as a trial sees it: its own settings, models and latest run; everything else is shared.

    Parameters
    ----------
    prefix : str
        The workspace.
    folder : str
        Folder of the trial, relative to the workspace.
    config : Config
        Its settings.
    base : Config
        Settings of the workspace: a table that these make otherwise is the trial's own.
    report : callable, optional
        Told about progress.
    """

    def __init__(self, prefix: str, folder: str, config: Config, base: Config, report: Report = silent) -> None:
        super().__init__(prefix, report)
        self.root, self.base = folder, base
        self.config = config

    def path(self, kind: str, **names: str) -> str:
        """A path relative to the prefix; what a trial makes for itself lies in its folder."""
        path = super().path(kind, **names)
        if kind == "table":
            return self._table(path, names["table"])
        if kind not in OWN:
            return path
        below = path.removeprefix("runs/")
        run_id = names.get("run_id", "")
        return f"{self.root}/{below.removeprefix(run_id).lstrip('/')}"

    def _table(self, path: str, name: str) -> str:
        """Tables are shared with trials that make them alike: one that the workspace makes otherwise is left alone."""
        feature = name.removeprefix("vectors_")
        used = self.config.rules if name == "rule_labels" else self.config.features.get(feature)
        usual = self.base.rules if name == "rule_labels" else self.base.features.get(feature)
        if used is None or used == usual or name == feature != "rule_labels":
            return path
        return f"{self.root.split('/trials/')[0]}/tables/{name}-{used.fingerprint()[:10]}.lance"

    def main_losses(self, run_id: str, model_id: str) -> list[float]:
        """Validation losses of the main objective so far, read from the head of the last checkpoint."""
        files = self.folder("checkpoint", run_id=run_id, model_id=model_id)
        try:
            with files.open_input(LAST) as stream:
                size = int.from_bytes(stream.read(8), "little")
                mark = json.loads(json.loads(stream.read(size))["__metadata__"][MARK])
        except FileNotFoundError:
            return []
        main = self.config.training.objectives[0]
        return [losses[main] for losses in mark["history"]["losses"] if main in losses]


def run_trial(
    prefix: str,
    folder: str,
    base: str,
    values: Mapping[str, Any],
    metric: str,
    run_id: str,
    lock: FileLock,
    watch: Watch | None = None,
    report: Report = silent,
) -> dict[str, Any]:
    """Prepare (if the settings ask for it), train, and judge on the validation side.

    Parameters
    ----------
    prefix : str
        The workspace.
    folder : str
        Folder of the trial, relative to the workspace: gets ``shelver.toml``, ``scores.json``, and the model.
    base : str
        Text of the ``shelver.toml`` that the study began with.
    values : mapping of str to value
        Settings of this trial, by path.
    metric : str
        See `split_metric`.
    run_id : str
        The run to use where nothing that decides preparation is changed.
    lock : FileLock
        Held while preparing: trials that ask for the same features make them once.
    watch : callable, optional
        Told the validation loss after every epoch.
    report : callable, optional
        Told about progress.

    Returns
    -------
    dict
        ``value`` of the metric, all ``scores`` by objective, ``run_id``, ``model_id``, ``seconds``.

    Raises
    ------
    ShelverError
        The settings do not work together, training went astray, or there is nothing to judge by.
    """
    begun = time.perf_counter()
    config, text = settings_with(base, values, f"{folder}/shelver.toml")
    usual = parse(base, Config, folder)
    trial = Trial(prefix, folder, config, usual)
    note = "# Settings of one trial of shelver tune; paths are relative to the workspace.\n"
    trial.files.write(f"{folder}/shelver.toml", note + text)
    try:
        deciding = {path: value for path, value in values.items() if path.startswith(PREPARED)}
        if deciding:
            with lock:
                trial.config = settings_with(base, deciding, folder)[0]  # a run notes what it was made from, no more
                prepare(trial)
                trial.config = config
        else:
            trial.files.write_json(trial.path("latest"), {"run_id": run_id})
        used = find_run(trial).run_id
        trial.report = _watched(trial, used, report, watch)
        step = train(trial)
        found = evaluate_model(trial, side=Side.VALID).as_dict()
    finally:
        trial.close()
    scores = {objective: _plain(line) for objective, line in found["model"].items()}
    value = value_of(scores, metric)
    done = {"value": value, "metric": metric, "values": dict(values), "scores": scores, "run_id": used,
            "model_id": found["model_id"], "epochs": step.details.get("epochs"),
            "seconds": round(time.perf_counter() - begun, 3)}  # fmt: skip
    trial.files.write_json(f"{folder}/scores.json", done)
    return done


def _watched(trial: Trial, run_id: str, report: Report, watch: Watch | None) -> Report:
    """Progress that also tells the validation loss of each new epoch."""
    told = 0

    def after_epoch(step: str, done: int, total: int) -> None:
        nonlocal told
        report(step, done, total)
        if watch is not None and step == "train":
            losses = trial.main_losses(run_id, model_id_of(trial))
            if len(losses) > told:
                told = len(losses)
                watch(told, losses[-1])

    return after_epoch


def _plain(scores: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in scores.items() if name != "classes"}


METRICS = {
    "multi_class": ("accuracy", "macro_f1", "top_5", "hierarchical_f1", "accepted_at_95", "calibration_error"),
    "multi_label": ("mean_average_precision", "micro_f1", "macro_f1"),
}
"""Scores that can be judged by."""


def split_metric(metric: str, config: Config) -> tuple[str, str]:
    """Objective and score that a metric names: ``accuracy`` (of the main objective) or ``rule_based.micro_f1``.

    Raises
    ------
    ShelverError
        There is no such objective.
    """
    objective, _, name = metric.rpartition(".")
    objective = objective or config.training.objectives[0]
    if objective not in config.training.objectives:
        hint = nearest(objective, config.training.objectives)
        raise ShelverError(f'the objective "{objective}" is not trained', where="--metric", hint=hint)
    allowed = METRICS[kind_of(config.objectives[objective])]
    if name not in allowed:
        raise ShelverError(f'no score "{name}" of {objective}', where="--metric", hint=nearest(name, allowed))
    return objective, name


def value_of(scores: Mapping[str, Mapping[str, Any]], metric: str) -> float:
    """A score by name, such as ``exclusive.macro_f1``.

    Raises
    ------
    ShelverError
        There is none: no label on the validation side, or no such score.
    """
    objective, _, name = metric.rpartition(".")
    if objective not in scores:
        raise ShelverError(
            f"no product of the validation side has a label for {objective}, so there is nothing to judge by",
            hint="import more labels, then: shelver prepare",
        )
    value = scores[objective].get(name)
    if not isinstance(value, int | float):
        known = [key for key, found in scores[objective].items() if isinstance(found, float)]
        raise ShelverError(f'no score "{name}" of {objective}', where="--metric", hint=nearest(name, known))
    return float(value)
