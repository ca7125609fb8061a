"""What the figures of the study say about hypotheses 2 to 5 of the thesis (section 1.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shelver.experiments.zoo import Row

MARGIN = 0.01
"""Differences of accuracy below one point are called none."""


@dataclass(frozen=True)
class Verdict:
    """A hypothesis, what was seen on one data set, and whether it holds there (None: this data cannot tell)."""

    number: int
    data: str
    seen: str
    holds: bool | None


def verdicts(rows: Sequence[Row]) -> list[Verdict]:
    """Verdicts for each data set among the rows."""
    found: list[Verdict] = []
    for data in dict.fromkeys(row.data for row in rows):
        by_name = {row.name: row for row in rows if row.data == data}
        for judge in (_second, _third, _fourth, _fifth):
            verdict = judge(data, by_name)
            if verdict is not None:
                found.append(verdict)
    return found


def _second(data: str, rows: Mapping[str, Row]) -> Verdict | None:
    """Linear models are relatively good at predicting higher-level categories, worse at predicting lower-level ones."""
    linear = rows.get("linear_words")
    deep = rows.get("cnn1d_tuned") or rows.get("deep_pretrained")
    if linear is None or deep is None or len(linear.levels) < 2:
        return None
    top, leaf = linear.levels[0] - deep.levels[0], linear.levels[-1] - deep.levels[-1]
    levels = ", ".join(f"{100 * level:.1f}%" for level in linear.levels)
    other = ", ".join(f"{100 * level:.1f}%" for level in deep.levels)
    seen = f"right by depth: linear_words {levels}; {deep.name} {other}; linear's lead goes from {100 * top:+.1f} at "
    seen += f"the top to {100 * leaf:+.1f} at the deepest level"
    return Verdict(2, data, seen, leaf < top - MARGIN)


def _third(data: str, rows: Mapping[str, Row]) -> Verdict | None:
    """Deep models with histogram inputs do not improve substantially on linear models."""
    if not {"linear_counts", "deep_histogram"} <= set(rows):
        return None
    gain = rows["deep_histogram"].accuracy - rows["linear_counts"].accuracy
    seen = f"deep_histogram {_percent(rows['deep_histogram'])}, linear_counts {_percent(rows['linear_counts'])}: "
    return Verdict(3, data, seen + f"{100 * gain:+.1f} points", gain < MARGIN)


def _fourth(data: str, rows: Mapping[str, Row]) -> Verdict | None:
    """Shallow models with embedding inputs generalise better, and deep ones with embedding inputs slightly more."""
    if not {"linear_counts", "shallow_pretrained", "deep_pretrained"} <= set(rows):
        return None
    linear, shallow, deep = rows["linear_counts"], rows["shallow_pretrained"], rows["deep_pretrained"]
    seen = f"linear_counts {_percent(linear)}, shallow_pretrained {_percent(shallow)}, deep_pretrained {_percent(deep)}"
    if "text_vector" in rows:
        seen += f"; sentence vectors: shallow {_percent(rows['text_vector'])}"
        seen += f", deep {_percent(rows['text_vector_deep'])}" if "text_vector_deep" in rows else ""
    return Verdict(4, data, seen, shallow.accuracy > linear.accuracy + MARGIN and deep.accuracy > shallow.accuracy)


def _fifth(data: str, rows: Mapping[str, Row]) -> Verdict | None:
    """Pretrained 2D CNNs are consistently good predictors of clothing products, yet fail on such as technology."""
    row = rows.get("image_deep") or rows.get("image")
    if row is None:
        return None
    text = rows.get("linear_words")
    parts = ", ".join(
        f"{name} {100 * right:.1f}%" + (f" (words {100 * text.branches[name]:.1f}%)" if text else "")
        for name, right in sorted(row.branches.items(), key=lambda item: -item[1])
    )
    return Verdict(5, data, f"{row.name} by branch: {parts}; the data has no branch of technology", None)


def _percent(row: Row) -> str:
    return f"{100 * row.accuracy:.1f}%"
