"""Shelver's labelling beside its peers in one run: who makes the most of N labels, and how long a round takes.

scikit-learn, small-text, scikit-activeml and SetFit each live in an environment of their own (``benchmarks/peers``).
Everybody gets the same products, texts, category columns and sentence vectors, asks the same oracle for 100 labels at
a time, and answers for the same test products, whose categories stay here.

    python benchmarks/peers/install.py VENVS sklearn small-text scikit-activeml setfit
    python benchmarks/label_peers.py --data DIR --venvs VENVS --keep WORK --json figures.json --markdown figures.md

With ``--keep`` a run that was stopped goes on where it was. Absolute times belong to the machine; compare within a run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from label_peers_task import LabelTask, make_task
from label_peers_verdict import OURS, Row, budgets_up_to, judge, merge, said, scored, table, verdict_table
from peers import THREADS, limited, names

from shelver.experiments.presets import PRESETS

HERE = Path(__file__).parent / "peers"


@dataclass(frozen=True)
class Contestant:
    """Who takes part: family (and environment; empty: ours), script, which of its settings.

    ``gaps``: it goes from budget to budget without rounds between. ``seeds``: how many at most; 0: all.
    """

    family: str
    script: str
    variant: str
    gaps: bool = False
    seeds: int = 0


CONTESTANTS = {
    OURS: Contestant("shelver", "run_labels_shelver.py", "default-prior"),
    "shelver, margin": Contestant("shelver", "run_labels_shelver.py", "margin-prior"),
    "shelver, random": Contestant("shelver", "run_labels_shelver.py", "random-prior"),
    "shelver, no tree": Contestant("shelver", "run_labels_shelver.py", "margin"),
    "scikit-learn": Contestant("sklearn", "run_labels_sklearn.py", "both"),
    "scikit-learn, tree": Contestant("sklearn", "run_labels_sklearn.py", "tree"),
    "scikit-learn, vectors": Contestant("sklearn", "run_labels_sklearn.py", "vectors"),
    "scikit-learn, random": Contestant("sklearn", "run_labels_sklearn.py", "both-random"),
    "small-text": Contestant("small-text", "run_labels_small_text.py", "svc"),
    "small-text, logistic": Contestant("small-text", "run_labels_small_text.py", "ties"),
    "small-text, contrastive": Contestant("small-text", "run_labels_small_text.py", "contrastive"),
    "small-text, coreset": Contestant("small-text", "run_labels_small_text.py", "coreset"),
    "scikit-activeml": Contestant("scikit-activeml", "run_labels_activeml.py", "margin"),
    "scikit-activeml, typiclust": Contestant("scikit-activeml", "run_labels_activeml.py", "typiclust-margin"),
    "scikit-activeml, badge": Contestant("scikit-activeml", "run_labels_activeml.py", "badge"),
    "setfit": Contestant("setfit", "run_labels_setfit.py", "5", gaps=True, seeds=1),
}
OWN = [name for name, who in CONTESTANTS.items() if who.family == OURS]
FAMILIES = list(dict.fromkeys(who.family for who in CONTESTANTS.values()))


def played(name: str, seed: int, task: LabelTask, budgets: list[int], options: argparse.Namespace) -> Row:
    """Let one contestant play once, in a process of its own; what was played before is taken."""
    who = CONTESTANTS[name]
    place = task.folder.parent / f"played-{options.batch}-{'-'.join(map(str, budgets))}"
    key = f"{who.script.removesuffix('.py')}-{who.variant}"
    out, ended = place / f"{key}.json", place / f"{key}.ended"
    if not ended.exists():
        place.mkdir(parents=True, exist_ok=True)
        out.unlink(missing_ok=True)
        python = Path(sys.executable) if who.family == OURS else Path(options.venvs, who.family, "bin", "python")
        if not python.exists():
            return {"name": name, "seed": seed, "stopped": f"not installed: {python}"}
        command = [str(python), str(HERE / who.script), str(task.folder), str(out), "--variant", who.variant]
        command += ["--seed", str(seed), "--batch", "0" if who.gaps else str(options.batch)]
        command += ["--budgets", ",".join(map(str, budgets))]
        environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
        environment |= dict.fromkeys(THREADS, str(options.threads)) | {"PYTHONWARNINGS": "ignore"}
        with (place / f"{key}.log").open("w+b") as log:
            error = limited(command, options.limit, log, environment)
        if error.startswith("exit"):  # a fault is no result: the next run tries again
            return {"name": name, "seed": seed, "stopped": error}
        ended.write_text(json.dumps({"stopped": error.replace("not done after", "stopped after")}))
    found: Row = json.loads(out.read_text()) if out.exists() else {}
    return {"name": name, "seed": seed, **json.loads(ended.read_text()), **found}


def contest(name: str, place: Path, options: argparse.Namespace) -> Row:
    """All contestants and seeds on one data set; each seed has its own products, split and random numbers."""
    tasks = []
    for seed in range(options.seeds):
        where = place / f"{name}-{options.rows or 'all'}-{options.test}-{options.encoder}" / str(seed)
        tasks.append(make_task(PRESETS[name], options.data, where, options.rows, options.test, options.encoder, seed))
    about = {
        "set": name,
        "pool": [task.pool for task in tasks],
        "test": [len(task.test_truth) for task in tasks],
        "categories": [task.classes for task in tasks],
    }
    budgets = budgets_up_to(options.budget, min(about["pool"]))
    print(f"\n{about}, budgets {budgets}", file=sys.stderr)
    rows: dict[str, list[Row]] = {}
    for seed, task in enumerate(tasks):
        for each, who in CONTESTANTS.items():
            if who.family not in options.peers or (who.seeds and seed >= who.seeds):
                continue
            begun = time.perf_counter()
            row = scored(played(each, seed, task, budgets, options), task.test_truth, task.classes)
            rows.setdefault(each, []).append(row)
            took = f"{time.perf_counter() - begun:.0f} s in all, load {os.getloadavg()[0]:.1f}"
            figures = " ".join(f"{at['accuracy']:.3f}/{at['macro_f1']:.3f}" for at in row["at"].values())
            print(f"  {each}, seed {seed}: {figures} {row['stopped']} ({took})", file=sys.stderr, flush=True)
    verdicts = {
        each: judge(rows[options.ours], found, budgets)
        for each, found in rows.items()
        if options.ours in rows and CONTESTANTS[each].family != OURS
    }
    return {**about, "budgets": budgets, "rows": [merge(found) for found in rows.values()], "verdicts": verdicts}


def report(found: list[Row], load: float, options: argparse.Namespace) -> str:
    """Everything as Markdown."""
    parts = []
    for each in found:
        lead = f"Lead of `{options.ours}` in points (*: within noise of the test rows):\n\n"
        pool, test, categories = (f"{np.mean(each[key]):,.0f}" for key in ("pool", "test", "categories"))
        parts.append(
            f"## {each['set']}: {pool} products to ask about, {test} to measure on, {categories} categories\n\n"
            f"Accuracy, macro-F1 in percent; mean of up to {options.seeds} seeds.\n\n"
            f"{table(each['rows'], each['budgets'])}"
        )
        if each["verdicts"]:
            parts[-1] += f"\n\n{lead}{verdict_table(each['verdicts'], each['budgets'])}"
    compared = list(dict.fromkeys(name for each in found for name in each["verdicts"]))
    lines = [
        f"## Is `{options.ours}` ahead of each peer at every budget?",
        "",
        f"| | {' | '.join(each['set'] for each in found)} |",
    ]
    lines.append(f"| --- |{' --- |' * len(found)}")
    for name in compared:
        lines.append(f"| {name} | {' | '.join(_both(each['verdicts'].get(name)) for each in found)} |")
    machine = f"{os.cpu_count()} cores, {options.threads} thread(s) each, load before {load:.1f}, after "
    machine += f"{os.getloadavg()[0]:.1f}, Python {platform.python_version()}"
    return "\n\n".join([*parts, *(["\n".join(lines)] if compared else []), machine])


def _both(verdict: Row | None) -> str:
    """Whether we are ahead, and whether faster."""
    if verdict is None:
        return "–"
    faster = verdict["slower_by"]
    return said(verdict) + ("" if faster is None else ", faster" if faster > 1 else ", **not faster**")


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default=".", help="folder of the data sets")
    parser.add_argument("--sets", type=lambda text: names(text, PRESETS), default=list(PRESETS), help="which (all)")
    parser.add_argument("--peers", type=lambda text: names(text, FAMILIES), default=FAMILIES, help="who (all)")
    parser.add_argument("--ours", choices=OWN, default=OURS, help=f"which of ours is judged ({OURS})")
    parser.add_argument("--venvs", default="", help="folder of the peers' environments")
    parser.add_argument("--rows", type=int, default=8000, help="a random part with so many products; 0: all (8000)")
    parser.add_argument("--test", type=float, default=0.2, help="share of titles that is measured on (0.2)")
    parser.add_argument("--budget", type=int, default=1600, help="labels at most (1600)")
    parser.add_argument("--batch", type=int, default=100, help="labels in a round (100)")
    parser.add_argument("--seeds", type=int, default=3, help="how often, with other random numbers (3)")
    parser.add_argument("--encoder", default="minilm-int8", help="sentence encoder of everybody (minilm-int8)")
    parser.add_argument("--threads", type=int, default=1, help="of everybody (1)")
    parser.add_argument("--limit", type=float, default=600.0, help="stop a contestant after so many seconds (600)")
    parser.add_argument("--json", metavar="OUT", help="also write all figures to this file")
    parser.add_argument("--markdown", metavar="OUT", help="also write the tables to this file")
    parser.add_argument("--keep", metavar="DIR", help="keep everything in this folder, and go on from what is there")
    return parser.parse_args()


def main() -> None:
    """Parse, play, print."""
    options = parse()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as scratch:
        found = [contest(name, Path(options.keep or scratch), options) for name in options.sets]
    text = report(found, load, options)
    print(text)
    if options.markdown:
        Path(options.markdown).write_text(text + "\n")
    if options.json:
        settings = {key: value for key, value in vars(options).items() if key in SETTINGS}
        machine = {"cores": os.cpu_count(), "load_before": load, "python": platform.python_version()}
        whole = {"settings": settings, "machine": machine, "sets": found}
        Path(options.json).write_text(json.dumps(whole, indent=1))


SETTINGS = ("sets", "peers", "ours", "rows", "test", "budget", "batch", "seeds", "encoder", "threads", "limit")

if __name__ == "__main__":
    main()
