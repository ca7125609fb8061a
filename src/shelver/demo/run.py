"""The demo: rules alone, no labels, few labels, all labels, on one screen."""

from __future__ import annotations

import json
import re
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shelver.catalogue.label_events import LabelEvent
from shelver.config import NAME
from shelver.demo.data import DemoFeed, groceries, own_file
from shelver.encoders.hub.source import is_model_name
from shelver.encoders.language import AUTO
from shelver.encoders.registry import load_encoder
from shelver.errors import ShelverError
from shelver.experiments.known import as_csv, choose, known_categories
from shelver.features.split import Side, sides
from shelver.pipeline.step import Step
from shelver.pipeline.workspace import Workspace
from shelver.rules.rulefile import read_rules
from shelver.training.metrics import Scores
from shelver.workspace import PATHS

SETTINGS = """\
# Written by: shelver demo. The column of known categories is kept from the features; it only plays the labels.

[[feeds]]
name = "{name}"
path = {path}
[feeds.columns]
category = ""
raw_category = ""

[categories]
path = "categories.csv"

[features.title]
kind = "text"
max_tokens = 8000
ngrams = 2
[features.text_vector]
kind = "vector"
encoder = "{encoder}"
columns = ["title"]

[training]
model = "linear"
"""
PLAYED = "known categories"
"""Person in whose name the demo labels."""


@dataclass(frozen=True)
class Stage:
    """One row of the demo's table.

    Attributes
    ----------
    name : str
        How much was labelled, in words.
    labels : int
        Labels given to training and validation.
    scores : Scores
        How good the shelves are then.
    seconds : float
        From the labels to the scores.
    """

    name: str
    labels: int
    scores: Scores
    seconds: float


@dataclass(frozen=True)
class DemoResult:
    """What the demo found.

    Attributes
    ----------
    where : str
        Where the data comes from.
    products, categories, rules : int
        Sizes.
    measured : int
        Products of the test side with a known category.
    stages : list of Stage
        Rules alone, then more and more labels.
    steps : list of Step
        What was done, with times.
    memory : list of (str, int)
        Peak memory of the process in bytes after each step.
    """

    where: str
    products: int
    categories: int
    rules: int
    measured: int
    stages: list[Stage]
    steps: list[Step]
    memory: list[tuple[str, int]]

    def as_dict(self) -> dict[str, Any]:
        """As JSON-like values."""
        stages = [
            {
                "name": s.name,
                "labels": s.labels,
                "seconds": s.seconds,
                **{k: v for k, v in s.scores.as_dict().items() if k != "classes"},
            }
            for s in self.stages
        ]
        return {
            "data": self.where,
            "products": self.products,
            "categories": self.categories,
            "rules": self.rules,
            "measured_on": self.measured,
            "stages": stages,
            "steps": [step.as_dict() for step in self.steps],
            "peak_memory_mb": {name: round(peak / 2**20) for name, peak in self.memory},
        }


