"""The demo: rules alone, no labels, few labels (drawn at random, or asked for by Shelver), all labels."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from shelver.config import NAME
from shelver.demo.asking import asked_for, at_random
from shelver.demo.data import DemoFeed, groceries, own_file
from shelver.demo.playing import PLAYED, Playing, Stage
from shelver.encoders.hub.source import is_model_name
from shelver.encoders.language import AUTO
from shelver.encoders.registry import load_encoder
from shelver.errors import ShelverError
from shelver.experiments.known import as_csv, known_categories
from shelver.features.split import Side, sides
from shelver.pipeline.step import Step
from shelver.pipeline.workspace import Workspace
from shelver.rules.rulefile import read_rules
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
        Rules alone, no labels, more and more labels.
    asking : str
        How Shelver chose what to ask about, in words.
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
    asking: str
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
            "asking": self.asking,
            "steps": [step.as_dict() for step in self.steps],
            "peak_memory_mb": {name: round(peak / 2**20) for name, peak in self.memory},
        }


def demo(
    workspace: Workspace,
    data: str = "",
    label: str = "",
    encoder: str = "minilm-int8",
    per_category: tuple[int, ...] = (1, 4),
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
    per_category : tuple of int, ascending
        Sizes of the stages between none and all labels: so many times the number of categories. Which products they
        are is decided without knowing their categories, so there may be none of some.
    say : callable
        Told in words what is going on.
    """
    feed = own_file(data, label) if data else groceries(workspace.files)
    _configure(workspace, feed, encoder)
    playing = Playing(workspace, say)
    playing.done(*workspace.ingest())
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
    playing.give(measured, "measure")
    playing.measure("no labels")
    sizes = [size for size in (len(exclusive) * each for each in per_category) if size < len(rest)]
    for way, choose in (("at random", at_random), ("asked for", partial(asked_for, workspace))):
        playing.arm(way, rest, choose, sizes)
    playing.all_labels(rest)
    playing.done(workspace.predict())
    return DemoResult(
        feed.where, found.num_rows, len(exclusive), len(rules), len(measured), playing.stages_by_labels(),
        _asking(workspace), playing.steps, playing.memory,
    )  # fmt: skip


def _asking(workspace: Workspace) -> str:
    settings = workspace.config.labelling
    share = "" if settings.strategy == "random" else f", {settings.random_share:.0%} of them at random"
    return f"strategy {settings.strategy}{share}, {settings.batch} at a time"


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
