"""Options that several commands share."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from shelver.cli.console import progress

if TYPE_CHECKING:
    from shelver.pipeline.workspace import Workspace

WorkspaceOption = Annotated[
    str,
    typer.Option("--workspace", "-w", metavar="DIR", help="Workspace: a folder, or a URL such as s3://bucket/shop."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
RunOption = Annotated[str, typer.Option("--run", metavar="RUN", help="A run by its id; the newest if not given.")]
ModelOption = Annotated[
    str, typer.Option("--model", metavar="MODEL", help="A model by its id; else the configured one.")
]


def name_of_person(person: str) -> str:
    """Who acts: the name given, else the user's; empty if neither is known."""
    return person.strip() or os.environ.get("USER", "")


@contextmanager
def opened(prefix: str, quiet: bool = False) -> Iterator[Workspace]:
    """A workspace with progress bars; its database is closed at the end."""
    from shelver.pipeline.workspace import Workspace  # noqa: PLC0415  (takes a second, which --help need not wait for)

    gc.freeze()  # what was imported is no garbage: to look through it took 0.7 s of reading a million products
    with progress(quiet) as report:
        workspace = Workspace(prefix, report)
        try:
            yield workspace
        finally:
            workspace.close()
