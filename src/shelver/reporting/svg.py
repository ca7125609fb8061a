"""Small plots as SVG: sharp at any size, coloured by the page's style sheet, readable by a screen reader."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shelver.reporting.html import Html, join, number, percent, tag

WIDTH, HEIGHT = 420, 270
LEFT, RIGHT, TOP, BOTTOM = 60, 20, 12, 42
Point = tuple[float, float]
Words = Callable[[float], str]


@dataclass(frozen=True)
class Series:
    """One line of a plot.

    Attributes
    ----------
    name : str
        For the legend.
    points : sequence of (x, y)
        In the order they are joined.
    colour : int
        Number of its colour in the style sheet.
    dashed : bool
        For what is only a standard of comparison.
    """

    name: str
    points: Sequence[Point]
    colour: int
    dashed: bool = False


@dataclass(frozen=True)
class Axis:
    """One axis: what it means, where it begins and ends, and how its numbers are written."""

    title: str
    low: float
    high: float
    words: Words = number
    log: bool = False

    def place(self, value: float) -> float:
        """Where a value lies: 0 at the beginning, 1 at the end."""
        if self.log:
            value, low, high = (math.log10(max(v, 1e-12)) for v in (value, self.low, self.high))
        else:
            low, high = self.low, self.high
        return (value - low) / (high - low) if high > low else 0.5

    def ticks(self) -> list[float]:
        """Round numbers on the axis, about five."""
        if self.log:
            powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            found = [m * 10.0**p for p in powers for m in (1, 2, 5)]
            inside = [tick for tick in found if self.low <= tick * 1.0001 and tick <= self.high * 1.0001]
            tens = [tick for tick in inside if tick in {10.0**p for p in powers}]
            return tens if len(inside) > 6 and len(tens) > 1 else inside
        return round_ticks(self.low, self.high)


def round_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers between two, 1, 2 or 5 times a power of ten apart.

    Examples
    --------
    >>> round_ticks(0, 1)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    if high <= low:
        return [low]
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(i * step, 10) + 0.0 for i in range(first, last + 1)]


def spread(values: Sequence[float], title: str, words: Words = number, log: bool = False) -> Axis:
    """An axis that fits some values."""
    low, high = min(values), max(values)
    if log:
        return Axis(title, low / 1.15, high * 1.15, words, True)
    room = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    return Axis(title, low - room, high + room, words)


def share_axis(title: str, low: float = 0.0, high: float = 1.0) -> Axis:
    """An axis of shares, in per cent."""
    return Axis(title, low, high, lambda value: percent(value, 0))


def line_plot(
    title: str, series: Sequence[Series], x: Axis, y: Axis, diagonal: bool = False, dots: bool = True
) -> Html:
    """Lines over two axes, with a legend.

    Parameters
    ----------
    title : str
        What it shows, for screen readers.
    series : sequence of Series
        The lines.
    x, y : Axis
        The axes.
    diagonal : bool
        Draw the line on which both are equal.
    dots : bool
        Mark every point; it then also tells its numbers.
    """
    parts: list[Html] = [_grid(x, y)]
    if diagonal:
        ends = [_at(value, value, x, y) for value in (max(x.low, y.low), min(x.high, y.high))]
        parts.append(tag("path", d=_path(ends), class_="diagonal"))
    for line in series:
        places = [_at(a, b, x, y) for a, b in line.points]
        kind = f"line c{line.colour}{' dashed' if line.dashed else ''}"
        parts.append(tag("path", d=_path(places), class_=kind))
        if dots:
            parts += [
                tag("circle", _tip(f"{line.name}: {x.title} {x.words(a)}, {y.title} {y.words(b)}"),
                    cx=f"{px:.1f}", cy=f"{py:.1f}", r=3, class_=f"dot c{line.colour}")
                for (a, b), (px, py) in zip(line.points, places, strict=True)
            ]  # fmt: skip
    legend = [
        tag("li", tag("span", class_=f"key c{line.colour}{' dashed' if line.dashed else ''}"), line.name)
        for line in series
    ]
    return join(
        tag("ul", *legend, class_="legend") if legend else "", _svg(title, WIDTH, HEIGHT, parts, "max-width:600px")
    )


def bar_groups(title: str, groups: Sequence[tuple[str, Sequence[tuple[str, float, int]]]]) -> Html:
    """Shares as horizontal bars, in groups, each bar with its number.

    Parameters
    ----------
    title : str
        What it shows.
    groups : sequence of (name, bars)
        Each bar is ``(name, share, colour)``.
    """
    rows: list[Html] = []
    for name, bars in groups:
        rows.append(tag("div", name, class_="group"))
        for label, value, colour in bars:
            width = f"width:{100 * min(max(value, 0.0), 1.0):.2f}%"
            bar = tag("div", tag("div", class_=f"bar c{colour}", style=width), class_="track")
            rows.append(tag("div", tag("span", label, class_="name"), bar, tag("b", percent(value)), class_="row"))
    return tag("div", *rows, class_="bars", role="group", aria_label=title)


def heat_map(title: str, names: Sequence[str], counts: Sequence[Sequence[int]]) -> Html:
    """Shares of each row as a grid; the diagonal in one colour, what is off it in another.

    Parameters
    ----------
    title : str
        What it shows.
    names : sequence of str
        Names of the rows and of the first columns; a column more is “no answer”.
    counts : sequence of sequence of int, shape (rows, rows + 1)
        Numbers of products.
    """
    columns = [*names, "no answer"] if any(row[-1] for row in counts) else list(names)
    cell = 30 if len(names) <= 12 else 23
    left, top = (
        8 + round(6.7 * min(24, max(map(len, names), default=0))),
        12 + round(4.6 * min(24, max(map(len, columns)))),
    )
    width, height = left + cell * len(columns) + round(0.72 * top), top + cell * len(names) + 8
    parts: list[Html] = []
    for j, name in enumerate(columns):
        x = left + cell * (j + 0.5)
        turned = f"translate({x:.1f} {top - 7}) rotate(-42)"
        parts.append(tag("text", _short(name), transform=turned, class_="label"))
    for i, name in enumerate(names):
        y = top + cell * i
        parts.append(tag("text", _short(name), x=left - 8, y=y + cell / 2 + 4, class_="label end"))
        total = sum(counts[i])
        for j in range(len(columns)):
            share = counts[i][j] / total if total else 0.0
            tip = f"{name} → {columns[j]}: {counts[i][j]:,} of {total:,} ({percent(share)})"
            kind = "right" if i == j else "wrong"
            parts.append(
                tag("rect", _tip(tip), x=left + cell * j + 1, y=y + 1, width=cell - 2, height=cell - 2, rx=3,
                    class_=f"cell {kind}", fill_opacity=f"{0.0 if share == 0 else 0.1 + 0.9 * share**0.6:.3f}")
            )  # fmt: skip
            if share >= 0.005:
                dark = " over" if share > 0.45 else ""
                place = {"x": f"{left + cell * (j + 0.5):.1f}", "y": f"{y + cell / 2 + 3.5:.1f}"}
                parts.append(tag("text", f"{100 * share:.0f}", class_=f"share{dark}", **place))
    return tag(
        "div",
        _svg(title, width, height, parts, f"min-width:{min(width, 620)}px;max-width:{width * 1.25:.0f}px"),
        class_="scroll",
    )


def _short(name: str, most: int = 24) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"


def _at(a: float, b: float, x: Axis, y: Axis) -> Point:
    across = LEFT + x.place(a) * (WIDTH - LEFT - RIGHT)
    return across, HEIGHT - BOTTOM - y.place(b) * (HEIGHT - TOP - BOTTOM)


def _path(points: Sequence[Point]) -> str:
    return " ".join(f"{'L' if i else 'M'}{x:.1f} {y:.1f}" for i, (x, y) in enumerate(points))


def _tip(words: str) -> Html:
    return tag("title", words)


def _grid(x: Axis, y: Axis) -> Html:
    parts: list[Html] = []
    for tick in y.ticks():
        place = _at(x.low, tick, x, y)[1]
        parts.append(tag("path", d=f"M{LEFT} {place:.1f}H{WIDTH - RIGHT}", class_="grid"))
        parts.append(tag("text", y.words(tick), x=LEFT - 7, y=f"{place + 4:.1f}", class_="tick end"))
    for tick in x.ticks():
        place = _at(tick, y.low, x, y)[0]
        parts.append(tag("path", d=f"M{place:.1f} {HEIGHT - BOTTOM}v4", class_="axis"))
        parts.append(tag("text", x.words(tick), x=f"{place:.1f}", y=HEIGHT - BOTTOM + 16, class_="tick middle"))
    parts.append(tag("path", d=f"M{LEFT} {HEIGHT - BOTTOM}H{WIDTH - RIGHT}", class_="axis"))
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(tag("text", x.title, x=f"{middle:.1f}", y=HEIGHT - 5, class_="title middle"))
    turned = f"translate(11 {(TOP + HEIGHT - BOTTOM) / 2:.1f}) rotate(-90)"
    parts.append(tag("text", y.title, transform=turned, class_="title middle"))
    return tag("g", *parts)


def _svg(title: str, width: float, height: float, parts: Sequence[Html], style: str = "") -> Html:
    size = {"viewBox": f"0 0 {width:g} {height:g}"}
    return tag("svg", tag("title", title), *parts, role="img", aria_label=title, style=style or None, **size)
