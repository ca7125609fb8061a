"""What the study of the six settings says, as tables and sentences."""

from __future__ import annotations

from collections.abc import Sequence

from shelver.experiments.six_settings import Cell
from shelver.experiments.six_verdicts import Mean, SixthVerdict

COLUMNS = ("objectives", "schedule", "labels from", "labels", "right", "macro-F1", "±", "top 5", "rules mAP", "seconds")


def rows_of(found: Sequence[Mean]) -> list[tuple[str, ...]]:
    """Cells of the table (`COLUMNS`) of one data set and model, in the order of the study."""
    return [
        (
            " + ".join(mean.objectives),
            mean.schedule or "–",
            mean.source,
            f"{mean.labels:.0f}",
            *(_percent(value) for value in (mean.accuracy, mean.macro_f1, mean.spread, mean.top_5, mean.rule_map)),
            f"{mean.seconds:.1f}",
        )
        for mean in found
    ]


SHORT = ("setting", "labels from", "labels", "right", "macro-F1", "±")


def short_rows(found: Sequence[Mean]) -> list[tuple[str, ...]]:
    """The same with fewer columns (`SHORT`), narrow enough for a terminal."""
    return [
        (setting(mean), *row[COLUMNS.index("labels from") : COLUMNS.index("top 5")])
        for mean, row in zip(found, rows_of(found), strict=True)
    ]


def setting(of: Cell | Mean) -> str:
    """Objectives and schedule in a word or two: ``exclusive``, ``both``, ``both, pretrain``."""
    if len(of.objectives) == 1:
        return of.objectives[0]
    return "both" if of.schedule == "both" else f"both, {of.schedule}"


ALIKE = (
    "the schedules both and interleaved are one and the same here: no objective has more labels than its part of a "
    "batch, so that every step takes all of them"
)


def alike(found: Sequence[Mean]) -> bool:
    """Did ``both`` and ``interleaved`` give the same scores everywhere?"""
    one, other = (
        {(mean.source, mean.budget): (mean.macro_f1, mean.rule_map) for mean in found if mean.schedule == schedule}
        for schedule in ("both", "interleaved")
    )
    return bool(one) and one == other


def progress_line(cell: Cell) -> str:
    """A trained model in one line."""
    return (
        f"{cell.data}: {cell.model}, {setting(cell)}, {cell.labels} labels ({cell.source}), seed {cell.seed}: "
        f"macro-F1 {_percent(cell.macro_f1)}, {cell.seconds:.0f} s"
    )


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}%"


def groups_of(found: Sequence[Mean]) -> dict[tuple[str, str], list[Mean]]:
    """Means by data set and model."""
    groups: dict[tuple[str, str], list[Mean]] = {}
    for mean in found:
        groups.setdefault((mean.data, mean.model), []).append(mean)
    return groups


def sentences(verdict: SixthVerdict) -> list[str]:
    """A verdict in words."""
    if verdict.seeds == 1:
        return [f"hypothesis 6 on {verdict.data}: one seed, no verdict", f"  {verdict.seen}"]
    words = {True: "holds", False: "does not hold", None: "cannot be told"}
    start = {True: "is behind", False: "is not behind", None: "cannot be compared with"}[verdict.poor_start]
    return [
        f"hypothesis 6 on {verdict.data}: “active learning substantially decreases label complexity” "
        f"{words[verdict.saved]}; at the smallest budget uncertainty sampling {start} random sampling",
        f"  {verdict.seen}",
    ]


def as_markdown(found: Sequence[Mean], verdicts: Sequence[SixthVerdict]) -> str:
    """The whole report."""
    parts = ["# The six training settings\n"]
    for (data, model), group in groups_of(found).items():
        seeds = max(mean.seeds for mean in group)
        basis = "One seed." if seeds == 1 else f"Means over {seeds} seeds; ± is the standard error of macro-F1."
        lines = [f"## {data}, {model}\n", f"{basis}\n"]
        lines += ["| " + " | ".join(COLUMNS) + " |", "|" + " --- |" * len(COLUMNS)]
        lines += ["| " + " | ".join(row) + " |" for row in rows_of(group)]
        if alike(group):
            lines += ["", ALIKE[0].upper() + ALIKE[1:] + "."]
        parts.append("\n".join(lines) + "\n")
    parts.append("## Hypothesis 6\n")
    parts += ["\n".join(f"- {line.strip()}" for line in sentences(verdict)) + "\n" for verdict in verdicts]
    return "\n".join(parts)
