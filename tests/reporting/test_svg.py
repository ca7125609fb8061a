"""Plots are well-formed and put points where they belong."""

import math
import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.reporting.svg import Axis, Series, bar_groups, heat_map, line_plot, round_ticks, share_axis, spread


def drawing(html):
    found = re.search(r"<svg.*</svg>", html, re.DOTALL)
    return ET.fromstring(found[0])  # noqa: S314 (our own)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_round_few_and_inside(low, width):
    ticks = round_ticks(low, low + width)
    assert 1 <= len(ticks) <= 12
    assert all(low - 1e-6 * width <= tick <= low + width * (1 + 1e-6) for tick in ticks)
    steps = {round(b - a, 6) for a, b in pairwise(ticks)}
    assert len(steps) <= 1 or max(steps) - min(steps) < 1e-5 * max(1, abs(low))


def test_log_ticks():
    assert Axis("labels", 40, 1100, log=True).ticks() == [50, 100, 200, 500, 1000]
    assert Axis("labels", 104, 46000, log=True).ticks() == [1000, 10_000]
    assert Axis("labels", 1, 10**6, log=True).ticks() == [10.0**p for p in range(7)]
    assert Axis("labels", 10, 1000, log=True).place(100) == pytest.approx(0.5)


def test_points_lie_where_they_belong():
    plot = line_plot("losses", [Series("a <b>", [(0, 0), (1, 1), (0.5, 0.25)], 1)], share_axis("x"), share_axis("y"))
    dots = [(float(c.get("cx")), float(c.get("cy"))) for c in drawing(plot).iter("circle")]
    (left, bottom), (right, top), (middle, quarter) = dots
    assert left < right
    assert top < bottom
    assert middle == pytest.approx((left + right) / 2, abs=0.1)
    assert quarter == pytest.approx(bottom - (bottom - top) / 4, abs=0.1)
    assert "a &lt;b&gt;" in plot
    assert drawing(plot).get("role") == "img"


def test_an_axis_leaves_room_and_survives_equal_values():
    axis = spread([2.0, 4.0], "loss")
    assert axis.low < 2
    assert axis.high > 4
    flat = spread([3.0, 3.0], "loss")
    assert flat.low < 3 < flat.high
    assert spread([0.0], "loss").low < 0
    assert all(math.isfinite(tick) for tick in flat.ticks())


def test_heat_map_by_cell():
    plot = heat_map("branches", ["Shoes", "<Hats>"], [[3, 1, 0], [0, 0, 0]])
    cells = list(drawing(plot).iter("rect"))
    assert len(cells) == 4  # no column for “no answer” where every product has one
    assert "Shoes → &lt;Hats&gt;: 1 of 4 (25.0%)" in plot
    assert [cell.get("class") for cell in cells] == ["cell right", "cell wrong", "cell wrong", "cell right"]
    assert [float(cell.get("fill-opacity")) > 0 for cell in cells] == [True, True, False, False]
    assert len(list(drawing(heat_map("b", ["a", "b"], [[1, 0, 1], [0, 1, 0]])).iter("rect"))) == 6


def test_bars():
    bars = bar_groups("levels", [("level 1", [("a & b", 0.5, 1)])])
    assert "width:50.00%" in bars
    assert "a &amp; b" in bars
    assert "50.0%" in bars
