"""Plots of a profile: histograms, how much the most frequent words cover, how full each feed is."""

from __future__ import annotations

from collections.abc import Sequence

from shelver.profiling.phrasing import count, cut, named, share
from shelver.profiling.profile import Column, Merchant, Part, Vocabulary
from shelver.reporting.html import Html, join, tag

WIDTH, HEIGHT, FOOT, HEAD = 420, 130, 20, 14
TICKS = 6
BARS = 10
FEEDS, MERCHANTS = 200, 40
NAME = 60


def histogram(title: str, bars: Sequence[tuple[str, int]], thing: str) -> Html:
    """Bars of equal width, each telling what it stands for and its share.

    Parameters
    ----------
    title : str
        What it shows, for screen readers.
    bars : sequence of (str, int)
        Name and height of each bar.
    thing : str
        What the names count, such as ``words``.
    """
    total, most = sum(number for _, number in bars), max(number for _, number in bars)
    step = WIDTH / len(bars)
    gap = min(2.0, step * 0.15)
    parts: list[Html] = []
    for place, (name, number) in enumerate(bars):
        height = (HEIGHT - HEAD) * number / most if number else 0
        tip = tag("title", f"{name} {thing}: {count(number)} ({share(number / total)})")
        size = {"x": f"{place * step:.1f}", "width": f"{step - gap:.1f}"}
        parts.append(tag("rect", tip, y=f"{HEIGHT - max(height, 0.8 if number else 0):.1f}",
                         height=f"{max(height, 0.8 if number else 0):.1f}", rx=1.5, class_="col", **size))  # fmt: skip
    parts.append(tag("path", d=f"M0 {HEIGHT}H{WIDTH}", class_="axis"))
    every = max(1, -(-len(bars) // TICKS))
    for place in range(0, len(bars), every):
        middle = (place + 0.5) * step
        side = "middle" if 0 < place < len(bars) - 1 else ("end" if place else "start")
        x = {"middle": middle, "end": min(WIDTH, middle + step / 2), "start": place * step}[side]
        parts.append(tag("text", bars[place][0], x=f"{x:.1f}", y=HEIGHT + FOOT - 5, class_=side))
    high = next(place for place, (_, number) in enumerate(bars) if number == most)
    x = min(max((high + 0.5) * step, 18), WIDTH - 18)
    top = tag("text", share(most / total), x=f"{x:.1f}", y=HEAD - 3, class_="middle")
    return tag("svg", tag("title", title), *parts, top, role="img", aria_label=title,
               viewBox=f"0 0 {WIDTH} {HEIGHT + FOOT}")  # fmt: skip


def value_bars(column: Column, most: int = BARS) -> Html:
    """The most frequent values as bars, each beside its share of the filled rows."""
    shown = column.top[:most]
    highest = shown[0][1]
    rows = []
    for value, number in shown:
        width = f"width:{100 * number / highest:.2f}%"
        bar = tag("div", tag("div", class_="bar c1", style=width), class_="track")
        name = tag("span", cut(value, NAME), class_="name", title=value)
        rows.append(tag("div", name, bar, tag("b", share(number / column.entries), title=count(number)), class_="row"))
    rest = column.distinct - len(shown)
    more = ""
    if rest > 0:
        other = max(0.0, 1 - sum(number for _, number in shown) / column.entries)
        more = tag("p", f"{'about ' if column.error else ''}{named(rest, 'more value')}: {share(other)}", class_="soft")
    return join(tag("div", *rows, class_="bars", role="group", aria_label=f"{column.name}: most frequent values"), more)


def coverage(column: Column, words: Vocabulary, kept: int) -> Html:
    """How much of the text the most frequent words make up, for some sizes of a vocabulary; the one kept is marked."""
    rows = []
    for size, covered in words.covered:
        shown = min(size, words.distinct)
        bar = tag("div", tag("div", class_="bar c1", style=f"width:{100 * covered:.2f}%"), class_="track")
        name = tag("span", f"{count(shown)} words", class_="name")
        rows.append(tag("div", name, bar, tag("b", share(covered)), class_="row kept" if size == kept else "row"))
    head = tag("p", "Share of the text that the most frequent words make up:")
    return join(head, tag("div", *rows, class_="bars", role="group", aria_label=f"{column.name}: words kept"))


def fill_map(feeds: Sequence[Part]) -> Html:
    """How full each column is in each feed, as a table with coloured cells."""
    every = dict.fromkeys(column.name for part in feeds for column in part.columns if column.filled)
    names = [column.name for column in feeds[0].columns if column.name in every]
    rows = []
    for part in sorted(feeds, key=lambda found: (-found.rows, found.name))[:FEEDS]:
        fills = [column.fill for name in names if (column := part.column(name)) is not None]
        rows.append((part.name, part.rows, fills))
    return _map("feed", names, rows, len(feeds))


def merchant_map(part: Part) -> Html:
    """The same by merchant of one feed; empty if it has only one."""
    merchants = part.merchants
    if len(merchants) < 2:
        return join()
    used = [place for place, column in enumerate(part.columns) if column.filled]
    names = [part.columns[place].name for place in used]
    rows = [(found.name, found.rows, _fills(found, used)) for found in merchants[:MERCHANTS]]
    return _map("merchant", names, rows, len(merchants))


def _fills(found: Merchant, used: Sequence[int]) -> list[float]:
    return [found.filled[place] / found.rows for place in used]


def _map(thing: str, names: Sequence[str], rows: Sequence[tuple[str, int, list[float]]], every: int) -> Html:
    heads = [tag("th", thing, scope="col"), tag("th", "products", scope="col", class_="n")]
    heads += [tag("th", tag("span", name), scope="col", class_="turned") for name in names]
    body = []
    for name, number, fills in rows:
        cells = [_cell(value, f"{name}, {column}: {share(value)}") for value, column in zip(fills, names, strict=True)]
        first = tag("th", cut(name, 32), scope="row", title=name)
        body.append(tag("tr", first, tag("td", count(number), class_="n"), *cells))
    table = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *body), class_="map")
    more = (
        tag("p", f"The {count(every - len(rows))} smallest are left out.", class_="soft") if every > len(rows) else ""
    )
    return tag("div", tag("div", table, class_="scroll"), more, class_="card")


def _cell(value: float, tip: str) -> Html:
    words = f"{100 * value:.0f}" if value >= 0.005 else ("<1" if value else "")
    kind = "over" if value > 0.55 else None
    return tag("td", words, style=f"--s:{value:.3f}", title=tip, class_=kind)
