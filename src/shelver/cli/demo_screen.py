"""What the demo shows."""

from __future__ import annotations

import os
import shlex
import shutil
import sys

from rich.box import SIMPLE_HEAD
from rich.table import Table

from shelver.cli.console import err, out, print_json
from shelver.cli.tables import SCORES, percent, score_cells
from shelver.demo.run import DemoResult, demo
from shelver.pipeline.workspace import Workspace


def show_demo(workspace: Workspace, data: str, label: str, encoder: str, as_json: bool) -> None:
    """Run the demo and print its table, some products on their shelves, and what to try next."""
    result = demo(workspace, data, label, encoder, say=lambda line: err.print(f"· {line}", markup=False))
    if as_json:
        print_json(result.as_dict())
        return
    out.print()
    out.print(stages_table(result))
    out.print(
        f"Measured on {result.measured:,} products that no model had seen. “right”: on the right shelf; “auto”: share\n"
        "that could be accepted without a look while 95% of what is accepted is right; “tree F1”: a neighbouring\n"
        "shelf counts in part; “ECE”: gap between how sure the model says it is and how often it is right.\n"
        f"“At random”: anybody could do that. “Asked for”: as Shelver's queue asks\n({result.asking}). One draw each.\n"
    )
    out.print(shelves_table(workspace))
    seconds = sum(step.seconds for step in result.steps)
    peak = max(memory for _, memory in result.memory) / 2**30
    out.print(f"\n{result.products:,} products are on a shelf now. Work: {seconds:.0f} s, peak memory {peak:.1f} GiB.")
    command = "shelver" if shutil.which("shelver") else os.path.relpath(sys.argv[0])
    out.print("Try:")
    for what, line in next_commands(workspace, command):
        out.print(f"  {what}:", markup=False)
        out.print(f"    {line}", markup=False, soft_wrap=True)


def next_commands(workspace: Workspace, command: str) -> list[tuple[str, str]]:
    """What to do next, in words and as a command that works here."""
    place = shlex.quote(workspace.prefix if workspace.files.remote else os.path.relpath(workspace.prefix))
    products = workspace.table("products")
    title = products.take([0], ["title"])["title"][0].as_py() or "shoes"
    doubts, answer = f"label review --limit 10 --ask -w {place}", f"label next --person you -w {place}"
    if workspace.control.current_labels().num_rows < products.count():
        labelling = [("label what nobody has labelled", answer)]
    else:
        labelling = [("all products have a label: find some that look wrong", doubts), ("answer for them", answer)]
    simulation = [("replay the labelling, with intervals", f"simulate {place} --budget 600 --seeds 2")]
    found = [
        ("one product", f"classify {shlex.quote(title)} -w {place}"),
        ("the best and the worst shelves", f"evaluate --classes 20 -w {place}"),
        ("what the rules do", f"rules check -w {place}"),
        *labelling,
        *([] if workspace.files.remote else simulation),
    ]
    return [(what, f"{command} {line}") for what, line in found]


def stages_table(result: DemoResult) -> Table:
    """One row per amount of labels."""
    table = Table(
        title=f"{result.products:,} products, {result.categories:,} categories", title_justify="left", box=SIMPLE_HEAD
    )
    table.add_column("given", no_wrap=True)
    for name in ("labels", *SCORES):
        table.add_column(name, justify="right", no_wrap=True)
    for stage in result.stages:
        table.add_row(stage.name, f"{stage.labels:,}", *score_cells(stage.scores))
    return table


def shelves_table(workspace: Workspace, rows: int = 8) -> Table:
    """Some products and where they were put."""
    products, predictions = workspace.table("products"), workspace.table("predictions")
    count = predictions.count()
    places = [round(i * (count - 1) / max(1, rows - 1)) for i in range(min(rows, count))]
    found = predictions.take(places, ["product_id", "exclusive"])
    ids, answers = found["product_id"].to_pylist(), found["exclusive"].to_pylist()
    wanted = ", ".join(f"'{product_id}'" for product_id in ids)
    known = products.read(["product_id", "title"], f"product_id IN ({wanted})").to_pylist() if ids else []
    title_of = {row["product_id"]: row["title"] for row in known}
    titles = [title_of[product_id] for product_id in ids]
    tree = workspace.tree()
    table = Table(title="some of them, with the last model", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("product")
    table.add_column("shelf")
    table.add_column("sure", justify="right")
    for title, answer in zip(titles, answers, strict=True):
        table.add_row(title[:60], str(tree.by_id(answer[0]["category_id"])), percent(answer[0]["probability"]))
    return table
