"""Words of the categories' names, looked for in products: what can be known without any vector."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from shelver.config import Categorical, Text
from shelver.features.batch import Bag, Batch, Ints
from shelver.features.categorical import CategoricalFeature
from shelver.features.text import TextFeature
from shelver.features.transform import Transform
from shelver.models.classes import Classes
from shelver.rules.fold import tidy
from shelver.rules.inflect import forms

FIELDS = ("title", "category", "raw_category")
"""Product fields that say what a product is. A description mentions other things as well."""


@dataclass(frozen=True)
class Lexicon:
    """Which words the names of categories have, and how much each says.

    Attributes
    ----------
    words : tuple of str
        Words of all names on the paths of exclusive categories, singular and plural as one.
    shares : ndarray of float32, shape (words, classes)
        How much of a category's name a word is; see `of`.
    tokens : dict of str to Bag
        For each feature that is looked at: words (at most a few) of every entry of its vocabulary.
    """

    words: tuple[str, ...]
    shares: npt.NDArray[np.float32]
    tokens: dict[str, Bag]

    @classmethod
    def of(cls, transform: Transform, classes: Classes) -> Lexicon | None:
        """Words of a tree, as far as the features of a run can have them; None if there are no such features.

        Parameters
        ----------
        transform : Transform
            Fitted; its bags of words and categorical values of `FIELDS` are looked at.
        classes : Classes
            Classes and tree.

        Notes
        -----
        A word *t* weighs ``i(t) · j(t)``: inverse document frequencies among products (from the features; a word that
        they do not know counts as the rarest) and among the paths of categories. Its share of a category is the mean
        of its shares of two sums of such weights: of all words on the path, and of those of the last name alone. So a
        product with all words of the path gets 1, and one with the last name alone at least a half.
        """
        looked_at = {
            name: transform.fitted[name]
            for name, spec in transform.features.items()
            if (isinstance(spec, Categorical) or (isinstance(spec, Text) and spec.tokens == "words"))
            and (spec.column or name) in FIELDS
        }
        paths = [[_words(name) for name in category.path] for category in classes.tree.exclusive]
        words = tuple(sorted({word for path in paths for name in path for word in name}))
        if not looked_at or not words:
            return None
        numbers = {word: number for number, word in enumerate(words)}
        tokens, rarity = {}, np.full(len(words), np.inf)
        for name, feature in looked_at.items():
            if isinstance(feature, TextFeature):
                entries = [[] if " " in token else _words(token) for token in feature.tokens]
                for entry, idf in zip(entries, feature.idf, strict=True):
                    for word in entry:
                        if word in numbers:
                            rarity[numbers[word]] = min(rarity[numbers[word]], idf)
            elif isinstance(feature, CategoricalFeature):
                entries = [[], *map(_words, feature.values)]
            else:
                continue
            tokens[name] = _bag([[numbers[word] for word in entry if word in numbers] for entry in entries], len(words))
        known = rarity[np.isfinite(rarity)]
        rarity[~np.isfinite(rarity)] = known.max(initial=1.0)
        flat = [list(dict.fromkeys(word for name in path for word in name)) for path in paths]
        names = Counter(word for path in flat for word in path)
        weight = rarity * [math.log((1 + len(paths)) / (1 + names[word])) + 1 for word in words]
        shares = np.zeros((len(words), len(paths)), np.float32)
        for place, (path, whole) in enumerate(zip(paths, flat, strict=True)):
            for part in (whole, list(dict.fromkeys(path[-1]))):
                rows = [numbers[word] for word in part]
                if rows:
                    shares[rows, place] += 0.5 * weight[rows] / weight[rows].sum()
        return cls(words, shares, tokens)

    def found(self, batch: Batch) -> Bag:
        """Words that products have, each once: a Bag over `words`, all weights 1."""
        rows: list[Ints] = []
        numbers: list[Ints] = []
        for name, tokens in self.tokens.items():
            if name in batch.bags:
                bag = batch.bags[name]
                owners, ids = np.repeat(np.arange(len(bag)), np.diff(bag.offsets)), bag.ids
            else:
                owners, ids = np.arange(len(batch)), batch.categories[name]
            said = tokens.take(ids)
            rows.append(np.repeat(owners, np.diff(said.offsets)))
            numbers.append(said.ids)
        size = len(self.words)
        pairs = np.unique(np.concatenate(rows) * size + np.concatenate(numbers))
        row, word = np.divmod(pairs, size)
        return Bag(np.searchsorted(row, np.arange(len(batch) + 1)), word, np.ones(len(word), np.float32), size)


def _words(text: str) -> list[str]:
    """Words of a name, without accents, small, singular and plural as one."""
    return [_stem(word) for word in re.findall(r"[^\W_]+", tidy(text))]


@lru_cache(maxsize=100_000)
def _stem(word: str) -> str:
    return min(forms(word))


def _bag(entries: list[list[int]], size: int) -> Bag:
    offsets = np.cumsum([0, *map(len, entries)])
    ids = np.asarray([number for entry in entries for number in entry], np.int64)
    return Bag(offsets.astype(np.int64), ids, np.ones(len(ids), np.float32), size)
