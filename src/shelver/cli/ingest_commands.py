"""``shelver ingest`` and ``shelver deliveries``: what came in, and what it changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.measure import Measurement
from rich.table import Table

from shelver.cli.console import out, print_json
from shelver.cli.options import JsonOption, WorkspaceOption, opened
from shelver.errors import ShelverError
from shelver.pipeline.step import Step

if TYPE_CHECKING:
    from shelver.catalogue.deliveries import Delivery

COUNTS = ("new", "changed", "unchanged", "gone", "back", "rejected")
"""Figures shown of a delivery, besides its rows or products."""


def ingest(
    workspace: WorkspaceOption = ".",
    feed: Annotated[str, typer.Option(help="Only this feed.")] = "",
    accept: Annotated[str, typer.Option(metavar="FEED", help="Take a feed that was held back.")] = "",
    forget: Annotated[
        str,
        typer.Option(metavar="FEED", help="Make the products of a feed inactive that shelver.toml no longer names."),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Read the feeds into products; rows that cannot be products go to rejects."""
    if sum(map(bool, (feed, accept, forget))) > 1:
        raise ShelverError("name one feed only", where="--feed, --accept, --forget")
    with opened(workspace, as_json) as opened_workspace:
        from shelver.pipeline.ingest import IngestError  # noqa: PLC0415  (slow to import; --help need not wait)

        try:
            steps: Sequence[Step] = opened_workspace.ingest(feed, accept=accept, forget=forget)
        except IngestError as error:
            if not all("why" in step.details for step in error.steps):
                _print(error.steps, as_json)
            raise
    _print(steps, as_json)


def say_not_taken(steps: Sequence[Step]) -> None:
    """Raise the error about feeds that were held back or refused, if there are any."""
    from shelver.pipeline.ingest import not_taken  # noqa: PLC0415  (slow to import; --help need not wait)

    if error := not_taken(steps):
        raise error


def _print(steps: Sequence[Step], as_json: bool) -> None:
    if as_json:
        print_json([step.as_dict() for step in steps])
        return
    rows = []
    for step in steps:
        told = step.details
        counts = [_number(told.get(name)) for name in COUNTS]
        products = "" if "why" in told else _number(step.rows)
        rows.append([step.name.removeprefix("ingest "), told["status"], products, *counts, f"{step.seconds:.1f}"])
    _show(("feed", "", "products", *COUNTS, "s"), rows, left=2)
    rejected = sum(step.details.get("rejected", 0) for step in steps)
    if rejected:
        out.print(f"{rejected:,} rejected {'row' if rejected == 1 else 'rows'}: see shelver rejects")
    for step in steps:
        if step.details.get("warning"):
            out.print(f"{step.name.removeprefix('ingest ')}: {step.details['warning']}", markup=False)
        if step.details["status"] == "not in shelver.toml":
            name = step.name.removeprefix("ingest ")
            out.print(f"{name} stays as it is; to make its products inactive: shelver ingest --forget {name}")


def deliveries(
    feed: Annotated[str, typer.Argument(help="Only those of this feed.")] = "",
    workspace: WorkspaceOption = ".",
    limit: Annotated[int, typer.Option(min=1, help="Deliveries shown at most, the newest.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """List what the feeds delivered, and what it changed; the newest comes last."""
    with opened(workspace, as_json) as opened_workspace:
        found = opened_workspace.deliveries(feed)
    if feed and not found:
        raise ShelverError(f'nothing was delivered by a feed "{feed}" yet', hint="list all with: shelver deliveries")
    shown = found[-limit:]
    if as_json:
        print_json({"total": len(found), "deliveries": [asdict(each) for each in shown]})
        return
    _show(("no", "when (UTC)", "feed", "status", "rows", *COUNTS), [_cells(each) for each in shown], left=4)
    for each in shown:
        if each.reason:
            out.print(f"{each.delivery_id} {each.feed}, {each.status}: {each.reason}")
    out.print(f"{len(shown):,} of {len(found):,} deliveries")


def _cells(each: Delivery) -> list[str]:
    when = each.finished.strftime("%Y-%m-%d %H:%M")
    counts = [_number(getattr(each, name)) for name in ("rows", *COUNTS)]
    return [str(each.delivery_id), when, each.feed, each.status, *counts]


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _show(names: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> None:
    """Print a table; no figure is cut: on a terminal that is too narrow, those of `COUNTS` go into one column."""
    table = _table(names, rows, left)
    table.width = Measurement.get(out, out.options.update(max_width=1000), table).maximum
    if out.is_terminal and table.width > out.width:
        table = _narrow(names, rows, left)
    out.print(table)


def _table(names: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for place, name in enumerate(names):
        table.add_column(name, justify="left" if place < left else "right", no_wrap=True)
    for cells in rows:
        table.add_row(*cells)
    return table


def _narrow(names: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> Table:
    kept = [place for place, name in enumerate(names) if name not in COUNTS]
    table = _table([names[place] for place in kept], [], left)
    table.add_column("changes", no_wrap=True)
    for cells in rows:
        changes = [f"{cell} {name}" for name, cell in zip(names, cells, strict=True) if name in COUNTS and cell]
        told = [change for change in changes if not change.startswith("0 ")]
        table.add_row(
            *(cells[place] for place in kept), "\n".join(told) or ("none" if len(changes) == len(COUNTS) else "")
        )
    return table
