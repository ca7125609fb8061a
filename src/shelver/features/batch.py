"""One self-checking batch of model inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Bag:
    """Weighted ids of each row, in compressed sparse row form.

    Attributes
    ----------
    offsets : ndarray of int64, shape (rows + 1,)
        Row *i* owns ``ids[offsets[i]:offsets[i + 1]]``.
    ids : ndarray of int64, shape (entries,)
        Positions in the vocabulary.
    weights : ndarray of float32, shape (entries,)
        Their weights.
    size : int
        Size of the vocabulary: ``0 <= ids < size``.
    """

    offsets: Ints
    ids: Ints
    weights: Floats
    size: int

    def __post_init__(self) -> None:
        if len(self.ids) != len(self.weights):
            raise ValueError(f"bag has {len(self.ids)} ids, but {len(self.weights)} weights")
        if len(self.offsets) == 0 or self.offsets[0] != 0 or self.offsets[-1] != len(self.ids):
            raise ValueError(f"bag offsets do not span its {len(self.ids)} ids")
        if len(self.ids) and not 0 <= self.ids.min() <= self.ids.max() < self.size:
            raise ValueError(f"bag has ids from {self.ids.min()} to {self.ids.max()}, its vocabulary has {self.size}")

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __repr__(self) -> str:
        return f"Bag({len(self)} rows, {len(self.ids)} entries, vocabulary of {self.size})"

    def take(self, rows: Ints) -> Bag:
        """Some rows, in the order asked for."""
        counts = np.diff(self.offsets)[rows]
        offsets = np.concatenate([[0], np.cumsum(counts)])
        places = np.repeat(self.offsets[rows] - offsets[:-1], counts) + np.arange(offsets[-1])
        return Bag(offsets, self.ids[places], self.weights[places], self.size)


def concatenate(bags: Sequence[Bag]) -> Bag:
    """Bags of the same rows side by side; the ids of each follow those of the one before.

    Parameters
    ----------
    bags : sequence of Bag
        At least one, all with the same number of rows.

    Returns
    -------
    Bag
        With the sum of their vocabulary sizes.
    """
    if len({len(bag) for bag in bags}) != 1:
        raise ValueError(f"bags with different numbers of rows: {[len(bag) for bag in bags]}")
    counts = np.stack([np.diff(bag.offsets) for bag in bags])  # (bags, rows)
    offsets = np.concatenate([[0], np.cumsum(counts.sum(axis=0))])
    starts = offsets[:-1] + np.cumsum(counts, axis=0) - counts  # (bags, rows): where a row's entries of a bag go
    ids = np.empty(offsets[-1], np.int64)
    weights = np.empty(offsets[-1], np.float32)
    shift = 0
    for bag, count, start in zip(bags, counts, starts, strict=True):
        places = np.repeat(start - bag.offsets[:-1], count) + np.arange(len(bag.ids))
        ids[places] = bag.ids + shift
        weights[places] = bag.weights
        shift += bag.size
    return Bag(offsets, ids, weights, shift)


@dataclass(frozen=True)
class Batch:
    """Model inputs of some rows, by kind.

    Attributes
    ----------
    rows : int
        Number of rows; every feature has as many.
    bags : mapping of str to Bag
        Text (empty bag if missing) and rule hits.
    categories : mapping of str to ndarray of int64, shape (rows,)
        Categorical values; 0 is missing or unknown.
    numbers : mapping of str to ndarray of float32, shape (rows,)
        Scaled numbers; NaN is missing.
    vectors : mapping of str to ndarray of float32, shape (rows, dims)
        Pretrained vectors; zero is missing.
    sequences : mapping of str to ndarray of int64, shape (rows, length)
        Words in order, then padding: 0 is padding, 1 an unknown word.

    Raises
    ------
    ValueError
        A feature has another number of rows, or a sequence is not a table of numbers from 0.
    """

    rows: int
    bags: Mapping[str, Bag] = field(default_factory=dict)
    categories: Mapping[str, Ints] = field(default_factory=dict)
    numbers: Mapping[str, Floats] = field(default_factory=dict)
    vectors: Mapping[str, Floats] = field(default_factory=dict)
    sequences: Mapping[str, Ints] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for kind in (self.bags, self.categories, self.numbers, self.vectors, self.sequences):
            for name, values in kind.items():
                if len(values) != self.rows:
                    raise ValueError(f"{name} has {len(values)} rows, the batch has {self.rows}")
        for name, words in self.sequences.items():
            if words.ndim != 2 or (words.size and words.min() < 0):
                raise ValueError(
                    f"{name} is no table of word numbers: shape {words.shape}, from {words.min(initial=0)}"
                )

    def __len__(self) -> int:
        return self.rows

    def __repr__(self) -> str:
        sizes = [f"{name}: {bag.size}-word bag" for name, bag in self.bags.items()]
        sizes += [f"{name}: categorical" for name in self.categories] + [f"{name}: number" for name in self.numbers]
        sizes += [f"{name}: {values.shape[1]}-vector" for name, values in self.vectors.items()]
        sizes += [f"{name}: {values.shape[1]}-word sequence" for name, values in self.sequences.items()]
        return f"Batch({self.rows} rows; {', '.join(sizes)})"

    def take(self, rows: Ints) -> Batch:
        """Some rows, in the order asked for; the batch itself if that is all of them as they are."""
        if len(rows) == self.rows and np.array_equal(rows, np.arange(self.rows)):
            return self
        return Batch(
            len(rows),
            {name: bag.take(rows) for name, bag in self.bags.items()},
            {name: values[rows] for name, values in self.categories.items()},
            {name: values[rows] for name, values in self.numbers.items()},
            {name: values[rows] for name, values in self.vectors.items()},
            {name: values[rows] for name, values in self.sequences.items()},
        )
