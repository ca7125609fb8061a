"""The model card: what a model is, what it is for, how good it is, and how to load it (Mitchell et al. 2019)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shelver.config import Feature, Text, Vector
from shelver.config.features import Sequence as SequenceFeature
from shelver.files import Files
from shelver.models.folder import SavedModel
from shelver.reporting.html import number, percent

FILE = "README.md"
LICENCES = {
    "static": "WordLlama (MIT)",
    "minilm": "all-MiniLM-L6-v2 (Apache-2.0)",
    "minilm-int8": "all-MiniLM-L6-v2 (Apache-2.0)",
    "use-multilingual": "Universal Sentence Encoder, multilingual (Apache-2.0)",
    "efficientnet-lite0": "EfficientNet-Lite0, ImageNet weights (Apache-2.0)",
    "efficientnet-lite2": "EfficientNet-Lite2, ImageNet weights (Apache-2.0)",
}
"""Pretrained weights behind the encoders, and their licences; a name may have an ending such as ``-int8``."""


@dataclass(frozen=True)
class Facts:
    """What the card says besides what the model itself knows.

    Attributes
    ----------
    created : str
        When its data were prepared: an ISO date.
    feeds : sequence of str
        Names of the feeds.
    products : mapping of str to int
        Products on each side of the split.
    labels : mapping of str to mapping of str to int
        Labels of each objective on each side.
    scores : mapping of str to mapping of str to mapping
        Side → objective → scores, as far as the model was evaluated.
    propagated : mapping of str to int
        How many of the training labels of each objective were taken over from look-alikes and clusters.
    """

    run_id: str
    model_id: str
    created: str
    feeds: Sequence[str]
    products: Mapping[str, int]
    labels: Mapping[str, Mapping[str, int]]
    scores: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    propagated: Mapping[str, int] = field(default_factory=dict)


def write_card(files: Files, model: SavedModel, facts: Facts) -> None:
    """Write the card into a model folder. It is none of the files that must be as they were written."""
    files.write(FILE, card(model, facts))


def card(model: SavedModel, facts: Facts) -> str:
    """The card as Markdown."""
    spec = model.net.spec
    sides = ("train", "valid", "test")
    parts = [
        f"# {facts.model_id}, trained on {facts.run_id}",
        f"A Shelver model of kind `{spec.kind}` with {number(model.net.count())} weights. It puts products into "
        f"{number(len(model.classes.exclusive))} categories of a tree of {number(len(model.classes.tree))}.",
        "## Intended use",
        "Sorting products of the catalogue it was trained on, and new ones like them: predictions for people to check, "
        "and automatic acceptance where it is sure (see the scores). Every answer comes with a probability; what the "
        "model has never seen, such as a new category, it cannot answer.",
        "## Data",
        f"Prepared {facts.created[:10]} from {_feeds(facts.feeds)}. Equal titles are always on one side.",
        _table(
            ("", "training", "validation", "test"),
            [
                ("products", *(number(facts.products.get(side, 0)) for side in sides)),
                *(
                    (f"labels of `{name}`", *(number(n.get(side, 0)) for side in sides))
                    for name, n in facts.labels.items()
                ),
                *(
                    (f"of these taken over from look-alikes (`{name}`)", number(n), number(0), number(0))
                    for name, n in facts.propagated.items()
                    if n
                ),
            ],
        ),
        "## Objectives",
        _table(
            ("objective", "kind", "classes", "loss", "temperature"),
            [
                (
                    f"`{name}`",
                    model.classes.kind(name).replace("_", "-"),
                    number(len(model.classes.of(name))),
                    getattr(model.net.settings[name], "loss", "").replace("_", " "),
                    f"{model.temperatures.get(name, 1.0):.3g}",
                )
                for name in model.net.objectives
            ],
        ),
        "## Features",
        _table(("feature", "kind", "settings"), [_feature(name, f) for name, f in model.transform.features.items()]),
        "## Scores",
        _scores(facts),
        "## Settings",
        _settings({"model": spec.model_dump(mode="json"), "training": model.notes.get("training", {})}),
        "## Limits",
        LIMITS,
        "## Licences",
        _licences(model.transform.features),
        "## How to load",
        _loading(facts),
    ]
    return "\n\n".join(parts) + "\n"


LIMITS = """\
- It knows the words, brands and categories of its training data. Other languages, other kinds of shop and later
  seasons need new labels; measure before you rely on it.
- Labels and rules carry the habits and mistakes of those who made them, and the model learns these too.
- Probabilities were fitted on the validation side. They are as good as that side is like your products.
- Small categories are measured on few products: look at the support beside their scores."""


def _feeds(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:10])
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return f"the feed {shown}" if len(names) == 1 else f"{len(names)} feeds: {shown}{more}" if names else "no feed"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def _feature(name: str, spec: Feature) -> tuple[str, str, str]:
    settings = spec.model_dump(mode="json", exclude_defaults=True, exclude={"kind"})
    said = ", ".join(f"{key} = {value}" for key, value in settings.items())
    return f"`{name}`", spec.kind, f"`{said}`" if said else "defaults"


def _scores(facts: Facts) -> str:
    if not facts.scores:
        return "Not evaluated yet: `shelver evaluate` fills this in."
    rows = []
    for side, objectives in facts.scores.items():
        for objective, scores in objectives.items():
            said = [f"{key.replace('_', ' ')} {percent(v)}" for key, v in scores.items() if isinstance(v, float)]
            rows.append((side, f"`{objective}`", number(int(scores.get("rows", 0))), ", ".join(said)))
    return _table(("side", "objective", "products", "scores"), rows)


def _settings(settings: Mapping[str, Mapping[str, Any]]) -> str:
    lines = [f"{part}.{key} = {value}" for part, values in settings.items() for key, value in values.items()]
    return "```\n" + "\n".join(lines) + "\n```"


def encoders_of(features: Mapping[str, Feature]) -> list[str]:
    """Pretrained encoders that the features use, without versions."""
    found = []
    for spec in features.values():
        if isinstance(spec, Vector) or (
            isinstance(spec, Text | SequenceFeature) and spec.embedding in ("pretrained", "tuned")
        ):
            found.append(spec.encoder)
    return sorted(set(found))


def _licences(features: Mapping[str, Feature]) -> str:
    lines = ["- This model: that of the labels and products it was made from."]
    for name in encoders_of(features):
        base = name.partition(".v")[0]
        known = LICENCES.get(base) or LICENCES.get(base.rpartition("-")[0])
        lines.append(f"- Encoder `{name}`: {known or 'see the licence that comes with its weights'}.")
    return "\n".join(lines)


def _loading(facts: Facts) -> str:
    return f"""\
In the workspace, one product at a time:

```
from shelver import Workspace

classify = Workspace(".").classifier(run_id="{facts.run_id}", model_id="{facts.model_id}")
answer = classify(title="Red leather sandals")
print(answer.ranked)
```

The folder alone; everything in it is checked against the hashes in `model.toml`, and nothing of it is run:

```python
from shelver.files import Files
from shelver.models.folder import load_model

model = load_model(Files("."))  # this folder
print(model.net.objectives, model.classes.tree)
```"""
