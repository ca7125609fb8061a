"""What a report says, as plain values: the page and the JSON document are made of the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from shelver.models.classes import Classes
from shelver.reporting.judged import Judged, JudgedLabels
from shelver.training.confusion import Level, branch_matrix, confused_pairs, path_table, right_by_level
from shelver.training.curves import Accepted, Bin, precision_coverage, reliability
from shelver.training.metrics import ClassScore, MultiLabelScores, Scores, score

Numbers = Mapping[str, float | None]
EXAMPLES, PAIRS, BRANCHES = 3, 60, 24
"""Examples shown of a class or a pair; pairs kept; branches of the heat map."""


@dataclass(frozen=True)
class Part:
    """What there is to say about one model and one objective.

    Attributes
    ----------
    scores : mapping of str to float
        Those of `Scores` or `MultiLabelScores`, without the classes.
    levels, coverage : tuple
        Empty where the objective has no tree, or the answers no confidence.
    """

    scores: Numbers
    levels: tuple[Level, ...] = ()
    reliability: tuple[Bin, ...] = ()
    coverage: tuple[Accepted, ...] = ()


@dataclass(frozen=True)
class ModelPart:
    """One model of the run (or the rules alone)."""

    model_id: str
    kind: str
    parts: Mapping[str, Part]
    parameters: int = 0
    labels: Mapping[str, int] = field(default_factory=dict)
    losses: Sequence[Mapping[str, float]] = ()
    best_epoch: int = 0


@dataclass(frozen=True)
class Example:
    """A product that was put wrong: what it is, where it was put, and how sure the model was."""

    product_id: str
    title: str
    answer: str
    probability: float | None


@dataclass(frozen=True)
class ClassLine:
    """Scores of one class, with products that should be there and are not."""

    path: str
    precision: float
    recall: float
    f1: float
    support: int
    predicted: int
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True)
class PairLine:
    """Products of `truth` that were put into `predicted`."""

    truth: str
    predicted: str
    rows: int
    relation: str
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True)
class Branches:
    """Heat map of the branches below the roots; the last column of `counts` is “no answer”."""

    names: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    left_out: int = 0


@dataclass(frozen=True)
class Detail:
    """Where one model goes wrong on one objective."""

    model_id: str
    objective: str
    classes: tuple[ClassLine, ...]
    pairs: tuple[PairLine, ...] = ()
    branches: Branches | None = None


@dataclass(frozen=True)
class RunLine:
    """Scores of a model of any run, on the main objective, with all settings that made it."""

    run_id: str
    created: str
    model_id: str
    labels: int
    scores: Numbers
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Report:
    """All of it.

    Attributes
    ----------
    main : str
        The objective that comes first.
    focus : str
        The model that is looked into.
    """

    run_id: str
    created: str
    split: str
    catalogue: str
    products: Mapping[str, int]
    labelled: Mapping[str, int]
    categories: int
    main: str
    focus: str
    models: tuple[ModelPart, ...]
    details: tuple[Detail, ...]
    runs: tuple[RunLine, ...]

    def as_dict(self) -> dict[str, Any]:
        """As JSON-like values."""
        return asdict(self) | {"differing_settings": differing(self.runs)}


Titles = Callable[[Sequence[int]], Mapping[int, tuple[str, str]]]
"""Gives ``product_id`` and title of rows of the run."""


def part_of(judged: Judged, classes: Classes, objective: str) -> tuple[Part, Scores]:
    """Scores, levels and curves of a multi-class objective."""
    confidence = judged.confidence
    found = score(judged.truth, judged.ranked, classes, objective, confidence)
    part = Part(
        without_classes(found),
        right_by_level(judged.truth, judged.predicted, path_table(classes.exclusive, classes.tree))
        if objective == "exclusive"
        else (),
        reliability(confidence, judged.correct) if confidence is not None else (),
        precision_coverage(confidence, judged.correct) if confidence is not None else (),
    )
    return part, found


def part_of_labels(found: JudgedLabels) -> Part:
    """Scores and reliability of a multi-label objective."""
    return Part(without_classes(found.scores), reliability=found.bins)


def without_classes(scores: Scores | MultiLabelScores) -> dict[str, float | None]:
    """Scores as a mapping, without those of single classes."""
    return numbers(scores.as_dict())


def numbers(scores: Mapping[str, Any]) -> dict[str, float | None]:
    """Scores that are single numbers, those of groups by dotted path."""
    return {name: value for name, value in flat(scores).items() if value is None or isinstance(value, int | float)}


def detail_of(
    judged: Judged, scores: Scores, classes: Classes, objective: str, model_id: str, titles: Titles
) -> Detail:
    """Where a model goes wrong on a multi-class objective: by class, by pair and by branch."""
    has_tree = objective == "exclusive"
    paths = path_table(classes.exclusive, classes.tree) if has_tree else None
    pairs = confused_pairs(judged.truth, judged.predicted, paths)[:PAIRS]
    wrong = np.flatnonzero(~judged.correct)
    confidence = judged.confidence
    if confidence is not None:
        wrong = wrong[np.argsort(-confidence[wrong], kind="stable")]  # the surest mistakes say most
    by_class: dict[int, list[int]] = {}
    by_pair: dict[tuple[int, int], list[int]] = {}
    for row, truth, answer in zip(
        wrong.tolist(), judged.truth[wrong].tolist(), judged.predicted[wrong].tolist(), strict=True
    ):
        by_class.setdefault(truth, []).append(row)
        by_pair.setdefault((truth, answer), []).append(row)
    shown = {row for rows in by_class.values() for row in rows[:EXAMPLES]}
    shown |= {row for pair in pairs for row in by_pair[pair.truth, pair.predicted][:EXAMPLES]}
    known = titles(judged.rows[sorted(shown)].tolist())

    def examples(rows: list[int]) -> tuple[Example, ...]:
        found = []
        for row in rows[:EXAMPLES]:
            product_id, title = known[int(judged.rows[row])]
            answer = int(judged.predicted[row])
            said = classes.label(objective, answer) if answer >= 0 else ""
            found.append(Example(product_id, title, said, None if confidence is None else float(confidence[row])))
        return tuple(found)

    places = {class_id: place for place, class_id in enumerate(classes.of(objective))}
    lines = tuple(_line(found, examples(by_class.get(places[found.category_id], []))) for found in scores.classes)
    named = tuple(
        PairLine(
            classes.label(objective, pair.truth),
            classes.label(objective, pair.predicted),
            pair.rows,
            pair.relation,
            examples(by_pair[pair.truth, pair.predicted]),
        )
        for pair in pairs
    )
    return Detail(model_id, objective, lines, named, _branches(judged, classes) if has_tree else None)


def detail_of_labels(found: JudgedLabels, objective: str, model_id: str) -> Detail:
    """Scores of each class of a multi-label objective."""
    return Detail(model_id, objective, tuple(_line(line, ()) for line in found.scores.classes))


def _line(found: ClassScore, examples: tuple[Example, ...]) -> ClassLine:
    return ClassLine(found.path, found.precision, found.recall, found.f1, found.support, found.predicted, examples)


def _branches(judged: Judged, classes: Classes) -> Branches | None:
    paths = path_table(classes.exclusive, classes.tree)
    roots, counts = branch_matrix(judged.truth, judged.predicted, paths)
    names = [classes.tree.categories[int(root)].name for root in roots]
    if len(names) > BRANCHES:
        kept = np.sort(np.argsort(-counts.sum(axis=1), kind="stable")[:BRANCHES])
        left_out = len(names) - len(kept)
        names, counts = [names[i] for i in kept], counts[np.ix_(kept, np.append(kept, len(roots)))]
        return Branches(tuple(names), tuple(tuple(row) for row in counts.tolist()), left_out)
    return Branches(tuple(names), tuple(tuple(row) for row in counts.tolist()))


def differing(runs: Sequence[RunLine]) -> dict[str, list[Any]]:
    """Settings that are not the same in all lines: dotted path → value of each line, None where there is none."""
    every = sorted({path for line in runs for path in line.settings})
    values = {path: [line.settings.get(path) for line in runs] for path in every}
    return {path: found for path, found in values.items() if any(value != found[0] for value in found)}


def flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings by dotted path.

    Examples
    --------
    >>> flat({"a": {"b": 1, "c": {}}, "d": [2, 3]})
    {'a.b': 1, 'd': [2, 3]}
    """
    found: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = list(value) if isinstance(value, tuple) else value
    return found
