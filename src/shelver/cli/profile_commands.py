"""``shelver profile``."""

from __future__ import annotations

from typing import Annotated

import typer

from shelver.cli.console import out, print_json
from shelver.cli.options import JsonOption, WorkspaceOption, opened
from shelver.errors import ShelverError


def profile(
    workspace: WorkspaceOption = ".",
    feed: Annotated[str, typer.Option(metavar="NAME", help="Only the products of this feed.")] = "",
    raw: Annotated[
        str, typer.Option(metavar="FEED", help="The columns of this feed as they stand in its files, not the products.")
    ] = "",
    html: Annotated[str, typer.Option(metavar="FILE", help="Also write one page with plots.")] = "",
    write: Annotated[
        bool, typer.Option("--write", help="Write the suggested features into shelver.toml, if it has none yet.")
    ] = False,
    toml: Annotated[
        bool, typer.Option("--toml", help="Print the suggested features alone, as in shelver.toml.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what is in the products, which features to make of it, and what has changed since the last profile."""
    from shelver.cli.profile_screen import show_changes, show_profile, show_suggestions  # noqa: PLC0415  (only this one)

    wrong = next((name for name, given in (("--feed", feed), ("--write", write), ("--toml", toml)) if given), "")
    if raw and wrong:
        raise ShelverError(f"--raw and {wrong} do not go together", expected="one of them")
    with opened(workspace, as_json or toml) as opened_workspace:
        found = opened_workspace.profile(feed, raw)
        page = opened_workspace.write_profile(found, html) if html else ""
        written = opened_workspace.write_features(found) if write else ""
    if as_json:
        print_json(found.as_dict() | {"page": page or None, "written": written or None})
        return
    if toml:
        out.print(found.block, end="")
        return
    show_profile(found.profile)
    if found.suggestions:
        show_suggestions(found.suggestions)
    show_changes(found.changes, found.before, several=len(found.profile.parts()) > 1)
    out.print()
    if written:
        out.print(f"wrote the features into {written}; next: shelver prepare")
    elif found.suggestions:
        out.print("to take the features over: shelver profile --write; to see them as settings: shelver profile --toml")
    if page:
        out.print(f"wrote {page}")
    else:
        out.print("with plots, as a page: shelver profile --html profile.html")
