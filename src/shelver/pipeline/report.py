"""Gather all that is known of the models of a run, and write it as one page."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from shelver.catalogue.runs import Run
from shelver.errors import ShelverError, nearest
from shelver.features.split import Side
from shelver.files import Files
from shelver.models.folder import MANIFEST, SavedModel, load_model
from shelver.pipeline.base import Base
from shelver.pipeline.learn import RULES, evaluate_model, model_id_of
from shelver.pipeline.prepare import Dataset, dataset, find_run
from shelver.reporting.data import (
    Detail,
    ModelPart,
    Part,
    Report,
    RunLine,
    detail_of,
    detail_of_labels,
    flat,
    numbers,
    part_of,
    part_of_labels,
)
from shelver.reporting.judged import Judged, JudgedLabels, Kept, judge, judge_labels, judge_rules
from shelver.reporting.page import page
from shelver.stage import digest
from shelver.training.metrics import Scores

FILE = "report.html"
COMPARED = ("features", "split", "rules", "objectives")
"""Settings of a run that decide its models, besides those of the model and of training."""


def make_report(
    workspace: Base, run_id: str = "", models: Sequence[str] = (), side: Side = Side.TEST, focus: str = ""
) -> Report:
    """All that is known of the models of a run on one side of the split.

    Parameters
    ----------
    workspace : Base
        The workspace.
    run_id : str
        The run; the one prepared last if not named.
    models : sequence of str
        Ids of models; all that were evaluated if none are named. A model that was not evaluated yet is evaluated.
    side : Side
        Side of the split.
    focus : str
        The model that is looked into; else the first of `models`, else the configured one, else the best.

    Raises
    ------
    ShelverError
        There is no such run or model, or nothing of this side has a label.
    """
    data = dataset(workspace, run_id)
    run = find_run(workspace, data.run_id)
    ids = _ids(workspace, data.run_id, models, focus, side)
    seen = {model_id: _Seen(workspace, data, model_id, side) for model_id in ids}
    focus = focus or (ids[0] if models else _best(workspace, seen))
    main = seen[focus].model.net.objectives[0]
    parts = sorted((found.part for found in seen.values()), key=lambda part: (-_score(part, main), part.model_id))
    rules = judge_rules(data.examples, side)
    if rules is not None:
        scored, _ = part_of(rules, data.examples.classes, "exclusive")
        parts.insert(0, ModelPart(RULES, "rules", {"exclusive": scored}))
    if not any(part.parts for part in parts):
        raise ShelverError(
            f"nothing to measure by: no product of the {side.name.lower()} side of {data.run_id} has a label",
            where=workspace.prefix,
            hint="import labels (shelver label import FILE), then shelver run",
        )
    examples = data.examples
    return Report(
        data.run_id,
        run.created.isoformat(timespec="seconds"),
        side.name.lower(),
        os.path.basename(workspace.prefix) or "catalogue",
        {each.name.lower(): int((examples.side == each).sum()) for each in Side},
        {each.name.lower(): len(examples.rows(main, each)) - examples.taken_over(main, each) for each in Side},
        len(examples.classes.tree),
        main,
        focus,
        tuple(parts),
        seen[focus].details(),
        tuple(run_lines(workspace, main, side)),
    )


def write_report(workspace: Base, report: Report, out: str = "") -> str:
    """Write the page; gives its place: `out` (relative to the current folder), else beside the run."""
    if out:
        folder, name = os.path.split(os.path.abspath(out))
        Files(folder).write(name, page(report))
        return os.path.join(folder, name)
    folder_of_run = workspace.folder("run", run_id=report.run_id)
    folder_of_run.write(FILE, page(report))
    return folder_of_run.path(FILE)


class _Seen:
    """One model with its answers, read where they were kept, else asked for and kept."""

    def __init__(self, workspace: Base, data: Dataset, model_id: str, side: Side) -> None:
        self.workspace, self.data, self.model_id, self.side = workspace, data, model_id, side
        folder = workspace.folder("model", run_id=data.run_id, model_id=model_id)
        self.model: SavedModel = load_model(folder)
        self.kept = Kept(folder, side.name.lower(), digest(self.model.fingerprint, data.fingerprint))
        self.answers: dict[str, tuple[Judged, Scores]] = {}
        self.labels: dict[str, JudgedLabels] = {}
        self.evaluated = False
        parts: dict[str, Part] = {}
        for done, name in enumerate(self.model.net.objectives, 1):
            found = self._judged(name)
            if isinstance(found, Judged):
                part, scores = part_of(found, self.model.classes, name)
                self.answers[name] = found, scores
                parts[name] = replace(part, scores=self._scores(name) or part.scores)
            elif found is not None:
                self.labels[name], parts[name] = found, part_of_labels(found)
            workspace.report(f"report {model_id}", done, len(self.model.net.objectives))
        self.part = _part(model_id, self.model, parts)

    def _judged(self, objective: str) -> Judged | JudgedLabels | None:
        """Answers of one objective; the metrics of the model are written anew whenever there are none of it."""
        multi_class = self.model.classes.kind(objective) == "multi_class"
        kept = self.kept.answers(objective) if multi_class else self.kept.labels(objective)
        if kept is not None:
            return kept
        ask = judge if multi_class else judge_labels
        found = ask(self.model, self.data.examples, self.side, objective)
        if found is not None and not self.evaluated:
            evaluate_model(self.workspace, self.data.run_id, self.model_id, self.side)
            self.evaluated = True
        if found is not None:
            self.kept.put(objective, found)
        return found

    def _scores(self, objective: str) -> dict[str, float | None]:
        """Scores as `evaluate` wrote them."""
        names = {"run_id": self.data.run_id, "model_id": self.model_id, "split": self.side.name.lower()}
        path = self.workspace.path("metrics", objective=objective, **names)
        if not self.workspace.files.exists(path):
            return {}
        return numbers(self.workspace.files.read_json(path))

    def details(self) -> tuple[Detail, ...]:
        """Where the model goes wrong, by objective."""
        classes = self.model.classes
        return (
            *(
                detail_of(judged, scores, classes, name, self.model_id, self._titles)
                for name, (judged, scores) in self.answers.items()
            ),
            *(detail_of_labels(found, name, self.model_id) for name, found in self.labels.items()),
        )

    def _titles(self, rows: Sequence[int]) -> Mapping[int, tuple[str, str]]:
        """Product id and title of rows of the run; no title if the product has left the catalogue since."""
        if not rows:
            return {}
        ids = self.data.examples.features.take(rows, ["product_id"])["product_id"].to_pylist()
        wanted = ", ".join(f"'{product_id}'" for product_id in ids)
        found = self.workspace.products().read(["product_id", "title"], f"product_id IN ({wanted})")
        titles = dict(zip(found["product_id"].to_pylist(), found["title"].to_pylist(), strict=True))
        return {row: (product_id, titles.get(product_id) or "") for row, product_id in zip(rows, ids, strict=True)}


def _part(model_id: str, model: SavedModel, parts: Mapping[str, Part]) -> ModelPart:
    notes = model.notes
    losses = [dict(line) for line in notes.get("losses", []) if isinstance(line, Mapping)]
    kind = str(getattr(model.net.spec, "kind", ""))
    return ModelPart(
        model_id, kind, parts, model.net.count(), _by_people(notes), losses, int(notes.get("best_epoch", 0))
    )


def _ids(workspace: Base, run_id: str, models: Sequence[str], focus: str, side: Side) -> list[str]:
    """Models to report on: those named, else those evaluated, else the configured one."""
    folder = workspace.folder("run", run_id=run_id).sub("models")
    trained = [name for name in folder.names() if folder.sub(name).exists(MANIFEST)]
    models = [name if name in trained else model_id_of(workspace, name) for name in models]
    for name in (*models, *filter(None, [focus])):
        if name not in trained:
            hint = nearest(name, trained) if trained else "run: shelver train"
            raise ShelverError(f'there is no model "{name}"', where=folder.prefix, hint=hint)
    if models:
        return list(dict.fromkeys([*models, *filter(None, [focus])]))
    ending = f"_{side.name.lower()}.json"
    found = [name for name in trained if any(n.endswith(ending) for n in folder.sub(name).sub("metrics").names())]
    configured = model_id_of(workspace)
    wanted = [*found, *filter(None, [focus])] or [
        configured if configured in trained else trained[0] if trained else configured
    ]
    return list(dict.fromkeys(wanted))


def _best(workspace: Base, seen: Mapping[str, _Seen]) -> str:
    configured = model_id_of(workspace)
    if configured in seen:
        return configured
    return max(seen, key=lambda name: _score(seen[name].part, seen[name].model.net.objectives[0]))


def _score(part: ModelPart, objective: str) -> float:
    scores = part.parts[objective].scores if objective in part.parts else {}
    return next(
        (value for key in ("accuracy", "mean_average_precision") if (value := scores.get(key)) is not None), -1.0
    )


def run_lines(workspace: Base, objective: str, side: Side) -> list[RunLine]:
    """Every model of every run that was evaluated on this side, oldest run first."""
    return [line for run in workspace.control.runs() for line in _lines(workspace, run, objective, side)]


def _lines(workspace: Base, run: Run, objective: str, side: Side) -> list[RunLine]:
    folder = workspace.folder("run", run_id=run.run_id)
    metrics = f"metrics/{objective}_{side.name.lower()}.json"
    found = []
    for model_id in folder.sub("models").names():
        files = folder.sub("models").sub(model_id)
        if not (files.exists(MANIFEST) and files.exists(metrics)):
            continue
        manifest: dict[str, Any] = tomllib.loads(files.read(MANIFEST).decode())
        notes = manifest.get("notes", {})
        made = folder.read_json("run.json")["settings"] if folder.exists("run.json") else {}
        settings = {name: made[name] for name in COMPARED if name in made}
        settings |= {"model": manifest.get("spec", {}), "training": notes.get("training", {})}
        scores = numbers(files.read_json(metrics))
        labels = _by_people(notes).get(objective, 0)
        created = run.created.isoformat(timespec="seconds")
        found.append(RunLine(run.run_id, created, model_id, labels, scores, flat(settings)))
    return found


def _by_people(notes: Mapping[str, Any]) -> dict[str, int]:
    """Labels of each objective that a model learnt from, without those taken over from look-alikes."""
    taken = notes.get("propagated", {})
    return {name: int(count) - int(taken.get(name, 0)) for name, count in notes.get("labels", {}).items()}
