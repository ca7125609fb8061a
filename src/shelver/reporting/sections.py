"""Sections of the page, one function each; empty where there is nothing to say."""

from __future__ import annotations

from collections.abc import Sequence

from shelver.reporting.data import Detail, Part, Report, RunLine, differing
from shelver.reporting.html import Html, join, number, percent, tag
from shelver.reporting.svg import Axis, Series, bar_groups, heat_map, line_plot, share_axis, spread
from shelver.reporting.tables import SCORES, cell, class_table, pair_table, score_table, table

COLOURS = 7
"""Colours of lines in the style sheet, besides 0, which is for the rules."""
SMALL = 16
"""Branches of a heat map that takes half of the page's width."""


def colours(report: Report) -> dict[str, int]:
    """Number of the colour of each model; 0 for the rules, 1 for the model in focus."""
    others = [model.model_id for model in report.models if model.model_id not in ("rules", report.focus)]
    return {"rules": 0, report.focus: 1} | {name: 2 + i % (COLOURS - 1) for i, name in enumerate(others)}


def models(report: Report) -> Html:
    """All models beside the rules."""
    return join(
        tag("p", "Every model of this run on the same products. The best of each column is marked.", class_="soft"),
        score_table(report.models, report.main, report.focus),
    )


def _parts(report: Report) -> list[tuple[str, Part]]:
    return [(m.model_id, m.parts[report.main]) for m in report.models if report.main in m.parts]


def _detail(report: Report) -> Detail | None:
    return next((found for found in report.details if found.objective == report.main), None)


def tree(report: Report) -> Html:
    """Right at each depth; the heat map of the branches; the pairs that are mixed up."""
    colour, detail = colours(report), _detail(report)
    depths = sorted({level.depth for _, part in _parts(report) for level in part.levels})
    groups = []
    for depth in depths:
        bars = [
            ("rules alone" if name == "rules" else name, level.right, colour[name])
            for name, part in _parts(report)
            for level in part.levels
            if level.depth == depth
        ]
        rows = next(level.rows for _, part in _parts(report) for level in part.levels if level.depth == depth)
        groups.append((f"level {depth} ({number(rows)} products)", bars))
    cards = []
    if groups:
        text = "Share of products whose answer is right down to this level of the tree."
        cards.append(_card("Right at each level", text, bar_groups("Right at each level of the tree", groups)))
    pairs = detail.pairs if detail else ()
    near = [pair for pair in pairs if pair.relation != "other branch"]
    far = [pair for pair in pairs if pair.relation == "other branch"]
    mixed = [
        _card(
            "Mixed up nearby",
            "Wrong, but in the same branch: often a question of what the categories mean.",
            pair_table(near),
        ),
        _card("Mixed up across branches", "Far apart in the tree: errors that shoppers see.", pair_table(far)),
    ]
    if report.main != "exclusive":
        mixed = [_card("Mixed up", "Wrong answers, most frequent first.", pair_table(pairs))]
    if detail and detail.branches and len(detail.branches.names) > 1:
        left_out = (
            f" The {detail.branches.left_out} smallest branches are left out." if detail.branches.left_out else ""
        )
        text = "Rows: where products belong. Columns: where they were put. Numbers are per cent of the row." + left_out
        plot = heat_map("Branches mixed up", detail.branches.names, detail.branches.counts)
        cards.append(_card("Branches", text, plot))
    return join(tag("div", *cards, class_="two" if len(cards) > 1 and _small(detail) else "stack"),
                tag("div", *mixed, class_="two")) if groups or pairs else join()  # fmt: skip


def _small(detail: Detail | None) -> bool:
    return bool(detail and detail.branches and len(detail.branches.names) <= SMALL)


def _card(title: str, text: str, *body: object) -> Html:
    return tag("div", tag("h3", title), tag("p", text) if text else "", *body, class_="card")


def confidence(report: Report) -> Html:
    """Reliability diagram and precision-coverage curve."""
    colour = colours(report)
    lines = [
        Series(f"{name} (ECE {percent(part.scores.get('calibration_error'))})",
               [(found.confidence, found.right) for found in part.reliability], colour[name])
        for name, part in _parts(report)
        if part.reliability and name != "rules"
    ]  # fmt: skip
    curves = [
        Series(name, [(found.coverage, found.precision) for found in part.coverage], colour[name])
        for name, part in _parts(report)
        if part.coverage
    ]
    if not lines:
        return join()
    plot = line_plot("Reliability diagram", lines, share_axis("how sure"), share_axis("how often right"), diagonal=True)
    cards = [
        _card(
            "Reliability", "On the dotted line, a model is right as often as it says. Below it, it is too sure.", plot
        )
    ]
    if curves:
        low = min(point[1] for line in curves for point in line.points)
        floor = min(0.9, max(0.0, int(low * 10) / 10))
        text = "If the surest answers are accepted without a look: how many, and how many of them are right."
        y = share_axis("right among these", floor)
        plot = line_plot("Precision against coverage", curves, share_axis("accepted"), y, dots=False)
        cards.append(_card("Precision and coverage", text, plot))
    return tag("div", *cards, class_="two")


