"""The engines local and ray on the same stages: seconds, and what the engine costs for each row.

    python benchmarks/engines.py                      200,000 products; Ray with two nodes on this machine
    python benchmarks/engines.py --address head:6379 --folder /shared/bench            a cluster that exists

"alone" is processor time of `Stage.apply` on batches that are in memory, on one thread: what cannot be saved. "beyond
alone" is time on the clock less that, for each row: below zero where several processors helped. "own cpu" is that of
the user's process; for Ray the workers' is not in it. On one machine Ray cannot win: it has the same processors, and
every answer travels between processes. "start" is connecting and a first tiny stage, paid once for a process.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stage_speed import BATCH, write_products, write_rules

from shelver.config import Engine, Split, Text
from shelver.engine import run_stage
from shelver.features.transform import Transform
from shelver.stage import Stage
from shelver.table import Table

NODE = {"num_cpus": 1, "object_store_memory": 256 << 20, "include_dashboard": False}


@contextmanager
def two_nodes() -> Iterator[str]:
    """A cluster of two nodes of one processor on this machine; gives its address."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster  # noqa: PLC0415

    cluster = Cluster(initialize_head=True, head_node_args=NODE)
    try:
        cluster.add_node(**NODE)
        yield cluster.address
    finally:
        cluster.shutdown()


def stages(folder: Path, paths: list[str]) -> dict[str, Stage]:
    """The stages measured, fitted."""
    products = Table(str(folder / "products.lance"))
    titles = products.read(["title"])["title"].to_pylist()
    spec = Text(max_tokens=8000, weight="tfidf", ngrams=2)
    return {
        "rules": write_rules(folder, "rules.toml", paths, titles, 6000, "title"),
        "bag features": Transform({"title": spec}, Split()).fit(lambda: products.batches(batch_size=BATCH)),
    }


def measure(folder: Path, paths: list[str], engine: Engine, runs: int) -> dict[str, Any]:
    """Seconds of each stage on one engine, best of several runs; in a process of its own."""
    products = Table(str(folder / "products.lance")).pinned()
    tiny = Table(str(folder / "tiny.lance")).write([products.rows(0, 10)], products.schema, "tiny")
    made = stages(folder, paths)
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=folder) as place:
        run_stage(made["rules"], [tiny], Table(f"{place}/made.lance"), engine=engine)
    found: dict[str, Any] = {"start": time.perf_counter() - begun}
    for name, stage in made.items():
        held = list(products.batches(list(stage.columns), BATCH))
        used = time.process_time()
        for batch in held:
            stage.apply(batch)
        alone = time.process_time() - used
        walls, own = [], []
        for _ in range(runs):
            with tempfile.TemporaryDirectory(dir=folder) as place:
                begun, used = time.perf_counter(), time.process_time()
                run_stage(stage, [products], Table(f"{place}/made.lance"), engine=engine)
                walls.append(time.perf_counter() - begun)
                own.append(time.process_time() - used)
        found[name] = {"alone": alone, "wall": min(walls), "own": min(own)}
    return found


def report(rows: int, results: dict[str, dict[str, Any]]) -> str:
    """The table."""
    lines = [f"{rows:,} products", f"{'':30} {'seconds':>9} {'own cpu':>9} {'alone':>9} {'µs/row beyond alone':>21}"]
    for kind, found in results.items():
        lines.append(f"{kind + ': start':30} {found['start']:9.2f}")
        for name, seconds in found.items():
            if name != "start":
                beyond = (seconds["wall"] - seconds["alone"]) / rows * 1e6
                lines.append(
                    f"{kind + ': ' + name:30} {seconds['wall']:9.2f} {seconds['own']:9.2f} {seconds['alone']:9.2f} "
                    f"{beyond:21.2f}"
                )
    return "\n".join(lines)


def main() -> None:
    """Measure each engine in a process of its own, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--address", default="", help="of a cluster; two nodes on this machine if not given")
    parser.add_argument("--folder", type=Path, help="where to work; all nodes must see it")
    parser.add_argument("--only", choices=["local", "ray"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        engine = Engine(kind=options.only, address=options.address)
        paths = json.loads((options.folder / "paths.json").read_text())
        print(json.dumps(measure(options.folder, paths, engine, options.runs)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.folder or Path(temporary)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "paths.json").write_text(json.dumps(write_products(folder, options.rows, 1300)))
        results = {"local": in_process(folder, "local", "", options.runs)}
        if options.address:
            results["ray"] = in_process(folder, "ray", options.address, options.runs)
        else:
            with two_nodes() as address:
                results["ray"] = in_process(folder, "ray", address, options.runs)
        print(report(options.rows, results))


def in_process(folder: Path, kind: str, address: str, runs: int) -> dict[str, Any]:
    """Measure in a process of its own: Daft has one runner for a process."""
    command = [sys.executable, __file__, "--only", kind, "--folder", str(folder), "--address", address]
    done = subprocess.run([*command, "--runs", str(runs)], stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    main()
