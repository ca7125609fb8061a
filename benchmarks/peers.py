"""Shelver beside its peers in one run: same products, same columns, same split, same machine.

scikit-learn, fastText, Ludwig and AutoGluon each live in an environment of their own (see ``benchmarks/peers``), get
the split as CSV files, and write down their answers; labels of the test side stay here. Shelver's models each run in
a process of their own on a copy of the workspace.

    python benchmarks/peers/install.py VENVS
    python benchmarks/peers.py --data DIR --venvs VENVS --json figures.json --plot figures.png
    python benchmarks/peers.py --data DIR --venvs VENVS --sets fashion --rows 3000 --only shelver-linear,fasttext

Absolute times belong to the machine; compare within a run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from peers_task import Split, export, own_dataset
from peers_verdict import Row, judge, macro_f1, plot, show

from shelver.experiments.data import open_dataset
from shelver.experiments.presets import PRESETS
from shelver.experiments.spec import Dataset
from shelver.features.split import Side

HERE = Path(__file__).parent / "peers"


@dataclass(frozen=True)
class Contestant:
    """Who takes part: environment (empty: ours), script, which of its settings, whether it looks at pictures."""

    venv: str
    script: str
    variant: str
    images: bool = False


CONTESTANTS = {
    "shelver-linear": Contestant("", "run_shelver.py", "linear"),
    "shelver-linear-vectors": Contestant("", "run_shelver.py", "linear-vectors"),
    "shelver-linear-minilm": Contestant("", "run_shelver.py", "linear-minilm"),
    "shelver-mlp": Contestant("", "run_shelver.py", "mlp"),
    "shelver-wide_deep": Contestant("", "run_shelver.py", "wide_deep"),
    "shelver-wide_deep-vectors": Contestant("", "run_shelver.py", "wide_deep-vectors"),
    "shelver-joint-images": Contestant("", "run_shelver.py", "joint-images", images=True),
    "sklearn-logistic": Contestant("sklearn", "run_sklearn.py", "logistic"),
    "sklearn-sgd": Contestant("sklearn", "run_sklearn.py", "sgd"),
    "sklearn-sgd-chars": Contestant("sklearn", "run_sklearn.py", "sgd-chars"),
    "sklearn-svc": Contestant("sklearn", "run_sklearn.py", "svc"),
    "fasttext": Contestant("fasttext", "run_fasttext.py", "plain"),
    "fasttext-chars": Contestant("fasttext", "run_fasttext.py", "chars"),
    "fasttext-autotune": Contestant("fasttext", "run_fasttext.py", "autotune"),
    "ludwig": Contestant("ludwig", "run_ludwig.py", "text"),
    "ludwig-images": Contestant("ludwig", "run_ludwig.py", "images", images=True),
    "autogluon": Contestant("autogluon", "run_autogluon.py", ""),
}
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def compete(name: str, split: Split, base: Path, options: argparse.Namespace) -> Row:
    """Let one contestant train and answer in a process of its own; gives its figures, or why there are none."""
    who = CONTESTANTS[name]
    out = split.folder / f"{name}.json"
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    if options.threads:
        environment |= dict.fromkeys(THREADS, str(options.threads))
    if who.venv:
        python = Path(options.venvs, who.venv, "bin", "python")
        if not python.exists():
            return {"name": name, "error": f"not installed: {python} (see benchmarks/peers/README.md)"}
        command = [str(python), str(HERE / who.script), str(split.folder), str(out)]
        command += ["--variant", who.variant, "--seconds", str(options.seconds)]
    else:
        copy = split.folder / f"{name}.workspace"
        shutil.copytree(base, copy)
        command = [sys.executable, str(HERE / who.script), str(copy), str(split.folder / "ids.json"), str(out)]
        command += ["--variant", who.variant]
    with (split.folder / f"{name}.log").open("w+b") as log:
        error = limited(command, options.limit, log, environment)
        log.seek(0)
        said = log.read().decode(errors="replace")
    if error or not out.exists():
        lines = [line for line in said.splitlines() if line.strip()]
        return {"name": name, "error": error or (lines[-1][:300] if lines else "no answer"), "log": lines[-30:]}
    found: Row = json.loads(out.read_text())
    shutil.rmtree(split.folder / f"{name}.workspace", ignore_errors=True)
    shutil.rmtree(out.with_suffix(".files"), ignore_errors=True)
    return {"name": name, **scored(found, split)}


def limited(command: Sequence[str], seconds: float, log: Any, environment: dict[str, str]) -> str:
    """Run a command within a time; gives what went wrong. Whatever it started ends with it."""
    process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
    try:
        code = process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return f"not done after {seconds:.0f} s"
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    return "" if code == 0 else last_line(log, code)


def last_line(log: Any, code: int) -> str:
    """What a failed process said last."""
    log.seek(0)
    lines = [line for line in log.read().decode(errors="replace").splitlines() if line.strip()]
    return f"exit {code}: {lines[-1][:300] if lines else ''}"


def scored(found: Row, split: Split) -> Row:
    """Figures of a contestant from its answers."""
    answers = found.pop("answers")
    start = len(split.truth[Side.TRAIN])
    end = start + len(split.truth[Side.VALID])
    valid, test = answers[start:end], answers[end:]
    truth = split.truth[Side.TEST]
    return {
        **found,
        "accuracy": float(np.mean([a == b for a, b in zip(test, truth, strict=True)])),
        "macro_f1": macro_f1(truth, test),
        "valid_macro_f1": macro_f1(split.truth[Side.VALID], valid),
        "predicted_per_second": found["rows"] / found["predict_seconds"],
        "test_answers": test,
    }


def contest(name: str, dataset: Dataset, options: argparse.Namespace, folder: Path) -> Row:
    """All contestants on one data set."""
    labels = 0 if options.labels == "all" else int(options.labels)
    base = folder / "workspace"
    workspace = open_dataset(dataset, base, options.data, rows=options.rows, known_only=True, labels=labels)
    split = export(workspace, dataset, folder / "task")
    workspace.close()
    sizes = {side.name.lower(): len(truth) for side, truth in split.truth.items()}
    classes = len({label for truth in split.truth.values() for label in truth})
    print(f"\n{name}: {sizes}, {classes} categories", file=sys.stderr)
    rows = []
    for each in options.only:
        if CONTESTANTS[each].images and not dataset.images:
            continue
        begun = time.perf_counter()
        rows.append(compete(each, split, base, options))
        said = rows[-1].get("error") or f"macro-F1 {rows[-1]['macro_f1']:.3f}"
        print(f"  {each}: {said}, {time.perf_counter() - begun:.0f} s in all", file=sys.stderr)
    verdict = judge(rows, split.truth[Side.TEST])
    for row in rows:
        row.pop("test_answers", None)
    return {"set": name, "sides": sizes, "categories": classes, "rows": rows, "verdict": verdict}


def names(text: str, allowed: Iterable[str]) -> list[str]:
    """A list with commas, all of it allowed."""
    options = list(allowed)
    for name in text.split(","):
        if name not in options:
            raise argparse.ArgumentTypeError(f"{name}: choose from {', '.join(options)}")
    return text.split(",")


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default=".", help="folder of the data sets")
    parser.add_argument("--sets", type=lambda text: names(text, PRESETS), default=list(PRESETS), help="which (all)")
    parser.add_argument("--file", default="", help="instead: a file of your own, relative to --data")
    parser.add_argument("--label", default="category", help="its column of categories, or columns with commas")
    parser.add_argument("--field", action="append", default=[], help="its product field=column; may be repeated")
    parser.add_argument("--venvs", default="", help="folder of the peers' environments")
    parser.add_argument("--only", type=lambda text: names(text, CONTESTANTS), default=list(CONTESTANTS), help="who")
    parser.add_argument("--labels", default="all", help="labels of each category outside the test side (all)")
    parser.add_argument("--rows", type=int, default=0, help="a random part with so many products (all)")
    parser.add_argument(
        "--seconds", type=float, default=90.0, help="time that AutoGluon, Ludwig and autotune may take (90)"
    )
    parser.add_argument("--threads", type=int, default=0, help="of everybody; 1 on a busy machine (as they choose)")
    parser.add_argument("--limit", type=float, default=600.0, help="stop a contestant after so many seconds (600)")
    parser.add_argument("--json", metavar="OUT", help="also write all figures to this file")
    parser.add_argument("--plot", metavar="PNG", help="also draw macro-F1 against seconds (needs matplotlib)")
    parser.add_argument("--keep", metavar="DIR", help="keep splits and logs in this folder, which must not exist")
    return parser.parse_args()


def main() -> None:
    """Parse, measure, print."""
    options = parse()
    sets = {name: PRESETS[name] for name in options.sets}
    if options.file:
        sets = {"own": own_dataset(options.file, options.label, options.field)}
    load = os.getloadavg()[0]
    found = []
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(options.keep or scratch)
        if options.keep:
            place.mkdir(parents=True)
        for name, dataset in sets.items():
            found.append(contest(name, dataset, options, place / name))
            show(name, found[-1]["rows"], found[-1]["verdict"])
    machine = {
        "cores": os.cpu_count(),
        "load_before": load,
        "threads": options.threads,
        "python": platform.python_version(),
    }
    print(f"\n{machine['cores']} cores, load before the run {load:.1f}")
    if options.json:
        Path(options.json).write_text(json.dumps({"machine": machine, "sets": found}, indent=1))
    if options.plot:
        plot(found, options.plot)


if __name__ == "__main__":
    main()
