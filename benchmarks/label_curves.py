"""Learning curves of all strategies on real catalogues, with and without the cold start and the rules.

    python benchmarks/label_curves.py --data DIR --out curves --jobs 2
    python benchmarks/label_curves.py --data DIR --out small --sets instacart --rows 2000 --budget 100 --seeds 2

DIR is a folder with the data sets that `shelver experiment` names. Every curve is kept in OUT as it is made: stopped,
the same command goes on. Writes OUT/label_curves.md (tables for the documentation), a picture for each data set, one
HTML page and all figures as JSON. Where random wins, the tables say so.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from shelver.experiments.presets import find_dataset
from shelver.experiments.simulation import Simulation, run
from shelver.experiments.simulation_files import write_results
from shelver.experiments.simulation_groups import Group, groups, label_words
from shelver.experiments.simulation_open import open_simulation
from shelver.experiments.simulation_results import MAIN, Line, shown_budgets
from shelver.experiments.simulation_settings import STANDARD, Wanted
from shelver.labelling.strategies import STRATEGIES
from shelver.pipeline.step import Report

SETS = "fashion,instacart,retailer_feeds"


def main() -> int:
    """Run what is missing, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder with the data sets")
    parser.add_argument("--out", default="label_curves", help="folder for workspaces, curves and results")
    parser.add_argument("--sets", default=SETS)
    parser.add_argument("--strategies", default=",".join(STRATEGIES))
    parser.add_argument("--rows", type=int, default=10_000, help="random part of each data set; 0: all of it")
    parser.add_argument("--budget", type=int, default=1600)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--encoder", default="auto")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="only with cold start and rules")
    options = parser.parse_args()
    wanted = Wanted(
        [name for name in STRATEGIES if name in options.strategies.split(",")],
        batches=(options.batch,), seeds=options.seeds, splits=True, budget=options.budget,
        starts=((True, True),) if options.plain else ((True, True), (True, False), (False, False)),
    )  # fmt: skip
    begun, found = time.time(), []
    for name in options.sets.split(","):
        folder = os.path.join(options.out, f"{name}-{options.rows or 'all'}")
        dataset = replace(find_dataset(name), images="")
        workspace = open_simulation(dataset, folder, options.data, rows=options.rows, encoder=options.encoder)
        found.append(run(workspace, name, options.out, wanted, options.jobs, tell(name)))
        workspace.close()
        write_results(found, options.out)
        Path(options.out, "label_curves.md").write_text("\n\n".join(map(markdown, found)) + "\n")
    sys.stderr.write(f"\n{(time.time() - begun) / 60:.1f} minutes; wrote {options.out}/label_curves.md\n")
    return 0


def tell(name: str) -> Report:
    """Progress on one line."""

    def report(step: str, done: int, total: int) -> None:
        sys.stderr.write(f"\r{name}: {done} of {total} curves")
        sys.stderr.flush()

    return report


def markdown(found: Simulation) -> str:
    """A section of a page: a table for each combination of cold start and rules."""
    facts, wanted = found.facts, found.wanted
    intro = (
        f"{facts['asked']:,} products to ask about, {facts['present']:,} categories, measured on "
        f"{facts['measured']:,}; {wanted.seeds} seeds, each with its own split; batches of {wanted.batches[0]}; "
        f"± and [ ]: {100 * wanted.level:g}% intervals. Scores are macro-F1 / accuracy in %."
    )
    parts = [f"### {found.name}", intro, f"![Learning curves of {found.name}]({found.name}.png)"]
    for group in groups(found):
        parts += [f"**{group.title.capitalize() or 'All strategies'}.** {verdict(group, found)}", table(group, found)]
    return "\n\n".join(parts)


def verdict(group: Group, found: Simulation) -> str:
    """What the table comes to, in a sentence or two."""
    best, chance = group.best, group.random
    target = f"{100 * found.wanted.target:g}%"
    losers = [line.way.strategy for line in group.lines if line.verdict == "random wins"]
    if best.way.strategy == STANDARD:
        said = ["Random has the largest area under the curve of all."]
    else:
        said = [f"{best.way.strategy} has the largest area under the curve: {best.verdict}."]
    whole = f"All labels give {100 * best.aim / found.wanted.target:.1f} macro-F1; {target} of that"
    if best.needed.mean is None or best.per_category is None:
        said.append(f"{whole} is not reached by every seed.")
    else:
        needed = f"{whole} takes {label_words(best)} labels ({best.per_category:.1f} a category)"
        rest = ""
        if best.way.strategy != STANDARD and chance.needed.mean:
            rest = f", {chance.needed.mean / best.needed.mean:.1f} times fewer than at random ({label_words(chance)})"
        said.append(f"{needed}{rest}.")
    if losers:
        said.append(f"Random wins over {', '.join(losers)}.")
    return " ".join(said)


def table(group: Group, found: Simulation) -> str:
    """Markdown of one group."""
    budgets = shown_budgets(group.random.labels)
    target = f"labels to {100 * found.wanted.target:g}%"
    heads = ["strategy", "area", *(f"{at:,}" for at in budgets), target, "a category", "beside random", "s a curve"]
    lines = [row(heads), row(["---", *("---:" for _ in heads[1:])])]
    return "\n".join([*lines, *(row(cells(line, budgets)) for line in group.lines)])


def cells(line: Line, budgets: Sequence[int]) -> list[str]:
    """Figures of one strategy."""
    area, against = line.areas[MAIN], line.against
    scores = []
    for at in budgets:
        main_, right = line.at(at), line.at(at, "accuracy")
        scores.append("–" if main_ is None or right is None else f"{100 * main_.mean:.1f} / {100 * right.mean:.1f}")
    beside = "–"
    if against is not None:
        low, high = against.low, against.high
        ends = "" if low is None or high is None else f" [{100 * low:+.1f}, {100 * high:+.1f}]"
        beside = f"{100 * against.mean:+.1f}{ends} {line.verdict}"
    half = "" if area.high is None else f" ± {100 * (area.high - area.mean):.1f}"
    each = "–" if line.per_category is None else f"{line.per_category:.1f}"
    return [line.way.strategy, f"{100 * area.mean:.1f}{half}", *scores, label_words(line), each, beside,
            f"{line.seconds['curve']:.1f}"]  # fmt: skip


def row(found: Sequence[str]) -> str:
    """One line of a Markdown table."""
    return f"| {' | '.join(found)} |"


if __name__ == "__main__":
    sys.exit(main())
