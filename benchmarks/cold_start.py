"""How good are the first suggestions with no label at all? The words of the tree and rules made of them, nothing else.

    python benchmarks/cold_start.py --data DIR [--rows 3000] [--encoder minilm-int8] [--json OUT]

Every data set that has a tree becomes a workspace of its own in a temporary folder: its products without their
category, its tree, rules suggested from the names in the tree. What is measured is the model that `shelver` starts from
before the first label. All products are counted, as none of their categories was looked at.

`shopify 1,041` is the English part of `retailer_feeds` with a harder tree: the categories that its products have, and
others of the Shopify tree drawn at random, 1,041 in all; three draws, as one unlucky neighbour of a large category
makes much of a difference.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shelver import Workspace
from shelver.catalogue.names import clean_name
from shelver.config import BUILT_IN, Linear, Training
from shelver.labelling.fitting import Fitter
from shelver.labelling.pool import Pool
from shelver.pipeline.prepare import dataset

LARGE = 1041
DRAWS = 3
FIELDS = ("id", "title", "brand", "raw_category", "description")
SETTINGS = """
[[feeds]]
name = "products"
path = "feed.csv"
columns = {{ category = "" }}
[categories]
path = "categories.csv"
exclusive = "file"
[features]
title = {{ kind = "text", ngrams = 2 }}
raw_category = {{ kind = "text", max_tokens = 1000 }}
text_vector = {{ kind = "vector", encoder = "{encoder}", columns = ["title"] }}
"""

Item = tuple[dict[str, str], tuple[str, ...]]
"""Fields of a product, and its category."""


@dataclass(frozen=True)
class Known:
    """Products with known categories, and the tree: more categories than the products have, if `others`."""

    name: str
    english: bool
    items: list[Item]
    others: tuple[tuple[str, ...], ...] = ()


def rows_of(path: Path) -> list[dict[str, str]]:
    """A CSV file."""
    csv.field_size_limit(sys.maxsize)
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def product(number: int, title: str, **fields: str) -> dict[str, str]:
    """Fields of a product."""
    return {"id": str(number), "title": title, **fields}


def known_sets(data: Path, seed: int) -> Iterator[Known]:
    """Data sets that are there."""
    fashion, grocery = data / "fashion/products.csv", data / "instacart/products.csv"
    feeds, shein = data / "retailer_feeds/products.csv", data / "marketplace_samples/shein-products.csv"
    taxonomy = data / "taxonomies/shopify_categories.txt"
    if fashion.exists():
        levels = ("masterCategory", "subCategory", "articleType")
        items = [(product(i, r["productDisplayName"]), tuple(r[level] for level in levels))
                 for i, r in enumerate(rows_of(fashion))]  # fmt: skip
        yield Known("fashion", True, items)
    if grocery.exists():
        items = [(product(i, r["product_name"]), (r["department"], r["aisle"])) for i, r in enumerate(rows_of(grocery))]
        yield Known("instacart", True, items)
    if shein.exists():
        items = [(product(i, r["product_name"]), tuple(level["name"] for level in json.loads(r["category_tree"])))
                 for i, r in enumerate(rows_of(shein)) if r["category_tree"]]  # fmt: skip
        yield Known("shein", True, items)
    if feeds.exists():
        items = [
            (
                product(i, r["title"], brand=r["vendor"], raw_category=r["type"], description=r["description"]),
                tuple(r["product_category"].split(" > ")),
            )
            for i, r in enumerate(rows_of(feeds))
            if r["cat_in_shopify_taxonomy"] == "True" and r["product_category"] != "Uncategorized"
        ]
        yield Known("retailer_feeds", False, items)
        if taxonomy.exists():
            english = [item for item in items if item[0]["title"].isascii()]
            used = {path for _, path in english}
            lines = [line for line in taxonomy.read_text(encoding="utf-8").splitlines() if line.startswith("gid:")]
            rest = sorted({tuple(line.split(" : ", 1)[1].strip().split(" > ")) for line in lines} - used)
            for draw in range(DRAWS):
                drawn = np.random.default_rng([seed, draw]).choice(len(rest), LARGE - len(used), replace=False)
                yield Known(f"shopify {LARGE:,} #{draw + 1}", True, english, tuple(rest[i] for i in drawn))


def measure(known: Known, rows: int, encoder: str, seed: int) -> dict[str, float]:
    """Share of products whose category is the first suggestion, or among the first five; with rules and without."""
    cleaned = [(fields, tuple(map(clean_name, path))) for fields, path in known.items]
    items = [(fields, path) for fields, path in cleaned if fields["title"].strip() and all(path)]
    if rows and rows < len(items):
        items = [items[i] for i in np.sort(np.random.default_rng(seed).choice(len(items), rows, replace=False))]
    paths = sorted({path for _, path in items} | set(known.others))
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "shelver.toml").write_text(SETTINGS.format(encoder=encoder))
        write(home / "feed.csv", FIELDS, [[fields.get(name, "") for name in FIELDS] for fields, _ in items])
        write(home / "categories.csv", ("path", "exclusive"), [[" > ".join(path), "1"] for path in paths])
        workspace = Workspace(home)
        workspace.ingest()
        workspace.suggest_rules()
        workspace.prepare()
        examples = dataset(workspace).examples
        stored = workspace.products().read(["merchant_id"])["merchant_id"].to_pylist()
        answers = {fields["id"]: path for fields, path in items}
        places = {category.path: place for place, category in enumerate(examples.classes.tree.exclusive)}
        right = np.asarray([places[answers[key]] for key in stored])
        pool = Pool(examples, np.arange(examples.products))
        fitter = Fitter(pool, Linear(), {"exclusive": BUILT_IN["exclusive"]}, Training(), workspace.text_encoder)
        fitted = fitter.fit(np.zeros(0, np.int64), np.zeros(0, np.int64))
        found = {"products": len(right), "categories": len(places)}
        for name in ("", "_without_rules"):
            chances = fitted.probabilities()
            best = np.argsort(-chances, axis=1, kind="stable")[:, :5]
            found[f"first{name}"] = float((best[:, 0] == right).mean())
            found[f"first_five{name}"] = float((best == right[:, None]).any(axis=1).mean())
            fitted.net.prior.rules_scale.data.zero_()
        workspace.close()
    return found


def write(path: Path, header: tuple[str, ...], rows: list[list[str]]) -> None:
    """A CSV file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([list(header), *rows])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--rows", type=int, default=3000, help="products of each at most; 0: all")
    parser.add_argument("--encoder", default="minilm-int8", help="text encoder")
    parser.add_argument("--seed", type=int, default=0, help="of random parts")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    given = parser.parse_args()
    report = {}
    print(f"{'data set':17} {'English':8} {'products':>8} {'categories':>10}  first  in five | without rules")
    for known in known_sets(given.data, given.seed):
        found = report[known.name] = measure(known, given.rows, given.encoder, given.seed)
        about = f"{known.name:17} {'yes' if known.english else 'mixed':8} {found['products']:8,}"
        with_rules = f"{found['first']:.3f}  {found['first_five']:.3f}"
        without = f"{found['first_without_rules']:.3f}  {found['first_five_without_rules']:.3f}"
        print(f"{about} {found['categories']:10,}  {with_rules}   | {without}", flush=True)
    if not report:
        parser.error(f"none of the data sets is in {given.data}")
    if given.json:
        given.json.write_text(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
