"""``shelver label review``, ``shelver label agreement``, ``shelver rules review``: what is likely wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from shelver.cli.console import out, print_json
from shelver.cli.options import JsonOption, WorkspaceOption, opened
from shelver.cli.tables import percent

if TYPE_CHECKING:
    from shelver.catalogue.tree import Tree
    from shelver.labelling.accuracy import Estimate
    from shelver.labelling.agreement import Agreement
    from shelver.pipeline.quality import LabelReview, Suspect
    from shelver.pipeline.quality_rules import RuleReview, RulesReview


def review_labels(
    workspace: WorkspaceOption = ".",
    limit: Annotated[int, typer.Option(min=1, help="Labels shown (and asked about) at most.")] = 20,
    ask: Annotated[bool, typer.Option("--ask", help="Put the labels shown into the queue.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Rank all labels, not only those in doubt.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List labels that are likely wrong, the likeliest first."""
    with opened(workspace, as_json) as opened_workspace:
        found = opened_workspace.review_labels(limit, ask=ask, everything=everything)
    if as_json:
        print_json(found.as_dict())
        return
    if found.suspects:
        out.print(_suspects_table(found))
    out.print(_summary(found))
    if ask:
        out.print(f"{found.asked:,} questions put into the queue; answer them with: shelver label next")
    elif found.flagged:
        out.print("to have them looked at again: shelver label review --ask")


def label_agreement(
    workspace: WorkspaceOption = ".",
    limit: Annotated[int, typer.Option(min=1, help="Pairs of people and of categories shown at most.")] = 10,
    model: Annotated[bool, typer.Option(help="Compare people with a model, too.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Say how far people agree on products that several of them labelled."""
    with opened(workspace, as_json) as opened_workspace:
        found = opened_workspace.label_agreement(model=model)
        tree = opened_workspace.tree()
    if as_json:
        print_json(found.as_dict())
        return
    if not found.products:
        out.print(
            "no product has labels of two people yet; to have one question in ten answered by two, set "
            "labelling.overlap = 0.1 in shelver.toml"
        )
    else:
        _print_agreement(found, tree, limit)
    if any(person.others or person.model for person in found.people):
        out.print(_people_table(found))


def review_rules(
    workspace: WorkspaceOption = ".",
    limit: Annotated[int, typer.Option(min=1, help="Rules shown at most.")] = 10,
    as_json: JsonOption = False,
) -> None:
    """List the rules that put most products in a wrong place, with examples."""
    with opened(workspace, as_json) as opened_workspace:
        found = opened_workspace.review_rules(limit)
    if as_json:
        print_json(found.as_dict())
        return
    for rule in found.rules:
        _print_rule(rule)
    out.print(_rules_summary(found))


def _summary(found: LabelReview) -> str:
    text = f"{found.flagged:,} of {found.labels:,} labels are in doubt; {found.settled:,} were looked at twice already"
    if not found.model:
        text += "; too few labels to ask a model, so only products labelled differently were compared"
    elif found.rare:
        text += (
            f"; {found.rare:,} are of categories with too few labels for the model to judge: in doubt only if "
            "the words say so, too"
        )
    return text + (f"; {found.left_out:,} are not in the prepared run (shelver prepare)" if found.left_out else "")


def _suspects_table(found: LabelReview) -> Table:
    table = Table(title="labels to look at again, the likeliest wrong first", title_justify="left", box=SIMPLE_HEAD)
    for name in ("product", "label", "by", "rather", "why"):
        table.add_column(name, overflow="fold")
    for suspect in found.suspects:
        table.add_row(suspect.title, suspect.category, suspect.person or "–", suspect.suggested or "–", _why(suspect))
    return table


def _why(suspect: Suspect) -> str:
    told = f"{percent(suspect.suggested_probability)}, not {percent(suspect.given_probability)}"
    return {
        "model": f"the model: {told}",
        "words": f"rare category; model and words: {told}",
        "twins": "the same product was labelled differently",
        "": f"not in doubt ({told})" if suspect.given_probability is not None else "not in doubt",
    }[suspect.reason]


def _estimate(found: Estimate | None) -> str:
    """A share with its interval."""
    return "–" if found is None else f"{percent(found.value)} ({percent(found.low)} to {percent(found.high)})"


def _number(found: Estimate | None) -> str:
    """A coefficient with its interval."""
    return "–" if found is None else f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f})"


def _print_agreement(found: Agreement, tree: Tree, limit: int) -> None:
    out.print(f"{found.products:,} products were labelled by two people or more")
    out.print(f"  same answer               {_estimate(found.raw)} of the pairs of answers")
    out.print(f"  Krippendorff's alpha      {_number(found.alpha)}; 1 is full agreement, 0 is what chance gives")
    for level in found.levels[:-1]:
        out.print(f"  same answer at level {level.level}    {_estimate(level.raw)}, alpha {_number(level.alpha)}")
    out.print(f"  differ, but same parent   {_estimate(found.siblings)} of the pairs that differ")
    if found.pairs:
        table = Table(title="pairs of people", title_justify="left", box=SIMPLE_HEAD)
        for name in ("people", "products", "same answer", "Cohen's kappa"):
            table.add_column(name, justify="left" if name == "people" else "right")
        for pair in sorted(found.pairs, key=lambda one: -one.products)[:limit]:
            names = " and ".join(name or "–" for name in pair.people)
            table.add_row(names, f"{pair.products:,}", _estimate(pair.raw), _number(pair.kappa))
        out.print(table)
    if found.contested:
        out.print("categories that people are torn between; a clearer name or a merge may help")
        for each in found.contested[:limit]:
            first, second = (str(tree.by_id(category_id)) for category_id in each.category_ids)
            times = "time " if each.pairs == 1 else "times"
            out.print(f"  {each.pairs:>5,} {times}  {first}  or  {second}   (agreed in {percent(each.agreement)})")


def _people_table(found: Agreement) -> Table:
    table = Table(title="by person", title_justify="left", box=SIMPLE_HEAD)
    for name in ("person", "products", "as most others said", "as the model says"):
        table.add_column(name, justify="left" if name == "person" else "right")
    for person in found.people:
        table.add_row(person.person or "–", f"{person.products:,}", _estimate(person.others), _estimate(person.model))
    return table


def _print_rule(rule: RuleReview) -> None:
    least, likely, most = rule.wrong_products
    basis = f"{rule.right + rule.wrong} labels" + (" and the model's estimate" if rule.basis == "model" else "")
    out.print(f"{rule.rule_id}: {rule.sentence} → {rule.category}", style="bold")
    out.print(
        f"  {rule.matches:,} products, {percent(rule.precision)} right ({percent(rule.low)} to {percent(rule.high)}; "
        f"by {basis}): about {likely:,.0f} wrong, {least:,.0f} to {most:,.0f}"
    )
    for example in rule.examples:
        why = f"is in {example.label}" if example.label else f"estimated {percent(example.probability)} right"
        out.print(f'  "{example.title}": {example.field} has "{example.matched}"; {why}')
    for word in rule.exclude:
        out.print(f'  to exclude: title.not = ["{word.word}"]   ({word.wrong:,} wrong, {word.right:,} right with it)')


def _rules_summary(found: RulesReview) -> str:
    text = f"judged by {found.labels:,} labels" + (" and by a model that does not see the rules" if found.model else "")
    if not found.model:
        text += "; with more labels a model estimates the others, too"
    return text + (f"; nothing is known of {found.unjudged:,} rules that fired" if found.unjudged else "")