def demo(
    workspace: Workspace,
    data: str = "",
    label: str = "",
    encoder: str = "minilm-int8",
    per_category: tuple[int, ...] = (0, 1, 4),
    say: Callable[[str], None] = lambda line: None,
) -> DemoResult:
    """Run the main job with more and more labels.

    Parameters
    ----------
    workspace : Workspace
        An empty workspace, or one of an earlier demo.
    data, label : str
        A file of the user's and its column of categories; the groceries if empty.
    encoder : str
        Text encoder.
    per_category : tuple of int
        Labels per category of the stages before the last, which has all.
    say : callable
        Told in words what is going on.
    """
    feed = own_file(data, label) if data else groceries(workspace.files)
    _configure(workspace, feed, encoder)
    steps: list[Step] = []
    memory: list[tuple[str, int]] = []

    def done(*made: Step) -> None:
        steps.extend(made)
        memory.append((made[-1].name, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024))

    done(*workspace.ingest())
    found = workspace.table("products").read(["product_id", "title", "raw"])
    known = known_categories(found, feed.label)
    if not known:
        raise ShelverError(f'no row has anything in the column "{feed.label}"', where=feed.path)
    rows = sorted({(" > ".join(path),) for path in known.values()})
    workspace.files.write("categories.csv", as_csv(("path",), rows))
    tree = workspace.tree()
    exclusive = {category.path: category.category_id for category in tree.exclusive}
    say(f"{found.num_rows:,} products, {len(exclusive):,} categories, from {feed.where}")
    name = workspace.config.rules.path
    rules = read_rules(workspace.files, name) if workspace.files.exists(name) else workspace.suggest_rules()
    say(f"{len(rules):,} starting rules, made from the names in the tree")
    truth = {product_id: exclusive[path] for product_id, path in known.items() if path in exclusive}
    side = dict(
        zip(
            found["product_id"].to_pylist(), sides(found["title"].combine_chunks(), workspace.config.split), strict=True
        )
    )
    measured = {product_id: category for product_id, category in truth.items() if side[product_id] == Side.TEST}
    rest = {product_id: category for product_id, category in truth.items() if side[product_id] != Side.TEST}
    say(
        f"the known categories now play the people who label: those of {len(measured):,} products are only used to "
        "measure, the others are given out little by little"
    )
    if len(truth) < len(known):
        say(f"{len(known) - len(truth):,} products stand on an inner shelf of the tree: not labelled, not measured")
    _give(workspace, measured, "measure")
    stages: list[Stage] = []
    for count in (*per_category, len(rest)):
        begun = time.perf_counter()
        given = choose(rest, count)
        _give(workspace, given, f"{count} each")
        done(*workspace.prepare())
        done(workspace.train())
        compared = workspace.evaluate()
        if not stages and compared.rules.exclusive is not None:
            stages.append(Stage("rules alone", 0, compared.rules.exclusive, 0.0))
        if compared.model.exclusive is not None:
            name = _name(count, len(exclusive), len(given) == len(rest))
            stages.append(Stage(name, len(given), compared.model.exclusive, time.perf_counter() - begun))
            say(f"{name}: {100 * compared.model.exclusive.accuracy:.1f}% on the right shelf")
    done(workspace.predict())
    return DemoResult(feed.where, found.num_rows, len(exclusive), len(rules), len(measured), stages, steps, memory)


def _name(count: int, categories: int, everything: bool) -> str:
    if everything:
        return "all labels"
    return f"{categories:,} × {count} labels" if count else "no labels"


def _configure(workspace: Workspace, feed: DemoFeed, encoder: str) -> None:
    if encoder != AUTO and not is_model_name(encoder):
        load_encoder(encoder)  # a wrong name is an error before anything is written
    text = SETTINGS.format(name=feed.name, path=json.dumps(feed.path), encoder=encoder)
    ours = workspace.files.exists(NAME) and _same_feed(workspace.files.read(NAME).decode(), text)
    if not ours and (workspace.files.exists(NAME) or workspace.files.exists(PATHS["control"])):
        raise ShelverError(
            "there is another workspace here", where=workspace.prefix, hint="choose an empty folder with -w DIR"
        )
    if workspace.files.exists(PATHS["control"]):
        people = set(workspace.control.label_history()["person"].to_pylist()) - {PLAYED}
        if people:
            raise ShelverError(
                f"people have labelled here ({', '.join(sorted(map(repr, people)))}), and a demo would throw that away",
                where=workspace.prefix,
                hint="choose an empty folder with -w DIR",
            )
    workspace.close()
    for name in (PATHS["control"], PATHS["control"] + "-wal", PATHS["control"] + "-shm"):
        workspace.files.delete(name)  # labels of an earlier demo: this one starts without; tables are kept
    workspace.files.write(NAME, text)


def _same_feed(old: str, new: str) -> bool:
    """Are these settings of demos on the same data? They may differ in the encoder."""
    first, second = (re.sub(r'encoder = ".*"', "", text) for text in (old, new))
    return first == second


def _give(workspace: Workspace, labels: dict[str, str], batch: str) -> None:
    events = (
        LabelEvent(product_id, category_id, person=PLAYED, how="simulated", batch=f"demo {batch}")
        for product_id, category_id in labels.items()
    )
    workspace.add_labels(events)
