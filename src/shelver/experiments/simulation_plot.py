"""Learning curves as PNG."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from shelver.experiments.simulation import Simulation
from shelver.experiments.simulation_groups import Group, groups
from shelver.experiments.simulation_results import FOR_BANDS, MAIN, Line
from shelver.experiments.simulation_settings import STANDARD, Score
from shelver.experiments.simulation_svg import WORDS
from shelver.experiments.simulation_svg import axes as axis_pair

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = npt.NDArray[np.float64]
COLOURS = ("#7b8794", "#1f5fbf", "#c2571a", "#1a7f64", "#8b3fa8", "#b8860b")
"""Random, then the best strategies: the colours of the page."""
SHOWN: tuple[Score, ...] = ("macro_f1", "accuracy")
FAINT, INK, SOFT = "#d5d9dd", "#1c2024", "#5d666f"


def png(found: Simulation, most: int = 6) -> bytes:
    """Curves of a data set: a row for each group, at most `most`; the best strategies in colour, the others faint."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  (slow to import, only needed here)
    from matplotlib.figure import Figure  # noqa: PLC0415

    own = groups(found)[:most]
    figure = Figure(figsize=(11, 0.7 + 3.9 * len(own)), layout="constrained")
    FigureCanvasAgg(figure)
    every = figure.subplots(len(own), len(SHOWN), squeeze=False)
    for row, group in zip(every, own, strict=True):
        for place, (axes, score) in enumerate(zip(row, SHOWN, strict=True)):
            _draw(axes, group, score, found.wanted.target, place == 0)
    n = found.wanted.seeds
    bands = f"bands: {100 * found.wanted.level:g}% intervals" if n >= FOR_BANDS else "thin: each seed"
    seeds = f"{n} seeds, {bands} of random and of the best" if n > 1 else "one seed"
    figure.suptitle(f"{found.name}: how good after how many labels ({seeds})", color=INK, fontsize=12)
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=110, metadata={"Software": None})
    return stream.getvalue()


def _draw(axes: Axes, group: Group, score: Score, target: float, names: bool) -> None:
    for line in group.others:
        axes.plot(line.labels, _means(line, score), color=FAINT, linewidth=1)
    for place, line in enumerate((group.random, *group.shown)):
        colour, style = COLOURS[place], "--" if line.way.strategy == STANDARD else "-"
        band = line.bands[score]
        if place <= 1 and line.few:
            for single in line.singles[score]:
                axes.plot(line.labels, single, style, color=colour, linewidth=0.6, alpha=0.6)
        elif place <= 1 and all(each.low is not None for each in band):
            low, high = [each.low or 0.0 for each in band], [each.high or 0.0 for each in band]
            axes.fill_between(line.labels, low, high, color=colour, alpha=0.15, linewidth=0)
        axes.plot(line.labels, _means(line, score), style, color=colour, linewidth=1.8, label=line.way.strategy)
    if score == MAIN:
        axes.axhline(group.random.aim, color=SOFT, linewidth=1, linestyle=":")
        words = f"{100 * target:g}% of all labels"
        axes.annotate(words, (0, group.random.aim), (3, 3), textcoords="offset points", color=SOFT, fontsize=8)
    x, y = axis_pair(group.lines, score)
    axes.set_xscale("function", functions=(_root, _square))
    axes.set_xlim(x.low, x.high)
    axes.set_xticks(x.ticks(), [f"{tick:,.0f}" for tick in x.ticks()])
    axes.set_ylim(y.low, y.high)
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}%")
    axes.set_title(f"{WORDS[score]}{': ' + group.title if group.title else ''}", fontsize=10, color=INK, loc="left")
    axes.set_xlabel("labels", fontsize=9, color=SOFT)
    axes.tick_params(labelsize=8, colors=SOFT)
    axes.grid(color="#e4e6e8", linewidth=0.7)
    axes.spines[["top", "right", "left"]].set_visible(False)
    if names:
        axes.legend(fontsize=8, frameon=False, loc="lower right")


def _root(values: Floats) -> Floats:
    return np.sqrt(np.maximum(values, 0))


def _square(values: Floats) -> Floats:
    return np.square(values)


def _means(line: Line, score: Score) -> list[float]:
    return [each.mean for each in line.bands[score]]
