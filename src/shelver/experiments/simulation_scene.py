"""A prepared workspace whose labels are known, as simulations play on it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from shelver.config import Bagged, Combined, Linear, NetSpec, Vector
from shelver.errors import ConfigError, ShelverError, nearest
from shelver.features.batch import Bag
from shelver.features.split import Side, sides
from shelver.labelling.candidates import Floats, Ints
from shelver.labelling.fitting import Fitter
from shelver.labelling.groups import near_duplicates
from shelver.labelling.known_world import World
from shelver.labelling.pool import Pool
from shelver.models.classes import Classes
from shelver.pipeline.base import Base
from shelver.pipeline.prepare import dataset
from shelver.pipeline.second_look import twin_groups, without_rules
from shelver.training.start import Encode, Vectors

OBJECTIVE = "exclusive"
NONE = np.zeros(0, np.int64)


class Scene:
    """All products of a run that people labelled, in memory, with what is needed to learn and to measure.

    Labels that were taken over from another product are left out: nobody knows that they are right.

    Parameters
    ----------
    workspace : Workspace
        Prepared; nothing is written to it.

    Raises
    ------
    ShelverError
        Too few labels to ask about some products and to measure on others.
    """

    def __init__(self, workspace: Base) -> None:
        self.workspace = workspace
        data = dataset(workspace)
        self.fingerprint, self.examples = data.fingerprint, data.examples
        self.rows = np.flatnonzero(self.examples.known[OBJECTIVE] & ~self.examples.propagated)
        titles = workspace.products().read(["title"])["title"].combine_chunks()
        self._titles = titles.take(self.rows)
        self.copies = twin_groups(self._titles)
        answers = self.examples.answers[OBJECTIVE]
        if isinstance(answers, Bag):
            raise TypeError(f"{OBJECTIVE} has several answers a product")
        self.truth: Ints = answers[self.rows].astype(np.int64)
        here = self.sides(None)
        asked, test = int((here != Side.TEST).sum()), int((here == Side.TEST).sum())
        if not asked or not test:
            raise ShelverError(
                f"{asked:,} labelled products to ask about and {test:,} to measure on", where=workspace.prefix,
                expected="some of each", hint="label more products, or change [split] test",
            )  # fmt: skip

    def __repr__(self) -> str:
        return f"Scene({len(self.rows):,} of {self.examples.products:,} products)"

    @property
    def classes(self) -> Classes:
        """Classes and tree."""
        return self.examples.classes

    def sides(self, seed: int | None) -> np.ndarray[tuple[int], np.dtype[np.int8]]:
        """Side of each product: that of the run, or that by another seed of the split."""
        if seed is None:
            return np.asarray(self.examples.side[self.rows], np.int8)
        return sides(self._titles, self.workspace.config.split.model_copy(update={"seed": seed}))

    def spec(self, name: str) -> NetSpec:
        """Settings of a model.

        Raises
        ------
        ConfigError
            There is none of this name, or it is made of several.
        """
        models = self.workspace.config.models
        if name not in models:
            raise ConfigError(f'no model "{name}"', where="[models]", hint=nearest(name, models))
        spec = models[name]
        if isinstance(spec, Combined | Bagged):
            what = f'the model "{name}" is made of others, which takes too long to make anew for every batch'
            raise ConfigError(what, where="--models", hint=f"name one of its members: {', '.join(spec.parts)}")
        return spec

    @cache  # noqa: B019  (a scene lives as long as its process)
    def pool(self, rules: bool) -> Pool:
        """The labelled products, with or without what rules said of them."""
        return Pool(self.examples if rules else without_rules(self.examples), self.rows, self._text)

    @property
    def _text(self) -> str:
        features = self.workspace.config.features
        texts = [name for name, spec in features.items() if isinstance(spec, Vector) and spec.modality == "text"]
        return texts[0] if texts else ""

    @cache  # noqa: B019
    def learner(self, model: str, prior: bool, rules: bool) -> Fitter:
        """What makes the models."""
        spec = self.spec(model)
        return self._fitter(spec if prior else spec.model_copy(update={"prior": False}), rules)

    def _fitter(self, spec: NetSpec, rules: bool) -> Fitter:
        objectives = {OBJECTIVE: self.workspace.config.objectives[OBJECTIVE]}
        return Fitter(self.pool(rules), spec, objectives, self.workspace.config.training, self._encoder, OBJECTIVE)

    @cache  # noqa: B019
    def beliefs(self, rules: bool) -> Floats | None:
        """What the rules and the tree's words say: float32, shape (products, classes); None: the run has no vectors."""
        if not self._text:
            return None
        return self._fitter(Linear(inputs=(self._text,)), rules).fit(NONE, NONE).probabilities()

    @cache  # noqa: B019
    def _groups(self) -> Ints:
        return near_duplicates(self._titles, self.pool(True).vectors)

    @cache  # noqa: B019
    def world(self, rules: bool, split: int | None = None) -> World:
        """The products as a simulation plays with them; another seed of the split measures on others."""
        test = self.sides(split) == Side.TEST
        pool = self.pool(rules)
        return World(
            self.truth, np.flatnonzero(~test), np.flatnonzero(test), pool.vectors, self._groups(), self.copies,
            parents_of(self.classes), self.beliefs(rules),
        )  # fmt: skip

    @cache  # noqa: B019
    def _encoder(self, name: str) -> Encode:
        """A text encoder that remembers what it was asked: the tree's words are the same for every model."""
        return _remembering(self.workspace.text_encoder(name))


def _remembering(encode: Encode) -> Encode:
    found: dict[tuple[str, ...], Vectors] = {}

    def remembered(texts: Sequence[str]) -> Vectors:
        key = tuple(texts)
        if key not in found:
            found[key] = encode(texts)
        return found[key]

    return remembered


def parents_of(classes: Classes) -> Ints:
    """Number of the category above each exclusive class; all at the top share one: int64, shape (classes,)."""
    above = [classes.tree.by_id(category_id).parent_id or "" for category_id in classes.exclusive]
    return np.unique(np.asarray(above, str), return_inverse=True)[1].astype(np.int64)
