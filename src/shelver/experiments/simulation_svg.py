"""Learning curves with bands as SVG, over an axis on which the first labels have room."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from shelver.experiments.simulation_results import Line, shown_budgets
from shelver.experiments.simulation_settings import Score
from shelver.reporting.html import Html, join, percent, tag
from shelver.reporting.svg import Axis, round_ticks, share_axis

WORDS: dict[Score, str] = {
    "macro_f1": "macro-F1", "accuracy": "right at the first answer", "top_5": "right among the first five"
}  # fmt: skip
NEAR = 0.075
"""Share of an axis that two numbers are apart at least."""
ROOM = 0.04
"""Above the highest line and below the lowest, before the axis begins at a round number."""


@dataclass(frozen=True)
class Size:
    """Of a plot, in the units of its text."""

    width: float = 420
    height: float = 270
    left: float = 48
    right: float = 22
    top: float = 12
    bottom: float = 40

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where shares of the two axes are."""
        across = self.left + x * (self.width - self.left - self.right)
        return across, self.height - self.bottom - y * (self.height - self.top - self.bottom)


WIDE, SMALL = Size(), Size(230, 150, 36, 8, 8, 22)


@dataclass(frozen=True)
class RootAxis(Axis):
    """An axis of labels that grows with the square root, from 0: early labels matter most.

    Attributes
    ----------
    marks : tuple of int
        Where numbers are written, as far as there is room.
    """

    marks: tuple[int, ...] = ()

    def place(self, value: float) -> float:
        """Where a value lies: 0 at the beginning, 1 at the end."""
        return math.sqrt(max(0.0, value) / self.high) if self.high else 0.0

    def ticks(self) -> list[float]:
        """Those marks that are not too near to the next."""
        found: list[float] = []
        for mark in reversed(self.marks):
            if not found or self.place(found[-1]) - self.place(mark) > NEAR:
                found.append(mark)
        return found[::-1]


@dataclass(frozen=True)
class Curve:
    """A line of a plot and its colour."""

    line: Line
    colour: int
    band: bool = True


def axes(lines: Sequence[Line], score: Score) -> tuple[RootAxis, Axis]:
    """Axes that fit some lines."""
    heights = [each.mean for line in lines for each in line.bands[score]]
    heights += [each for line in lines if line.few for single in line.singles[score] for each in single]
    top = max(heights + ([line.aim for line in lines] if score == "macro_f1" else []))
    low = max(0.0, math.floor(10 * (min(heights) - ROOM)) / 10)
    longest = max((line.labels for line in lines), key=lambda labels: labels[-1])
    x = RootAxis("labels", 0, longest[-1], lambda value: f"{value:,.0f}", marks=tuple(shown_budgets(longest, 99)))
    return x, share_axis(WORDS[score], low, min(1.0, top + ROOM))


def curves_plot(
    title: str, curves: Sequence[Curve], score: Score, size: Size = WIDE, aim: float | None = None, plain: bool = False
) -> Html:
    """Curves with their bands.

    Parameters
    ----------
    title : str
        What it shows, for screen readers.
    curves : sequence of Curve
        The lines; the first are drawn below the others.
    score : Score
        What they show.
    size : Size
        Of the plot.
    aim : float, optional
        A height to mark.
    plain : bool
        No names of the axes, no points.
    """
    x, y = axes([curve.line for curve in curves], score)
    parts = [_grid(size, x, y, plain)]
    if aim is not None and aim <= y.high:
        left, height = size.at(0, y.place(aim))
        parts.append(tag("path", d=f"M{left} {height:.1f}H{size.width - size.right}", class_="diagonal"))
    for curve in curves:
        if curve.band:
            parts.append(_band(curve, score, size, x, y))
    for curve in curves:
        parts += _line(curve, score, size, x, y, plain)
    box = {"viewBox": f"0 0 {size.width:g} {size.height:g}"}
    return tag("svg", tag("title", title), *parts, role="img", aria_label=title, **box)


