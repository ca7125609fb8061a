"""A tiny catalogue with a known right answer: what a product is called decides where it belongs.

Shoes, hats and bags in many colours, of many brands and at many prices; colour, brand and price say nothing. With all
labels, a model that learns at all puts every product on its shelf: its accuracy must be 1.0.
"""

from __future__ import annotations

import csv
import importlib.util
import io
import os
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shelver.encoders.weights import INSTALL
from shelver.files import Files
from shelver.pipeline.workspace import Workspace

WORDS: Mapping[str, tuple[str, ...]] = {
    "Bags > Backpacks": ("backpack", "rucksack"),
    "Bags > Totes": ("tote",),
    "Hats > Beanies": ("beanie",),
    "Hats > Caps": ("cap", "snapback"),
    "Shoes > Boots": ("boot",),
    "Shoes > Sandals": ("sandal", "slider"),
    "Shoes > Sneakers": ("sneaker", "trainer"),
}
"""Path of each exclusive category, and the words of which one is in the title of each of its products."""

COLOURS = ("red", "green", "blue", "black", "white", "olive", "teal", "plum")
ADJECTIVES = ("classic", "light", "warm", "new", "soft", "plain", "fine")
BRANDS = ("Acme", "Borealis", "Cumulus", "")

RULES = """\
[[rule]]
category = "Shoes > Boots"
title.any = ["boot"]

[[rule]]
category = "Shoes > Sandals"
title.any = ["sandal"]

[[rule]]
category = "Hats"
title.any = ["cap", "beanie"]

[[rule]]
category = "Bags > Totes"
title.any = ["tote"]
price.max = 60
"""
"""Rules that are right but do not know all: no product of "Shoes > Sneakers" or "Bags > Backpacks" meets one."""

SETTINGS = """\
[[feeds]]
name = "toy"
path = "feed.csv"

[categories]
path = "categories.csv"

[features]
title = { kind = "text", max_tokens = 500, ngrams = 2 }
brand = { kind = "categorical", dims = 3 }
price = { kind = "number" }
"""

VECTOR = 'text_vector = { kind = "vector", encoder = "static", columns = ["title"] }\n'

NO_VECTORS = f"the encoder static needs its weights: {INSTALL}"
"""Reason to skip a test with vectors where `can_encode` is false."""


def can_encode() -> bool:
    """Are the weights of the encoder ``static`` installed?"""
    return importlib.util.find_spec("wordllama") is not None


@dataclass(frozen=True)
class Toy:
    """What was written.

    Attributes
    ----------
    folder : str
        The workspace.
    titles, answers : dict of str to str
        Title and path of the right category of each product, by the merchant's id.
    """

    folder: str
    titles: dict[str, str]
    answers: dict[str, str]

    @property
    def labels(self) -> str:
        """Path of the file with all labels."""
        return os.path.join(self.folder, "labels.csv")

    def workspace(self) -> Workspace:
        """The workspace, opened anew: settings are read again."""
        return Workspace(self.folder)


def right_answer(title: str) -> str:
    """Path of the category that a toy product's title names; empty if it names none."""
    words = set(title.lower().split())
    return next((path for path, names in WORDS.items() if words & set(names)), "")


def write_toy(
    folder: str | os.PathLike[str], products: int = 300, *, vectors: bool = False, settings: str = "", seed: int = 0
) -> Toy:
    """Write a workspace: ``shelver.toml``, ``feed.csv``, ``categories.csv``, ``rules.toml`` and ``labels.csv``.

    Parameters
    ----------
    folder : str or path
        Where; made if it does not exist.
    products : int
        How many; with fewer than about 100 a category may have no product to learn from.
    vectors : bool
        With a text vector (which needs the weights of the encoder ``static``), hence with the models' prior.
    settings : str
        More of ``shelver.toml``, for example ``[training]`` and ``[engine]``.
    seed : int
        Another number gives other products.
    """
    rng = random.Random(seed)  # noqa: S311 (not for secrets)
    titles, rows = {}, []
    paths = list(WORDS)
    for number in range(products):
        word = rng.choice(WORDS[paths[number % len(paths)]])
        key = f"t{number:04}"
        titles[key] = f"{rng.choice(ADJECTIVES).title()} {rng.choice(COLOURS)} {word} {1000 + number}"
        rows.append((key, titles[key], rng.choice(BRANDS), f"{rng.randint(500, 9900) / 100:.2f}"))
    answers = {key: right_answer(title) for key, title in titles.items()}
    files = Files(folder)
    files.write("shelver.toml", SETTINGS + (VECTOR if vectors else "") + "\n" + settings)
    files.write("feed.csv", _csv(("id", "title", "brand", "price"), rows))
    files.write("categories.csv", _csv(("path",), [(path,) for path in WORDS]))
    files.write("rules.toml", RULES)
    files.write("labels.csv", _csv(("id", "category"), list(answers.items())))
    return Toy(files.prefix, titles, answers)


def run_toy(toy: Toy, *, labels: bool = True) -> Workspace:
    """Do the whole job on a toy catalogue, with all labels or none."""
    workspace = toy.workspace()
    workspace.ingest()
    if labels:
        workspace.import_labels(toy.labels)
    workspace.run()
    return workspace


def shelves(workspace: Workspace) -> dict[str, str]:
    """Where the table ``predictions`` puts each product: path of the best category by the merchant's id."""
    tree = workspace.tree()
    products = workspace.products().read(["product_id", "merchant_id"]).to_pylist()
    keys = {product["product_id"]: product["merchant_id"] for product in products}
    answers = workspace.table("predictions").read(["product_id", "exclusive"]).to_pylist()
    return {keys[each["product_id"]]: str(tree.by_id(each["exclusive"][0]["category_id"])) for each in answers}


def accuracy(toy: Toy, workspace: Workspace) -> float:
    """Share of the products that are on their right shelf; 1.0 after training with all labels."""
    found = shelves(workspace)
    return sum(found[key] == answer for key, answer in toy.answers.items()) / len(toy.answers)


def _csv(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
