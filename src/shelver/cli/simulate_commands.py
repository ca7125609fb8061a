"""``shelver simulate``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar, cast

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from shelver.cli.console import out, print_json, progress
from shelver.errors import ConfigError
from shelver.files import Files

if TYPE_CHECKING:
    from shelver.config import StrategyName
    from shelver.experiments.simulation import Simulation
    from shelver.experiments.simulation_results import Line
    from shelver.experiments.simulation_settings import Way

Number = TypeVar("Number", int, float)
MOST_SHOWN = 9
"""Numbers of labels in a table at most, whatever the width of the terminal."""


def simulate(
    data: Annotated[
        str, typer.Argument(metavar="DATA", help="Feed file, folder with known data sets, or a workspace with labels.")
    ],
    label: Annotated[
        str, typer.Option(metavar="COLUMN", help="For a file: columns with the known category, top first.")
    ] = "",
    title: Annotated[str, typer.Option(metavar="COLUMN", help="For a file: column of the title.")] = "",
    image: Annotated[str, typer.Option(metavar="PATH", help="For a file: folder or zip, pictures named by id.")] = "",
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=COLUMN", help="For a file: another field, as brand=Maker; repeat."),
    ] = None,
    strategy: Annotated[
        str, typer.Option(metavar="A,B", help="Strategies, or all; random is always played beside them.")
    ] = "margin",
    budget: Annotated[int, typer.Option(help="Labels at most.")] = 1600,
    seeds: Annotated[int, typer.Option(help="Curves of each kind.")] = 5,
    models: Annotated[str, typer.Option(metavar="A,B", help="Models by name; else labelling.model.")] = "",
    batch: Annotated[str, typer.Option(metavar="N,M", help="Labels between two choices.")] = "100",
    noise: Annotated[str, typer.Option(metavar="P,Q", help="Shares of wrong answers, as 0,0.05,0.1.")] = "0",
    random_share: Annotated[str, typer.Option(metavar="P,Q", help="Shares of questions drawn at random.")] = "0",
    prior: Annotated[bool, typer.Option(help="Start from the words of the tree and the rules.")] = True,
    rules: Annotated[bool, typer.Option(help="Let rules have a say.")] = True,
    propagate: Annotated[bool, typer.Option(help="Give an answer to all products of the same title.")] = False,
    splits: Annotated[bool, typer.Option(help="Each seed measures on other products.")] = False,
    test: Annotated[float, typer.Option(min=0.01, max=0.9, help="Share of products that is measured on.")] = 0.2,
    rows: Annotated[int, typer.Option(min=0, help="Take a random part with so many rows; 0: all.")] = 0,
    sets: Annotated[str, typer.Option(metavar="A,B", help="Data sets below a folder.")] = "fashion,instacart",
    encoder: Annotated[str, typer.Option(help="Text encoder; auto: by the language of the titles.")] = "auto",
    jobs: Annotated[int, typer.Option(min=1, help="Processes that work at the same time.")] = 1,
    out_folder: Annotated[
        str, typer.Option("--out", metavar="DIR", help="Folder for workspaces, curves, plots and the page.")
    ] = "simulation",
    json_file: Annotated[
        str,
        typer.Option("--json", metavar="FILE", help="Write the figures here as JSON, too; -: on stdout."),
    ] = "",
) -> None:
    """Replay a catalogue whose categories are known: how good after how many labels, by which strategy."""
    from shelver.experiments.simulation import run  # noqa: PLC0415  (slow to import; --help need not wait)
    from shelver.experiments.simulation_open import data_sets, is_workspace, open_simulation  # noqa: PLC0415
    from shelver.experiments.simulation_settings import Wanted  # noqa: PLC0415
    from shelver.labelling.strategies import STRATEGIES  # noqa: PLC0415
    from shelver.pipeline.workspace import Workspace  # noqa: PLC0415

    names = list(STRATEGIES) if strategy == "all" else _names(strategy)
    wanted = Wanted(
        cast("list[StrategyName]", names), _names(models), _numbers("--batch", batch, int),
        _numbers("--noise", noise, float), _numbers("--random-share", random_share, float),
        ((prior, rules),), seeds, splits, budget, propagate,
    )  # fmt: skip
    fields = dict(_field(each) for each in column or [])
    chosen = [] if is_workspace(data) else data_sets(data, sets, label, title, image, fields)
    found: list[Simulation] = []
    with progress(json_file == "-") as report:
        if is_workspace(data):
            own = Workspace(data, report)
            found.append(run(own, Path(data).resolve().name, out_folder, wanted, jobs, report))
            own.close()
        for dataset, where in chosen:
            folder = str(Path(out_folder, f"{dataset.name}-{rows}" if rows else dataset.name))
            made = open_simulation(dataset, folder, where, rows=rows, encoder=encoder, test=test, report=report)
            found.append(run(made, dataset.name, out_folder, wanted, jobs, report))
            made.close()
    _write(found, out_folder, json_file)


def _write(found: list[Simulation], out_folder: str, json_file: str) -> None:
    from shelver.experiments.simulation_files import write_results  # noqa: PLC0415
    from shelver.experiments.simulation_results import document  # noqa: PLC0415

    written = write_results(found, out_folder)
    if json_file == "-":
        print_json(document(found))
        return
    if json_file:
        folder, name = os.path.split(os.path.abspath(json_file))
        Files(folder).write_json(name, document(found))
        written.append(os.path.join(folder, name))
    for each in found:
        _show(each)
    out.print(f"wrote {', '.join(written)}")


def _show(found: Simulation) -> None:
    """Tables of all ways, and what the figures are measured by."""
    from shelver.experiments.simulation_groups import groups  # noqa: PLC0415

    facts = found.facts
    every = [line for group in groups(found) for line in group.lines]
    out.print(
        f"{found.name}: {facts['asked']:,} products to ask about, {facts['present']:,} categories, "
        f"measured on {facts['measured']:,} others",
        style="bold",
    )
    out.print(_verdicts(every, found.wanted.target))
    out.print(_scores(every, out.width))
    for standard, points in found.standards.items():
        main, right = (sum(getattr(p, key) for p in points) / len(points) for key in ("macro_f1", "accuracy"))
        how = ("" if standard.prior else ", without cold start") + ("" if standard.rules else ", without rules")
        words = f"{100 * main:.1f} / {100 * right:.1f}"
        out.print(f"{standard.model}{how}, all {points[0].labels:,} labels: macro-F1 / right {words}")
    same = dict.fromkeys(line.way.strategy for line in every if line.same)
    if same:
        out.print(f"every seed gave the same curve: {', '.join(same)}; --splits lets seeds differ more")


def _verdicts(every: list[Line], target: float) -> Table:
    """Area under the curve, labels to the target, and how each way does beside random."""
    from shelver.experiments.simulation_groups import label_words  # noqa: PLC0415
    from shelver.experiments.simulation_results import MAIN  # noqa: PLC0415

    table = Table(title="area under the curve of macro-F1, labels to the target", title_justify="left", box=SIMPLE_HEAD)
    _name_columns(table, every)
    for name in ("area", f"to {100 * target:g}%", "per category", "beside random"):
        table.add_column(name, justify="right")
    for line in every:
        area, against = line.areas[MAIN], line.against
        half = "" if area.high is None else f" ±{100 * (area.high - area.mean):.1f}"
        each = "–" if line.per_category is None else f"{line.per_category:.1f}"
        beside = ""
        if against is not None:
            low, high = against.low, against.high
            ends = "" if low is None or high is None else f" [{_points(low)}, {_points(high)}]"
            beside = f"{_points(against.mean)}{ends}\n{line.verdict}"
        table.add_row(
            *_names_of(line, every),
            f"{100 * area.mean:.1f}{half}",
            label_words(line).replace(" (", "\n("),
            each,
            beside,
        )
    return table


def _scores(every: list[Line], width: int) -> Table:
    """Scores at as many of the measured numbers of labels as there is room for."""
    from shelver.experiments.simulation_results import shown_budgets  # noqa: PLC0415

    labels = every[0].labels
    choices = [shown_budgets(labels, most, apart) for most in range(8, 2, -1) for apart in (4, 2)]
    choices = [*([list(labels)] if len(labels) <= MOST_SHOWN else []), *sorted(choices, key=len, reverse=True)]
    tables = [_scores_at(every, budgets) for budgets in choices]
    boundless = out.options.update(width=1000)
    return next((each for each in tables if out.measure(each, options=boundless).maximum <= width), tables[-1])


def _scores_at(every: list[Line], budgets: list[int]) -> Table:
    table = Table(title="macro-F1/right, by number of labels", title_justify="left", box=SIMPLE_HEAD)
    _name_columns(table, every)
    for at in budgets:
        table.add_column(f"{at:,}", justify="right", no_wrap=True)
    for line in every:
        table.add_row(*_names_of(line, every), *(_pair(line, at) for at in budgets))
    return table


def _name_columns(table: Table, every: list[Line]) -> None:
    from shelver.experiments.simulation_groups import varied_settings  # noqa: PLC0415

    table.add_column("strategy", no_wrap=True)
    for name in varied_settings([line.way for line in every]):
        table.add_column(name.replace("_", " "))


def _names_of(line: Line, every: list[Line]) -> list[str]:
    from shelver.experiments.simulation_groups import varied_settings  # noqa: PLC0415

    return [line.way.strategy, *(_value(line.way, name) for name in varied_settings([each.way for each in every]))]


def _value(way: Way, name: str) -> str:
    value = getattr(way, name)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{100 * value:g}%" if isinstance(value, float) else str(value)


def _points(value: float) -> str:
    return f"{100 * value:+.1f}"


def _pair(line: Line, labels: int) -> str:
    main, right = line.at(labels), line.at(labels, "accuracy")
    return "–" if main is None or right is None else f"{100 * main.mean:.1f}/{100 * right.mean:.1f}"


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _numbers(option: str, text: str, kind: type[Number]) -> list[Number]:
    try:
        return [kind(part) for part in _names(text)]
    except ValueError:
        expected = "whole numbers" if kind is int else "numbers"
        raise ConfigError(f'"{text}" cannot be', where=option, expected=f"{expected} with commas between") from None


def _field(text: str) -> tuple[str, str]:
    field, equals, column = text.partition("=")
    if not equals or not field.strip() or not column.strip():
        raise ConfigError(f'"{text}" cannot be', where="--column", expected="FIELD=COLUMN, as brand=Maker")
    return field.strip(), column.strip()
