"""How long ingest takes: a big feed, the same again, the next delivery, and its profile, beside a bare CSV read.

    python benchmarks/ingest.py                                        1,000,000 rows
    python benchmarks/ingest.py --sizes 10000,100000,1000000,4000000 --plot growth.png

The feed is made by ``awin_feed.py``. Each step is a command of its own in a new process, start-up counted: "first"
fills an empty workspace, "again" finds the feed unchanged, "next" takes a delivery in which 1% of the prices are
others, 0.5% of the products are new and 0.5% gone, "profile" looks at all columns. Beside it, in the same run:
pyarrow's multi-threaded ``csv.read_csv``, and Python's ``csv`` module, which both only read. Counts are checked: every
row of the feed has to be a product or a reject. "cpu" is processor time of all threads, "peak" the largest memory of
the process.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

Figures = dict[str, Any]
SETTINGS = """\
[[feeds]]
name = "awin"
path = "awin.csv"
"""
COMMAND = [str(Path(sys.executable).with_name("shelver"))]
PEERS = {
    "pyarrow": "import pyarrow.csv as c; print(c.read_csv({!r}, parse_options=c.ParseOptions(newlines_in_values=True, "
    "invalid_row_handler=lambda row: 'skip')).num_rows)",
    "csv module": "import csv; print(sum(1 for _ in csv.reader(open({!r}, newline=''))) - 1)",
}


def timed(command: list[str], folder: Path) -> tuple[Figures, str]:
    """Run a command; seconds on the clock, processor seconds, peak memory in MB, and what it printed."""
    begun, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        said = out.read()
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed: {process.returncode}\n{said}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": time.perf_counter() - begun, "cpu": cpu, "peak_mb": usage.ru_maxrss / 1024}, said


def count_rows(path: Path) -> int:
    """Rows of the feed below its header, by Python's own reader."""
    with path.open(newline="", encoding="utf-8") as stream:
        return sum(1 for _ in csv.reader(stream)) - 1


def ingest(folder: Path, rows: int) -> Figures:
    """Run ingest, check that no row is lost."""
    figures, said = timed([*COMMAND, "ingest", "--json"], folder)
    steps = json.loads(said)
    step = (steps if isinstance(steps, list) else steps["steps"])[0]
    figures["step"] = step
    details = step.get("details", step)
    if not step.get("fresh"):
        read, rejected = details["rows_read"], details["rejected"]
        if read != rows:
            sys.exit(f"{rows:,} rows in the feed, but {read:,} were read")
        figures |= {"rows": read, "rejected": rejected}
    return figures


def one_size(rows: int, folder: Path, peers: bool) -> Figures:
    """All steps for a feed of one size; the feeds are made once and kept."""
    feeds = {}
    for delivery in (1, 2):
        place = folder / f"feed{rows}-{delivery}"
        if not (place / "awin.csv").exists():
            made = [sys.executable, str(Path(__file__).with_name("awin_feed.py")), str(place), "--rows", str(rows)]
            timed([*made, "--delivery", str(delivery)], Path(__file__).parent)
        feeds[delivery] = place / "awin.csv"
    shop = folder / f"shop{rows}"
    shutil.rmtree(shop, ignore_errors=True)
    shop.mkdir()
    (shop / "shelver.toml").write_text(SETTINGS)
    feed = shop / "awin.csv"
    os.link(feeds[1], feed)
    first, second = count_rows(feeds[1]), count_rows(feeds[2])
    found: Figures = {"rows": first, "mb": feeds[1].stat().st_size / 1e6}
    for peer, code in PEERS.items() if peers else ():
        found[peer], _ = timed([sys.executable, "-c", code.format(str(feed))], shop)
    found["first"] = ingest(shop, first)
    found["again"] = ingest(shop, first)
    feed.unlink()
    os.link(feeds[2], feed)
    found["next"] = ingest(shop, second)
    found["profile"], _ = timed([*COMMAND, "profile", "--json"], shop)
    shutil.rmtree(shop)
    return found


def shown(found: Figures) -> str:
    """A table for one size."""
    lines = [f"{found['rows']:,} rows, {found['mb']:,.0f} MB", f"{'':12} seconds      cpu  peak MB   rows/s"]
    for name in (*PEERS, "first", "again", "next", "profile"):
        if name in found:
            row = found[name]
            rate = found["rows"] / row["seconds"]
            lines.append(f"{name:12} {row['seconds']:7.1f}  {row['cpu']:7.1f}  {row['peak_mb']:7,.0f}  {rate:7,.0f}")
    if "pyarrow" in found:
        lines.append(
            f"first takes {found['first']['seconds'] / found['pyarrow']['seconds']:.1f} times pyarrow's bare read"
        )
    return "\n".join(lines)


def plot(results: list[Figures], path: str) -> None:
    """How seconds and memory grow with the rows."""
    import matplotlib  # noqa: PLC0415 (only if a plot is wanted)

    matplotlib.use("svg" if path.endswith(".svg") else "agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    sizes = [each["rows"] for each in results]
    for name in (*PEERS, "first", "again", "next", "profile"):
        if all(name in each for each in results):
            left.plot(sizes, [each[name]["seconds"] for each in results], "o-", label=name)
            right.plot(sizes, [each[name]["peak_mb"] for each in results], "o-", label=name)
    for axes, what in ((left, "seconds"), (right, "peak memory, MB")):
        axes.set(xscale="log", yscale="log", xlabel="rows", ylabel=what)
        axes.grid(alpha=0.3)
    left.legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=150)


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1000000", help="rows, one or more")
    parser.add_argument("--folder", type=Path, help="where feeds are kept from one time to the next")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--plot", default="", help="picture of how it grows (PNG or SVG)")
    parser.add_argument("--json", default="", help="file for all figures")
    options = parser.parse_args()
    results = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = (options.folder or Path(scratch)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        for size in options.sizes.split(","):
            results.append(one_size(int(size), folder, not options.no_peers))
            print(shown(results[-1]), flush=True)
    if options.json:
        Path(options.json).write_text(json.dumps(results, indent=1))
    if options.plot:
        plot(results, options.plot)


if __name__ == "__main__":
    main()
