"""The study of models: every kind over its inputs, on both objectives, in one table (thesis, 3.3.2 and 3.3.3)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from shelver.config import (
    CNN1D,
    MLP,
    RNN,
    Bagged,
    Combined,
    Feature,
    Image,
    Joint,
    Linear,
    Model,
    Text,
    TextVector,
    Vector,
    WideDeep,
)
from shelver.config import Sequence as Words
from shelver.errors import ConfigError, nearest
from shelver.experiments.data import configure, open_dataset
from shelver.experiments.presets import find_dataset
from shelver.experiments.spec import Dataset
from shelver.features.split import Side
from shelver.pipeline.learn import model_id_of, saved_model
from shelver.pipeline.prepare import dataset as prepared
from shelver.pipeline.workspace import Workspace
from shelver.reporting.judged import judge
from shelver.training.confusion import path_table, right_by_level

TREE_HEADS = ("linear_words", "deep_histogram", "text_vector")
"""Models that are also trained with a choice at every node of the tree, instead of one among all categories."""


@dataclass(frozen=True)
class Kind:
    """A model of the study.

    Attributes
    ----------
    name : str
        Its key in ``[models]``.
    inputs : str
        What goes in, in words.
    spec : Model
        Its settings.
    group : str
        What part of the study it belongs to.
    """

    name: str
    inputs: str
    spec: Model
    group: str = "single"


@dataclass(frozen=True)
class Row:
    """What a model of the study did on one data set.

    Attributes
    ----------
    data, name, inputs : str
        Data set, model, and what went in.
    accuracy, macro_f1, top_5 : float
        Of the exclusive objective, on the test side.
    levels : tuple of float
        Share of right answers down to each depth of the tree.
    rule_map : float or None
        Mean average precision of the rule-based objective.
    branches : mapping of str to float
        Accuracy within each branch below the root.
    parameters : int
        Trained numbers.
    seconds : float
        Of training; for a combination, with its members.
    """

    data: str
    name: str
    inputs: str
    group: str
    accuracy: float
    macro_f1: float
    top_5: float
    levels: tuple[float, ...]
    rule_map: float | None
    parameters: int
    seconds: float
    branches: Mapping[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """As JSON-like values."""
        return asdict(self)


def features(own: Mapping[str, Feature], images: bool, encoder: str) -> dict[str, Feature]:
    """Features of the study: those of the data set, and the title in every representation of thesis, section 2.1."""
    title = own["title"]
    ngrams = title.ngrams if isinstance(title, Text) else 1
    found: dict[str, Feature] = {
        **own,
        "counts": Text(column="title", weight="count", ngrams=ngrams),
        "letters": Text(column="title", tokens="characters", max_tokens=20_000),
        "mean": Text(column="title", weight="count", average="mean"),
        "mean_tfidf": Text(column="title", average="mean"),
        "mean_random": Text(column="title", weight="count", average="mean", embedding="random"),
        "mean_pretrained": Text(column="title", weight="count", average="mean", embedding="pretrained", dims=256),
        "mean_tfidf_pretrained": Text(column="title", average="mean", embedding="pretrained", dims=256),
        "reading": Words(column="title", length=16),
        "reading_tuned": Words(column="title", length=16, embedding="tuned"),
        "text_vector": Vector(encoder=encoder, columns=("title",)),
    }
    if images:
        found["picture"] = Vector(encoder="efficientnet-lite2-int8", columns=("image",))
    return found


def kinds(own: tuple[str, ...], images: bool) -> list[Kind]:
    """Models of the study; all without the prior but for the last ones, since the thesis's models had none."""
    rest = tuple(name for name in own if name != "title")
    plain: dict[str, Any] = {"prior": False}
    shallow: dict[str, Any] = {"hidden": (), "dropout": 0.0, "learning_rate": 0.03, **plain}
    every = ("title", "letters", *rest, "text_vector", *(("picture",) if images else ()))
    found = [
        Kind("linear_words", "words, TF-IDF", Linear(inputs=("title",), **plain)),
        Kind("linear_counts", "words, counts", Linear(inputs=("counts",), **plain)),
        Kind("linear_letters", "letters 3-5, TF-IDF", Linear(inputs=("letters",), **plain)),
        *([Kind("linear_fields", "words and other fields", Linear(inputs=own, **plain))] if rest else []),
        Kind("deep_histogram", "words, counts", MLP(inputs=("counts",), words="histogram", **plain)),
        Kind("shallow_random", "mean of random vectors", MLP(inputs=("mean_random",), **shallow)),
        Kind("shallow_trained", "mean of trained vectors", MLP(inputs=("mean",), **shallow)),
        Kind("shallow_pretrained", "mean of pretrained vectors", MLP(inputs=("mean_pretrained",), **shallow)),
        Kind("shallow_tfidf_trained", "TF-IDF mean of trained", MLP(inputs=("mean_tfidf",), **shallow)),
        Kind(
            "shallow_tfidf_pretrained", "TF-IDF mean of pretrained", MLP(inputs=("mean_tfidf_pretrained",), **shallow)
        ),
        Kind("deep_trained", "mean of trained vectors", MLP(inputs=("mean",), **plain)),
        Kind("deep_pretrained", "mean of pretrained vectors", MLP(inputs=("mean_pretrained",), **plain)),
        Kind("wide_deep", "words and other fields", WideDeep(inputs=own, **plain)),
        Kind("cnn1d", "words in order, trained", CNN1D(inputs=("reading",), **plain)),
        Kind("cnn1d_tuned", "words in order, pretrained and tuned", CNN1D(inputs=("reading_tuned",), **plain)),
        Kind("rnn_gru", "words in order, trained", RNN(inputs=("reading",), **plain)),
        Kind("rnn_lstm", "words in order, trained", RNN(inputs=("reading",), cell="lstm", **plain)),
        Kind("text_vector", "sentence vector", TextVector(inputs=("text_vector",), **shallow)),
        Kind("text_vector_deep", "sentence vector", TextVector(inputs=("text_vector",), hidden=(256,), **plain)),
    ]
    if images:
        found += [
            Kind("image", "picture vector", Image(inputs=("picture",), **shallow)),
            Kind("image_deep", "picture vector", Image(inputs=("picture",), hidden=(256,), **plain)),
        ]
    members = ("rnn_gru", "image_deep" if images else "text_vector_deep")
    joint = ("title", *rest, "reading", "text_vector", *(("picture",) if images else ()))
    both = ("reading", "picture" if images else "text_vector")
    words = " + ".join(members)
    found += [
        Kind("linear_all", "all", Linear(inputs=every, **plain)),
        Kind("average", words, Combined(members=members, how="average"), "combined"),
        Kind("vote", words, Combined(members=members, how="vote"), "combined"),
        Kind("stack", words, Combined(members=members, how="stack"), "combined"),
        Kind("network", words, Combined(members=members, how="network"), "combined"),
        Kind("cotrained", words, Joint(inputs=both, hidden=(256,), **plain), "combined"),
        Kind("bagged", "words, TF-IDF, 5 samples", Bagged(member="linear_words"), "combined"),
        Kind("joint", "all, trained together", Joint(inputs=joint, **plain), "combined"),
        Kind("average_all", "linear_all + wide_deep + cnn1d_tuned",
             Combined(members=("linear_all", "wide_deep", "cnn1d_tuned")), "combined"),
        Kind("linear_prior", "all, and the words of the tree", Linear(inputs=every), "prior"),
        Kind("joint_prior", "all, and the words of the tree", Joint(inputs=joint), "prior"),
    ]  # fmt: skip
    return found


