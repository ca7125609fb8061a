"""What all contestants of `label_peers.py` share: the loop of asking and learning, its clock, its answers.

Every contestant is a script that runs in an environment of its own and calls `play` with one function. NumPy only.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from adapter import peak_mb

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


@dataclass
class Products:
    """Products of the pool or of the test side.

    Attributes
    ----------
    texts : list of str
        All text fields of each, joined.
    values : list of dict
        Values of its category columns by name.
    vectors : ndarray of float32, shape (products, dims)
        Sentence vectors of the titles.
    """

    texts: list[str]
    values: list[dict[str, str]]
    vectors: Floats

    def __len__(self) -> int:
        return len(self.texts)

    def words(self) -> list[str]:
        """Texts with the values as one word each, such as ``gender_men``."""
        return [
            " ".join([text, *(f"{name}_{'_'.join(value.lower().split())}" for name, value in values.items())])
            for text, values in zip(self.texts, self.values, strict=True)
        ]


@dataclass
class Task:
    """What a contestant is given; answers for the pool are only had by asking.

    Attributes
    ----------
    pool, test : Products
        Those to ask about, and those to answer for.
    classes : list of str
        Paths of the categories.
    class_vectors : ndarray of float32, shape (classes, dims)
        Sentence vectors of their words.
    variant : str
        Which of its settings to use.
    seed : int
        Of all its randomness.
    folder : Path
        Where the task lies.
    """

    pool: Products
    test: Products
    classes: list[str]
    class_vectors: Floats
    variant: str
    seed: int
    folder: Path


class Player(Protocol):
    """One way to learn from labels and to choose whom to ask about."""

    def first(self, size: int) -> Ints | None:
        """Places in the pool to begin with; None: at random, as everybody."""

    def learn(self, places: Ints, answers: Ints) -> None:
        """Learn from all labels given so far, anew."""

    def choose(self, size: int) -> Ints:
        """Places to ask about next; counts as part of the round."""

    def answer(self) -> Ints:
        """Class of every test product; nobody's clock runs."""


def read(folder: Path, side: str) -> Products:
    """Read one side."""
    about = json.loads((folder / f"{side}.json").read_text())
    return Products(about["texts"], about["values"], np.load(folder / f"{side}_vectors.npy"))


def play(make: Callable[[Task], Player], *packages: str) -> None:
    """Read the command line and the files, ask, learn, answer, and write down each round as it ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("task", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--variant", default="")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", type=int, default=100, help="labels in a round; 0: on to the next budget at once")
    parser.add_argument("--budgets", type=lambda text: [int(each) for each in text.split(",")], required=True)
    options = parser.parse_args()
    classes = json.loads((options.task / "rows.json").read_text())["classes"]
    sides = (read(options.task, "pool"), read(options.task, "test"))
    oracle = np.load(options.task / "pool_truth.npy")
    begun = time.perf_counter()
    words = np.load(options.task / "class_vectors.npy")
    player = make(Task(*sides, classes, words, options.variant, options.seed, options.task))
    found: dict[str, Any] = {"prepare_seconds": time.perf_counter() - begun, "rounds": [], "answers": {}}
    found["versions"] = {name: version(name) for name in packages}
    for labels, rounds in run(player, oracle, options.budgets, options.batch, options.seed):
        found["rounds"] = rounds
        if labels in options.budgets:
            found["answers"][str(labels)] = player.answer().tolist()
        found["peak_mb"] = peak_mb()
        part = options.out.with_suffix(".part")
        part.write_text(json.dumps(found))
        part.replace(options.out)


def run(player: Player, oracle: Ints, budgets: list[int], batch: int, seed: int) -> Any:
    """Ask and learn until the last budget; yields the number of labels and all rounds so far, after each learning.

    A round is: choose, ask, learn. Its seconds are those of choosing and learning; asking is free here.
    """
    rounds: list[dict[str, float]] = []
    begun = time.perf_counter()
    chosen = player.first(size_of(0, budgets, batch))
    choosing = time.perf_counter() - begun
    if chosen is None:
        choosing = 0.0
        chosen = np.random.default_rng(seed).permutation(len(oracle))[: size_of(0, budgets, batch)]
    asked: Ints = np.zeros(0, np.int64)
    while True:
        chosen = np.asarray(chosen, np.int64)
        asked = np.concatenate([asked, chosen])
        if len(set(asked.tolist())) != len(asked) or len(chosen) == 0:
            raise SystemExit(f"asked twice or for nothing: {len(asked)} asked, {len(set(asked.tolist()))} products")
        begun = time.perf_counter()
        player.learn(asked, oracle[asked])
        learning = time.perf_counter() - begun
        rounds.append({"labels": len(asked), "choose": choosing, "learn": learning})
        yield len(asked), rounds
        if len(asked) >= max(budgets):
            return
        begun = time.perf_counter()
        chosen = player.choose(size_of(len(asked), budgets, batch))
        choosing = time.perf_counter() - begun


def size_of(labels: int, budgets: list[int], batch: int) -> int:
    """How many to ask for now: up to `batch`, but never past the next budget."""
    left = min(budget for budget in budgets if budget > labels) - labels
    return min(batch, left) if batch else left
