"""Make a big catalogue out of a small real one: as many rows and categories as wanted, with the words of the real rows.

    python benchmarks/amplify.py OUT --rows 1000000 --categories 1300
    python benchmarks/amplify.py OUT --data feed.csv --title name --label category --share 0.1

Writes ``feed.csv``, ``categories.csv`` and ``labels.csv`` into OUT. Rows are streamed: memory does not grow with them.

- A category is split by its most frequent words ("cookies cakes" into "cookies cakes > chocolate", ...); a product goes
  by the rarest of these in its title, so what is to be learnt is in the titles.
- A row is a real title of which some words are left out or exchanged for others of the same real category, never those
  that decide where it belongs; a price near the real one; a made-up brand out of some that the category has; and a
  description of real words of the category.

The same arguments give the same files, byte for byte.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shelver.catalogue.delimiters import detect_delimiter, split_path
from shelver.demo.data import groceries
from shelver.files import Files

FEED, TREE, LABELS = "feed.csv", "categories.csv", "labels.csv"
HEADER = ("id", "title", "brand", "description", "price")
REST = "other"
"""Name of what is left of a category that was split."""
DROPPED, EXCHANGED = 0.1, 0.15
"""Probabilities that a word of a title is left out, and that it is exchanged."""
BRANDS, OWN_BRANDS = 5000, 60
"""Brands in all, and in one category."""
DESCRIBED = (8, 30)
"""Fewest and most words of a description."""
BLOCK = 10_000

Shelf = tuple[str, ...]


@dataclass(frozen=True)
class Seed:
    """A real row: its words, its price, and its real category."""

    words: tuple[str, ...]
    price: float
    path: Shelf


@dataclass(frozen=True)
class Split:
    """How real categories were split.

    Attributes
    ----------
    anchors : dict
        Real category → the words it was split by, rarest first; none if it was left whole.
    """

    anchors: dict[Shelf, tuple[str, ...]]

    def shelf(self, seed: Seed) -> tuple[Shelf, str]:
        """Where a row belongs, and the word that says so; empty if no word does."""
        found = self.anchors[seed.path]
        have = {plain(word) for word in seed.words}
        word = next((word for word in found if word in have), "")
        return (*seed.path, word or REST) if found else seed.path, word

    @property
    def paths(self) -> list[Shelf]:
        """Paths of all categories that rows can belong to."""
        return sorted(
            (*path, *last)
            for path, words in self.anchors.items()
            for last in ([(w,) for w in (*words, REST)] if words else [()])
        )


def plain(word: str) -> str:
    """A word in small letters, without signs; empty if nothing remains."""
    return re.sub(r"[^a-z]", "", word.lower())


def read_seeds(path: Path, title: str, label: str, price: str = "price") -> list[Seed]:
    """Rows of a CSV file that have a title and a category."""
    with path.open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row[title].strip() and row[label].strip()]
    delimiter = detect_delimiter([row[label] for row in rows])
    return [
        Seed(tuple(row[title].split()), _number(row.get(price, "")), split_path(row[label], delimiter)) for row in rows
    ]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 9.99


def split(seeds: Sequence[Seed], categories: int) -> Split:
    """Split real categories, those with the most frequent words first, until there are as many as wanted.

    If fewer are wanted than there are, the smallest are left out.
    """
    sizes = Counter(seed.path for seed in seeds)
    kept = sorted(sizes, key=lambda path: (-sizes[path], path))[:categories]
    known = set(kept)
    within: Counter[tuple[Shelf, str]] = Counter(
        (seed.path, word) for seed in seeds if seed.path in known for word in {plain(word) for word in seed.words}
    )
    fit = [
        (count, path, word)
        for (path, word), count in within.items()
        if len(word) > 2 and 2 <= count <= 0.9 * sizes[path] and word not in " ".join(path).lower()
    ]
    fit.sort(key=lambda found: (-found[0], found[1:]))
    chosen = fit[: categories - len(kept)]
    if len(chosen) < categories - len(kept):
        sys.exit(f"the file has words for {len(kept) + len(chosen):,} categories, not for {categories:,}")
    anchors: dict[Shelf, list[str]] = {path: [] for path in kept}
    for _, path, word in reversed(chosen):
        anchors[path].append(word)
    return Split({path: tuple(words) for path, words in anchors.items()})


def amplified(seeds: Sequence[Seed], made: Split, rows: int, seed: int = 0) -> Iterator[tuple[Sequence[str], Shelf]]:
    """New rows, with the columns of `HEADER`, and where each belongs."""
    rng = np.random.default_rng(seed)
    sources = [source for source in seeds if source.path in made.anchors]
    shelves = [made.shelf(source) for source in sources]
    pools = _pools(sources, made.anchors)
    brands = {path: rng.integers(0, BRANDS, OWN_BRANDS) for path in sorted(made.anchors)}
    names = _brand_names(rng)
    for start in range(0, rows, BLOCK):
        count = min(BLOCK, rows - start)
        chosen = rng.integers(0, len(sources), count).tolist()
        liked = np.minimum(rng.zipf(1.3, count), OWN_BRANDS).tolist()
        lengths = rng.integers(*DESCRIBED, count).tolist()
        factors = rng.lognormal(0, 0.2, count).tolist()
        for number, (place, brand, length, factor) in enumerate(zip(chosen, liked, lengths, factors, strict=True)):
            source, (shelf, anchor) = sources[place], shelves[place]
            pool = pools[source.path]
            dice = rng.random(2 * (len(source.words) + length)).tolist()
            words = _perturbed(source.words, anchor, pool, dice)
            described = " ".join(pool[int(die * len(pool))] for die in dice[-length:])
            yield (
                (
                    f"p{start + number:08}",
                    words,
                    names[brands[source.path][brand - 1]],
                    described,
                    f"{max(0.01, source.price * factor):.2f}",
                ),
                shelf,
            )


def _pools(sources: Sequence[Seed], anchors: Mapping[Shelf, Sequence[str]]) -> dict[Shelf, list[str]]:
    """Words of each real category that decide nothing, as often as they occur."""
    pools: dict[Shelf, list[str]] = {path: [] for path in anchors}
    for source in sources:
        pools[source.path] += [word for word in source.words if plain(word) not in anchors[source.path]]
    return {path: pool or ["Plain"] for path, pool in pools.items()}


def _perturbed(words: Sequence[str], anchor: str, pool: Sequence[str], dice: Sequence[float]) -> str:
    kept = []
    for place, word in enumerate(words):
        die = 1.0 if anchor and plain(word) == anchor else dice[2 * place]
        if die < DROPPED:
            continue
        kept.append(pool[int(dice[2 * place + 1] * len(pool))] if die < DROPPED + EXCHANGED else word)
    return " ".join(kept) or " ".join(words)


def _brand_names(rng: np.random.Generator) -> list[str]:
    parts = [first + second for first in "bcdfghklmnprstvwz" for second in ("a", "e", "i", "o", "u", "ar", "en", "ol")]
    return ["".join(parts[place] for place in rng.integers(0, len(parts), 3)).title() for _ in range(BRANDS)]


def write(out: Path, seeds: Sequence[Seed], rows: int, categories: int, share: float = 1.0, seed: int = 0) -> int:
    """Write feed, tree and labels; gives the number of labels.

    Parameters
    ----------
    out : Path
        Folder.
    seeds : sequence of Seed
        Real rows.
    rows, categories : int
        How many of each.
    share : float
        Share of the rows that is labelled; which ones is random.
    seed : int
        Another number gives other rows.
    """
    out.mkdir(parents=True, exist_ok=True)
    made = split(seeds, categories)
    with (out / TREE).open("w", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([("path",), *((" > ".join(path),) for path in made.paths)])
    rng, labels = np.random.default_rng([seed, 1]), 0
    with (out / FEED).open("w", newline="") as feed, (out / LABELS).open("w", newline="") as labelled:
        products, answers = (csv.writer(stream, lineterminator="\n") for stream in (feed, labelled))
        products.writerow(HEADER)
        answers.writerow(("id", "category"))
        for row, path in amplified(seeds, made, rows, seed):
            products.writerow(row)
            if rng.random() < share:
                answers.writerow((row[0], " > ".join(path)))
                labels += 1
    return labels


def main() -> None:
    """Parse and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--categories", type=int, default=1300)
    parser.add_argument("--share", type=float, default=1.0, help="share of the rows that is labelled (1.0)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, help="a CSV file of your own; the demo's groceries if not given")
    parser.add_argument("--title", default="title", help="its column of titles (title)")
    parser.add_argument("--label", default="category", help="its column of categories (category)")
    parser.add_argument("--json", action="store_true", help="say in JSON what was made")
    options = parser.parse_args()
    seeds = read_seeds(options.data, options.title, options.label) if options.data else real_groceries(options.out)
    labels = write(options.out, seeds, options.rows, options.categories, options.share, options.seed)
    if options.json:
        print(json.dumps({"rows": options.rows, "categories": options.categories, "labels": labels}))
        return
    print(f"{options.out}: {options.rows:,} products, {options.categories:,} categories, {labels:,} labels")


def real_groceries(folder: Path) -> list[Seed]:
    """The products of the demo; their file is left in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    feed = groceries(Files(str(folder)))
    return read_seeds(folder / feed.path, "product_name", feed.label)


if __name__ == "__main__":
    main()
