"""Sections of the page, one function each; empty where there is nothing to say."""

from __future__ import annotations

from collections.abc import Sequence

from shelver.profiling.describe import (
    NEARLY_ALL,
    contents,
    distinct,
    is_free_text,
    remarks,
    shape,
    spread_of,
    spread_thing,
)
from shelver.profiling.drift import Change
from shelver.profiling.phrasing import amount, count, cut, share
from shelver.profiling.plots import coverage, histogram, value_bars
from shelver.profiling.profile import Column, Part, Profile, Spread, Vocabulary
from shelver.profiling.suggest import Suggestion
from shelver.reporting.html import Html, join, tag, void

EXAMPLE = 200
WORDS = 12


def changes(found: Sequence[Change], before: Profile | None, several: bool) -> Html:
    """What is different from the profile before, serious things first."""
    if before is None:
        return join()
    since = f"Compared with the profile of {before.created[:16].replace('T', ' ')} UTC, "
    text = tag("p", since + "made from other data. What chance could do is left out.", class_="soft")
    if not found:
        return join(text, tag("p", "No changes worth telling."))
    lines = [
        tag("li", tag("span", "serious", class_="tag alarm") if change.serious else "", " ", change.sentence(several))
        for change in found
    ]
    return join(text, tag("div", tag("ul", *lines, class_="changes"), class_="card tall"))


def overview(part: Part, suggestions: Sequence[Suggestion]) -> Html:
    """All columns in one table that can be sorted and filtered."""
    made = {found.name: found for found in suggestions}
    heads = [("column", False), ("filled", True), ("different", True), ("what is in it", False)]
    if suggestions:
        heads.append(("make it", False))
    rows = []
    for column in part.columns:
        name = tag("a", column.name, href=f"#c-{_anchor(part, column)}") if column.filled else column.name
        meter = Html(f'<span class="meter"><i style="width:{100 * column.fill:.0f}%"></i></span>')
        cells = [
            tag("td", name),
            tag("td", meter, share(column.fill), class_="n", data_v=f"{column.fill:.6g}"),
            tag("td", distinct(column), class_="n", data_v=column.distinct),
            tag("td", cut(contents(column), 2 * EXAMPLE), class_="what"),
        ]
        if suggestions:
            suggestion = made.get(column.name)
            cells.append(tag("td", suggestion.sentence() if suggestion else "–"))
        rows.append(tag("tr", *cells))
    field = {"placeholder": "Filter columns", "aria_label": "Filter columns", "data_filter": "all-columns"}
    search = void("input", type="search", hidden=True, **field)
    head = [
        tag("th", tag("button", words, type="button"), scope="col", class_="n" if numeric else None)
        for words, numeric in heads
    ]
    table = tag("table", tag("thead", tag("tr", *head)), tag("tbody", *rows), class_="sortable", id="all-columns")
    return join(search, tag("div", table, class_="card scroll"))


def features(suggestions: Sequence[Suggestion], block: str) -> Html:
    """What to make of the columns, why, and as settings."""
    if not suggestions:
        return join()
    shown = [found for found in suggestions if found.kind != "leave out"]
    shown += [found for found in suggestions if found.kind == "leave out" and not found.idle]
    empty = [found.name for found in suggestions if found.idle]
    rows = []
    for found in shown:
        mark = "" if found.ready else tag("span", "not yet", class_="tag")
        kind = tag("td", found.sentence(), " ", mark, class_="soft" if found.kind == "leave out" else None)
        rows.append(tag("tr", tag("td", found.name), kind, tag("td", found.reason, class_="what")))
    heads = [tag("th", words, scope="col") for words in ("column", "make it", "because")]
    table = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *rows))
    text = "Kinds and sizes that fit what is in the columns. Take them over with: shelver profile --write, "
    text += "or put the blocks below into shelver.toml."
    return join(
        tag("p", text, class_="soft"),
        tag("div", table, class_="card scroll"),
        tag("p", f"Empty: {', '.join(empty)}.", class_="soft") if empty else "",
        tag("details", tag("summary", "As blocks of shelver.toml"), tag("pre", block, tabindex=0), class_="card alone"),
    )


