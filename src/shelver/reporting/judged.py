"""Answers of a model on one side of the split, beside the truth, kept so that a report need not ask the model again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from shelver.features.split import Side
from shelver.files import Files
from shelver.models.folder import SavedModel
from shelver.training.curves import Bin, reliability
from shelver.training.evaluate import MULTI_LABEL_ROWS, TOP, answers_of, rank_hits
from shelver.training.examples import Examples, spread
from shelver.training.metrics import ClassScore, MultiLabelScores, score_multi_label
from shelver.training.predict import probabilities, rank

Ints = npt.NDArray[np.int64]
FORMAT = "judged.v1"


@dataclass(frozen=True)
class Judged:
    """Answers to a multi-class objective.

    Attributes
    ----------
    rows : ndarray of int64, shape (n,)
        Numbers of the products in the tables of the run.
    truth : ndarray of int64, shape (n,)
        Right classes.
    ranked : ndarray of int64, shape (n, k)
        Best answers first; −1 is no answer.
    probability : ndarray of float32, shape (n, k)
        Their probabilities; shape (n, 0) where answers come without.
    """

    rows: Ints
    truth: Ints
    ranked: Ints
    probability: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        n = len(self.rows)
        if not n == len(self.truth) == len(self.ranked) == len(self.probability):
            sizes = [len(part) for part in (self.rows, self.truth, self.ranked, self.probability)]
            raise ValueError(f"rows, truth, ranked and probability have {sizes} rows")

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def predicted(self) -> Ints:
        """First answers: shape (n,)."""
        return self.ranked[:, 0] if self.ranked.shape[1] else np.full(len(self), -1)

    @property
    def correct(self) -> npt.NDArray[np.bool_]:
        """Are the first answers right? Shape (n,)."""
        return np.equal(self.predicted, self.truth)

    @property
    def confidence(self) -> npt.NDArray[np.float64] | None:
        """Probability of each first answer, shape (n,); None where answers come without."""
        return self.probability[:, 0].astype(np.float64) if self.probability.shape[1] else None


@dataclass(frozen=True)
class JudgedLabels:
    """Scores of a multi-label objective, and the reliability of all its probabilities."""

    scores: MultiLabelScores
    bins: tuple[Bin, ...]


def judge(model: SavedModel, examples: Examples, side: Side, objective: str) -> Judged | None:
    """Ask a model about all labelled products of one side; None if there are none."""
    rows = examples.rows(objective, side)
    if len(rows) == 0:
        return None
    found = [rank(probabilities(model, batch, objective), TOP) for batch in examples.parts(rows)]
    ranked, probability = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return Judged(rows, examples.target(objective, rows).numpy(), ranked, probability)


def judge_rules(examples: Examples, side: Side) -> Judged | None:
    """The rules alone, as answers to the exclusive question; None if no product of the side has a label."""
    rows = examples.rows("exclusive", side)
    if len(rows) == 0:
        return None
    ranked = rank_hits(examples.hits.take(rows), examples.classes, TOP)
    return Judged(rows, examples.target("exclusive", rows).numpy(), ranked, np.empty((len(rows), 0), np.float32))


def judge_labels(model: SavedModel, examples: Examples, side: Side, objective: str) -> JudgedLabels | None:
    """Scores of a multi-label objective, on the rows that `shelver.training.evaluate` takes; None if there are none."""
    rows = spread(examples.rows(objective, side), MULTI_LABEL_ROWS)
    if len(rows) == 0:
        return None
    probability = answers_of(model, examples, rows, objective)
    truth = examples.target(objective, rows).numpy() > 0.5
    bins = reliability(probability.ravel(), truth.ravel())
    return JudgedLabels(score_multi_label(truth, probability, model.classes, objective), bins)


class Kept:
    """Judged answers of one model, beside its metrics.

    Parameters
    ----------
    files : Files
        The folder of the model.
    split : str
        Side of the split.
    fingerprint : str
        Identity of model and data; answers of another one are not given back.
    """

    def __init__(self, files: Files, split: str, fingerprint: str) -> None:
        self.files, self.split, self.fingerprint = files, split, f"{FORMAT} {fingerprint}"

    def _name(self, objective: str, ending: str) -> str:
        return f"metrics/answers_{objective}_{self.split}.{ending}"

    def put(self, objective: str, found: Judged | JudgedLabels) -> None:
        """Keep answers."""
        if isinstance(found, JudgedLabels):
            value = {
                "made_from": self.fingerprint,
                "scores": found.scores.as_dict(),
                "bins": list(map(asdict, found.bins)),
            }
            self.files.write(self._name(objective, "json"), json.dumps(value, ensure_ascii=False))
            return
        arrays: dict[str, npt.NDArray[Any]] = {
            "rows": found.rows,
            "truth": found.truth.astype(np.int32),
            "ranked": np.ascontiguousarray(found.ranked, np.int32),
            "probability": np.ascontiguousarray(found.probability),
        }
        self.files.write(self._name(objective, "safetensors"), save_arrays(arrays, {"made_from": self.fingerprint}))

    def answers(self, objective: str) -> Judged | None:
        """Answers to a multi-class objective, if they are there and of this model and data."""
        content = self._read(self._name(objective, "safetensors"))
        if content is None:
            return None
        size = int.from_bytes(content[:8], "little")
        if json.loads(content[8 : 8 + size])["__metadata__"]["made_from"] != self.fingerprint:
            return None
        arrays = load_arrays(content)
        truth, ranked = arrays["truth"].astype(np.int64), arrays["ranked"].astype(np.int64)
        return Judged(arrays["rows"], truth, ranked, arrays["probability"])

    def labels(self, objective: str) -> JudgedLabels | None:
        """Scores of a multi-label objective, if they are there and of this model and data."""
        content = self._read(self._name(objective, "json"))
        value = json.loads(content) if content is not None else {}
        if value.get("made_from") != self.fingerprint:
            return None
        scores = value["scores"]
        classes = tuple(ClassScore(**line) for line in scores.pop("classes"))
        return JudgedLabels(MultiLabelScores(**scores, classes=classes), tuple(Bin(**found) for found in value["bins"]))

    def _read(self, name: str) -> bytes | None:
        try:
            return self.files.read(name)
        except FileNotFoundError:
            return None
