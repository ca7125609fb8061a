"""Shelver itself, on the workspace from which the others' files were written.

Variants: the name of a strategy, or ``default``, and after it, with dashes: ``prior`` (begin with the tree's words and
the rules, so that even the first batch is chosen; else it is drawn at random, as for everybody, and both stay unknown),
``share`` (the share of random questions that the settings have; else none). The model is the default one, over the same
texts, values and sentence vectors. Known answers are removed from the run before anything is made of it.
"""

from __future__ import annotations

import copy
import json

import numpy as np
from label_adapter import Ints, Player, Task, play

from shelver import Workspace
from shelver.config import NetSpec, Vector
from shelver.config.labelling import Labelling
from shelver.features.batch import Bag
from shelver.labelling.candidates import Candidates
from shelver.labelling.choose import choose
from shelver.labelling.fitting import Fitted, Fitter
from shelver.labelling.groups import near_duplicates
from shelver.labelling.pool import Pool
from shelver.pipeline.prepare import dataset
from shelver.pipeline.second_look import without_rules
from shelver.training.answers import UNKNOWN
from shelver.training.examples import Examples

NONE = np.zeros(0, np.int64)


class Learner:
    """A fitter, and the choice that labelling makes.

    Parameters
    ----------
    task : Task
        With the variant.
    """

    def __init__(self, task: Task) -> None:
        workspace = Workspace(task.folder.parent / "workspace")
        rows = json.loads((task.folder / "rows.json").read_text())
        name, *said = task.variant.split("-")
        self.prior = "prior" in said
        strategy = {} if name == "default" else {"strategy": name}
        self.settings = Labelling.model_validate(strategy | ({} if "share" in said else {"random_share": 0.0}))
        examples = unanswered(dataset(workspace).examples)
        config = workspace.config
        spec = config.models[config.training.model]
        if not isinstance(spec, NetSpec):
            raise SystemExit("the default model is made of others")
        if not self.prior:
            examples, spec = without_rules(examples), spec.model_copy(update={"prior": False})
        order = np.sort([*rows["pool"], *rows["test"]])
        self.asked, self.measured = (np.searchsorted(order, rows[side]) for side in ("pool", "test"))
        everything = Pool(examples, order, "text_vector")
        encode = workspace.encode_stage("words", Vector(encoder=_encoder(workspace))).encoder.encode
        objectives = {"exclusive": config.objectives["exclusive"]}
        self.fitter = Fitter(everything, spec, objectives, config.training, lambda name: encode)
        titles = workspace.products().read(["title"])["title"].combine_chunks().take(order[self.asked])
        self.vectors = everything.vectors[self.asked]
        self.groups = near_duplicates(titles, self.vectors)
        self.rng, self.seed = np.random.default_rng([task.seed, 1]), task.seed
        self.places = NONE
        self.beliefs = self.fitter.fit(NONE, NONE).probabilities(self.asked) if self.prior else None
        self.fitted: Fitted | None = None

    def first(self, size: int) -> Ints | None:
        """By what the tree says, or at random."""
        if not self.prior:
            return None
        self.fitted = self.fitter.fit(NONE, NONE, self.seed)
        return self.choose(size)

    def learn(self, places: Ints, answers: Ints) -> None:
        """Fit."""
        self.places = places
        self.fitted = self.fitter.fit(self.asked[places], answers, self.seed, self.fitted)

    def choose(self, size: int) -> Ints:
        """As the queue does; near-duplicates of what was asked only when nothing else is left."""
        chosen = choose(self._look, self.groups, self.places, self.settings, self.rng, size=size).places
        if len(chosen) < size:
            rest = np.setdiff1d(np.arange(len(self.groups)), np.concatenate([self.places, chosen]))
            chosen = np.concatenate([chosen, self.rng.permutation(rest)[: size - len(chosen)]])
        return chosen

    def answer(self) -> Ints:
        """Best class."""
        return self._fitted.probabilities(self.measured).argmax(1)

    @property
    def _fitted(self) -> Fitted:
        if self.fitted is None:
            raise RuntimeError("nothing was learnt yet")
        return self.fitted

    def _look(self, places: Ints) -> Candidates:
        fitted, wanted = self._fitted, self.asked[places]
        return Candidates(
            fitted.probabilities(wanted),
            self.vectors[places],
            self.groups[places],
            labelled=self.vectors[self.places],
            beliefs=None if self.beliefs is None else self.beliefs[places],
            ask_committee=lambda: fitted.committee(self.settings.committee, wanted, self.seed),
        )


def unanswered(examples: Examples) -> Examples:
    """The same products without any known answer, so that none can be learnt from by accident."""
    blank = copy.copy(examples)
    blank._cache = {}
    blank.known = {name: np.zeros_like(known) for name, known in examples.known.items()}
    blank.answers = {
        name: _nothing(answers) if isinstance(answers, Bag) else np.full_like(answers, UNKNOWN)
        for name, answers in examples.answers.items()
    }
    return blank


def _nothing(answers: Bag) -> Bag:
    return Bag(np.zeros(len(answers) + 1, np.int64), NONE, np.zeros(0, np.float32), answers.size)


def _encoder(workspace: Workspace) -> str:
    spec = workspace.config.features["text_vector"]
    return spec.encoder if isinstance(spec, Vector) else ""


def make(task: Task) -> Player:
    """The contestant."""
    return Learner(task)


if __name__ == "__main__":
    play(make, "shelver")
