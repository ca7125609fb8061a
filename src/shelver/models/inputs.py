"""Which features a net takes, and how they become tensors."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
import torch

from shelver.config import Categorical, Feature, NetSpec, Number, Sequence, Text, Vector
from shelver.errors import ModelError, nearest
from shelver.features.batch import Bag, Batch, concatenate
from shelver.features.transform import Transform

InputKind: TypeAlias = Literal["text", "categorical", "number", "sequence", "text_vector", "image"]
"""A feature's kind; vectors are of text or of pictures."""

TABULAR: tuple[InputKind, ...] = ("text", "categorical", "number", "text_vector", "image")

TAKES: dict[str, tuple[InputKind, ...]] = {
    "linear": TABULAR,
    "mlp": TABULAR,
    "wide_deep": TABULAR,
    "cnn1d": ("sequence",),
    "rnn": ("sequence",),
    "text_vector": ("text_vector",),
    "image": ("image",),
    "joint": (*TABULAR, "sequence"),
}
"""Kind of model → kinds of features it can take."""

WORDS: dict[InputKind, str] = {
    "text": "a text feature",
    "categorical": "a categorical feature",
    "number": "a number",
    "sequence": "a sequence of words",
    "text_vector": "a vector of text",
    "image": "a vector of the picture",
}

EXAMPLES: dict[InputKind, str] = {
    "text": '[features.title]\nkind = "text"',
    "categorical": '[features.brand]\nkind = "categorical"',
    "number": '[features.price]\nkind = "number"',
    "sequence": '[features.title_words]\nkind = "sequence"\ncolumn = "title"',
    "text_vector": '[features.text_vector]\nkind = "vector"\nencoder = "static"\ncolumns = ["title"]',
    "image": '[features.picture]\nkind = "vector"\nencoder = "efficientnet-lite2"\ncolumns = ["image"]',
}
"""What to add to ``shelver.toml`` to have a feature of a kind."""


@dataclass(frozen=True)
class Inputs:
    """Names, sizes and settings of a net's inputs, by kind.

    Attributes
    ----------
    bags, categories : dict of str to int
        Vocabulary sizes.
    vectors : dict of str to int
        Lengths of pretrained vectors.
    numbers : tuple of str
        Number features.
    sequences : dict of str to int
        Vocabulary sizes, with padding (0) and unknown (1).
    specs : dict of str to Feature
        Settings of every input: embedding, average, encoder, length of a sequence, modality of a vector.
    """

    bags: dict[str, int]
    categories: dict[str, int]
    vectors: dict[str, int]
    numbers: tuple[str, ...]
    sequences: dict[str, int] = field(default_factory=dict)
    specs: dict[str, Feature] = field(default_factory=dict)

    @classmethod
    def of(cls, transform: Transform, names: Collection[str], kinds: Collection[InputKind] | None = None) -> Inputs:
        """Inputs of a fitted transform.

        Parameters
        ----------
        transform : Transform
            Fitted.
        names : collection of str
            Features wanted; none: all of `kinds`.
        kinds : collection of InputKind, optional
            Kinds that the net can take; None: any.

        Raises
        ------
        ModelError
            No such feature, a feature of a kind that the net cannot take, or nothing to take at all.
        """
        taken: dict[str, Feature] = {}
        for name in names or transform.features:
            if name not in transform.features:
                raise ModelError(f'the run has no feature "{name}"', hint=nearest(name, transform.features))
            spec = transform.features[name]
            if kinds is None or input_kind(spec) in kinds:
                taken[name] = spec
            elif names:
                raise ModelError(
                    f'this kind of model cannot take "{name}", {WORDS[input_kind(spec)]}',
                    expected=" or ".join(WORDS[kind] for kind in kinds),
                    hint="leave it out of the model's inputs, or use another kind of model: joint takes all",
                )
        if kinds and not taken:
            raise _nothing_to_take(kinds)
        sizes: dict[type, dict[str, int]] = {}
        for name, spec in taken.items():
            sizes.setdefault(type(spec), {})[name] = transform.size(name)
        return cls(
            sizes.get(Text, {}),
            sizes.get(Categorical, {}),
            sizes.get(Vector, {}),
            tuple(sizes.get(Number, {})),
            sizes.get(Sequence, {}),
            taken,
        )

    @classmethod
    def for_net(cls, spec: NetSpec, transform: Transform) -> Inputs:
        """Inputs of a model as configured; raises as `of` does."""
        return cls.of(transform, spec.inputs, TAKES[spec.kind])

    @property
    def text_vectors(self) -> tuple[str, ...]:
        """Vectors that an encoder made of text."""
        return tuple(name for name in self.vectors if input_kind(self.specs[name]) == "text_vector")

    @property
    def image_vectors(self) -> tuple[str, ...]:
        """Vectors that an encoder made of pictures."""
        return tuple(name for name in self.vectors if input_kind(self.specs[name]) == "image")

    @property
    def sparse_size(self) -> int:
        """Size of the joint vocabulary of all bags and categorical values."""
        return sum(self.bags.values()) + sum(self.categories.values())

    @property
    def dense_size(self) -> int:
        """Dimensions of all vectors and numbers together; a number takes two (its value, and whether it is missing)."""
        return sum(self.vectors.values()) + 2 * len(self.numbers)

    def sparse(self, batch: Batch) -> Bag:
        """All bags and categorical values as one bag over the joint vocabulary."""
        bags = [batch.bags[name] for name in self.bags]
        for name, size in self.categories.items():
            ids, ones = batch.categories[name], np.ones(len(batch), np.float32)
            bags.append(Bag(np.arange(len(batch) + 1), ids, ones, size))
        if not bags:
            return Bag(np.zeros(len(batch) + 1, np.int64), np.empty(0, np.int64), np.empty(0, np.float32), 0)
        return concatenate(bags)

    def dense(self, batch: Batch) -> torch.Tensor:
        """All vectors and numbers: float32, shape (rows, dense_size)."""
        parts = [batch.vectors[name] for name in self.vectors]
        for name in self.numbers:
            missing = np.isnan(batch.numbers[name])
            parts.append(np.stack([np.where(missing, 0, batch.numbers[name]), missing], axis=1).astype(np.float32))
        if not parts:
            return torch.zeros(len(batch), 0)
        return torch.from_numpy(np.concatenate(parts, axis=1))


def input_kind(spec: Feature) -> InputKind:
    """What a feature is to a net."""
    if isinstance(spec, Vector):
        return "image" if spec.modality == "image" else "text_vector"
    return spec.kind


def _nothing_to_take(kinds: Collection[InputKind]) -> ModelError:
    wanted = next(iter(kinds)) if len(kinds) == 1 else "text"
    example = EXAMPLES[wanted].replace("\n", "; ")
    return ModelError(
        f"the run has no feature that this kind of model can take: it needs {WORDS[wanted]}",
        where="shelver.toml, features",
        hint=f"add lines such as: {example}; then run: shelver prepare",
    )
