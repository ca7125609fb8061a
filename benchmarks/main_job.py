"""The main job measured: seconds, memory, products per second, beside scikit-learn on the same products and labels.

The demo runs in an empty workspace in a process of its own. Then the model is trained and applied once more without the
vector feature, and scikit-learn is trained on as many labels and scored on the same test side: on those drawn at
random that Shelver had, on labels that it asks for itself by margin sampling, and on all.

    python benchmarks/main_job.py                                    the groceries of the demo
    python benchmarks/main_job.py --data feed.csv --label category   a file of your own

Absolute times belong to the machine; compare the ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import f1_score

from shelver import Workspace
from shelver.config import NAME

Figures = dict[str, Any]
GOAL = 20_000
"""Products per second that `predict` should reach with `linear` on bags of words."""
ALPHAS = (1e-4, 1e-5, 3e-6)
"""Penalties of the peer that are tried; the first is scikit-learn's default."""
RANDOM, ASKED = "at random", "asked for"
"""How labels were chosen, as the demo says it."""
VECTOR = '[features.text_vector]\nkind = "vector"\nencoder = "{encoder}"\ncolumns = ["title"]\n'
"""The part of the demo's settings that asks for vectors."""


def run_demo(folder: str, options: argparse.Namespace) -> Figures:
    """Run the demo in a process of its own; gives what its ``--json`` says, and the wall time."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "shelver.cli.main", "demo", "-w", folder, "--encoder", options.encoder, "--json"]
    command += ["--data", options.data] if options.data else []
    command += ["--label", options.label] if options.label else []
    found: Figures = json.loads(subprocess.check_output(command))
    return found | {"wall_seconds": time.perf_counter() - begun}


def with_vectors(found: Figures) -> Figures:
    """Figures of the demo's last model, which has all labels."""
    steps = {step["step"]: step for step in found["steps"]}  # the last of each name
    return figures("shelver linear, words and vectors", steps, found["stages"][-1])


def without_vectors(folder: str, encoder: str) -> Figures:
    """Train and apply the same model on bags of words alone."""
    path = Path(folder, NAME)
    text, part = path.read_text(), VECTOR.format(encoder=encoder)
    if part not in text:
        sys.exit(f"the demo's settings have changed; bring VECTOR in {__file__} up to date")
    path.write_text(text.replace(part, ""))
    workspace = Workspace(folder)
    steps = {step.name: step.as_dict() for step in [*workspace.prepare(), workspace.train()]}
    scores = workspace.evaluate().model.exclusive
    steps["predict"] = workspace.predict().as_dict()
    workspace.close()
    path.write_text(text)
    if scores is None:
        sys.exit("no labels on the test side")
    return figures("shelver linear, words alone", steps, scores.as_dict())


def figures(name: str, steps: dict[str, Figures], scores: Figures) -> Figures:
    """What is compared, of one contestant."""
    return {
        "name": name,
        "train_seconds": steps["train"]["seconds"],
        "predicted_per_second": steps["predict"]["rows"] / steps["predict"]["seconds"],
        "accuracy": scores["accuracy"],
        "macro_f1": scores["macro_f1"],
    }


