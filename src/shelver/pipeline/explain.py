"""Why a product is where it is: the words and fields that pushed it, look-alikes that people labelled, rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch

from shelver.config import TEXT_FIELDS
from shelver.errors import CatalogueError, ModelError, ShelverError
from shelver.features.batch import Batch
from shelver.pipeline.base import Base
from shelver.pipeline.prepare import dataset
from shelver.pipeline.shelve import Answer, Classifier
from shelver.training.examples import PART, Examples, spread
from shelver.training.predict import in_blocks, model_inputs, probabilities

WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
MAX_WORDS = 200
"""Words of a product that are tried at most, from the beginning of each field in turn."""
MAX_LABELLED = 200_000
"""Labelled products among which look-alikes are sought at most, spread over all."""
TINY = 1e-9


@dataclass(frozen=True)
class Push:
    """What one part of a product does for an answer.

    Attributes
    ----------
    field : str
        Field of the product.
    text : str
        A word of it, or the whole value.
    start, end : int
        Where it stands in the field.
    without : float
        Probability of the answer if this part is taken away.
    effect : float
        Log odds of the answer with it, minus those without: above 0 it speaks for the answer, below 0 against it.
    """

    field: str
    text: str
    start: int
    end: int
    without: float
    effect: float


@dataclass(frozen=True)
class Neighbour:
    """A labelled product that looks alike to the model; `similarity` is a cosine."""

    product_id: str
    title: str
    category_id: str
    path: str
    similarity: float


@dataclass(frozen=True)
class Explanation:
    """Why a model answers what it answers.

    Attributes
    ----------
    title : str
        Title of the product.
    answer : Answer
        All answers, with the rules that fired.
    objective, category_id, path, probability
        The answer that is explained.
    words, fields : tuple of Push
        Words, and whole fields, strongest effect first.
    neighbours : tuple of Neighbour
        Nearest labelled products, nearest first.
    """

    title: str
    answer: Answer
    objective: str
    category_id: str
    path: str
    probability: float
    words: tuple[Push, ...]
    fields: tuple[Push, ...]
    neighbours: tuple[Neighbour, ...]

    def as_dict(self) -> dict[str, Any]:
        """As JSON-like values."""
        return {**asdict(self), "answer": self.answer.as_dict()}


def explain(
    workspace: Base,
    fields: Mapping[str, str | float],
    product_id: str = "",
    category: str = "",
    k: int = 5,
    run_id: str = "",
    model_id: str = "",
) -> Explanation:
    """Explain the first answer for a product, or what speaks for another category.

    Every word and every field is taken away in turn, and the whole way (rules, encoders, features, model) is gone
    again: "occlusion" (Zeiler & Fergus 2014, arXiv:1311.2901, section 2.2). It holds for any model, and says what would
    really happen without the word.

    Parameters
    ----------
    workspace : Base
        The workspace.
    fields : mapping of str to str or float
        The product's fields, as for `Classifier`.
    product_id : str
        Instead: a product of the catalogue.
    category : str
        Explain this category (id, path or unique name) instead of the first answer.
    k : int
        Labelled look-alikes.
    run_id, model_id : str
        Which model; the configured one of the newest run if not named.

    Raises
    ------
    ShelverError
        There is no such product, category or model.
    """
    classifier = Classifier(workspace, run_id, model_id)
    model = classifier.stage.model
    objective = "exclusive" if "exclusive" in model.net.objectives else model.net.objectives[0]
    product = _stored(workspace, product_id) if product_id else classifier.product(**fields)
    answer = classifier.answer(product)
    ranked = answer.ranked[objective]
    ids = model.classes.of(objective)
    if not ids:
        raise ModelError(f'the model has no answers to "{objective}"', hint="write rules, then run: shelver prepare")
    named = category and objective not in model.classes.others
    wanted = model.classes.tree.resolve(category).category_id if named else category or ranked[0][0]
    if wanted not in ids:
        raise CatalogueError(
            f'the model cannot answer "{category}"', hint="name one of its answers, such as those of: shelver classify"
        )
    place = ids.index(wanted)
    parts = [*_words(product), *_fields(product)]
    varied = _without(product, parts)
    inputs = model_inputs(model, classifier.filled(varied))
    probability = probabilities(model, inputs, objective)[:, place].astype(np.float64)
    with_all, odds = float(probability[0]), _log_odds(probability)
    pushes = [
        Push(field, text, start, end, float(probability[i]), float(odds[0] - odds[i]))
        for i, (field, text, start, end, whole) in enumerate(parts, start=1)
    ]
    order = sorted(range(len(parts)), key=lambda i: -abs(pushes[i].effect))
    examples = dataset(workspace, classifier.run_id).examples
    own = inputs.take(np.zeros(1, np.int64))
    return Explanation(
        title=product["title"][0].as_py() or "",
        answer=answer,
        objective=objective,
        category_id=wanted,
        path=model.classes.label(objective, place),
        probability=with_all,
        words=tuple(pushes[i] for i in order if not parts[i][4]),
        fields=tuple(pushes[i] for i in order if parts[i][4]),
        neighbours=_neighbours(workspace, classifier, examples, own, product_id, k),
    )


Part = tuple[str, str, int, int, bool]
"""Field, text, start, end, and whether it is the whole field."""


def _stored(workspace: Base, product_id: str) -> pa.RecordBatch:
    products = workspace.products()
    quoted = product_id.replace("'", "''")
    found = products.read(where=f"product_id = '{quoted}'")
    if len(found) == 0:
        raise ShelverError(f'no product "{product_id}"', where=products.name, expected="a product_id")
    return found.slice(0, 1).combine_chunks().to_batches()[0]


def _words(product: pa.RecordBatch) -> list[Part]:
    found: list[Part] = []
    for field in TEXT_FIELDS:
        text = product[field][0].as_py() or ""
        found += [(field, match[0], match.start(), match.end(), False) for match in WORD.finditer(text)]
    return found[:MAX_WORDS]


def _fields(product: pa.RecordBatch) -> list[Part]:
    found: list[Part] = []
    for field in (*TEXT_FIELDS, "price"):
        value = product[field][0].as_py()
        if value is not None and value != "":
            found.append((field, str(value), 0, len(str(value)), True))
    return found


def _without(product: pa.RecordBatch, parts: list[Part]) -> pa.RecordBatch:
    """The product as it is, and once without each part: parts + 1 rows."""
    table = product.take(pa.array(np.zeros(len(parts) + 1, np.int64)))
    columns = {name: table[name] for name in table.schema.names}
    for field in {part[0] for part in parts}:
        values = columns[field].to_pylist()
        for row, (name, _, start, end, whole) in enumerate(parts, start=1):
            if name == field:
                values[row] = None if whole else (values[row][:start] + values[row][end:]).strip() or None
        columns[field] = pa.array(values, columns[field].type)
    return pa.RecordBatch.from_pydict(columns)


def _log_odds(probability: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    clipped = np.clip(probability, TINY, 1 - TINY)
    return np.asarray(np.log(clipped) - np.log1p(-clipped))


def _neighbours(
    workspace: Base, classifier: Classifier, examples: Examples, own: Batch, product_id: str, k: int
) -> tuple[Neighbour, ...]:
    """Labelled products nearest to one, by what the model sees of them."""
    if "exclusive" not in examples.answers:
        return ()
    rows = np.flatnonzero(examples.known["exclusive"])
    rows = spread(rows, MAX_LABELLED)
    ids = examples.features.read(["product_id"])["product_id"] if product_id and len(rows) else None
    target = _unit(_seen(classifier, own))
    best: list[tuple[float, int]] = []
    for start in range(0, len(rows), PART):
        part = rows[start : start + PART]
        cosines = _unit(_seen(classifier, examples.batch(part))) @ target[0]
        order = np.argsort(-cosines, kind="stable")[: k + 1]
        best = sorted([*best, *((-float(cosines[i]), int(part[i])) for i in order)])[: k + 1]
    chosen = [(row, -cosine) for cosine, row in best if ids is None or ids[row].as_py() != product_id][:k]
    if not chosen:
        return ()
    taken = examples.features.take([row for row, _ in chosen], ["product_id"])["product_id"].to_pylist()
    quoted = ", ".join(f"'{name}'" for name in taken)
    known = workspace.products().read(["product_id", "title"], where=f"product_id in ({quoted})").to_pylist()
    titles = {found["product_id"]: found["title"] or "" for found in known}
    classes = examples.target("exclusive", np.asarray([row for row, _ in chosen])).tolist()
    return tuple(
        Neighbour(
            name,
            titles.get(name, ""),
            examples.classes.exclusive[place],
            examples.classes.label("exclusive", place),
            cosine,
        )
        for name, place, (_, cosine) in zip(taken, classes, chosen, strict=True)
        if name in titles  # products that have left the catalogue have none
    )


@torch.no_grad()
def _seen(classifier: Classifier, batch: Batch) -> npt.NDArray[np.float32]:
    """What a model sees of products: its own vectors, else pretrained ones, else probabilities of its classes."""
    model = classifier.stage.model
    try:
        return in_blocks(model.net.embed, batch, model.net.width)
    except ModelError:
        pass
    if batch.vectors:
        return np.concatenate([batch.vectors[name] for name in sorted(batch.vectors)], axis=1)
    return probabilities(model, batch, model.net.objectives[0])


def _unit(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths == 0, 1, lengths), np.float32)
