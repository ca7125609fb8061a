"""From products to a run: rule labels, vectors, features, targets."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from shelver.addresses_shown import masked_values
from shelver.catalogue.label_events import EXCLUSIVE, NODE
from shelver.catalogue.on_offer import ACTIVE, ON_OFFER, on_offer
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
from shelver.pipeline.counted import counted_batches, features_id_of, labelled_though_gone
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


def map_over(
    workspace: Base, name: str, stage: Stage, inputs: list[Table], output: Table, *, offered: bool = False
) -> Step:
    """Run a stage over tables, with progress; with `offered`, over products on offer alone."""
    total = inputs[0].count(ON_OFFER if offered else None)
    size = workspace.config.engine.batch_size
    outcome: Outcome = run_stage(
        stage,
        inputs,
        output,
        engine=workspace.config.engine,
        batch_size=min(size, PICTURES) if isinstance(stage, EncodePicturesStage) else size,
        progress=lambda done: workspace.report(name, done, total),
        only=ACTIVE if offered else "",
    )
    return Step(name, outcome.rows, outcome.fresh, outcome.seconds)


def apply_rules(workspace: Base) -> Step:
    """Make the table ``rule_labels``."""
    return _label(workspace, workspace.rules_stage(workspace.tree()), workspace.products())


def _label(workspace: Base, stage: RulesStage, products: Table) -> Step:
    return map_over(workspace, "rules", stage, [products], workspace.table("rule_labels"))


def encode(workspace: Base, features: Features | None = None, products: Table | None = None) -> list[Step]:
    """Make a table for every vector feature; those of the settings if none are given."""
    vectors = vectors_of(workspace.features if features is None else features)
    return [_encode(workspace, name, spec, products or workspace.products()) for name, spec in vectors.items()]


def _encode(workspace: Base, name: str, spec: Vector, products: Table) -> Step:
    stage, output = workspace.encode_stage(name, spec), _vectors(workspace, name)
    if isinstance(stage, EncodePicturesStage) and not stage.pictures:
        raise ConfigError(
            f"the feature {name} is made of pictures, but no feed has any",
            where=workspace.files.path(NAME),
            hint='fetch them: shelver images; or name a folder or zip in [[feeds]]: images = "pictures.zip", each '
            "picture named by the product's id",
        )
    step = map_over(workspace, f"encode {name}", stage, [products], output)
    if not isinstance(stage, EncodePicturesStage):
        return step
    source = Aligned([output.pinned(), products], (stage.note, ACTIVE))
    notes: Counter[str | None] = Counter()
    for batch in read_aligned(source, 0, source.rows):
        notes.update(on_offer(batch)[stage.note].to_pylist())
    details = {"pictures": notes.pop(None, 0), "without_picture": dict(notes.most_common())}
    return Step(step.name, step.rows, step.fresh, step.seconds, details)


def _vectors(workspace: Base, name: str) -> Table:
    return workspace.table(f"vectors_{name}")


def inputs_of(workspace: Base, features: Features, products: Table | None = None) -> list[Table]:
    """Row-aligned tables that hold all that the features take: products (as they are now) and vectors."""
    return [products or workspace.products(), *(_vectors(workspace, name) for name in vectors_of(features))]


def prepare(workspace: Base) -> list[Step]:
    """Make everything that training needs, and note the run; what is up to date is left alone.

    All of it is about the products as they are when it begins, whatever is ingested meanwhile.

    Raises
    ------
    ShelverError
        There are no products, or none of them is on offer or labelled; or see the stages.
    """
    tree = workspace.tree()
    rules = workspace.rules_stage(tree)
    specs = workspace.features
    products = workspace.products()
    labelled = labelled_though_gone(workspace, products)
    if not len(labelled) and not products.count(ON_OFFER):
        hint = "no feed delivers any of them now, and nobody labelled one: look at shelver deliveries"
        raise ShelverError("no product is left to learn from", where=workspace.prefix, hint=hint)
    steps = [_label(workspace, rules, products), *encode(workspace, specs, products)]
    begun = time.perf_counter()
    tables = inputs_of(workspace, specs, products)
    transform = Transform(specs, workspace.config.split)
    features_id = features_id_of(transform, [identity(table) for table in tables], labelled)
    transform = _fitted(workspace, features_id, transform, tables, labelled)
    features = workspace.table_at("features", features_id=features_id)
    steps.append(map_over(workspace, "features", transform, tables, features))
    answers = own_answers(workspace, products, labelled)
    classes = Classes.from_rules(tree, sorted(set(rules.category_ids)), {found.name: found.values for found in answers})
    stage = TargetsStage(classes, _labels(workspace, features), answers, _labels(workspace, features, NODE))
    fingerprint = digest(features_id, stage.name, stage.fingerprint(), identity(workspace.table("rule_labels")))
    run_id = "run-" + fingerprint[:10]
    targets = workspace.table_at("targets", run_id=run_id)
    steps.append(map_over(workspace, "targets", stage, [workspace.table("rule_labels"), products], targets))
    folder = workspace.folder("run", run_id=run_id)
    settings = workspace.config.model_dump(mode="json")
    folder.write_json("run.json", {"run_id": run_id, "features_id": features_id, "settings": masked_values(settings)})
    folder.write_json("classes.json", classes.as_rows())
    workspace.control.add_run(Run(run_id, fingerprint, {"features_id": features_id}))
    workspace.files.write_json(workspace.path("latest"), {"run_id": run_id})
    examples = _examples(workspace, run_id, features_id)
    fresh = all(step.fresh for step in steps)
    steps.append(Step("prepare", examples.counted, fresh, time.perf_counter() - begun, _counts(run_id, examples)))
    return steps


def _labels(workspace: Base, features: Table, objective: str = EXCLUSIVE) -> pa.Table:
    """People's labels, without those that were taken over and are no right answer where they stand."""
    labels = workspace.control.current_labels(objective)
    sources = workspace.control.propagated_labels(objective)
    if human_only(labels).num_rows == labels.num_rows:
        return labels
    split = features.read(["product_id", "side"]).combine_chunks()
    return countable(labels, sources, split["product_id"].chunk(0), split["side"].to_numpy())


def own_answers(workspace: Base, products: Table, labelled: pa.Array) -> list[Answers]:
    """How columns of the products that count give the classes of the user's own objectives."""
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
            found.append(fit_answers(name, spec, partial(counted_batches, [products], (column,), labelled)))
    return found


def _fitted(
    workspace: Base, features_id: str, transform: Transform, tables: list[Table], labelled: pa.Array
) -> Transform:
    """The transform with its vocabularies: read if it was fitted before, else fitted and saved."""
    folder = workspace.folder("transform", features_id=features_id)
    if folder.exists(TRANSFORM):
        return Transform.load(folder)
    fitted = transform.fit(partial(counted_batches, [table.pinned() for table in tables], transform.columns, labelled))
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
