"""The report as one HTML page that needs nothing else: no network, no other file."""

from __future__ import annotations

import base64
import hashlib

from shelver.reporting import sections
from shelver.reporting.data import Report
from shelver.reporting.html import Html, join, number, percent, tag
from shelver.reporting.style import SCRIPT, STYLE


def page(report: Report) -> str:
    """Write the whole page."""
    found = [
        (anchor, title, body)
        for anchor, title, body in (
            ("models", "Models", sections.models(report)),
            ("tree", "Where in the tree", sections.tree(report)),
            ("confidence", "Is it sure, and rightly so", sections.confidence(report)),
            ("learning", "Learning", sections.learning(report)),
            ("categories", "Categories", sections.categories(report)),
            ("objectives", "Other objectives", sections.objectives(report)),
            ("runs", "Runs compared", sections.runs(report)),
            ("words", "What the words mean", sections.words()),
        )
        if body
    ]
    links = [tag("a", title, href=f"#{anchor}") for anchor, title, _ in found]
    parts = [tag("section", tag("h2", title), body, id=anchor) for anchor, title, body in found]
    main = tag("main", _head(report), tag("nav", *links, aria_label="Sections"), tiles(report), *parts, _foot(report))
    allowed = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{allowed}'"
    head = join(
        Html('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        tag("title", f"{report.catalogue}: how good is {report.focus}?"),
        tag("style", Html(STYLE)),
    )
    body = tag("body", main, tag("script", Html(SCRIPT)))
    return f"<!doctype html>\n{tag('html', tag('head', head), body, lang='en')}\n"


SIDES = {
    "test": "which no model was trained on",
    "valid": "which decides when training stops",
    "train": "which models were trained on: these scores say nothing of new products",
}


def _head(report: Report) -> Html:
    products = sum(report.products.values())
    labelled = sum(report.labelled.values())
    measured = report.labelled.get(report.split, 0)
    return join(
        tag("h1", f"{report.catalogue}: how good is {report.focus}?"),
        tag(
            "p",
            f"{number(products)} products, {number(report.categories)} categories, {number(labelled)} labels. ",
            f"Measured on {number(measured)} labelled products of the {report.split} side, ",
            f"{SIDES.get(report.split, '')}. ",
            tag("span", f"Run {report.run_id}, prepared {report.created[:10]}.", class_="soft"),
        ),
    )


TILES = (
    ("accuracy", "on the right shelf"),
    ("macro_f1", "macro-F1"),
    ("top_5", "right among the first five"),
    ("hierarchical_f1", "F1 along the tree"),
    ("calibration_error", "calibration error"),
    ("accepted_at_95", "can be accepted at 95% precision"),
    ("shelf.shelved", "get a shelf that is sure enough"),
    ("shelf.right", "of these shelves are right"),
    ("mean_average_precision", "mean average precision"),
    ("micro_f1", "micro-F1"),
)


def tiles(report: Report) -> Html:
    """Scores of the model in focus, large, each beside that of the rules."""
    parts = {model.model_id: model.parts.get(report.main) for model in report.models}
    focus, rules = parts.get(report.focus), parts.get("rules")
    if focus is None:
        return join()
    shown = []
    for key, words in TILES:
        value = focus.scores.get(key)
        if value is None:
            continue
        beside = rules.scores.get(key) if rules else None
        rest = tag("span", f"rules alone: {percent(beside)}") if beside is not None else ""
        shown.append(tag("div", tag("b", percent(value)), tag("span", words), rest, class_="tile"))
    return tag("div", *shown, class_="tiles")


def _foot(report: Report) -> Html:
    return tag(
        "footer",
        f"Written by shelver report. Model in focus: {report.focus}; objective: {report.main}. "
        "The same figures as JSON: shelver report --json.",
    )