def scikit_learn(folder: str) -> list[Figures]:
    """Train scikit-learn on as many labels as the demo gave to Shelver; score it on the same test side.

    What is at random are the same products. What is asked for it chooses itself, in batches of the same size: the first
    at random, then by margin (Scheffer et al. 2001). Of some strengths of its penalty it is given the one that is best
    on the test side, which flatters it a little. Its vocabulary is that of all products outside the test side, as
    Shelver's is.
    """
    workspace = Workspace(folder)
    products = workspace.products().read(["product_id", "title"])
    history = workspace.control.label_history().filter(pc.field("kind") == "assign")
    current = workspace.control.current_labels()
    batch = workspace.config.labelling.batch
    workspace.close()
    place = {product_id: i for i, product_id in enumerate(products["product_id"].to_pylist())}
    truth = np.full(len(place), "", object)
    for product_id, category in zip(current["product_id"].to_pylist(), current["category_id"].to_pylist(), strict=True):
        truth[place[product_id]] = category
    given: dict[str, list[int]] = {}
    for name, product_id in zip(history["batch"].to_pylist(), history["product_id"].to_pylist(), strict=True):
        given.setdefault(name.removeprefix("demo "), []).append(place[product_id])
    test = np.asarray(given.pop("measure"), np.int64)
    peer = Peer(np.asarray(products["title"].to_pylist(), object), truth, test)
    chances = [places for name, places in given.items() if name.startswith(RANDOM)]
    sizes = [sum(map(len, chances[: i + 1])) for i in range(len(chances))]
    at_random = np.asarray(list(chain.from_iterable(chances)), np.int64)
    known = np.setdiff1d(np.flatnonzero(truth != ""), test)
    found = []
    for size in sizes:
        found.append(best(peer.score(f"{size:,} {RANDOM}", at_random[:size], a) for a in ALPHAS))
    asked = {a: peer.asked_for(known, max(sizes, default=0), batch, a) for a in ALPHAS}
    for size in sizes:
        found.append(best(peer.score(f"{size:,} {ASKED}", asked[a][:size], a) for a in ALPHAS))
    found.sort(key=lambda figures: figures["labels"])
    return [*found, best(peer.score("all labels", known, a) for a in ALPHAS)]


class Peer:
    """TF-IDF of words and pairs of words, and a linear model by stochastic gradient descent.

    Parameters
    ----------
    titles : ndarray of object, shape (products,)
        Texts.
    truth : ndarray of object, shape (products,)
        Right categories; empty where not known.
    test : ndarray of int64
        Products that are only measured on.
    """

    def __init__(
        self, titles: npt.NDArray[np.object_], truth: npt.NDArray[np.object_], test: npt.NDArray[np.int64]
    ) -> None:
        self.titles, self.truth, self.test = titles, truth, test
        self.seen = np.setdiff1d(np.arange(len(titles)), test)

    @cached_property
    def inputs(self) -> csr_matrix:
        """Inputs of all products, made once for all the models that ask for labels."""
        return self._words().transform(self.titles)

    def _words(self) -> TfidfVectorizer:
        words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, max_features=8000, sublinear_tf=True)
        return words.fit(self.titles[self.seen])

    def asked_for(self, known: npt.NDArray[np.int64], most: int, batch: int, a: float) -> npt.NDArray[np.int64]:
        """Products to label, in order: the first batch at random, then always those with the smallest margin."""
        asked = np.random.default_rng(0).permutation(known)[: min(batch, most)]
        while len(asked) < min(most, len(known)):
            size, rest = min(batch, most - len(asked)), np.setdiff1d(known, asked)
            if len(set(self.truth[asked])) < 2:
                more = np.random.default_rng(len(asked)).permutation(rest)[:size]
            else:
                model = SGDClassifier(loss="log_loss", alpha=a, random_state=0)
                model.fit(self.inputs[asked], self.truth[asked].tolist())
                two = np.partition(model.predict_proba(self.inputs[rest]), -2, axis=1)[:, -2:]
                more = rest[np.argsort(two[:, 1] - two[:, 0], kind="stable")[:size]]
            asked = np.concatenate([asked, more])
        return asked

    def score(self, given: str, labelled: npt.NDArray[np.int64], a: float) -> Figures:
        """Train on some labels, and apply it to all products; all of it is timed."""
        model = SGDClassifier(loss="log_loss", alpha=a, random_state=0)
        begun = time.perf_counter()
        words = self._words()
        model.fit(words.transform(self.titles[labelled]), self.truth[labelled].tolist())
        trained = time.perf_counter()
        answers = model.classes_[model.predict_proba(words.transform(self.titles)).argmax(axis=1)]
        done = time.perf_counter()
        truth, said = self.truth[self.test].tolist(), answers[self.test]
        return {
            "name": f"scikit-learn TF-IDF + SGD, alpha {a:g}",
            "given": given,
            "labels": len(labelled),
            "train_seconds": trained - begun,
            "predicted_per_second": len(self.titles) / (done - trained),
            "accuracy": float((np.asarray(truth) == said).mean()),
            "macro_f1": float(f1_score(truth, said, average="macro")),
        }


