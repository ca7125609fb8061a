"""``shelver experiment``: the studies."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from shelver.cli.console import err, out, print_json
from shelver.cli.options import JsonOption
from shelver.errors import ShelverError

if TYPE_CHECKING:
    from shelver.experiments.hidden_labels import Gain
    from shelver.experiments.six_settings import Cell
    from shelver.experiments.six_verdicts import Mean
    from shelver.experiments.zoo import Row

app = typer.Typer(help="Run a study on data of your own or on known data sets.", no_args_is_help=True)

DataOption = Annotated[str, typer.Option("--data", metavar="PATH", help="Folder with the data sets, or a feed file.")]
OutOption = Annotated[str, typer.Option("--out", metavar="DIR", help="Folder for workspaces and results.")]
SetsOption = Annotated[str, typer.Option("--sets", metavar="A,B", help="Data sets below the folder.")]
LabelOption = Annotated[
    str, typer.Option("--label", metavar="COLUMN", help="For a feed file: columns with the known category, top first.")
]
ImagesOption = Annotated[str, typer.Option("--images", metavar="PATH", help="For a feed file: folder or zip.")]
RowsOption = Annotated[int, typer.Option(min=0, help="Take a random part with so many rows; 0: all.")]


@app.command(epilog="Example: shelver experiment models --data ~/data --sets fashion,instacart --out study")
def models(
    data: DataOption,
    out_folder: OutOption = "study",
    sets: SetsOption = "fashion,instacart,retailer_feeds",
    label: LabelOption = "",
    images: ImagesOption = "",
    rows: RowsOption = 0,
    only: Annotated[str, typer.Option(metavar="A,B", help="Only these models.")] = "",
    encoder: Annotated[str, typer.Option(help="Text encoder of the sentence vectors.")] = "minilm-int8",
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the data at most.")] = 10,
    as_json: JsonOption = False,
) -> None:
    """Compare every kind of model over its inputs on both objectives, and judge hypotheses 2 to 5 of the thesis."""
    from shelver.experiments.hypotheses import verdicts  # noqa: PLC0415  (only this command needs them)
    from shelver.experiments.options import from_options  # noqa: PLC0415
    from shelver.experiments.zoo import compare  # noqa: PLC0415

    found: list[Row] = []

    def tell(row: Row) -> None:
        err.print(
            f"{row.data}: {row.name} ({row.inputs}) {100 * row.accuracy:.1f}%, macro-F1 {100 * row.macro_f1:.1f}%, "
            f"{row.seconds:.0f} s",
            highlight=False,
        )

    for dataset, where in from_options(data, sets, label, images):
        folder = str(Path(out_folder) / dataset.name)
        chosen = [name for name in only.split(",") if name]
        found += compare(
            dataset, folder, where, rows=rows, encoder=encoder, only=chosen, epochs=epochs, tell=tell
        )  # fmt: skip
        result = {"rows": [row.as_dict() for row in found], "verdicts": [vars(v) for v in verdicts(found)]}
        Path(out_folder, "models.json").write_text(json.dumps(result, indent=1, ensure_ascii=False))
    if as_json:
        print_json(result)
        return
    out.print(_table(found))
    for verdict in verdicts(found):
        word = {True: "holds", False: "does not hold", None: "cannot be told"}[verdict.holds]
        out.print(f"hypothesis {verdict.number} {word} on {verdict.data}: {verdict.seen}", highlight=False)
    out.print(f"wrote {Path(out_folder, 'models.json')}")


@app.command("hidden-labels", epilog="Example: shelver experiment hidden-labels --data ~/data --sets instacart")
def hidden_labels(
    data: DataOption,
    out_folder: OutOption = "study",
    sets: SetsOption = "instacart",
    label: LabelOption = "",
    rows: RowsOption = 0,
    share: Annotated[float, typer.Option(min=0, max=0.99, help="Share of rule labels hidden.")] = 0.5,
    seeds: Annotated[int, typer.Option(min=1, help="How often, each time hiding others.")] = 3,
    encoder: Annotated[str, typer.Option(help="Text encoder of the sentence vectors.")] = "static",
    as_json: JsonOption = False,
) -> None:
    """Hide rule labels, and see how many a model finds again: missing = negative, or missing = unknown."""
    from shelver.config import Vector  # noqa: PLC0415  (only this command needs them)
    from shelver.experiments.data import configure, open_dataset  # noqa: PLC0415
    from shelver.experiments.hidden_labels import HiddenLabels, gains  # noqa: PLC0415
    from shelver.experiments.hidden_labels import hidden_labels as study  # noqa: PLC0415
    from shelver.experiments.options import from_options  # noqa: PLC0415

    def tell(row: HiddenLabels) -> None:
        err.print(f"{row.how}, seed {row.seed}: {row.way} macro-F1 {100 * row.macro_f1:.1f}%", highlight=False)

    result = {}
    for dataset, where in from_options(data, sets, label):
        workspace = open_dataset(dataset, str(Path(out_folder) / f"{dataset.name}-rules"), where, rows=rows)
        vector = {"text_vector": Vector(encoder=encoder, columns=("title",))}
        workspace = configure(workspace, {"features": {**dataset.features, **vector}})
        workspace.prepare()
        found = study(workspace, share, range(seeds), tell=tell)
        workspace.close()
        means = gains(found)
        result[dataset.name] = {"rows": [row.as_dict() for row in found], "means": [vars(gain) for gain in means]}
        if not as_json:
            out.print(_gains(dataset.name, means))
        Path(out_folder, "hidden-labels.json").write_text(json.dumps(result, indent=1))
    if as_json:
        print_json(result)
    else:
        out.print(f"wrote {Path(out_folder, 'hidden-labels.json')}")


@app.command(
    "six-settings", epilog="Example: shelver experiment six-settings --data ~/data --sets fashion --budgets 100,200,400"
)
def six_settings(
    data: DataOption,
    out_folder: OutOption = "study",
    sets: SetsOption = "fashion,instacart,retailer_feeds",
    label: LabelOption = "",
    rows: RowsOption = 0,
    models: Annotated[str, typer.Option(metavar="A,B", help="Models, of those that there are without settings.")] = (
        "linear,wide_deep"
    ),
    budgets: Annotated[str, typer.Option(metavar="N,N", help="Labels bought from each source.")] = "100,200,400",
    seeds: Annotated[int, typer.Option(min=1, help="How often, each time with other labels.")] = 3,
    encoder: Annotated[str, typer.Option(help="Text encoder of the sentence vectors.")] = "minilm-int8",
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the data at most.")] = 10,
    as_json: JsonOption = False,
) -> None:
    """Train in the six settings of the thesis: one objective or two, with random, uncertain or both kinds of labels."""
    from shelver.experiments.options import from_options  # noqa: PLC0415  (only this command needs them)
    from shelver.experiments.six_report import ALIKE, alike, as_markdown, groups_of, progress_line, sentences  # noqa: PLC0415
    from shelver.experiments.six_run import run_study  # noqa: PLC0415
    from shelver.experiments.six_verdicts import means, verdicts  # noqa: PLC0415

    sizes = whole_numbers(budgets, "--budgets")
    names = [name.strip() for name in models.split(",") if name.strip()]

    def tell(cell: Cell) -> None:
        err.print(progress_line(cell), highlight=False)

    cells = run_study(
        from_options(data, sets, label), out_folder, names, sizes, range(seeds), rows=rows, encoder=encoder,
        epochs=epochs, tell=tell,
    )  # fmt: skip
    found = means(cells)
    judged = verdicts(found)
    place = Path(out_folder, "six-settings.md")
    place.write_text(as_markdown(found, judged))
    if as_json:
        print_json({"cells": [cell.as_dict() for cell in cells], "verdicts": [vars(verdict) for verdict in judged]})
        return
    for table in _settings_tables(found):
        out.print(table)
    if any(alike(group) for group in groups_of(found).values()):
        out.print(ALIKE)
    for verdict in judged:
        for line in sentences(verdict):
            out.print(line, highlight=False)
    out.print(f"wrote {place}")


def whole_numbers(text: str, option: str) -> list[int]:
    """Whole numbers above 0, separated by commas."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise ShelverError(f'"{text}" is no list of numbers', where=option, expected="for example 100,200,400")
    return [int(part) for part in parts]


