"""Products per second of rules and of bag features, from table to table, beside scikit-learn's TfidfVectorizer.

    python benchmarks/stage_speed.py                            200,000 products, 1,300 categories, 6,000 patterns
    python benchmarks/stage_speed.py --rows 50000 --folder /tmp/shop

"stage" is `Stage.apply` alone, on batches that are in memory and on one thread. "engine" is everything: reading the
products' table, the stage on all processors, writing the new table. "each core" is products for each second of
processor time: on a machine that has other work to do, look at that. TfidfVectorizer gets the same titles as Python
strings in memory, keeps as many tokens of the same kind (words and pairs of words), and writes nothing.

Products are made by ``amplify.py``; the patterns are words and pairs of words of their titles, dealt out to categories.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
from amplify import HEADER, amplified, real_groceries, split
from sklearn.feature_extraction.text import TfidfVectorizer

from shelver.config import Split, Text
from shelver.engine import run_stage
from shelver.features.transform import Transform
from shelver.files import Files
from shelver.rules.rulefile import read_rules
from shelver.rules.stage import RulesStage
from shelver.stage import Stage
from shelver.table import Table

GOALS = {"rules": 100_000, "bag features": 30_000}
"""Products per second, from table to table."""
SCHEMA = pa.schema([(name, pa.string()) for name in ("product_id", *HEADER[1:4])] + [("price", pa.float64())])
TOO_COMMON = 150
"""The most frequent words are no patterns: they are in every other title."""
LOOKED_AT = 60_000
"""Titles that patterns are taken from."""
BATCH = 4096
RUNS = 3


def write_products(folder: Path, rows: int, categories: int) -> list[str]:
    """Write the table of products; gives the categories' paths."""
    seeds = real_groceries(folder)
    made = split(seeds, categories)

    def batches() -> Iterator[pa.RecordBatch]:
        stream = amplified(seeds, made, rows)
        while block := [row for row, _ in islice(stream, BATCH)]:
            columns = [pa.array(column) for column in zip(*block, strict=True)]
            yield pa.RecordBatch.from_arrays([*columns[:-1], columns[-1].cast(pa.float64())], schema=SCHEMA)

    Table(str(folder / "products.lance")).write(batches(), SCHEMA, "amplified")
    return [" > ".join(path) for path in made.paths]


def write_rules(folder: Path, name: str, paths: list[str], titles: list[str], patterns: int, field: str) -> RulesStage:
    """A rule for each category, with the same number of patterns each."""
    words: Counter[str] = Counter()
    pairs: Counter[str] = Counter()
    for title in titles[:LOOKED_AT]:
        found = [word for part in title.split() if len(word := re.sub(r"[^a-z]", "", part.lower())) > 2]
        words.update(set(found))
        pairs.update({f"{first} {second}" for first, second in pairwise(found)})
    single = [word for word, _ in words.most_common(TOO_COMMON + patterns * 2 // 5)][TOO_COMMON:]
    taken = single + [pair for pair, _ in pairs.most_common(patterns - len(single))]
    np.random.default_rng(0).shuffle(taken)
    rules = []
    for place, path in enumerate(paths):
        own = json.dumps(taken[place :: len(paths)])
        rules.append(f"[[rule]]\ncategory = {json.dumps(path)}\n{field}.any = {own}\n")
    files = Files(str(folder))
    files.write(name, "\n".join(rules))
    return RulesStage(read_rules(files, name), paths)


def best(run: Callable[[], object]) -> tuple[float, float]:
    """Least seconds on the clock, and least of processor time, of several runs."""
    times = []
    for _ in range(RUNS):
        begun = time.perf_counter(), time.process_time()
        run()
        times.append((time.perf_counter() - begun[0], time.process_time() - begun[1]))
    return min(wall for wall, _ in times), min(used for _, used in times)


def line(name: str, rows: int, seconds: tuple[float, float], goal: int = 0) -> str:
    """One line of the table."""
    wall, used = seconds
    verdict = f"   goal {goal:,}: {'met' if rows / wall >= goal else 'MISSED'}" if goal else ""
    return f"{name:44} {rows / wall:12,.0f} {rows / used:12,.0f} {used / wall:7.2f}{verdict}"


def measure(folder: Path, name: str, stage: Stage, goal: int) -> list[str]:
    """A stage alone, and from table to table."""
    products = Table(str(folder / "products.lance")).pinned()
    rows = products.count()
    held = list(products.batches(list(stage.columns), BATCH))

    def alone() -> None:
        for batch in held:
            stage.apply(batch)

    def whole() -> None:
        with tempfile.TemporaryDirectory(dir=folder) as place:
            run_stage(stage, [products], Table(f"{place}/made.lance"))

    return [line(f"{name}: stage", rows, best(alone)), line(f"{name}: engine", rows, best(whole), goal)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--categories", type=int, default=1300)
    parser.add_argument("--patterns", type=int, default=6000)
    parser.add_argument("--tokens", type=int, default=8000, help="size of the vocabulary (8,000)")
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder if not given")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        paths = write_products(folder, options.rows, options.categories)
        products = Table(str(folder / "products.lance"))
        titles = products.read(["title"])["title"].to_pylist()
        print(f"{options.rows:,} products, {options.categories:,} categories, {options.patterns:,} patterns")
        print(f"{'':44} {'products/s':>12} {'each core':>12} {'cores':>7}")
        for name, field in (("rules on titles", "title"), ("rules on descriptions", "description")):
            stage = write_rules(folder, f"{field}.toml", paths, titles, options.patterns, field)
            print("\n".join(measure(folder, name, stage, GOALS["rules"])), flush=True)
        spec = Text(max_tokens=options.tokens, weight="tfidf", ngrams=2)
        transform = Transform({"title": spec}, Split()).fit(lambda: products.batches(batch_size=BATCH))
        print("\n".join(measure(folder, "bag features", transform, GOALS["bag features"])), flush=True)
        vectorizer = TfidfVectorizer(max_features=options.tokens, ngram_range=(1, 2)).fit(titles)
        print(line("TfidfVectorizer: transform", options.rows, best(lambda: vectorizer.transform(titles))))


if __name__ == "__main__":
    main()
