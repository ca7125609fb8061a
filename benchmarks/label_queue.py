"""How long people wait: from an answer to the next question, and from 50 labels to a queue that knows them.

    python benchmarks/label_queue.py                                  50,000 products × 1,300 categories
    python benchmarks/label_queue.py --rows 1000000 --folder /tmp/shop

The catalogue is made by ``amplify.py`` from the real products of the demo; answers are its known categories. People
answer at once or, with --pause, after some seconds; a question counts as answered until the next one is there with all
that is shown of its product. "while choosing" are those answers during which the other process chose anew. A folder
that was used before is used again.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from shelver import Workspace
from shelver.pipeline.ask import Asker

SETTINGS = """\
[[feeds]]
name = "big"
path = "feed.csv"

[categories]
path = "categories.csv"

[features]
title = { kind = "text", max_tokens = 8000 }
brand = { kind = "categorical" }
text_vector = { kind = "vector", encoder = "ENCODER", columns = ["title"] }

[labelling]
batch = 50
"""
RULES = '[[rule]]\ncategory = "CATEGORY"\ntitle.any = ["chocolate"]\n'


def make(folder: Path, rows: int, categories: int, encoder: str) -> None:
    """The catalogue, prepared."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "feed.csv").exists():
        script = Path(__file__).with_name("amplify.py")
        command = [sys.executable, str(script), str(folder), "--rows", str(rows), "--categories", str(categories)]
        command += ["--share", "1"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (folder / "shelver.toml").write_text(SETTINGS.replace("ENCODER", encoder))
    with open(folder / "labels.csv", newline="") as file:
        path = next(csv.DictReader(file))["category"]
    (folder / "rules.toml").write_text(RULES.replace("CATEGORY", path))
    workspace = Workspace(str(folder))
    workspace.ingest()
    workspace.prepare()
    workspace.close()


def answers(workspace: Workspace) -> dict[str, str]:
    """Known category of each product that has one in labels.csv; of the others, any category."""
    tree = workspace.tree()
    paths: dict[str, str] = {}
    with open(f"{workspace.prefix}/labels.csv", newline="") as file:
        said = {row["id"]: row["category"] for row in csv.DictReader(file)}
    fallback = tree.exclusive[0].category_id
    for row in workspace.products().read(["product_id", "merchant_id"]).to_pylist():
        path = said.get(row["merchant_id"], "")
        if path and path not in paths:
            paths[path] = tree.resolve(path).category_id
        row["category_id"] = paths.get(path, fallback)
        said[row["product_id"]] = row["category_id"]
    return said


def rounds_in_process(workspace: Workspace, right: dict[str, str], rounds: int) -> list[float]:
    """Seconds of a new round after every 50 labels, in a process that has the products in memory."""
    asker, took = Asker(workspace), []
    for _ in range(rounds):
        begun = time.perf_counter()
        asker.refill()
        took.append(time.perf_counter() - begun)
        with workspace.label("bench", background=False) as session:
            for _ in range(50):
                asked = session.next()
                if asked is None:
                    raise SystemExit("nothing is left to ask")
                session.answer(asked, right[asked.card.product_id])
    return took


def sitting(workspace: Workspace, right: dict[str, str], labels: int, pause: float) -> dict[str, object]:
    """Answer with the other process at work: seconds to the next question, and from 50 labels to a new round."""
    took, during, waits = [], [], []
    with workspace.label("ann") as session:
        newest = session.queue.newest_round()[0]
        number, since, due = newest.round if newest else 0, 0, 0.0
        asked = session.next()
        while asked is not None and len(took) < labels:
            begun = time.perf_counter()
            session.answer(asked, right[asked.card.product_id])
            asked = session.next()
            while asked is None and session.more_to_come():
                time.sleep(0.1)
                asked = session.next()
            took.append(time.perf_counter() - begun)
            during.append(due > 0)
            newest, since = session.queue.newest_round()
            if since >= workspace.config.labelling.batch and not due:
                due = time.monotonic()
            if newest and newest.round > number:
                waits.append(time.monotonic() - due if due else 0.0)
                number, due = newest.round, 0.0
            time.sleep(pause)
        if session.trouble():
            raise SystemExit(session.trouble())
    busy = [seconds for seconds, flag in zip(took, during, strict=True) if flag]
    return {"answers": _spread(took), "while choosing": _spread(busy), "to a new queue": [round(w, 1) for w in waits]}


def _spread(seconds: list[float]) -> dict[str, float]:
    """Milliseconds: median, 95th and 99th percentile, most."""
    if not seconds:
        return {"n": 0}
    at = {f"p{q}": round(1000 * float(np.quantile(seconds, q / 100)), 1) for q in (50, 95, 99, 100)}
    return {"n": len(seconds), "over 100 ms": int(np.sum(np.asarray(seconds) > 0.1)), **at}


def main() -> None:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--categories", type=int, default=1300)
    parser.add_argument("--encoder", default="static")
    parser.add_argument("--labels", type=int, default=160)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pause", type=float, default=1.0, help="seconds between two answers")
    parser.add_argument("--folder", default="")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(options.folder or temporary)
        make(folder, options.rows, options.categories, options.encoder)
        workspace = Workspace(str(folder))
        right = answers(workspace)
        rounds = rounds_in_process(workspace, right, options.rounds)
        found = sitting(workspace, right, options.labels, options.pause)
        workspace.close()
    load = os.getloadavg()[0]
    made = {"products": options.rows, "load": round(load, 1), "rounds": [round(s, 2) for s in rounds], **found}
    print(json.dumps(made, indent=1))


if __name__ == "__main__":
    main()