def _settings_tables(found: Sequence[Mean]) -> Iterator[Table]:
    """The six settings, a table for each data set and model; the file has all columns."""
    from shelver.experiments.six_report import SHORT, groups_of, short_rows  # noqa: PLC0415  (only this command)

    for (name, model), group in groups_of(found).items():
        both = " (both: exclusive and rule_based)" if any(len(mean.objectives) > 1 for mean in group) else ""
        table = Table(title=f"{name}, {model}{both}", title_justify="left", box=SIMPLE_HEAD)
        for column in SHORT:
            table.add_column(column, justify="left" if column in SHORT[:2] else "right", no_wrap=True)
        for row in short_rows(group):
            table.add_row(*row)
        yield table


def _gains(name: str, means: Sequence[Gain]) -> Table:
    table = Table(title=f"{name}: against all rule labels of the test side", title_justify="left", box=SIMPLE_HEAD)
    for column in ("hidden", "way", "macro-F1", "gained", "least", "micro-F1", "mAP"):
        left = column in ("hidden", "way")
        table.add_column(column, justify="left" if left else "right", overflow="fold", no_wrap=not left)
    for gain in means:
        figures = (gain.macro_f1, gain.gained, gain.least, gain.micro_f1, gain.mean_average_precision)
        table.add_row(gain.how, gain.way, *(f"{100 * value:.1f}" for value in figures))
    return table


def _table(rows: Sequence[Row]) -> Table:
    table = Table(box=SIMPLE_HEAD)
    for name in ("data", "model", "inputs", "right", "macro-F1", "top 5", "rules mAP", "parameters", "seconds"):
        left = name in ("data", "model", "inputs")
        table.add_column(name, justify="left" if left else "right", overflow="fold", no_wrap=not left)
    for row in rows:
        figures = [row.accuracy, row.macro_f1, row.top_5, row.rule_map]
        shown = ["–" if value is None else f"{100 * value:.1f}%" for value in figures]
        table.add_row(row.data, row.name, row.inputs, *shown, f"{row.parameters:,}", f"{row.seconds:.0f}")
    return table
