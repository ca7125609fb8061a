"""``shelver report``."""

from __future__ import annotations

from typing import Annotated

import typer

from shelver.cli.console import out, print_json
from shelver.cli.options import JsonOption, RunOption, WorkspaceOption, opened
from shelver.errors import ShelverError
from shelver.features.split import Side


def report(
    workspace: WorkspaceOption = ".",
    run: RunOption = "",
    models: Annotated[
        str, typer.Option(metavar="A,B,...", help="Models by id, the one to look into first; else all evaluated ones.")
    ] = "",
    split: Annotated[str, typer.Option(help="Which side: test, valid or train.")] = "test",
    file: Annotated[
        str, typer.Option("--out", metavar="FILE", help="Where to write the page; else beside the run.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Write one page about the models of a run: scores, plots, errors, and runs compared."""
    from shelver.pipeline.report import make_report, write_report  # noqa: PLC0415  (only this command needs it)

    sides = {side.name.lower(): side for side in Side}
    if split not in sides:
        raise ShelverError(f'there is no side "{split}"', where="--split", expected="test, valid or train")
    names = [name.strip() for name in models.split(",") if name.strip()]
    with opened(workspace, as_json) as opened_workspace:
        found = make_report(opened_workspace, run, names, sides[split])
        place = write_report(opened_workspace, found, file)
    if as_json:
        print_json(found.as_dict() | {"file": place})
        return
    out.print(f"wrote {place}: {found.focus} and {len(found.models) - 1} more on the {split} side of {found.run_id}")