def each(part: Part, suggestions: Sequence[Suggestion]) -> Html:
    """A card for every column that has values."""
    made = {found.name: found for found in suggestions}
    shown = [_column(part, column, made.get(column.name)) for column in part.columns if column.filled]
    field = {"placeholder": "Find a column or value", "aria_label": "Find a column or value", "data_cards": "cards"}
    return join(void("input", type="search", hidden=True, **field), tag("div", *shown, class_="two", id="cards"))


def _column(part: Part, column: Column, suggestion: Suggestion | None) -> Html:
    meter = Html(f'<span class="meter"><i style="width:{100 * column.fill:.0f}%"></i></span>')
    barred = bool(column.top) and column.unique < NEARLY_ALL and column.kind != "number" and not is_free_text(column)
    more = "" if barred else f". {cut(contents(column), EXAMPLE)}"
    parts: list[Html] = [
        tag("h3", column.name),
        tag("p", meter, f"{share(column.fill)} filled, {distinct(column)} different{more}"),
        *(tag("p", _sentence(remark), class_="remark") for remark in remarks(column)),
    ]
    bars = shape(column)
    spread = spread_of(column)
    if spread is not None and len(bars) > 1:
        thing = spread_thing(column)
        parts.append(histogram(f"{column.name}: histogram", bars, "" if thing == "value" else thing))
        parts.append(tag("p", _quantiles(spread, thing)))
    if barred:
        parts.append(value_bars(column))
    kept = suggestion.settings.get("max_tokens", 0) if suggestion is not None else 0
    if column.vocabulary is not None and column.vocabulary.words and (kept or is_free_text(column)):
        parts += [coverage(column, column.vocabulary, int(str(kept))), tag("p", _vocabulary(column.vocabulary))]
    if suggestion is not None:
        words = tag("b", suggestion.sentence())
        parts.append(tag("p", "Make it: ", words, f" – {suggestion.reason}.", class_="make"))
    if column.examples:
        lines = [tag("li", cut(value, EXAMPLE)) for value in column.examples]
        parts.append(tag("details", tag("summary", "Examples"), tag("ul", *lines, class_="wrong")))
    return tag("article", *parts, class_="card", id=f"c-{_anchor(part, column)}")


def _quantiles(spread: Spread, thing: str) -> str:
    low, *_, high = spread.quantiles
    unit = "" if thing == "value" else f" {thing}"
    shown = f"{amount(low)} to {amount(high)}" if low != high else amount(low)
    return f"Median {amount(spread.median)}{unit}; nine in ten have {shown}, the most {amount(spread.high)}."


def _vocabulary(words: Vocabulary) -> str:
    about = "about " if words.error else ""
    top = ", ".join(word for word, _ in words.top[:WORDS])
    once = share(words.single / words.distinct)
    return _sentence(f"{about}{count(words.distinct)} different words, {once} of them occur once; most frequent: {top}")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


def _anchor(part: Part, column: Column) -> int:
    return [found.name for found in part.columns].index(column.name)


MEANING = {
    "filled": "Share of the products with a value that is not blank.",
    "different": "Number of different values. With ~ it is an estimate, right to about 1% (adaptive sampling, "
    "Flajolet 1990); without, it is exact.",
    "text": "A feature that cuts the column into words and keeps the most frequent ones (tokens).",
    "categorical": "A feature that takes the whole value; the most frequent values are kept.",
    "dims": "Size of the vector that a deep model learns for a value: the fourth root of the number of values.",
    "stability index": "How much a distribution has changed (population stability index): below 0.1 hardly, from 0.25 "
    "much. Told only if there are enough products to be sure.",
    "not yet": "Something has to be done or decided first; it stands as a comment in the settings.",
}


def words() -> Html:
    """Explain the words of the page."""
    return tag("dl", *(part for name, text in MEANING.items() for part in (tag("dt", name), tag("dd", text))))
