"""A big catalogue from end to end: rows, labels and products per second, and peak memory, each step in a process.

    python benchmarks/scale.py                                              1,000,000 products × 1,300 categories
    python benchmarks/scale.py --rows 50000 --models linear --folder /tmp/shop

The catalogue is made by ``amplify.py`` from the real products of the demo. An example is a product with its answer for
one objective; training learns two, `exclusive` and `rule_based`. The seconds of training count everything: start-up,
validation, checkpoints, calibration, writing the model. "parts" is what one step is made of. A folder that was used
before is used again, and only what is missing in it is made.

"cores" is processor time divided by time on the clock: on a machine that has other work to do it is less than it could
be, and so are all rates. "per core" is the rate for each second of processor time.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from shelver import Workspace
from shelver.config import NAME, Bagged, Combined
from shelver.features.split import Side
from shelver.models.folder import build_net
from shelver.pipeline.prepare import dataset
from shelver.pipeline.step import Step
from shelver.training.objectives import make_learners
from shelver.training.optimizer import make_optimizer
from shelver.training.schedule import plan

Figures = dict[str, Any]
GOALS = {"train linear": 20_000, "train wide_deep": 8_000, "predict linear": 20_000}
"""Examples, or products, per second on two cores."""
MEMORY = 4096
"""Megabytes that training may take."""
SETTINGS = """\
[[feeds]]
name = "big"
path = "feed.csv"
[feeds.columns]
category = ""
raw_category = ""

[categories]
path = "categories.csv"

[features]
title = {{ kind = "text", max_tokens = 8000 }}
brand = {{ kind = "categorical", max_values = 5000 }}
description = {{ kind = "text", max_tokens = 8000 }}
price = {{ kind = "number" }}
text_vector = {{ kind = "vector", encoder = "static", columns = ["title"] }}