def learning(report: Report) -> Html:
    """Loss by epoch, and scores by number of labels."""
    colour = colours(report)
    cards = []
    trained = [model for model in report.models if len(model.losses) > 1]
    for objective in dict.fromkeys([report.main, *(name for m in trained for losses in m.losses for name in losses)]):
        lines = []
        for model in trained:
            points = [
                (epoch + 1.0, losses[objective]) for epoch, losses in enumerate(model.losses) if objective in losses
            ]
            if points:
                lines.append(Series(model.model_id, points, colour[model.model_id]))
        if lines:
            every = [point for line in lines for point in line.points]
            x = Axis("epoch", 1, max(2.0, *(point[0] for point in every)))
            y = spread([point[1] for point in every], "loss")
            plot = line_plot(f"Validation loss of {objective}", lines, x, y)
            cards.append(_card(f"Validation loss: {objective}", "After each pass over the training products.", plot))
    curve = label_curve(report)
    if curve:
        cards.insert(0, curve)
    return tag("div", *cards, class_="two") if cards else join()


def label_curve(report: Report) -> Html:
    """Scores by number of labels, over the runs of the workspace; empty where all have equally many."""
    key = "accuracy" if any("accuracy" in line.scores for line in report.runs) else "mean_average_precision"
    colour, lines = colours(report), []
    for number_, name in enumerate(dict.fromkeys(line.model_id for line in report.runs)):
        points = sorted((float(r.labels), s) for r in report.runs
                        if r.model_id == name and (s := r.scores.get(key)) is not None and r.labels)  # fmt: skip
        if len({point[0] for point in points}) > 1:
            lines.append(Series(name, points, colour.get(name, 2 + number_ % (COLOURS - 1))))
    if not lines:
        return join()
    every = [point for line in lines for point in line.points]
    counts, scores = [point[0] for point in every], [point[1] for point in every]
    x = spread(counts, "labels to learn from", log=max(counts) > 8 * min(counts))
    low, high = max(0.0, min(scores) - 0.05), min(1.0, max(scores) + 0.05)
    plot = line_plot("Score by number of labels", lines, x, share_axis(SCORES[key], low, high))
    text = "Over the runs of this workspace, each measured on its own labelled products."
    return _card("How good after so many labels?", text, plot)


def categories(report: Report) -> Html:
    """Every class of the main objective, worst first."""
    detail = _detail(report)
    return class_table(detail, "classes") if detail else join()


def objectives(report: Report) -> Html:
    """Objectives besides the main one."""
    names = list(dict.fromkeys(name for model in report.models for name in model.parts if name != report.main))
    parts: list[Html] = []
    for name in names:
        parts += [tag("h3", name), score_table(report.models, name, report.focus)]
        detail = next((found for found in report.details if found.objective == name), None)
        if detail is not None and detail.classes:
            words = tag("summary", f"{number(len(detail.classes))} classes of {name}")
            parts.append(tag("details", words, class_table(detail, f"classes-{name}"), class_="card"))
    return tag("div", *parts, class_="stack") if parts else join()


def runs(report: Report) -> Html:
    """Models of all runs, and the settings that differ."""
    if len(report.runs) < 2:
        return join()
    keys = [key for key in SCORES if any(line.scores.get(key) is not None for line in report.runs)]
    rows = [
        tag(
            "tr",
            tag("td", line.run_id),
            tag("td", line.created[:10]),
            tag("td", line.model_id),
            cell(line.labels, share=False),
            *(cell(line.scores.get(key)) for key in keys),
            class_="focus" if (line.run_id, line.model_id) == (report.run_id, report.focus) else None,
        )
        for line in report.runs
    ]
    heads = [
        ("run", False),
        ("prepared", False),
        ("model", False),
        ("labels", True),
        *((SCORES[k], True) for k in keys),
    ]
    return tag(
        "div",
        tag(
            "div",
            table(heads, rows, "Every model that was evaluated, on its run's own labelled products."),
            class_="card scroll",
        ),
        _settings(report.runs),
        class_="stack",
    )


def _settings(lines: Sequence[RunLine]) -> Html:
    found = differing(lines)
    if not found:
        return tag("p", "All were made with the same settings.", class_="soft")
    heads = [("setting", False), *((f"{line.model_id} ({line.run_id[-6:]})", False) for line in lines)]
    rows = [
        tag("tr", tag("td", path), *(tag("td", "–" if value is None else value) for value in values))
        for path, values in found.items()
    ]
    body = table(heads, rows, "A dash: this model has no such setting.", sortable=False)
    words = tag("summary", f"{len(found)} settings differ")
    return tag("details", words, tag("div", body, class_="scroll"), class_="card")


WORDS = {
    "right": "Share of products on the right shelf (accuracy).",
    "top 5": "Share of products whose right shelf is among the first five answers.",
    "macro-F1": "Mean over categories of F1 (high only if precision and recall are); each counts as much.",
    "tree F1": "F1 over categories with all above them: a neighbouring shelf counts in part (Kiritchenko et al. 2005).",
    "ECE": "Expected calibration error (Guo et al. 2017): gap between how sure the model is and how often it is right.",
    "auto": "Share of products that could be accepted without a look while 95% of what is accepted is right.",
    "shelved": "Share of products that get a shelf: the deepest category that is sure enough, perhaps an inner one.",
    "shelf right": "Of the products that get such a shelf, the share that belongs there or below it.",
    "precision": "Of the products put into a category, the share that belongs there.",
    "recall": "Of the products that belong into a category, the share that was put there.",
    "mAP": "Mean average precision over the classes of an objective with several answers a product.",
}


def words() -> Html:
    """Explain the scores."""
    return tag("dl", *(part for name, text in WORDS.items() for part in (tag("dt", name), tag("dd", text))))
