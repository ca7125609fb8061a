"""``shelver label``: what people say about products."""

from __future__ import annotations

from typing import Annotated

import typer

from shelver.cli.console import out, print_json
from shelver.cli.options import JsonOption, WorkspaceOption, opened

app = typer.Typer(help="Labels: what people say about products.", no_args_is_help=True)


@app.command("import", epilog="Example: shelver label import labels.csv -w shop --person ann")
def import_labels(
    file: Annotated[str, typer.Argument(help="CSV or JSON with columns product_id (or id) and category.")],
    workspace: WorkspaceOption = ".",
    person: Annotated[str, typer.Option(help="Who said so, where the file does not say.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Import labels; the same file again adds nothing."""
    with opened(workspace, as_json) as opened_workspace:
        found = opened_workspace.import_labels(file, person)
        total = opened_workspace.control.current_labels().num_rows
    if as_json:
        print_json({**found._asdict(), "labelled_products": total})
    else:
        out.print(
            f"{found.rows:,} rows read, {found.repeated:,} said again, {found.stored:,} new labels; "
            f"{total:,} products now have a label"
        )
        if found.rows and not found.stored:
            out.print("nothing was stored: this very file was imported before")
