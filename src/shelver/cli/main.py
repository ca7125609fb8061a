"""The ``shelver`` command."""

from __future__ import annotations

import os
import sys
from typing import Annotated

os.environ.setdefault("RUST_LOG", "error")  # Lance and Daft report what is no fault of the user's as warnings

import typer

from shelver import __version__
from shelver.cli import (
    experiment_commands,
    feed_commands,
    image_commands,
    ingest_commands,
    label_commands,
    look_commands,
    profile_commands,
    report_commands,
    rules_commands,
    simulate_commands,
    tune_commands,
)
from shelver.cli.console import err, out, print_json, print_steps
from shelver.cli.options import JsonOption, ModelOption, RunOption, WorkspaceOption, opened
from shelver.cli.start import STOPPED
from shelver.cli.tables import answer_text, classes_table, enough_rows, print_comparison
from shelver.errors import ShelverError
from shelver.features.split import Side

app = typer.Typer(
    help="Puts every product of a messy catalogue on the right shelf, with as few human labels as possible.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.add_typer(rules_commands.app, name="rules")
app.add_typer(label_commands.app, name="label")
app.add_typer(experiment_commands.app, name="experiment")


def _version(wanted: bool) -> None:
    if wanted:
        out.print(f"shelver {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None: ...


@app.command(epilog="Example: shelver init -w shop --feed 'feeds/*.csv' --tree categories.csv")
def init(
    workspace: WorkspaceOption = ".",
    feed: Annotated[str, typer.Option(help="Feed file, or pattern; relative to the workspace.")] = "",
    tree: Annotated[str, typer.Option(help="File with the tree of categories.")] = "",
    name: Annotated[str, typer.Option(help="Name of the feed's source.")] = "shop",
    as_json: JsonOption = False,
) -> None:
    """Start a workspace: write a shelver.toml to edit."""
    with opened(workspace) as opened_workspace:
        opened_workspace.init(feed, tree, name)
        place = opened_workspace.files.path("shelver.toml")
    if as_json:
        print_json({"file": place})
    else:
        out.print(f"wrote {place}\nnext: shelver rules suggest, then shelver run")


@app.command(epilog="Example: shelver categories sandals -w shop")
def categories(
    words: Annotated[str, typer.Argument(help="Only categories whose path contains this.")] = "",
    workspace: WorkspaceOption = ".",
    force: Annotated[bool, typer.Option(help="Take the file over even if labels use what it lacks.")] = False,
    near: Annotated[str, typer.Option(metavar="CATEGORY", help="Categories that a model sees as near to one.")] = "",
    run: RunOption = "",
    model: ModelOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show the tree: ids and paths; * marks the categories a person can assign."""
    if near:
        look_commands.near_categories(workspace, near, run, model, as_json)
        return
    with opened(workspace, as_json) as opened_workspace:
        tree = opened_workspace.tree(force)
    found = [category for category in tree if words.lower() in str(category).lower()]
    if as_json:
        keys = ("category_id", "parent_id", "path", "exclusive")
        print_json([{key: getattr(category, key) for key in keys} for category in found])
        return
    for category in found:
        out.print(f"{category.category_id}  {'*' if category.exclusive else ' '} {category}", markup=False)
    out.print(f"{len(found):,} of {len(tree):,} categories; {len(tree.exclusive):,} can be assigned")


app.command(epilog="Example: shelver ingest -w shop")(ingest_commands.ingest)
app.command(epilog="Example: shelver deliveries acme -w shop")(ingest_commands.deliveries)
app.command(epilog="Example: shelver feeds --add exports/acme.csv --name acme -w shop")(feed_commands.feeds)


@app.command(epilog="Example: shelver rejects -w shop --limit 20")
def rejects(
    workspace: WorkspaceOption = ".",
    limit: Annotated[int, typer.Option(min=1, help="Rows shown at most.")] = 10,
    as_json: JsonOption = False,
) -> None:
    """Show rows of the feeds that could not become products, and why."""
    with opened(workspace, as_json) as opened_workspace:
        table = opened_workspace.table("rejects")
        rows = table.head(limit).to_pylist()
        total = table.count()
    if as_json:
        print_json({"total": total, "rows": rows})
        return
    for row in rows:
        out.print(f"{row['file']} line {row['line']}: {row['reason']}", style="bold")
        out.print(f"  {row['raw'][:200]}", markup=False)
    out.print(f"{len(rows):,} of {total:,} rejected rows")


@app.command(epilog="Example: shelver prepare -w shop")
def prepare(workspace: WorkspaceOption = ".", as_json: JsonOption = False) -> None:
    """Make the data set that models are trained on: rule labels, vectors, features, targets."""
    with opened(workspace, as_json) as opened_workspace:
        steps = opened_workspace.prepare()
    print_steps(steps, as_json)


@app.command(epilog="Example: shelver train -w shop --model wide_deep")
def train(
    workspace: WorkspaceOption = ".",
    run: RunOption = "",
    model: Annotated[str, typer.Option(help="Another model than training.model.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Train a model; a killed training goes on where it was."""
    with opened(workspace, as_json) as opened_workspace:
        step = opened_workspace.train(run, model)
    print_steps(step, as_json)


@app.command(epilog="Example: shelver evaluate -w shop --classes 20")
def evaluate(
    workspace: WorkspaceOption = ".",
    run: RunOption = "",
    model: ModelOption = "",
    split: Annotated[str, typer.Option(help="Which side: test, valid or train.")] = "test",
    classes: Annotated[int, typer.Option(min=0, help="Categories shown, most products first.")] = 10,
    as_json: JsonOption = False,
) -> None:
    """Say how good the model is on products it has not seen, beside the rules alone."""
    sides = {side.name.lower(): side for side in Side}
    if split not in sides:
        raise ShelverError(f'there is no side "{split}"', where="--split", expected="test, valid or train")
    with opened(workspace, as_json) as opened_workspace:
        found = opened_workspace.evaluate(run, model, sides[split])
    if as_json:
        print_json(found.as_dict())
        return
    print_comparison(found)
    if found.model.exclusive is not None and enough_rows(found.model.exclusive) and classes:
        out.print(classes_table(found.model.exclusive.classes, classes))


@app.command(epilog="Example: shelver predict -w shop")
def predict(
    workspace: WorkspaceOption = ".", run: RunOption = "", model: ModelOption = "", as_json: JsonOption = False
) -> None:
    """Put every product on a shelf: write the table of predictions."""
    with opened(workspace, as_json) as opened_workspace:
        step = opened_workspace.predict(run, model)
        place = opened_workspace.table("predictions").uri
    if as_json:
        print_json(step.as_dict() | {"table": place})
    else:
        print_steps([step])
        out.print(f"written to {place}")


@app.command(epilog="Example: shelver classify 'Red leather sandals' -w shop")
def classify(
    title: Annotated[str, typer.Argument(help="Title of the product.")] = "",
    workspace: WorkspaceOption = ".",
    brand: Annotated[str, typer.Option(help="Its brand.")] = "",
    category: Annotated[str, typer.Option(help="The retailer's category.")] = "",
    description: Annotated[str, typer.Option(help="Its description.")] = "",
    gender: Annotated[str, typer.Option(help="Whom it is for.")] = "",
    size: Annotated[str, typer.Option(help="Its size.")] = "",
    colour: Annotated[str, typer.Option(help="Its colour.")] = "",
    price: Annotated[str, typer.Option(help="Its price.")] = "",
    image: Annotated[str, typer.Option(help="File with its picture.")] = "",
    run: RunOption = "",
    model: ModelOption = "",
    as_json: JsonOption = False,
) -> None:
    """Say where one product belongs, and which rules fired."""
    fields = {"brand": brand, "category": category, "description": description}
    fields |= {"gender": gender, "size": size, "colour": colour, "price": price}
    if not any(value.strip() for value in (title, image, *fields.values())):
        raise ShelverError("nothing to classify", expected="a title, another field with some text, or a picture")
    with opened(workspace, as_json) as opened_workspace:
        answer = opened_workspace.classifier(run, model)(
            image or None, title=title, **{name: value for name, value in fields.items() if value}
        )
    if as_json:
        print_json({"title": title} | answer.as_dict())
    else:
        out.print(answer_text(title or image, answer))


@app.command(epilog="Example: shelver run -w shop")
def run(workspace: WorkspaceOption = ".", as_json: JsonOption = False) -> None:
    """Do all of it, only what is stale: ingest, prepare, train, evaluate, predict."""
    with opened(workspace, as_json) as opened_workspace:
        steps, found = opened_workspace.run()
    if as_json:
        print_json({"steps": [step.as_dict() for step in steps], "evaluation": found.as_dict()})
    else:
        print_steps(steps)
        print_comparison(found)
    ingest_commands.say_not_taken(steps)


@app.command(epilog="Example: shelver demo -w demo-workspace")
def demo(
    workspace: WorkspaceOption = "demo-workspace",
    data: Annotated[str, typer.Option(help="A feed file of your own with a column of categories.")] = "",
    label: Annotated[str, typer.Option(help="Column with the known categories; else found by its name.")] = "",
    encoder: Annotated[str, typer.Option(help="Text encoder; static is the fastest.")] = "minilm-int8",
    as_json: JsonOption = False,
) -> None:
    """Run the main job on real products, and show how good it is after 0, few and all labels."""
    from shelver.cli.demo_screen import show_demo  # noqa: PLC0415  (only this command needs it)

    with opened(workspace, as_json) as opened_workspace:
        show_demo(opened_workspace, data, label, encoder, as_json)


app.command(epilog="Example: shelver images -w shop --limit 1000")(image_commands.images)
app.command(epilog="Example: shelver explain 'Red leather sandals' -w shop")(look_commands.explain)
app.command(epilog="Example: shelver embed -w shop --model wide_deep")(look_commands.embed)
app.command(epilog="Example: shelver profile -w shop --html profile.html")(profile_commands.profile)
app.command(epilog="Example: shelver report -w shop --models linear,wide_deep")(report_commands.report)
app.command(epilog="Example: shelver tune -w shop --trials 40 --jobs 2")(tune_commands.tune)
app.command(epilog="Example: shelver simulate feed.csv --label category --strategy margin,badge")(
    simulate_commands.simulate
)


def main() -> None:
    """Run the command; what the user can mend is one clear message and exit code 2, Ctrl-C one line and 130."""
    try:
        app()
    except ShelverError as error:
        err.print(f"error: {error}", style="red", markup=False)
        sys.exit(2)
    except BaseException as error:
        if not _interrupted(error):
            raise
        err.print("stopped; everything finished so far is kept, run the command again to go on")
        sys.exit(STOPPED)


def _interrupted(error: BaseException | None) -> bool:
    """Was it Ctrl-C: by itself, as Typer's exit, or as the cause of another error (a library that was being loaded)?"""
    if isinstance(error, SystemExit):
        return error.code == STOPPED
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


if __name__ == "__main__":
    main()
