"""Wrong labels: how much they cost, and how much of it a look at the likeliest wrong ones wins back.

People label products; some answers are wrong, most often by naming a sibling of the right category. A model learns from
them and is measured on other products. Then the labels that `shelver label review` puts first are looked at again, by
somebody who knows, and a model learns from the better labels. Beside it: a look at as many labels at random.

    python benchmarks/wrong_labels.py --data DIR                            all three data sets
    python benchmarks/wrong_labels.py --data DIR --sets fashion --rows 5000     a random part of one

Labels are drawn at random, or for the most part by the margin of a model (``--chosen margin``).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from shelver.experiments.presets import find_dataset
from shelver.experiments.simulation_open import open_simulation
from shelver.experiments.simulation_scene import Scene, parents_of
from shelver.features.split import Side
from shelver.labelling.candidates import Ints
from shelver.labelling.fitting import Fitter
from shelver.labelling.known_world import World, answers_with_errors
from shelver.labelling.second_opinion import second_opinion
from shelver.labelling.wrong_labels import Doubts, doubts
from shelver.training.curves import Floats
from shelver.training.metrics import average_precision, macro_f1

Figures = dict[str, Any]
REVIEWED = (0.05, 0.1, 0.2)
"""Shares of the labels that are looked at again."""
ROUNDS = 5
"""Rounds in which margin chooses; the first is drawn at random."""


def main() -> None:
    """Measure, and print a line for each run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder with the data sets")
    parser.add_argument("--sets", default="fashion,instacart,retailer_feeds")
    parser.add_argument("--rows", type=int, default=0, help="a random part of each data set; 0: all")
    parser.add_argument("--labels", type=int, default=1500)
    parser.add_argument("--noise", default="0,0.05,0.1", help="shares of wrong labels")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--chosen", choices=("random", "margin"), default="random")
    parser.add_argument("--encoder", default="static")
    parser.add_argument("--measured", type=int, default=5000, help="products measured on at most")
    parser.add_argument("--json", default="", help="file for the figures")
    options = parser.parse_args()
    found: list[Figures] = []
    for name in options.sets.split(","):
        with tempfile.TemporaryDirectory() as folder:
            data = replace(find_dataset(name), images="")
            workspace = open_simulation(data, folder, options.data, rows=options.rows, encoder=options.encoder)
            scene = Scene(workspace)
            for seed in range(options.seeds):
                for figures in measure(known_world(scene), scene.learner("linear", True, True), options, seed):
                    found.append({"data": name, "seed": seed, **figures})
                    print(line(found[-1]), flush=True)
            workspace.close()
    summary(found)
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"options": vars(options), "runs": found}, file, indent=1)


def known_world(scene: Scene) -> World:
    """All labelled products; those with one title are near-duplicates."""
    test = scene.sides(None) == Side.TEST
    asked, measured, parents = np.flatnonzero(~test), np.flatnonzero(test), parents_of(scene.classes)
    return World(scene.truth, asked, measured, scene.pool(True).vectors, scene.copies, scene.copies, parents)


def measure(world: World, fitter: Fitter, options: argparse.Namespace, seed: int) -> Iterator[Figures]:
    """Figures of each share of wrong labels: what they cost, how good the list is, and what a review wins back.

    The same products are labelled at every share, by margin as chosen from the right labels, so that only the answers
    differ.
    """
    rng = np.random.default_rng([seed, 1])
    test = rng.permutation(world.test)[: options.measured]
    places = chosen(world, fitter, min(options.labels, len(world.asked)), options.chosen, seed)
    for share in [float(each) for each in options.noise.split(",")]:
        begun = time.perf_counter()
        truth = world.truth[places]
        only = replace(world, asked=places)
        said = answers_with_errors(only, share, np.random.default_rng([seed, 2]))[places]
        figures: Figures = {"noise": share, "labels": len(places)}
        figures["before"] = scores(world, fitter, test, places, said, seed)
        list_begun = time.perf_counter()
        found = review(world, fitter, places, said, seed)
        figures["review_seconds"] = time.perf_counter() - list_begun
        figures["list"] = list_quality(found, said != truth)
        figures["reviewed"] = []
        blind = np.random.default_rng([seed, 3]).permutation(len(places))
        for part in REVIEWED:
            size = round(part * len(places))
            for way, order in (("list", found.order), ("random", blind)):
                corrected = said.copy()
                corrected[order[:size]] = truth[order[:size]]
                now = scores(world, fitter, test, places, corrected, seed)
                figures["reviewed"].append({"share": part, "way": way, "left": int((corrected != truth).sum()), **now})
        yield figures | {"seconds": time.perf_counter() - begun}


