"""``shelver label status``: how good we are, what more labels bring, and where they are missed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from shelver.cli.console import out, print_json
from shelver.cli.options import JsonOption, RunOption, WorkspaceOption, opened
from shelver.cli.tables import percent
from shelver.errors import ShelverError

if TYPE_CHECKING:
    from shelver.labelling.accuracy import Estimate
    from shelver.pipeline.standing_items import Prospect, Standing


def status(
    workspace: WorkspaceOption = ".",
    run: RunOption = "",
    target: Annotated[
        float, typer.Option(min=0, max=100, help="Percentage of right products to reach: labels needed for it.")
    ] = 0,
    least_gain: Annotated[
        float, typer.Option(min=0, max=100, help="Percentage of the products that 100 labels should put right.")
    ] = 0.5,
    random_imports: Annotated[
        bool, typer.Option("--random-imports", help="Imported labels are of products drawn at random, too.")
    ] = False,
    limit: Annotated[int, typer.Option(min=0, help="Lines of each table at most.")] = 5,
    as_json: JsonOption = False,
) -> None:
    """Say how good the labels have made us, what more of them bring, and where to go on."""
    if 0 < target < 1:
        raise ShelverError(
            f"{target:g}% is hardly a target", where="--target", expected="a percentage",
            hint=f"did you mean {100 * target:g}?",
        )  # fmt: skip
    with opened(workspace, as_json) as opened_workspace:
        found = opened_workspace.standing(
            run,
            imports_are_random=random_imports,
            target=target / 100 if target else None,
            least_gain=least_gain / 100,
        )
    if as_json:
        print_json(found.as_dict())
        return
    print_standing(found, limit)


def print_standing(found: Standing, limit: int) -> None:
    """Print a few lines and two small tables."""
    for line in sentences(found):
        out.print(line)
    if limit and found.nodes:
        out.print(_nodes_table(found, limit))
    if limit and found.most_wrong(limit):
        out.print(_wrong_table(found, limit))
    for line in _advice(found, limit):
        out.print(line)


def between(found: Estimate) -> str:
    """A share with its interval, in whole percents: ``84% (80 to 88)``."""
    return f"{100 * found.value:.0f}% ({100 * found.low:.0f} to {100 * found.high:.0f})"


def sentences(found: Standing) -> list[str]:
    """What matters most, a sentence each."""
    lines = [f"{found.labels:,} of {found.products:,} products labelled by people, {found.drawn:,} drawn at random"]
    if found.accuracy is None:
        lines.append(
            f"right: not enough answers yet: {_missing_draws(found)}; the model believes {percent(found.believed)}, "
            "unchecked"
        )
    else:
        lines.append(
            f"right: {between(found.accuracy.catalogue)} of all products; {between(found.accuracy.remaining)} of those "
            "nobody looked at"
        )
    if found.shelves.right is not None:
        lines.append(
            f"shelves with a probability of {found.shelves.threshold:g}: {100 * found.shelves.shelved:.0f}% of the "
            f"products have one; of these, {between(found.shelves.right)} are right"
        )
    if found.macro_f1 is not None:
        low, high = found.macro_f1.low, found.macro_f1.high
        lines.append(f"mean F1 of the categories: {found.macro_f1.value:.2f} ({low:.2f} to {high:.2f})")
    if found.prospect is not None:
        lines.append(_gain_line(found.prospect))
    if found.prospect and found.prospect.target is not None:
        lines.append(_target_line(found))
    lines.append(f"{'enough' if found.stopping.stop else 'go on'}: {found.stopping.reason}")
    return lines


def _missing_draws(found: Standing) -> str:
    """How many answers to random questions are missing, and how to come by them."""
    from shelver.labelling.accuracy import ENOUGH  # noqa: PLC0415  (slow to import; --help need not wait)

    missing, share = max(0, ENOUGH - found.drawn), found.random_share
    said = f"{found.drawn} of the {ENOUGH} random questions needed"
    if share == 0:
        return f"{said}; with labelling.random_share = 0 none is asked: set it to 0.1"
    return f"{said}; at labelling.random_share = {share:g} that takes about {math.ceil(missing / share):,} more labels"


def _gain_line(prospect: Prospect) -> str:
    gain = prospect.gain
    return (
        f"the next {prospect.more} labels: {100 * gain.value:+.1f} points ({100 * gain.low:.1f} to "
        f"{100 * gain.high:.1f})"
    )


def _target_line(found: Standing) -> str:
    assert found.prospect is not None  # noqa: S101  (asked only with one)
    assert found.prospect.target is not None  # noqa: S101
    wanted = f"{100 * found.prospect.target:g}% right"
    needed = found.prospect.labels
    if needed is None:
        return f"{wanted}: not with more labels of this kind alone, as far as can be seen"
    if needed.value <= found.labels:
        return f"{wanted}: reached"
    high = f"{needed.high:,.0f}" if math.isfinite(needed.high) else "never"
    return f"{wanted}: at about {needed.value:,.0f} labels ({needed.low:,.0f} to {high})"


def _nodes_table(found: Standing, limit: int) -> Table:
    table = _table("by branch, most products first", ("branch", "products", "right"))
    for each in found.nodes[:limit]:
        table.add_row(each.path, f"{each.products:,}", between(each.right))
    return table


def _wrong_table(found: Standing, limit: int) -> Table:
    columns = ("category", "labels", "products", "right, it believes", "wrong")
    table = _table("where labels pay most: categories with most products expected to be wrong", columns)
    for each in found.most_wrong(limit):
        table.add_row(
            each.path, f"{each.labels:,}", f"{each.products:,}", percent(each.right), f"about {each.wrong:,.0f}"
        )
    return table


def _table(title: str, columns: tuple[str, ...]) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for name in columns:
        table.add_column(name, justify="left" if name == columns[0] else "right")
    return table


def _advice(found: Standing, limit: int) -> list[str]:
    lines = []
    for pair in found.confused[:limit]:
        lines.append(
            f"merge? {pair.paths[0]} and {pair.paths[1]}: {sum(pair.mistakes)} of {pair.wrong.answers} labelled "
            f"products taken for the other ({pair.mistakes[0]} and {pair.mistakes[1]})"
        )
    for split in found.splits[:limit]:
        kinds = " | ".join("; ".join(titles[:2]) for titles in split.examples)
        sizes = f"{split.sizes[0]} and {split.sizes[1]}"
        lines.append(f"split? {split.path}: {sizes} labelled products of two kinds: {kinds}")
    for each in found.unsure[:limit]:
        lines.append(f"unclear? {each.path}: nobody was sure in {between(each.unsure)} of {each.questions} questions")
    bare, empty = found.without_label(), found.empty()
    if bare and limit:
        names = "; ".join(f"{each.path} ({each.products:,})" for each in bare[:limit])
        told = "category has" if len(bare) == 1 else "categories have"
        lines.append(f"{len(bare):,} {told} products but no label, the largest: {names}")
    if empty and limit:
        names = "; ".join(each.path for each in empty[:limit]) + ("; ..." if len(empty) > limit else "")
        noun = "category" if len(empty) == 1 else "categories"
        lines.append(f"the model puts no product into {len(empty):,} {noun} so far: {names}")
    return lines
