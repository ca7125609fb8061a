"""The result of a simulation as one HTML page that needs nothing else: no network, no other file."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

from shelver.experiments.simulation import Simulation
from shelver.experiments.simulation_groups import Group, groups, in_words, label_words, varied_settings
from shelver.experiments.simulation_results import FOR_BANDS, MAIN, SCORES, Line, shown_budgets
from shelver.experiments.simulation_settings import STANDARD, Score
from shelver.experiments.simulation_svg import SMALL, WORDS, Curve, curves_plot, legend
from shelver.labelling.learning_curves import Interval
from shelver.reporting.html import Html, join, number, percent, tag, void
from shelver.reporting.style import SCRIPT, STYLE
from shelver.reporting.tables import table

OWN_STYLE = """
.three{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,320px),1fr));gap:14px;margin:12px 0}
.many{display:grid;grid-template-columns:repeat(auto-fill,minmax(210px,1fr));gap:12px;margin:12px 0}
.many h3{font-size:13.5px;margin:0 0 2px}.many p{margin:0;font-size:12.5px}
td small{color:var(--soft)}
"""


def page(found: Sequence[Simulation]) -> str:
    """Write the whole page."""
    allowed = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{allowed}'"
    title = "How good after how many labels: " + ", ".join(each.name for each in found)
    head = join(
        Html('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        tag("title", title),
        tag("style", Html(STYLE + OWN_STYLE)),
    )
    links = [tag("a", each.name, href=f"#{_anchor(each)}") for each in found]
    nav = tag("nav", *links, aria_label="Data sets") if len(found) > 1 else ""
    main = tag("main", tag("h1", title), nav, *(_data_set(each) for each in found), _foot())
    body = tag("body", main, tag("script", Html(SCRIPT)))
    return f"<!doctype html>\n{tag('html', tag('head', head), body, lang='en')}\n"


def _anchor(found: Simulation) -> str:
    return f"data-{found.name}"


def _data_set(found: Simulation) -> Html:
    facts, wanted = found.facts, found.wanted
    own = groups(found)
    measured = "each measures on other products" if wanted.splits else "all measure on the same products"
    bands = f"Bands: {percent(wanted.level, 0)} intervals of the mean."
    if wanted.seeds < FOR_BANDS:
        bands = "Thin lines: each seed; they are too few for bands."
    seeds = f"{wanted.seeds} seeds; {measured}. {bands}"
    intro = (
        f"{number(facts['asked'])} products could be asked about ({number(facts['titles'])} different titles, "
        f"{number(facts['present'])} of {number(facts['categories'])} categories); measured on "
        f"{number(facts['measured'])} others. {seeds if wanted.seeds > 1 else 'One seed.'}"
    )
    return tag(
        "section", tag("h2", found.name), tag("p", intro), _tiles(own[0], found), _table(found, own),
        *(_group(group, found) for group in own), id=_anchor(found),
    )  # fmt: skip


def _tiles(group: Group, found: Simulation) -> Html:
    best, chance = group.best, group.random
    last = best.labels[-1]
    tiles = [
        (best.way.strategy, "largest area under the curve"),
        (
            percent(_mean(best.at(last))),
            f"macro-F1 after {number(last)} labels; after all: {percent(_all(best, found))}",
        ),
    ]
    if best.needed.mean is not None:
        words = f"labels to {percent(found.wanted.target, 0)} of that; {_each(best)} per category"
        tiles.append((label_words(best), words))
    if best.needed.mean and chance.needed.mean and best is not chance:
        tiles.append(
            (f"{chance.needed.mean / best.needed.mean:.1f} ×", f"fewer than at random ({label_words(chance)})")
        )
    start = best.at(0, "accuracy"), best.at(0, "top_5")
    if start[0] and start[1]:
        words = f"right with no label; {percent(start[1].mean, 0)} among the first five"
        tiles.append((percent(start[0].mean, 0), words))
    return tag(
        "div", *(tag("div", tag("b", big), tag("span", small), class_="tile") for big, small in tiles), class_="tiles"
    )


def _mean(found: Interval | None) -> float | None:
    return None if found is None else found.mean


def _all(line: Line, found: Simulation) -> float:
    return line.aim / found.wanted.target


def _table(found: Simulation, own: Sequence[Group]) -> Html:
    every = [line for group in own for line in group.lines]
    varied = varied_settings([line.way for line in every])
    budgets = shown_budgets(every[0].labels)
    top = max(line.areas[MAIN].mean for line in every)
    rows = [_row(line, varied, budgets, line.areas[MAIN].mean == top) for line in every]
    target = percent(found.wanted.target, 0)
    heads = [
        ("strategy", False), *((name.replace("_", " "), False) for name in varied), ("area", True),
        *((number(at), True) for at in budgets), (f"labels to {target}", True), ("per category", True),
        ("area beside random", True), ("seconds", True),
    ]  # fmt: skip
    words = (
        "Area: the mean macro-F1 from no label to the last. Under a number of labels: macro-F1, and below it the "
        f"share right at the first answer. Labels to {target} of the macro-F1 that all labels give, and these by the "
        "number of categories. Beside random: points of area, seed by seed. Seconds: of a whole curve."
    )
    return join(tag("p", words, class_="soft"), tag("div", table(heads, rows), class_="card scroll"))


def _row(line: Line, varied: Sequence[str], budgets: Sequence[int], best: bool) -> Html:
    area, needed, seconds = line.areas[MAIN].mean, line.needed.mean, line.seconds["curve"]
    return tag(
        "tr",
        tag("td", line.way.strategy),
        *(tag("td", words) for words in in_words(line.way, varied)),
        tag("td", percent(area), class_="n best" if best else "n", data_v=f"{area:.6g}"),
        *(_cell(line, at) for at in budgets),
        tag("td", label_words(line), class_="n", data_v=1e9 if needed is None else f"{needed:.1f}"),
        tag("td", _each(line), class_="n", data_v=1e9 if needed is None else f"{line.per_category:.4g}"),
        _beside(line),
        tag("td", f"{seconds:.1f}", class_="n", data_v=f"{seconds:.4g}"),
    )


def _each(line: Line) -> str:
    return "–" if line.per_category is None else f"{line.per_category:.1f}"


def _beside(line: Line) -> Html:
    found = line.against
    if found is None:
        return tag("td", "–", class_="n", data_v=0)
    ends = "" if found.low is None or found.high is None else f"{_points(found.low)} to {_points(found.high)}"
    words = tag("small", ", ".join(part for part in (ends, line.verdict) if part))
    return tag("td", _points(found.mean), void("br"), words, class_="n", data_v=f"{found.mean:.6g}")


def _points(value: float) -> str:
    return f"{100 * value:+.1f}"


def _cell(line: Line, labels: int) -> Html:
    main, right = line.at(labels), line.at(labels, "accuracy")
    if main is None or right is None:
        return tag("td", "–", class_="n", data_v=-1)
    return tag(
        "td", percent(main.mean), void("br"), tag("small", percent(right.mean)), class_="n", data_v=f"{main.mean:.6g}"
    )


def _group(group: Group, found: Simulation) -> Html:
    colours = [Curve(group.random, 0), *(Curve(line, i + 1, i == 0) for i, line in enumerate(group.shown))]
    names = [(STANDARD, 0), *((line.way.strategy, i + 1) for i, line in enumerate(group.shown))]
    plots = [_card(score, colours, group.random.aim if score == MAIN else None) for score in SCORES]
    rest = f"The best {len(group.shown)} of {len(group.lines) - 1} strategies, beside random. " if group.others else ""
    dotted = f"Dotted: {percent(found.wanted.target, 0)} of the macro-F1 that all labels give."
    drawn = "Bands" if found.wanted.seeds >= FOR_BANDS else "Thin lines"
    bands = f" {drawn} here: random and the best." if found.wanted.seeds > 1 else ""
    small = [_small(line, group.random) for line in group.lines[1:]]
    same = [line.way.strategy for line in group.lines if line.same]
    note = f"{', '.join(same)}: every seed gave the same curve, so there is nothing around its line." if same else ""
    return join(
        tag("h3", group.title or "Curves", style="margin-top:28px"),
        tag("p", rest, dotted, bands, " The axis of labels grows with the square root. ", note, class_="soft"),
        legend(names),
        tag("div", *plots, class_="three"),
        tag("div", *small, class_="many") if len(small) > 1 else "",
    )


def _card(score: Score, curves: Sequence[Curve], aim: float | None) -> Html:
    title = WORDS[score].capitalize() if score != MAIN else "Macro-F1"
    return tag(
        "div", tag("h3", title), curves_plot(f"{title} by number of labels", curves, score, aim=aim), class_="card"
    )


def _small(line: Line, chance: Line) -> Html:
    plot = curves_plot(
        f"Macro-F1 of {line.way.strategy} and of random",
        [Curve(chance, 0), Curve(line, 1)],
        MAIN,
        SMALL,
        line.aim,
        True,
    )
    gain = f"{_points(line.against.mean)} points: {line.verdict}" if line.against else ""
    return tag("div", tag("h3", line.way.strategy), tag("p", gain, class_="soft"), plot, class_="card")


def _foot() -> Html:
    return tag("footer", "Written by shelver simulate. The same figures as JSON: shelver simulate --json FILE.")