def best(found: Iterable[Figures]) -> Figures:
    """What has the best penalty."""
    return max(found, key=accuracy)


def accuracy(found: Figures) -> float:
    """What the peer's best penalty is chosen by."""
    return float(found["accuracy"])


def show_labels(stages: list[Figures], peers: list[Figures]) -> None:
    """Print how good Shelver and its peer are with as many labels."""
    by_name = {each["given"]: each for each in peers}
    print(f"{'same test side':<28}{'labels':>8}{'Shelver right, F1':>20}{'scikit-learn right, F1':>26}")
    for stage in stages:
        other = by_name.get(stage["name"])
        theirs = f"{other['accuracy']:.3f}  {other['macro_f1']:.3f}" if other else "-"
        ours = f"{stage['accuracy']:.3f}  {stage['macro_f1']:.3f}"
        print(f"{stage['name']:<28}{stage['labels']:>8,}{ours:>20}{theirs:>26}")
    print()


def show_steps(found: Figures) -> None:
    """Print seconds and peak memory of each step of the demo, summed over its rounds."""
    print(f"{found['products']:,} products, {found['categories']:,} categories, {os.cpu_count()} cores\n")
    print(f"{'step':<24}{'seconds':>10}{'times':>8}{'peak MB':>10}")
    for name in dict.fromkeys(step["step"] for step in found["steps"]):
        seconds = [step["seconds"] for step in found["steps"] if step["step"] == name and not step["fresh"]]
        memory = found["peak_memory_mb"].get(name, "")
        print(f"{name:<24}{sum(seconds):>10.1f}{len(seconds):>8}{memory:>10}")
    print(f"{'all, with start-up':<24}{found['wall_seconds']:>10.1f}")
    print("The peak is that of the process so far; a step without one is part of the next that has one.\n")


def show_contest(contest: list[Figures]) -> None:
    """Print Shelver and its peer side by side, with ratios."""
    other = contest[-1]
    header = ("training s", "products/s", "accuracy", "macro-F1", "speed ratio")
    print(f"{'all labels':<44}" + "".join(f"{word:>12}" for word in header))
    for each in contest:
        ratio = each["predicted_per_second"] / other["predicted_per_second"]
        print(
            f"{each['name']:<44}{each['train_seconds']:>12.1f}{each['predicted_per_second']:>12,.0f}"
            f"{each['accuracy']:>12.3f}{each['macro_f1']:>12.3f}{ratio:>12.2f}"
        )
    words = contest[1]["predicted_per_second"]
    print(f"\nwords alone: {words / GOAL:.2f} of the goal of {GOAL:,} products/s")
    print(
        "Shelver's predict reads tables, answers both objectives and writes a table; the peer answers one, in memory."
    )


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="", help="a feed file of your own; the demo's groceries if not given")
    parser.add_argument("--label", default="", help="its column of categories")
    parser.add_argument("--encoder", default="minilm-int8", help="text encoder (minilm-int8)")
    parser.add_argument("--json", metavar="OUT", help="also write all figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = run_demo(folder, options)
        show_steps(found)
        peers = scikit_learn(folder)
        contest = [with_vectors(found), without_vectors(folder, options.encoder), peers[-1]]
    show_labels(found["stages"], peers)
    show_contest(contest)
    if options.json:
        Path(options.json).write_text(json.dumps({"demo": found, "contest": contest, "peers": peers}, indent=1))


if __name__ == "__main__":
    main()
