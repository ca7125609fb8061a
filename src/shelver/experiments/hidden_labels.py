"""What hidden rule labels cost, and what the loss for missing labels gives back.

Some labels are hidden from training and validation; every model is measured against *all* rule labels of the test side.
"""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import torch

from shelver.config import Bagged, Combined, NetSpec, RuleBased, Training
from shelver.errors import ConfigError, ShelverError
from shelver.features.batch import Bag
from shelver.features.hits import as_bag
from shelver.features.split import Side
from shelver.files import Files
from shelver.models.classes import Classes
from shelver.models.folder import SavedModel
from shelver.models.losses import binary_cross_entropy, positive_unlabelled
from shelver.models.unlabelled import label_frequency
from shelver.pipeline.fit import fit
from shelver.pipeline.prepare import dataset
from shelver.pipeline.workspace import Workspace
from shelver.training.checkpoint import Checkpoints
from shelver.training.evaluate import answers_of
from shelver.training.examples import Examples
from shelver.training.metrics import score_multi_label
from shelver.training.objectives import Learner, Loss
from shelver.training.targets import ancestor_table, with_above

RULES = "rule_based"
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

How = Literal["labels", "labels, all products", "phrases"]
"""What is hidden.

``labels``: each rule label of a product by itself; a product left without any is not learnt from, as always.
``labels, all products``: the same, but such a product stays, and every label of it is missing.
``phrases``: all labels that a rule gave by some phrase, as if nobody had thought of that phrase.
"""
EVERYTHING, NAIVE, LOWER, LOSS, ESTIMATED = (
    "all labels, missing = negative",
    "missing = negative",
    "missing = negative, yes from 0.1 on",
    "positive-unlabelled",
    "positive-unlabelled, frequency estimated",
)
YES = 0.1
"""From which probability on the third way says yes: where the fourth does for its own default frequency."""


@dataclass(frozen=True)
class HiddenLabels:
    """How well all rule labels were found by a model that saw some of them.

    Attributes
    ----------
    how : How
        What was hidden.
    share : float
        How much of it.
    seed : int
        What exactly.
    way : str
        How the model learnt and answered.
    labelled : int
        Products that were learnt from.
    seen : float
        Share of the rule labels of those products that were not hidden.
    macro_f1, micro_f1, mean_average_precision : float
        On the test side, against all rule labels; F1 at probability 0.5 but for one way.
    """

    how: How
    share: float
    seed: int
    way: str
    labelled: int
    seen: float
    macro_f1: float
    micro_f1: float
    mean_average_precision: float

    def as_dict(self) -> dict[str, Any]:
        """As JSON-like values."""
        return asdict(self)


@dataclass(frozen=True)
class Gain:
    """A way of learning, on average over all seeds.

    Attributes
    ----------
    how, way
        As in `HiddenLabels`.
    macro_f1, micro_f1, mean_average_precision : float
        Means.
    gained, least : float
        Macro-F1 beyond that of ``missing = negative``: the mean, and the least of all seeds.
    """

    how: How
    way: str
    macro_f1: float
    micro_f1: float
    mean_average_precision: float
    gained: float
    least: float


def hidden_labels(
    workspace: Workspace,
    share: float = 0.5,
    seeds: Sequence[int] = (0, 1, 2),
    kinds: Sequence[How] = get_args(How),
    tell: Callable[[HiddenLabels], None] = lambda row: None,
) -> list[HiddenLabels]:
    """Train the configured model on rule labels of which some are hidden, in several ways.

    Parameters
    ----------
    workspace : Workspace
        Prepared; nothing is written to it.
    share : float
        Share of labels (or phrases) that are hidden, from 0 to less than 1.
    seeds : sequence of int
        Each hides others.
    kinds : sequence of How
        What is hidden.
    tell : callable
        Told about each row as it comes.

    Raises
    ------
    ShelverError
        Nothing was prepared, no rule fired on the test side, or the model is not trained by gradient.
    ValueError
        `share` is not from 0 to less than 1.
    """
    if not 0 <= share < 1:
        raise ValueError(f"share is {share}; expected a number from 0 to less than 1")
    settings = workspace.config.training
    spec = workspace.config.models[settings.model]
    if isinstance(spec, Combined | Bagged):
        what = f'the model "{settings.model}" is made of others'
        raise ConfigError(what, where="training.model", hint="name one of its members")
    examples = dataset(workspace).examples
    if not len(examples.rows(RULES, Side.TEST)):
        raise ShelverError("no rule fired on the test side", where=workspace.prefix, hint="write rules, then: prepare")
    learn = partial(_learn, workspace, spec, settings)
    found: list[HiddenLabels] = []

    def note(how: How, seed: int, way: str, seen: Examples, answers: Floats) -> None:
        truth = examples.target(RULES, examples.rows(RULES, Side.TEST)).numpy() > 0.5
        scores = score_multi_label(truth, answers, examples.classes)
        rows = seen.rows(RULES, Side.TRAIN)
        left = seen.counts(RULES, rows).sum() / max(1, examples.counts(RULES, rows).sum())
        f1 = (scores.macro_f1, scores.micro_f1, scores.mean_average_precision)
        found.append(HiddenLabels(how, share, seed, way, len(rows), float(left), *f1))
        tell(found[-1])

    whole = _answers(learn(examples, binary_cross_entropy), examples)
    phrases = _phrases(workspace, examples) if "phrases" in kinds else None
    for how in kinds:
        for seed in seeds:
            seen = hide(examples, share, np.random.default_rng([seed, 3]), how, phrases)
            note(how, seed, EVERYTHING, examples, whole)
            naive = learn(seen, binary_cross_entropy)
            answers = _answers(naive, examples)
            note(how, seed, NAIVE, seen, answers)
            note(how, seed, LOWER, seen, _shifted(answers))
            note(how, seed, LOSS, seen, _answers(learn(seen, positive_unlabelled), examples))
            frequency = _frequency(naive, seen)
            loss = partial(positive_unlabelled, frequency=frequency)
            note(how, seed, ESTIMATED, seen, _answers(learn(seen, loss), examples))
    return found


