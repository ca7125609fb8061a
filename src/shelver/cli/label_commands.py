"""``shelver label``: what people say about products."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from shelver.catalogue.origins import count_ways
from shelver.cli import alike_commands, ask_commands, quality_commands, standing_commands
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
        labels = opened_workspace.control.current_labels()
        total, ways = labels.num_rows, count_ways(labels)
    if as_json:
        print_json({**found._asdict(), "labelled_products": total, **ways})
    else:
        out.print(
            f"{found.rows:,} rows read, {found.repeated:,} said again, {found.stored:,} new labels; "
            f"{total:,} products now have a label"
            + (f", {ways['propagated']:,} of them by likeness" if ways["propagated"] else "")
        )
        if found.rows and not found.stored:
            out.print("nothing was stored: this very file was imported before")


@app.command("export", epilog="Example: shelver label export labels.csv -w shop")
def export_labels(
    file: Annotated[str, typer.Argument(help="CSV or JSON, by the suffix; - for CSV on the screen.")],
    workspace: WorkspaceOption = ".",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document instead of text; with -, the labels.")
    ] = False,
) -> None:
    """Write the current labels to a file, which label import takes into another workspace."""
    from shelver.pipeline.export_labels import as_text, label_rows  # noqa: PLC0415 (--help need not wait for it)

    with opened(workspace, as_json or file == "-") as opened_workspace:
        if file == "-":
            sys.stdout.write(as_text(label_rows(opened_workspace), "json" if as_json else "csv"))
            return
        written = opened_workspace.export_labels(file)
    if as_json:
        print_json({"labels": written, "file": file})
    else:
        out.print(f"{written:,} label{'' if written == 1 else 's'} written to {file}")


app.command("review", epilog="Example: shelver label review -w shop --ask")(quality_commands.review_labels)
app.command("agreement", epilog="Example: shelver label agreement -w shop")(quality_commands.label_agreement)
app.command("alike", epilog="Example: shelver label alike 4711 -w shop --confirm 1,2,5")(alike_commands.alike)
app.command("clusters", epilog='Example: shelver label clusters -w shop --label 3fa2 "Shoes"')(alike_commands.clusters)
app.command("undo", epilog="Example: shelver label undo 4711 -w shop --propagated")(alike_commands.undo)
app.command("next", epilog="Example: shelver label next -w shop --person ann")(ask_commands.label_next)
app.command("queue", epilog="Example: shelver label queue -w shop --passed")(ask_commands.label_queue)
app.command("ask", epilog="Example: shelver label ask 8f14e45fceea167a -w shop --people 2")(ask_commands.label_ask)
app.command("refill", epilog="Example: shelver label refill -w shop")(ask_commands.label_refill)
app.command("status", epilog="Example: shelver label status -w shop --target 95")(standing_commands.status)
