"""``shelver tune``."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from shelver.cli.console import out, print_json
from shelver.cli.options import JsonOption, WorkspaceOption, opened
from shelver.errors import ShelverError
from shelver.files import Files

if TYPE_CHECKING:
    from shelver.pipeline.study import Line
    from shelver.pipeline.tune import Tuned


def tune(
    workspace: WorkspaceOption = ".",
    trials: Annotated[int, typer.Option(min=0, help="Trials the study has at the end, with those done before.")] = 20,
    study: Annotated[str, typer.Option(metavar="NAME", help="Name of the study; else that of the model.")] = "",
    search: Annotated[str, typer.Option(metavar="FILE", help="TOML file with what to try; else tune.space.")] = "",
    metric: Annotated[
        str, typer.Option(help="Score to improve, as accuracy or rule_based.micro_f1; else the usual one.")
    ] = "",
    timeout: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="Begin no new trial after; 0: never.")] = 0,
    jobs: Annotated[int, typer.Option(min=1, help="Processes that try at the same time.")] = 1,
    seed: Annotated[int, typer.Option(help="Same seed, same trials, with one process.")] = 0,
    prune: Annotated[bool, typer.Option(help="End trials early that are worse than most at the same epoch.")] = True,
    keep: Annotated[int, typer.Option(min=0, help="Keep the models of so many of the best trials.")] = 5,
    limit: Annotated[int, typer.Option(min=1, help="Trials shown, best first.")] = 10,
    apply: Annotated[
        bool, typer.Option("--apply", help="Write the best settings found so far into shelver.toml.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Try other settings, judged on the validation side; stopped or killed, it goes on when run again."""
    from shelver.pipeline.space import read_space  # noqa: PLC0415  (only this command needs these)
    from shelver.pipeline.tune import tune as do_tune  # noqa: PLC0415
    from shelver.pipeline.tune_apply import apply_best  # noqa: PLC0415

    with opened(workspace, as_json) as opened_workspace:
        if apply:
            values, backup = apply_best(opened_workspace, study)
            _say_applied(values, opened_workspace.files.path("shelver.toml"), backup, as_json)
            return
        if trials == 0:
            raise ShelverError("nothing to do", where="--trials", expected="a number above 0, or --apply")
        folder, name = os.path.split(os.path.abspath(search)) if search else ("", "")
        found = do_tune(
            opened_workspace,
            trials,
            study=study,
            search=read_space(Files(folder), name) if search else None,
            metric=metric,
            timeout=timeout,
            jobs=jobs,
            seed=seed,
            prune=prune,
            keep=keep,
        )
    if as_json:
        print_json(found.as_dict())
    else:
        _show(found, limit)


def _say_applied(values: dict[str, Any], place: str, backup: str, as_json: bool) -> None:
    if as_json:
        print_json({"values": values, "file": place, "backup": backup})
        return
    for path, value in values.items():
        out.print(f"{path} = {_word(value)}", markup=False)
    out.print(f"written to {place}; as it was: {backup}\nnext: shelver run")


def _show(found: Tuned, limit: int) -> None:
    """Trials, the weight of each setting, and the best of all."""
    sign = -1 if found.maximize else 1
    ranked = sorted(found.trials, key=lambda line: (line.value is None, sign * (line.value or 0.0), line.number))
    out.print(_trials_table(f"{found.study}: {found.metric} of the validation side", ranked[:limit]))
    states = [line.state for line in found.trials]
    counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    out.print(f"{len(states)} trials: {counts}" if states else "no trial is done")
    for line in [line for line in found.trials if line.error][:3]:
        out.print(f"  trial {line.number} failed: {line.error.splitlines()[0]}", markup=False)
    if found.importance:
        weights = ", ".join(f"{path} {100 * share:.0f}%" for path, share in found.importance.items())
        out.print(f"what mattered: {weights}", markup=False)
    if found.best is None or found.best.value is None:
        return
    gain = ""
    if found.present is not None and found.present.value is not None:
        gain = f" (the present settings: {found.present.value:.4f})"
    out.print(f"best: trial {found.best.number}, {found.best.value:.4f}{gain}; its folder: {found.folder}/trials")
    for path, value in found.best.values.items():
        out.print(f"  {path} = {_word(value)}", markup=False)
    out.print("write these into shelver.toml with: shelver tune --apply", markup=False)


def _trials_table(title: str, lines: list[Line]) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    paths = list(dict.fromkeys(path for line in lines for path in line.values))
    for name in ("trial", "score", "seconds"):
        table.add_column(name, justify="right", no_wrap=True)
    for path in paths:
        table.add_column(path.removeprefix("models."), justify="right")
    for line in lines:
        score = f"{line.value:.4f}" if line.value is not None else line.state
        seconds = f"{line.seconds:.1f}" if line.seconds is not None else "–"
        table.add_row(str(line.number), score, seconds, *(_word(line.values.get(path, "–")) for path in paths))
    return table


def _word(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "–" if value == "–" else json.dumps(value)