def legend(names: Sequence[tuple[str, int]]) -> Html:
    """Names of the colours; 0 is dashed."""
    items = [
        tag("li", tag("span", class_=f"key c{colour}{'' if colour else ' dashed'}"), name) for name, colour in names
    ]
    return tag("ul", *items, class_="legend")


def _line(curve: Curve, score: Score, size: Size, x: Axis, y: Axis, plain: bool) -> list[Html]:
    line = curve.line
    values = [each.mean for each in line.bands[score]]
    places = [size.at(x.place(a), y.place(b)) for a, b in zip(line.labels, values, strict=True)]
    kind = f"line c{curve.colour}{'' if curve.colour else ' dashed'}"
    found = [tag("path", d=_path(places), class_=kind)]
    if not plain:
        for labels, each, (px, py) in zip(line.labels, line.bands[score], places, strict=True):
            ends = "" if each.low is None or each.high is None else f" ({percent(each.low)} to {percent(each.high)})"
            words = f"{line.way.strategy}, {labels:,} labels: {y.title} {percent(each.mean)}{ends}"
            dot = {"cx": f"{px:.1f}", "cy": f"{py:.1f}", "r": 1.6}
            found.append(tag("circle", tag("title", words), class_=f"dot c{curve.colour}", **dot))
    return found


def _band(curve: Curve, score: Score, size: Size, x: Axis, y: Axis) -> Html:
    """How sure a line is: a band, or the curve of each seed where they are too few for one."""
    if curve.line.few:
        return join(*(_single(curve, single, size, x, y) for single in curve.line.singles[score]))
    band = curve.line.bands[score]
    if any(each.low is None for each in band):
        return join()
    ends = [(at, y.place(min(max(h or 0.0, y.low), y.high))) for at, h in _around(curve.line.labels, band)]
    places = [size.at(x.place(at), height) for at, height in ends]
    return tag("path", d=_path(places) + "Z", class_=f"c{curve.colour}", style="fill:var(--c);opacity:.15")


def _single(curve: Curve, heights: Sequence[float], size: Size, x: Axis, y: Axis) -> Html:
    places = [size.at(x.place(a), y.place(b)) for a, b in zip(curve.line.labels, heights, strict=True)]
    kind = f"line c{curve.colour}{'' if curve.colour else ' dashed'}"
    return tag("path", d=_path(places), class_=kind, style="stroke-width:.7;opacity:.6")


def _around(labels: Sequence[int], band: Sequence[object]) -> list[tuple[int, float | None]]:
    up = [(at, getattr(each, "high", None)) for at, each in zip(labels, band, strict=True)]
    down = [(at, getattr(each, "low", None)) for at, each in zip(labels, band, strict=True)]
    return [*up, *reversed(down)]


def _path(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{'L' if i else 'M'}{x:.1f} {y:.1f}" for i, (x, y) in enumerate(points))


def _grid(size: Size, x: Axis, y: Axis, plain: bool) -> Html:
    parts: list[Html] = []
    right, bottom = size.width - size.right, size.height - size.bottom
    for tick in round_ticks(y.low, y.high, 3 if plain else 5):
        height = size.at(0, y.place(tick))[1]
        parts.append(tag("path", d=f"M{size.left} {height:.1f}H{right}", class_="grid"))
        parts.append(tag("text", y.words(tick), x=size.left - 6, y=f"{height + 4:.1f}", class_="tick end"))
    ticks = x.ticks()
    for tick in [ticks[0], ticks[-1]] if plain else ticks:
        across = size.at(x.place(tick), 0)[0]
        kind = "end" if plain and tick == ticks[-1] else "middle"
        parts.append(tag("path", d=f"M{across:.1f} {bottom}v4", class_="axis"))
        parts.append(tag("text", x.words(tick), x=f"{across:.1f}", y=bottom + 16, class_=f"tick {kind}"))
    parts.append(tag("path", d=f"M{size.left} {bottom}H{right}", class_="axis"))
    if not plain:
        middle = (size.left + right) / 2
        parts.append(tag("text", x.title, x=f"{middle:.1f}", y=size.height - 5, class_="title middle"))
    return tag("g", *parts)
