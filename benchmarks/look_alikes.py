"""How pure are the look-alikes that are offered, and how many products does one answer settle?

    python benchmarks/look_alikes.py --data DIR [--dataset fashion ...] [--rows 5000] [--answers 300] [--seeds 3]

A random product without a label is asked about and gets its known category; what is offered beside it is confirmed as a
careful person would, only where it is right. So it goes on for so many answers. Nothing is learnt from the wrong ones.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from shelver import Workspace
from shelver.config import Training, Vector
from shelver.experiments.data import open_dataset
from shelver.experiments.presets import PRESETS
from shelver.labelling.alike import Known, look_alikes
from shelver.labelling.fitting import Fitter
from shelver.labelling.likeness import safe_nearness
from shelver.labelling.pool import Pool
from shelver.labelling.rule_clash import rules_against
from shelver.pipeline.alike import LookAlikes
from shelver.pipeline.prepare import dataset

REFIT = 50
"""Answers after which the model is trained anew."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all data sets that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder of the data sets")
    parser.add_argument("--dataset", nargs="*", default=list(PRESETS), choices=list(PRESETS))
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--answers", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--encoder", default="static")
    parser.add_argument("--out", default="", help="write the figures as JSON")
    chosen = parser.parse_args(arguments)
    found = []
    for name in chosen.dataset:
        with tempfile.TemporaryDirectory() as folder:
            features = {**PRESETS[name].features, "text_vector": Vector(encoder=chosen.encoder)}
            settings = {"features": features}
            workspace = open_dataset(
                name, Path(folder) / name, chosen.data, rows=chosen.rows, known_only=True, settings=settings
            )
            workspace.prepare()
            for model in (False, True):
                found.append(measure(workspace, name, chosen.answers, range(chosen.seeds), model))
                print(line(found[-1]), flush=True)
            workspace.close()
    if chosen.out:
        Path(chosen.out).write_text(json.dumps(found, indent=1) + "\n")


def measure(workspace: Workspace, name: str, answers: int, seeds: Sequence[int], model: bool) -> dict[str, Any]:
    """Figures of one data set, with a model's opinion or without."""
    alike = LookAlikes(workspace)
    examples = dataset(workspace).examples
    truth = examples.answers["exclusive"].astype(np.int64)
    pool = Pool(examples, np.arange(examples.products))
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    settled, seconds = 0, []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        said, free = np.full(len(truth), -1, np.int64), truth >= 0
        tell = None
        for number in range(answers):
            if model and number % REFIT == 0 and number:
                places = np.flatnonzero(said >= 0)
                tell = fitter(workspace, pool).fit(places, said[places]).probabilities
            if not free.any():
                break
            place = int(rng.choice(np.flatnonzero(free)))
            said[place], free[place] = truth[place], False
            known = np.flatnonzero(said >= 0)
            nearness = safe_nearness(alike.likeness.vectors[known], said[known], alike.usual)
            against = rules_against(examples.hits, examples.classes)
            begun = time.perf_counter()
            offered = look_alikes(alike.likeness, place, int(truth[place]), Known(said, free, against, tell), nearness)
            seconds.append(time.perf_counter() - begun)
            settled += 1
            for each in offered:
                fits = truth[each.place] == truth[place]
                (right if fits else wrong)["near" if "alike" in each.reason else each.reason] += 1
                if fits:
                    free[each.place] = False
                    settled += 1
    total = sum(right.values()) + sum(wrong.values())
    asked = len(seconds)
    return {
        "dataset": name,
        "model": model,
        "products": len(truth),
        "answers": asked,
        "offered": total,
        "pure": sum(right.values()) / max(1, total),
        "settled_per_answer": settled / max(1, asked),
        "milliseconds": 1000 * float(np.median(seconds)),
        "usual_nearness": alike.usual,
        "by_reason": {
            reason: {"offered": right[reason] + wrong[reason], "pure": right[reason] / (right[reason] + wrong[reason])}
            for reason in sorted(right.keys() | wrong.keys())
        },
    }


def fitter(workspace: Workspace, pool: Pool) -> Fitter:
    """What trains the configured model on the labels given so far."""
    config = workspace.config
    training = Training(objectives=("exclusive",))
    objectives = {"exclusive": config.objectives["exclusive"]}
    return Fitter(
        pool, config.models[config.training.model], objectives, training, lambda name: encoder(workspace, name)
    )


def encoder(workspace: Workspace, name: str) -> Any:
    """A text encoder, for the words of the tree."""
    return workspace.encode_stage("words", Vector(encoder=name)).encoder.encode


def line(found: dict[str, Any]) -> str:
    """One line of text."""
    reasons = ", ".join(f"{name} {v['offered']:,} ({v['pure']:.1%})" for name, v in found["by_reason"].items())
    return (
        f"{found['dataset']:<16} {'model' if found['model'] else 'no model':<9} {found['offered']:>6,} offered, "
        f"{found['pure']:.1%} right; {found['settled_per_answer']:.2f} products an answer; "
        f"{found['milliseconds']:.1f} ms (median); near is {found['usual_nearness']:.2f}; {reasons}"
    )


if __name__ == "__main__":
    main()