def compare(
    data: Dataset | str,
    folder: str,
    where: str = "",
    *,
    rows: int = 0,
    encoder: str = "minilm-int8",
    only: Sequence[str] = (),
    epochs: int = 10,
    tell: Callable[[Row], None] = lambda row: None,
) -> list[Row]:
    """Train and score every model of the study on one data set.

    Parameters
    ----------
    data : Dataset or str
        Which.
    folder : str
        Where the workspace is made.
    where : str
        Folder of the data.
    rows : int
        Take a random part with so many rows; 0: all.
    encoder : str
        Text encoder of the sentence vectors.
    only : sequence of str
        Only these models, with those they are made of.
    epochs : int
        At most.
    tell : callable
        Told about each row as it comes.
    """
    spec = find_dataset(data) if isinstance(data, str) else data
    every = kinds(tuple(spec.features), bool(spec.images))
    there = [kind.name for kind in every]
    wrong = [name for name in only if name not in there]
    if wrong:
        raise ConfigError(f'the study has no model "{wrong[0]}" for {spec.name}', hint=nearest(wrong[0], there))
    chosen = [kind for kind in every if not only or kind.name in only]
    settings = {
        "features": features(spec.features, bool(spec.images), encoder),
        "models": {kind.name: kind.spec for kind in every},
        "training": {"epochs": epochs, "model": chosen[0].name},
        "objectives": None,  # an earlier run of the study ended with tree heads
    }
    workspace = open_dataset(spec, folder, where, rows=rows, known_only=True)
    workspace = configure(workspace, settings)
    workspace.prepare()
    found: list[Row] = []
    for kind in chosen:
        found.append(_row(workspace, spec.name, kind))
        tell(found[-1])
    heads = [kind for kind in chosen if kind.name in TREE_HEADS]
    workspace = configure(workspace, {"objectives": {"exclusive": {"kind": "exclusive", "heads": "tree"}}})
    for kind in heads:
        row = _row(workspace, spec.name, kind)
        found.append(replace(row, name=f"{kind.name}, tree heads", group="tree heads"))
        tell(found[-1])
    workspace.close()
    return found


