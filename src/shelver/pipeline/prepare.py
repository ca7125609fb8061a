"""From products to a run: rule labels, vectors, features, targets."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from shelver.catalogue.label_events import EXCLUSIVE, NODE
from shelver.catalogue.origins import human_only
from shelver.catalogue.runs import Run
from shelver.config import NAME, FromColumn, Vector
from shelver.encoders.picture_stage import EncodePicturesStage
from shelver.engine import Aligned, Outcome, identity, read_aligned, run_stage
from shelver.errors import ConfigError, ModelError, ShelverError
from shelver.features.split import Side
from shelver.features.transform import FILE as TRANSFORM
from shelver.features.transform import Transform
from shelver.feeds.schema import PRODUCT_SCHEMA
from shelver.models.classes import Classes
from shelver.pipeline.base import Base, Features, vectors_of
from shelver.pipeline.step import Step
from shelver.rules.stage import RulesStage
from shelver.stage import Stage, digest
from shelver.table import Table
from shelver.training.answers import Answers, column_of, fit_answers
from shelver.training.examples import Examples
from shelver.training.targets import TargetsStage, countable


@dataclass(frozen=True)
class Dataset:
    """A prepared run, ready to train on.

    Attributes
    ----------
    run_id : str
        Its name.
    examples : Examples
        Its rows.
    fingerprint : str
        What it was made from.
    """

    run_id: str
    examples: Examples
    fingerprint: str


PICTURES = 512
"""Rows in a batch of a stage over pictures at most, so that its progress is seen."""


def map_over(workspace: Base, name: str, stage: Stage, inputs: list[Table], output: Table) -> Step:
    """Run a stage over tables, with progress."""
    total = inputs[0].count()
    size = workspace.config.engine.batch_size
    outcome: Outcome = run_stage(
        stage,
        inputs,
        output,
        engine=workspace.config.engine,
        batch_size=min(size, PICTURES) if isinstance(stage, EncodePicturesStage) else size,
        progress=lambda done: workspace.report(name, done, total),
    )
    return Step(name, outcome.rows, outcome.fresh, outcome.seconds)


def apply_rules(workspace: Base) -> Step:
    """Make the table ``rule_labels``."""
    return _label(workspace, workspace.rules_stage(workspace.tree()))


def _label(workspace: Base, stage: RulesStage) -> Step:
    return map_over(workspace, "rules", stage, [workspace.products()], workspace.table("rule_labels"))


def encode(workspace: Base, features: Features | None = None) -> list[Step]:
    """Make a table for every vector feature; those of the settings if none are given."""
    vectors = vectors_of(workspace.features if features is None else features)
    return [_encode(workspace, name, spec) for name, spec in vectors.items()]


def _encode(workspace: Base, name: str, spec: Vector) -> Step:
    stage, output = workspace.encode_stage(name, spec), _vectors(workspace, name)
    if isinstance(stage, EncodePicturesStage) and not stage.pictures:
        raise ConfigError(
            f"the feature {name} is made of pictures, but no feed has any",
            where=workspace.files.path(NAME),
            hint='fetch them: shelver images; or name a folder or zip in [[feeds]]: images = "pictures.zip", each '
            "picture named by the product's id",
        )
    step = map_over(workspace, f"encode {name}", stage, [workspace.products()], output)
    if not isinstance(stage, EncodePicturesStage):
        return step
    notes = Counter(output.read([stage.note])[stage.note].to_pylist())
    details = {"pictures": notes.pop(None, 0), "without_picture": dict(notes.most_common())}
    return Step(step.name, step.rows, step.fresh, step.seconds, details)


def _vectors(workspace: Base, name: str) -> Table:
    return workspace.table(f"vectors_{name}")


def inputs_of(workspace: Base, features: Features) -> list[Table]:
    """Row-aligned tables that hold all that the features take: products and vectors."""
    return [workspace.products(), *(_vectors(workspace, name) for name in vectors_of(features))]


def prepare(workspace: Base) -> list[Step]:
    """Make everything that training needs, and note the run; what is up to date is left alone."""
    tree = workspace.tree()
    rules = workspace.rules_stage(tree)
    specs = workspace.features
    steps = [_label(workspace, rules), *encode(workspace, specs)]
    begun = time.perf_counter()
    tables = inputs_of(workspace, specs)
    transform = Transform(specs, workspace.config.split)
    features_id = "features-" + digest(transform.settings(), [identity(table) for table in tables])[:10]
    transform = _fitted(workspace, features_id, transform, tables)
    features = workspace.table_at("features", features_id=features_id)
    steps.append(map_over(workspace, "features", transform, tables, features))
    answers = own_answers(workspace)
    classes = Classes.from_rules(tree, sorted(set(rules.category_ids)), {found.name: found.values for found in answers})
    stage = TargetsStage(classes, _labels(workspace, features), answers, _labels(workspace, features, NODE))
    fingerprint = digest(features_id, stage.name, stage.fingerprint(), identity(workspace.table("rule_labels")))
    run_id = "run-" + fingerprint[:10]
    targets = workspace.table_at("targets", run_id=run_id)
    sources = [workspace.table("rule_labels"), *([workspace.products()] if answers else [])]
    steps.append(map_over(workspace, "targets", stage, sources, targets))
    folder = workspace.folder("run", run_id=run_id)
    settings = workspace.config.model_dump(mode="json")
    folder.write_json("run.json", {"run_id": run_id, "features_id": features_id, "settings": settings})
    folder.write_json("classes.json", classes.as_rows())
    workspace.control.add_run(Run(run_id, fingerprint, {"features_id": features_id}))
    workspace.files.write_json(workspace.path("latest"), {"run_id": run_id})
    examples = _examples(workspace, run_id, features_id)
    fresh = all(step.fresh for step in steps)
    steps.append(Step("prepare", examples.products, fresh, time.perf_counter() - begun, _counts(run_id, examples)))
    return steps


def _labels(workspace: Base, features: Table, objective: str = EXCLUSIVE) -> pa.Table:
    """People's labels, without those that were taken over and are no right answer where they stand."""
    labels = workspace.control.current_labels(objective)
    sources = workspace.control.propagated_labels(objective)
    if human_only(labels).num_rows == labels.num_rows:
        return labels
    split = features.read(["product_id", "side"]).combine_chunks()
    return countable(labels, sources, split["product_id"].chunk(0), split["side"].to_numpy())


