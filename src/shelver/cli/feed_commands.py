"""``shelver feeds``: how a feed is understood before it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from shelver.cli.console import out, print_json
from shelver.cli.options import JsonOption, WorkspaceOption, opened
from shelver.errors import ShelverError

if TYPE_CHECKING:
    from shelver.pipeline.feeds import FeedLook, FieldLine

SHOWN = 60
"""Characters shown of a value or of a column's name."""

WIDE = 130
"""Columns of a terminal that a table does not need in full."""

MAX_COLUMNS = 30
"""Columns listed that are no field."""


def feeds(
    name: Annotated[str, typer.Argument(help="Only this feed.")] = "",
    workspace: WorkspaceOption = ".",
    file: Annotated[str, typer.Option(metavar="FILE", help="Look at a file that shelver.toml does not name.")] = "",
    add: Annotated[str, typer.Option(metavar="FILE", help="Add a feed to shelver.toml: its file or pattern.")] = "",
    new_name: Annotated[str, typer.Option("--name", metavar="NAME", help="With --add: name of the new feed.")] = "",
    write: Annotated[
        bool, typer.Option("--write", help="Write the columns into shelver.toml, to correct there.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Say how feeds are understood: their format, and which column is which field, and why."""
    if bool(add) != bool(new_name):
        raise ShelverError(
            "give both or none", where="--add, --name", hint="shelver feeds --add export.csv --name acme"
        )
    if sum(map(bool, (name, file, add))) > 1:
        raise ShelverError("give only one of them", where="NAME, --file, --add")
    if file and write:
        raise ShelverError(
            "the file is no feed yet", where="--write", hint=f"add it: shelver feeds --add {file} --name NAME --write"
        )
    with opened(workspace, as_json) as opened_workspace:
        added = [opened_workspace.add_feed(add, new_name, write)] if add else []
        looks = added or opened_workspace.look_at_feeds(name, file)
        written = {look.feed: opened_workspace.write_columns(look) for look in looks} if write and not add else {}
        place = opened_workspace.files.path("shelver.toml")
    if as_json:
        print_json([look.as_dict() for look in looks])
        return
    for look in looks:
        _show(look)
        if add:
            columns = ", with its columns" if write else ""
            out.print(f"added to {place}{columns}\nnext: shelver ingest --feed {look.feed}")
        elif write:
            fields = written[look.feed]
            out.print(f"wrote {len(fields)} columns to {place}; correct them there" if fields else "nothing to write")
        elif not file:
            out.print(f"keep or correct this in shelver.toml: shelver feeds {look.feed} --write")


def _show(look: FeedLook) -> None:
    more = f" and {look.files - 1:,} more" if look.files > 1 else ""
    out.print(f"{look.feed}: {look.file}{more}", style="bold")
    out.print(
        f"{look.layout}; columns {f'as {look.network} has them' if look.network else 'of no known network'}; "
        f"the first {look.rows:,} rows were looked at"
    )
    table = Table(box=SIMPLE_HEAD, padding=(0, 1), expand=out.width <= WIDE)
    table.add_column("field", no_wrap=True)
    table.add_column("column, and why", overflow="fold", ratio=3)
    table.add_column("how sure", no_wrap=True)
    table.add_column("example", no_wrap=True, overflow="ellipsis", ratio=2, max_width=SHOWN)
    found = [line for line in look.fields if line.columns]
    for line in found:
        said = Text(_columns(line))
        said.append(f"\n{line.why}", style="dim")
        if line.runners_up and line.sure != "given":
            said.append(f"\nelse: {', '.join(line.runners_up)}", style="dim")
        table.add_row(line.field, said, line.sure, line.example)
    out.print(table)
    missing = [line.field for line in look.fields if not line.columns]
    if missing:
        out.print(f"not found: {', '.join(missing)}", soft_wrap=False)
    if look.left_over:
        names = [_short(column, SHOWN // 2) for column, _ in look.left_over[:MAX_COLUMNS]]
        rest = len(look.left_over) - len(names)
        out.print(f"not used: {', '.join(names)}{f' and {rest:,} more' if rest else ''}", soft_wrap=False)


def _columns(line: FieldLine) -> str:
    if len(line.columns) <= 3:
        return ", ".join(line.columns) or "–"
    return f"{line.columns[0]}, ... {line.columns[-1]} ({len(line.columns)})"


def _short(text: str, size: int) -> str:
    return text if len(text) <= size else text[: size - 3] + "..."