def _row(workspace: Workspace, data: str, kind: Kind) -> Row:
    spent = 0.0
    for member in kind.spec.parts if isinstance(kind.spec, Combined) else ():
        workspace.train(model=member)
        spent += _seconds(workspace, member)
    begun = time.perf_counter()
    step = workspace.train(model=kind.name)
    spent += _seconds(workspace, kind.name) if step.fresh else time.perf_counter() - begun
    if not step.fresh:
        _note_seconds(workspace, kind.name, time.perf_counter() - begun)
    model_id = model_id_of(workspace, kind.name)
    scores = workspace.evaluate(model_id=model_id).model
    run, _, model = saved_model(workspace, model_id=model_id)
    judged = judge(model, prepared(workspace, run.run_id).examples, Side.TEST, "exclusive")
    exclusive = scores.exclusive
    if judged is None or exclusive is None:
        raise ValueError(f"{data} has no label on the test side")
    paths = path_table(model.classes.exclusive, model.classes.tree)
    roots = paths[judged.truth, 0]
    branches = {
        model.classes.tree.categories[root].name: float(judged.correct[roots == root].mean())
        for root in np.unique(roots).tolist()
        if (roots == root).sum() >= 30
    }
    return Row(
        data,
        kind.name,
        kind.inputs,
        kind.group,
        exclusive.accuracy,
        exclusive.macro_f1,
        exclusive.top_5,
        tuple(level.right for level in right_by_level(judged.truth, judged.predicted, paths)),
        scores.rule_based.mean_average_precision if scores.rule_based else None,
        model.net.count(),
        spent,
        branches,
    )


def _path(workspace: Workspace, name: str) -> str:
    run, _, model = saved_model(workspace, model_id=model_id_of(workspace, name))
    return f"runs/{run.run_id}/seconds-{name}-{model.fingerprint[:10]}.json"


def _note_seconds(workspace: Workspace, name: str, seconds: float) -> None:
    workspace.files.write_json(_path(workspace, name), {"seconds": seconds})


def _seconds(workspace: Workspace, name: str) -> float:
    path = _path(workspace, name)
    return float(workspace.files.read_json(path)["seconds"]) if workspace.files.exists(path) else 0.0
