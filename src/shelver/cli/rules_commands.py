"""``shelver rules``: suggest, check, apply."""

from __future__ import annotations

from typing import Annotated

import typer

from shelver.cli import quality_commands
from shelver.cli.console import out, print_json, print_steps
from shelver.cli.options import JsonOption, WorkspaceOption, opened
from shelver.cli.tables import percent, rules_table

app = typer.Typer(help="Keyword rules: write starting rules, check them, apply them.", no_args_is_help=True)


@app.command(epilog="Example: shelver rules suggest -w shop")
def suggest(
    workspace: WorkspaceOption = ".",
    force: Annotated[bool, typer.Option(help="Write over rules that are there.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write starting rules, made from the names in the tree, for teams that have none."""
    with opened(workspace, as_json) as opened_workspace:
        rules = opened_workspace.suggest_rules(force)
        place = opened_workspace.files.path(opened_workspace.config.rules.path)
    if as_json:
        print_json({"rules": len(rules), "file": place})
        return
    out.print(f"wrote {len(rules):,} rules to {place}, for example:")
    for rule in rules.rules[:5]:
        out.print(f"  {rule.category}: {rule.sentence()}", markup=False)


@app.command(epilog="Example: shelver rules check -w shop --limit 30")
def check(
    workspace: WorkspaceOption = ".",
    limit: Annotated[int, typer.Option(min=1, help="Rules and pairs shown at most.")] = 15,
    as_json: JsonOption = False,
) -> None:
    """Say how much each rule matches, overlaps and conflicts."""
    with opened(workspace, as_json) as opened_workspace:
        report = opened_workspace.check_rules()
        tree = opened_workspace.tree()
    if as_json:
        print_json(report.as_dict())
        return
    out.print(rules_table(report, limit))
    out.print(
        f"{report.products:,} products: no rule {percent(report.no_rule)}, one {percent(report.one_rule)}, "
        f"several {percent(report.several_rules)}, contradicting categories {percent(report.conflicted)}; "
        f"{len(report.silent):,} of {len(report.rules):,} rules never fired"
    )
    for pair in report.conflicts[: min(5, limit)]:
        first, second = (str(tree.by_id(category_id)) for category_id in pair.category_ids)
        out.print(f"  {pair.products:>7,} products in both {first} and {second}", markup=False)


@app.command(epilog="Example: shelver rules apply -w shop")
def apply(workspace: WorkspaceOption = ".", as_json: JsonOption = False) -> None:
    """Label all products by the rules: write the table of rule labels."""
    with opened(workspace, as_json) as opened_workspace:
        step = opened_workspace.apply_rules()
    print_steps(step, as_json)


app.command("review", epilog="Example: shelver rules review -w shop --limit 20")(quality_commands.review_rules)