def gains(rows: Sequence[HiddenLabels]) -> list[Gain]:
    """Means over seeds, in the order in which kinds and ways first come."""
    naive = {(row.how, row.seed): row.macro_f1 for row in rows if row.way == NAIVE}
    answer = []
    for how, way in dict.fromkeys((row.how, row.way) for row in rows):
        own = [row for row in rows if (row.how, row.way) == (how, way)]
        more = [row.macro_f1 - naive[how, row.seed] for row in own]
        macro, micro, precision = np.mean([(r.macro_f1, r.micro_f1, r.mean_average_precision) for r in own], axis=0)
        answer.append(Gain(how, way, float(macro), float(micro), float(precision), float(np.mean(more)), min(more)))
    return answer


def hide(
    examples: Examples, share: float, rng: np.random.Generator, how: How = "labels", phrases: Ints | None = None
) -> Examples:
    """The same data with some rule labels of the training and validation sides hidden.

    A category above a rule label goes with it, unless another label is below it too.

    Parameters
    ----------
    examples : Examples
        With all rule labels; not changed.
    share : float
        Chance to be hidden, of each label or of each phrase.
    rng : Generator
        Decides.
    how : How
        What is hidden.
    phrases : ndarray of int64, shape (hits,), optional
        Number of the phrase behind each entry of ``examples.hits``; needed for ``phrases``.
    """
    hits = examples.hits
    rows = np.repeat(np.arange(len(hits)), np.diff(hits.offsets))
    if how == "phrases":
        if phrases is None:
            raise ValueError("phrases are to be hidden, but none are given")
        kept = (rng.random(int(phrases.max(initial=0)) + 1) >= share)[phrases]
    else:
        kept = rng.random(len(rows)) >= share
    kept |= (examples.side == Side.TEST)[rows]
    seen = copy.copy(examples)
    seen._cache = {}
    seen.hits = as_bag(rows[kept], hits.ids[kept], len(hits), hits.size)
    labels = with_ancestors(seen.hits, examples.classes)
    known = examples.known[RULES] if how == "labels, all products" else np.diff(labels.offsets) > 0
    seen.answers, seen.known = {**examples.answers, RULES: labels}, {**examples.known, RULES: known}
    return seen


def with_ancestors(hits: Bag, classes: Classes) -> Bag:
    """Categories of the tree as classes of the rule-based objective, with all above them."""
    rows = np.repeat(np.arange(len(hits)), np.diff(hits.offsets))
    pairs = with_above(rows, hits.ids, ancestor_table(classes), classes)
    return as_bag(*pairs, len(hits), max(1, len(classes.rule_based)))


def _phrases(workspace: Workspace, examples: Examples) -> Ints:
    """Number of the phrase by which a rule first gave each entry of ``examples.hits``."""
    products, labels = workspace.products(), workspace.table("rule_labels")
    position = {c.category_id: i for i, c in enumerate(examples.classes.tree.categories)}
    found: dict[tuple[int, int], str] = {}
    row = 0
    for batch in labels.batches(["labels"], 8192):
        said = batch["labels"].to_pylist()
        fields = sorted({hit["field"] for hits in said for hit in hits if hit["start"] >= 0})
        texts = products.take(np.arange(row, row + len(said)), fields).to_pylist() if fields else [{}] * len(said)
        for hits, text in zip(said, texts, strict=True):
            for hit in hits:
                words = str(text.get(hit["field"]) or "")[hit["start"] : hit["end"]] if hit["start"] >= 0 else ""
                found.setdefault((row, position.get(hit["category_id"], -1)), f"{hit['rule_id']} {words.casefold()}")
            row += 1
    owners = np.repeat(np.arange(len(examples.hits)), np.diff(examples.hits.offsets))
    keys = [found[owner, place] for owner, place in zip(owners.tolist(), examples.hits.ids.tolist(), strict=True)]
    return np.unique(np.asarray(keys, object).astype(str), return_inverse=True)[1].astype(np.int64)


def _learn(workspace: Workspace, spec: NetSpec, settings: Training, examples: Examples, loss: Loss) -> SavedModel:
    """Train the rule-based objective alone with some loss, as `shelver train` would."""
    objective = RuleBased()
    settings = settings.model_copy(update={"objectives": (RULES,), "schedule": "both"})
    learners = {RULES: Learner(RULES, "multi_label", objective, loss)}
    with tempfile.TemporaryDirectory() as folder:
        checkpoints = Checkpoints(Files(folder), "study")
        net, _ = fit(workspace, examples, spec, {RULES: objective}, settings, checkpoints, learners)
    return SavedModel(net, examples.transform, examples.classes, {})


def _answers(model: SavedModel, examples: Examples, side: Side = Side.TEST) -> Floats:
    """Probabilities of all rows of a side that have rule labels: shape (rows, classes)."""
    return answers_of(model, examples, examples.rows(RULES, side), RULES)


def _shifted(answers: Floats) -> Floats:
    """Probabilities in the same order, with `YES` moved to one half."""
    odds = (1 - YES) / YES
    return answers * odds / (1 + (odds - 1) * answers)


def _frequency(naive: SavedModel, seen: Examples) -> torch.Tensor:
    """Label frequency of every class, from the labels that are not hidden."""
    rows = seen.rows(RULES, Side.VALID)
    answers = torch.from_numpy(_answers(naive, seen, Side.VALID))
    return label_frequency(answers, seen.target(RULES, rows).double()).float()