[training]
model = "{model}"
epochs = {epochs}
batch_size = {batch_size}
"""


def measured(command: list[str]) -> Figures:
    """Run a process; gives what it prints as JSON, and its seconds, cores and peak memory in megabytes."""
    begun = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(command, stdout=out)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"{' '.join(command)} ended with {process.returncode}")
        out.seek(0)
        text = out.read()
    wall, processor = time.perf_counter() - begun, used.ru_utime + used.ru_stime
    said: Figures = json.loads(text.splitlines()[-1])
    return {"wall": wall, "processor": processor, "peak_mb": used.ru_maxrss / 1024, "seconds": wall, **said}


def work(step: str, folder: str) -> Figures:
    """Do one step in this process."""
    workspace = Workspace(folder)
    verbs: dict[str, Callable[[Workspace], Figures]] = {
        "ingest": lambda w: {"rows": sum(each.rows for each in w.ingest())},
        "rules": lambda w: {"rows": len(w.suggest_rules())},
        "labels": lambda w: {"rows": w.import_labels(os.path.join(folder, "labels.csv")).rows},
        "prepare": lambda w: {"steps": {each.name: each.seconds for each in w.prepare()}, "rows": w.products().count()},
        "parts": lambda w: {"parts": parts(w), "rows": 0},
        "train": trained,
        "predict": lambda w: of_step(w.predict()),
    }
    return verbs[step](workspace)


def of_step(step: Step) -> Figures:
    """Rows and seconds of a step."""
    return {"rows": step.rows, "seconds": step.seconds, "fresh": step.fresh}


def trained(workspace: Workspace) -> Figures:
    """Train; the rows are examples: an objective with fewer labels starts over, so they are seen more than once."""
    step, config = workspace.train(), workspace.config.training
    examples = dataset(workspace).examples
    labels = {name: len(examples.rows(name, Side.TRAIN)) for name in config.objectives}
    passed = sum(phase.steps * sum(phase.rows.values()) for phase in plan(config, labels))
    return {**of_step(step), "rows": passed * step.details.get("epochs", config.epochs), "labels": labels}


def parts(workspace: Workspace, steps: int = 12) -> dict[str, float]:
    """Milliseconds of each part of a training step: the median over some steps, all objectives together."""
    examples, config = dataset(workspace).examples, workspace.config
    objectives = {name: config.objectives[name] for name in config.training.objectives}
    spec = config.models[config.training.model]
    if isinstance(spec, Combined | Bagged):
        sys.exit(f"{config.training.model} is made of other models; measure those")
    net = build_net(spec, examples.transform, examples.classes, objectives)
    learners = make_learners(objectives, examples)
    optimizer = make_optimizer(net, {name: len(examples.rows(name, Side.TRAIN)) for name in objectives})
    found: dict[str, list[float]] = {}

    @contextmanager
    def part(name: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        found[name][-1] += 1000 * (time.perf_counter() - begun)

    size = config.training.batch_size
    rng = np.random.default_rng(0)
    streams = {name: examples.batches(name, Side.TRAIN, size, rng) for name in objectives}
    begun = time.perf_counter()
    firsts = {name: next(stream) for name, stream in streams.items()}
    window = 1000 * (time.perf_counter() - begun)
    net.train()
    for _ in range(steps):
        for name in ("take", "forward", "loss", "backward", "optimizer"):
            found.setdefault(name, []).append(0.0)
        optimizer.zero_grad(set_to_none=True)
        for name, stream in streams.items():
            with part("take"):
                batch, target = next(stream, firsts[name])
            with part("forward"):
                logits = net(batch, name)
            with part("loss"):
                loss = learners[name].supervised(logits, target)
            with part("backward"):
                torch.autograd.backward(loss)
        with part("optimizer"):
            optimizer.step()
    held = min(65_536, *(len(examples.rows(name, Side.TRAIN)) for name in objectives))
    return {"read": window * size / held, **{name: float(np.median(times)) for name, times in found.items()}}


def settings(folder: str, model: str, options: argparse.Namespace) -> None:
    """Write ``shelver.toml`` for a model."""
    text = SETTINGS.format(model=model, epochs=options.epochs, batch_size=options.batch_size)
    Path(folder, NAME).write_text(text)


def run(folder: str, options: argparse.Namespace) -> dict[str, Figures]:
    """All steps, each in a process of its own."""
    here = [sys.executable, __file__, "--folder", folder, "--work"]
    found: dict[str, Figures] = {}

    def step(name: str, command: list[str]) -> None:
        found[name] = measured(command)
        show(name, found[name])

    settings(folder, options.models[0], options)
    if not Path(folder, "labels.csv").exists():
        amplify = [sys.executable, str(Path(__file__).with_name("amplify.py")), folder, "--rows", str(options.rows)]
        amplify += ["--categories", str(options.categories), "--share", str(options.share), "--json"]
        step("amplify", amplify)
    for name in ("ingest", *(() if Path(folder, "rules.toml").exists() else ("rules",)), "labels", "prepare"):
        step(name, [*here, name])
    for model in options.models:
        settings(folder, model, options)
        for name in ("parts", "train", "predict"):
            step(f"{name} {model}", [*here, name])
    return found


def show(name: str, found: Figures) -> None:
    """Print a line about a step."""
    if "parts" in found:
        total = sum(found["parts"].values())
        print(
            f"  {name}: " + ", ".join(f"{part} {ms:.0f}" for part, ms in found["parts"].items()) + f" = {total:.0f} ms"
        )
        return
    rate = found["rows"] / found["seconds"]
    cores = found["processor"] / found["wall"]
    line = (
        f"{name:<18}{found['rows']:>12,}{found['seconds']:>10.1f}{rate:>12,.0f}{found['peak_mb']:>10,.0f}{cores:>8.2f}"
    )
    line += f"{found['rows'] / found['processor']:>12,.0f}"
    goal = GOALS.get(name)
    if goal and not found.get("fresh"):
        line += f"   goal {goal:,}: {'reached' if rate >= goal else 'NOT reached'}"
    if name.startswith("train"):
        line += f"; {MEMORY:,} MB: {'kept' if found['peak_mb'] <= MEMORY else 'NOT kept'}"
    print(line + ("   (was there already)" if found.get("fresh") else ""), flush=True)


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--categories", type=int, default=1300)
    parser.add_argument("--share", type=float, default=1.0, help="share of the rows that is labelled (1.0)")
    parser.add_argument("--models", nargs="+", default=["linear", "wide_deep"])
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--batch-size", type=int, default=2048)
    parser.add_argument("--folder", help="where to work; a temporary folder if not given")
    parser.add_argument("--json", metavar="OUT", help="also write all figures to this file")
    parser.add_argument("--work", metavar="STEP", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        print(json.dumps(work(options.work, options.folder)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or temporary
        Path(folder).mkdir(parents=True, exist_ok=True)
        load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
        print(
            f"{os.cpu_count()} cores; load before: {load}; batches of {options.batch_size:,}, {options.epochs} epoch(s)"
        )
        print(f"{'step':<18}{'rows':>12}{'seconds':>10}{'rows/s':>12}{'peak MB':>10}{'cores':>8}{'per core':>12}")
        found = run(folder, options)
    if options.json:
        Path(options.json).write_text(json.dumps({"load": load, "steps": found}, indent=1))


if __name__ == "__main__":
    main()