def chosen(world: World, fitter: Fitter, labels: int, way: str, seed: int) -> Ints:
    """Places of products that are labelled: at random, or all but the first round by the smallest margin."""
    order = np.random.default_rng([seed, 4]).permutation(world.asked)
    if way == "random":
        return np.sort(order[:labels])
    places = order[: labels // ROUNDS]
    while len(places) < labels:
        rest = np.setdiff1d(world.asked, places)
        best = np.partition(fitter.fit(places, world.truth[places], seed).probabilities(rest), -2, axis=1)
        size = min(labels // ROUNDS, labels - len(places))
        places = np.concatenate([places, rest[np.argsort(best[:, -1] - best[:, -2], kind="stable")[:size]]])
    return np.sort(places)


def scores(world: World, fitter: Fitter, test: Ints, places: Ints, answers: Ints, seed: int) -> dict[str, float]:
    """Accuracy and macro-F1 of a model that learnt these labels."""
    predicted = fitter.fit(places, answers, seed).probabilities(test).argmax(axis=1)
    truth = world.truth[test]
    return {"accuracy": float((predicted == truth).mean()), "macro_f1": macro_f1(truth, predicted, world.classes)}


def review(world: World, fitter: Fitter, places: Ints, said: Ints, seed: int) -> Doubts:
    """The list of `shelver label review`."""
    groups = world.copies[places]
    opinion = second_opinion(fitter, places, said, groups, words=world.vectors.shape[1] > 0, seed=seed)
    return doubts(said, groups, opinion.probabilities, opinion.learnt, opinion.words)


def list_quality(found: Doubts, wrong: npt.NDArray[np.bool_]) -> Figures:
    """How good a list of doubtful labels is."""
    n = len(wrong)
    rank: Floats = np.zeros(n)
    rank[found.order] = np.arange(n, 0, -1)
    flagged, first = int(found.flagged.sum()), {part: found.order[: round(part * n)] for part in REVIEWED}
    return {
        "wrong": int(wrong.sum()),
        "flagged": flagged,
        "precision": float(wrong[found.flagged].mean()) if flagged else None,
        "recall": float(found.flagged[wrong].mean()) if wrong.any() else None,
        "average_precision": average_precision(rank, wrong) if wrong.any() else None,
        "recall_at": {str(part): float(wrong[own].sum() / max(1, wrong.sum())) for part, own in first.items()},
    }


def line(run: Figures) -> str:
    """One run in one line."""
    quality = run["list"]
    listed = " ".join(f"{key[0]} {quality[key]:.2f}" for key in ("precision", "recall") if quality[key] is not None)
    won = " ".join(
        f"{each['way']} {each['share']:.0%} {each['accuracy']:.3f}/{each['macro_f1']:.3f}" for each in run["reviewed"]
    )
    before = run["before"]
    return (
        f"{run['data']} seed {run['seed']} noise {run['noise']:.0%}: "
        f"{before['accuracy']:.3f}/{before['macro_f1']:.3f}; "
        f"{quality['flagged']} flagged, {quality['wrong']} wrong, {listed}; {won}; list {run['review_seconds']:.1f} s"
    )


def summary(found: list[Figures]) -> None:
    """Means over seeds: the fall, and the share of it that a review wins back."""
    clean = {(run["data"], run["seed"]): run["before"] for run in found if run["noise"] == 0}
    if not clean:
        sys.exit("no run without wrong labels to compare with; add 0 to --noise")
    for data, noise in dict.fromkeys((run["data"], run["noise"]) for run in found if run["noise"]):
        own = [run for run in found if (run["data"], run["noise"]) == (data, noise)]
        for score in ("accuracy", "macro_f1"):
            best = float(np.mean([clean[data, run["seed"]][score] for run in own]))
            fall = best - float(np.mean([run["before"][score] for run in own]))
            parts = []
            for part in REVIEWED:
                for way in ("list", "random"):
                    after = [r for run in own for r in run["reviewed"] if (r["share"], r["way"]) == (part, way)]
                    now = float(np.mean([each[score] for each in after]))
                    back = 1 - (best - now) / fall if fall > 0 else float("nan")
                    parts.append(f"{way} {part:.0%}: {back:.0%}")
            print(f"{data}, {noise:.0%} wrong, {score}: {best:.3f} falls by {fall:.3f}; won back by {', '.join(parts)}")
        recall = {part: np.mean([run["list"]["recall_at"][str(part)] for run in own]) for part in REVIEWED}
        print("  wrong labels among the first: " + ", ".join(f"{part:.0%}: {recall[part]:.0%}" for part in REVIEWED))


if __name__ == "__main__":
    main()
