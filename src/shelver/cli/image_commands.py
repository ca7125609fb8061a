"""The command that fetches pictures: ``shelver images``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from shelver.cli.console import out, print_json
from shelver.cli.options import JsonOption, WorkspaceOption, opened

if TYPE_CHECKING:
    from shelver.pipeline.images_report import HostLine, ImagesReport, Reason

WIDTH = 100
"""Characters of an address or host shown."""


def images(
    workspace: WorkspaceOption = ".",
    limit: Annotated[int, typer.Option(min=0, help="Ask for so many addresses at most; 0: all.")] = 0,
    retry: Annotated[bool, typer.Option("--retry", help="Also those that failed before, however long ago.")] = False,
    every: Annotated[bool, typer.Option("--all", help="All pictures of each product, not only the first.")] = False,
    status: Annotated[bool, typer.Option("--status", help="Fetch nothing, only say how the pictures stand.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Fetch the pictures of products from their addresses; only what is missing or due again."""
    with opened(workspace, as_json) as opened_workspace:
        if status:
            found = opened_workspace.images_status(every=every)
        else:
            found = opened_workspace.fetch_images(limit, retry=retry, every=every)
    if as_json:
        print_json(found.as_dict())
        return
    out.print(_text(found, status))


def _text(found: ImagesReport, status: bool) -> Text:
    text = Text()
    if not status:
        text.append(
            f"asked for {found.asked:,} {'address' if found.asked == 1 else 'addresses'}, {found.seconds:.1f} s\n"
        )
    having = sum(found.with_picture.values())
    text.append(f"{having:,} of {found.products:,} products have a picture", style="bold")
    text.append(
        f": {found.with_picture['feed']:,} in a folder or zip, {found.with_picture['fetched']:,} fetched from an "
        "address\n"
    )
    for feed, count in found.places.items():
        text.append(f"feed {feed}: {count:,} pictures in its folder or zip\n")
    counts = ", ".join(f"{count:,} {status}" for status, count in found.addresses.items())
    text.append(f"addresses: {counts or 'none; no column of the feeds is one of pictures'}\n")
    text.append(f"stored: {found.stored['pictures']:,} different pictures, {found.stored['bytes'] / 1e6:,.1f} MB")
    if found.reasons:
        text.append("\naddresses without a picture\n", style="dim")
        text.append("\n".join(map(_reason, found.reasons)))
    failing = [host for host in found.hosts if host.failed]
    if failing:
        text.append("\nhosts with failures\n", style="dim")
        text.append("\n".join(map(_host, failing)))
    return text


def _reason(line: Reason) -> str:
    return f"{line.count:>9,}  {line.status:<8} {line.reason}\n{'':>20}such as {line.example[:WIDTH]}"


def _host(line: HostLine) -> str:
    return f"{line.failed:>9,}  of {line.addresses:,}: {line.host[:WIDTH] or '(no host)'}"
