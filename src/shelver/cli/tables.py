"""Tables that the commands print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from shelver.cli.console import out
from shelver.config import BUILT_IN

if TYPE_CHECKING:
    from shelver.pipeline.learn import Comparison
    from shelver.pipeline.shelve import Answer
    from shelver.rules.check import RulesReport
    from shelver.training.metrics import ClassScore, Scores


def percent(value: float | None) -> str:
    """A share as a percentage; a dash where there is none."""
    return "–" if value is None else f"{100 * value:.1f}%"


SCORES = ("right", "top 5", "macro-F1", "tree F1", "ECE", "auto")
"""Columns for `score_cells`."""


def score_cells(scores: Scores) -> list[str]:
    """Scores as the cells of a row."""
    cells: list[float | None] = [scores.accuracy, scores.top_5, scores.macro_f1, scores.hierarchical_f1]
    return [percent(cell) for cell in [*cells, scores.calibration_error, scores.accepted_at_95]]


def scores_table(rows: list[tuple[str, Scores]], title: str) -> Table:
    """Scores side by side, a row each."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column("", overflow="fold", max_width=24)
    for name in SCORES:
        table.add_column(name, justify="right", no_wrap=True)
    for name, scores in rows:
        table.add_row(name, *score_cells(scores))
    return table


def enough_rows(scores: Scores) -> bool:
    """Were there enough labelled products for shares that are worth showing?"""
    from shelver.labelling.accuracy import ENOUGH  # noqa: PLC0415  (slow to import; --help need not wait)

    return scores.rows >= ENOUGH


def _too_few(rows: int, side: str) -> str:
    products = "product" if rows == 1 else "products"
    return f"only {rows} labelled {products} on the {side} side: too few to say anything; see: shelver label status"


def print_comparison(found: Comparison) -> None:
    """A model beside the rules alone, or why there is nothing to compare."""
    pairs = [("rules alone", found.rules.exclusive), (found.model_id, found.model.exclusive)]
    rows = [(name, scores) for name, scores in pairs if scores is not None]
    if rows and not enough_rows(rows[0][1]):
        out.print(_too_few(rows[0][1].rows, found.split))
    elif rows:
        out.print(
            scores_table(rows, f"{found.run_id}: {rows[0][1].rows:,} labelled products of the {found.split} side")
        )
    else:
        out.print(
            f"no product of the {found.split} side has a label yet, so there is nothing to measure by; about one "
            "product in ten is kept for that: import labels (shelver label import FILE), then run again"
        )
    for name, own in found.model.scores.items():
        if name not in BUILT_IN:
            if isinstance(own, Scores) and not enough_rows(own):
                said = _too_few(own.rows, found.split)
            elif isinstance(own, Scores):
                said = f"right {percent(own.accuracy)}, macro-F1 {percent(own.macro_f1)}"
            else:
                said = f"mean average precision {percent(own.mean_average_precision)}, micro-F1 {percent(own.micro_f1)}"
            out.print(f"{name}, {own.rows:,} products: {said}")
    shelf = found.model.exclusive.shelf if found.model.exclusive else None
    if shelf is not None and enough_rows(rows[0][1]):
        out.print(
            f"shelves: {percent(shelf.shelved)} of the products have one with a probability of {shelf.threshold:g} at "
            f"least, {percent(shelf.right)} of these are right; {percent(shelf.full)} are at the end of the tree"
        )
    rule_based = found.model.rule_based
    if rule_based is not None:
        out.print(
            f"rule labels of {rule_based.rows:,} products reproduced: mean average precision "
            f"{percent(rule_based.mean_average_precision)}, micro-F1 {percent(rule_based.micro_f1)}"
        )


def classes_table(classes: tuple[ClassScore, ...], limit: int) -> Table:
    """Precision, recall and F1 of the categories with most products."""
    table = Table(title="by category, most products first", title_justify="left", box=SIMPLE_HEAD)
    for name, justify in (("category", "left"), ("products", "right"), ("precision", "right"), ("recall", "right")):
        table.add_column(name, justify="right" if justify == "right" else "left")
    table.add_column("F1", justify="right")
    for score in sorted(classes, key=lambda found: (-found.support, found.path))[:limit]:
        table.add_row(
            score.path, f"{score.support:,}", percent(score.precision), percent(score.recall), percent(score.f1)
        )
    return table


def answer_text(title: str, answer: Answer) -> Text:
    """Where a product belongs, with the rules that fired."""
    text = Text(f"{title}\n", style="bold")
    for objective, best in answer.ranked.items():
        text.append(f"  {objective}\n", style="dim")
        for _, path, probability in best:
            text.append(f"    {percent(probability):>6}  {path}\n", style="" if probability >= 0.5 else "dim")
    if answer.shelf:
        text.append("  shelf\n", style="dim")
        text.append(f"    {percent(answer.shelf[2]):>6}  {answer.shelf[1]}\n")
    text.append("  rules that fired\n", style="dim")
    for rule_id, path, field, start, end in answer.rules:
        text.append(f"    {rule_id} → {path}   ({field}, characters {start}–{end})\n")
    if not answer.rules:
        text.append("    none\n", style="dim")
    return text


def rules_table(report: RulesReport, limit: int) -> Table:
    """Rules with most products first."""
    table = Table(title="rules, most products first", title_justify="left", box=SIMPLE_HEAD)
    for name in ("rule", "products", "examples"):
        table.add_column(name, justify="right" if name == "products" else "left")
    for rule in sorted(report.rules, key=lambda found: -found.products)[:limit]:
        table.add_row(rule.sentence, f"{rule.products:,}", "; ".join(rule.examples[:2]))
    return table
