"""Tables of the page: scores, classes, and pairs that are mixed up."""

from __future__ import annotations

from collections.abc import Sequence

from shelver.reporting.data import ClassLine, Detail, Example, ModelPart, PairLine
from shelver.reporting.html import Html, join, number, percent, tag, void

SHOWN_PAIRS = 8

MARKED = ("siblings", "above or below", "same branch")
"""Relations worth a mark: the others are said by the title of their table."""

SCORES = {
    "accuracy": "right",
    "top_5": "top 5",
    "macro_f1": "macro-F1",
    "hierarchical_f1": "tree F1",
    "calibration_error": "ECE",
    "accepted_at_95": "auto",
    "shelf.shelved": "shelved",
    "shelf.right": "shelf right",
    "mean_average_precision": "mAP",
    "micro_f1": "micro-F1",
}

LESS_IS_BETTER = ("calibration_error",)


def table(
    heads: Sequence[tuple[str, bool]],
    rows: Sequence[Html],
    caption: str = "",
    sortable: bool = True,
    **attributes: object,
) -> Html:
    """A table in a box that scrolls; heads are ``(words, is a number)``."""
    cells = [
        tag("th", tag("button", words, type="button") if sortable and words else words, scope="col",
            class_="n" if numeric else None)
        for words, numeric in heads
    ]  # fmt: skip
    return tag(
        "table",
        tag("caption", caption) if caption else "",
        tag("thead", tag("tr", *cells)),
        tag("tbody", *rows),
        class_="sortable" if sortable else None,
        **attributes,
    )


def cell(value: float | int | None, share: bool = True, best: bool = False) -> Html:
    """A number in a table; it sorts as a number."""
    words = percent(value) if share else number(value)
    return tag("td", words, class_="n best" if best else "n", data_v=-1 if value is None else f"{value:.6g}")


def score_table(models: Sequence[ModelPart], objective: str, focus: str) -> Html:
    """Scores of an objective, a row a model, the best of each column marked."""
    found = [(model, model.parts[objective]) for model in models if objective in model.parts]
    keys = [key for key in SCORES if any(part.scores.get(key) is not None for _, part in found)]
    best = {}
    for key in keys:
        values = [value for _, part in found if (value := part.scores.get(key)) is not None]
        best[key] = (min if key in LESS_IS_BETTER else max)(values)
    rows = []
    for model, part in found:
        mark = [cell(part.scores.get(k), best=len(found) > 1 and part.scores.get(k) == best[k]) for k in keys]
        size = cell(model.parameters or None, share=False)
        name = "rules alone" if model.model_id == "rules" else model.model_id
        labels = cell(model.labels.get(objective), share=False)
        rows.append(
            tag("tr", tag("td", name), *mark, labels, size, class_="focus" if model.model_id == focus else None)
        )
    heads = [("model", False), *((SCORES[key], True) for key in keys), ("labels", True), ("weights", True)]
    return tag("div", table(heads, rows), class_="card scroll")


def pair_table(pairs: Sequence[PairLine]) -> Html:
    """Pairs that are mixed up most, with products of each."""
    if not pairs:
        return tag("p", "None.", class_="soft")
    rows = [
        tag(
            "tr",
            tag(
                "td",
                *_path(pair.truth),
                tag("small", "→ ", _name(pair.predicted)),
                tag("span", pair.relation, class_="tag") if pair.relation in MARKED else "",
                _examples(pair.examples, with_answer=False),
                class_="path",
            ),
            cell(pair.rows, share=False),
        )
        for pair in pairs[:SHOWN_PAIRS]
    ]
    heads = [("belongs to → was put into", False), ("products", True)]
    return tag("div", table(heads, rows, sortable=False), class_="scroll")


def _name(path: str) -> str:
    parts = path.split(" > ")
    return path if len(parts) <= 2 else " > ".join(["…", *parts[-2:]])


def _path(path: str) -> tuple[object, ...]:
    above, _, name = path.rpartition(" > ")
    return (name, tag("small", above)) if above else (name,)


def _examples(examples: Sequence[Example], with_answer: bool = True) -> Html:
    if not examples:
        return join()
    lines = []
    for found in examples:
        sure = f" ({percent(found.probability, 0)})" if found.probability is not None else ""
        said = f" → {_name(found.answer)}" if found.answer else " → no answer"
        lines.append(tag("li", found.title or found.product_id, tag("small", (said if with_answer else "") + sure)))
    words = f"{len(examples)} example{'s' if len(examples) > 1 else ''}"
    return tag("details", tag("summary", words), tag("ul", *lines, class_="wrong"))


def class_table(detail: Detail, anchor: str) -> Html:
    """Precision, recall, F1 and support of each class, with products that are missing there."""
    lines = sorted(detail.classes, key=lambda line: (line.support == 0, line.f1, -line.support, line.path))
    rows = [_class_row(line) for line in lines]
    heads = [("category", False), ("F1", True), ("precision", True), ("recall", True), ("products", True),
             ("put there", True), ("should be here, but are elsewhere", False)]  # fmt: skip
    if not any(line.examples for line in lines):
        heads = heads[:-1]
        rows = [_class_row(line, False) for line in lines]
    field = {"placeholder": "Filter categories", "aria_label": "Filter categories", "data_filter": anchor}
    search = void("input", type="search", hidden=True, **field)
    text = f"{detail.model_id}, {number(len(lines))} classes, lowest F1 first. The surest mistakes are shown."
    return join(tag("p", text, class_="soft"), search, tag("div", table(heads, rows, id=anchor), class_="card tall"))


def _class_row(line: ClassLine, examples: bool = True) -> Html:
    meter = Html(f'<span class="meter"><i style="width:{100 * line.f1:.0f}%"></i></span>')
    cells = [
        tag("td", *_path(line.path), class_="path"),
        tag("td", meter, percent(line.f1), class_="n", data_v=f"{line.f1:.6g}"),
        *(cell(value) for value in (line.precision, line.recall)),
        *(cell(value, share=False) for value in (line.support, line.predicted)),
    ]
    return tag("tr", *cells, tag("td", _examples(line.examples)) if examples else "")