def own_answers(workspace: Base) -> list[Answers]:
    """How columns of the products give the classes of the user's own objectives."""
    found = []
    for name, spec in workspace.config.objectives.items():
        if isinstance(spec, FromColumn):
            column = column_of(name, spec)
            if column not in PRODUCT_SCHEMA.names:
                raise ConfigError(
                    f'products have no field "{column}"',
                    where=f"{workspace.files.path(NAME)}, objectives.{name}",
                    hint='name one: column = "colour", or raw_column = "..." for a column of the feed as delivered',
                )
            source = Aligned([workspace.products()], (column,))
            found.append(fit_answers(name, spec, partial(read_aligned, source, 0, source.rows)))
    return found


def _fitted(workspace: Base, features_id: str, transform: Transform, tables: list[Table]) -> Transform:
    """The transform with its vocabularies: read if it was fitted before, else fitted and saved."""
    folder = workspace.folder("transform", features_id=features_id)
    if folder.exists(TRANSFORM):
        return Transform.load(folder)
    source = Aligned([table.pinned() for table in tables], transform.columns)

    def batches() -> Iterator[pa.RecordBatch]:
        return read_aligned(source, 0, source.rows)

    fitted = transform.fit(batches)
    fitted.save(folder)
    return fitted


def dataset(workspace: Base, run_id: str = "") -> Dataset:
    """Read a prepared run; the one prepared last if none is named. Raises as `find_run` does."""
    run = find_run(workspace, run_id)
    return Dataset(run.run_id, _examples(workspace, run.run_id, run.notes["features_id"]), run.fingerprint)


def find_run(workspace: Base, run_id: str = "") -> Run:
    """A prepared run, by its note; the one prepared last if none is named.

    Raises
    ------
    ShelverError
        Nothing was prepared yet, or there is no such run.
    """
    latest = workspace.path("latest")
    wanted = run_id or (workspace.files.read_json(latest)["run_id"] if workspace.files.exists(latest) else "")
    runs = {run.run_id: run for run in workspace.control.runs()}
    if wanted not in runs:
        what = f'there is no run "{run_id}"' if run_id else "nothing was prepared yet"
        raise ShelverError(
            what, where=workspace.prefix, expected=", ".join(list(runs)[-5:]), hint="run: shelver prepare"
        )
    return runs[wanted]


def _examples(workspace: Base, run_id: str, features_id: str) -> Examples:
    transform = Transform.load(workspace.folder("transform", features_id=features_id))
    folder = workspace.folder("run", run_id=run_id)
    try:
        classes = Classes.of_rows(folder.read_json("classes.json"))
    except FileNotFoundError:
        raise ModelError("the run is incomplete", where=folder.prefix, hint="run: shelver prepare") from None
    features = workspace.table_at("features", features_id=features_id)
    targets = workspace.table_at("targets", run_id=run_id)
    wanted = workspace.config.training.propagated
    return Examples(features, targets, transform, classes, learn_propagated=wanted)


def _counts(run_id: str, examples: Examples) -> dict[str, Any]:
    sides = {side.name.lower(): int(np.sum(examples.side == side)) for side in Side}
    labels = {
        f"{objective}_labels": {side.name.lower(): len(examples.rows(objective, side)) for side in Side}
        for objective in examples.answers
    }
    ways = {name: examples.taken_over(name, Side.TRAIN) for name in examples.answers}
    propagated = {f"{objective}_propagated": {"train": n} for objective, n in ways.items() if n}
    return {"run_id": run_id, "products": sides, **labels, **propagated}
