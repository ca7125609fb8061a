"""What the study of the six settings says, as tables and sentences."""

from __future__ import annotations

from collections.abc import Sequence

from shelver.experiments.six_settings import Mean, SixthVerdict

COLUMNS = ("objectives", "schedule", "labels from", "labels", "right", "macro-F1", "±", "top 5", "rules mAP", "seconds")


def rows_of(found: Sequence[Mean]) -> list[tuple[str, ...]]:
    """Cells of the table (`COLUMNS`) of one data set and model, in the order of the study."""
    return [
        (
            " + ".join(mean.objectives),
            mean.schedule or "–",
            mean.source,
            f"{mean.labels:.0f}",
            *(f"{100 * value:.1f}%" for value in (mean.accuracy, mean.macro_f1, mean.spread, mean.top_5)),
            "–" if mean.rule_map is None else f"{100 * mean.rule_map:.1f}%",
            f"{mean.seconds:.1f}",
        )
        for mean in found
    ]


def groups_of(found: Sequence[Mean]) -> dict[tuple[str, str], list[Mean]]:
    """Means by data set and model."""
    groups: dict[tuple[str, str], list[Mean]] = {}
    for mean in found:
        groups.setdefault((mean.data, mean.model), []).append(mean)
    return groups


def sentences(verdict: SixthVerdict) -> list[str]:
    """A verdict in words."""
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
        lines = [f"## {data}, {model}\n", f"Means over {seeds} seeds; ± is the standard error of macro-F1.\n"]
        lines += ["| " + " | ".join(COLUMNS) + " |", "|" + " --- |" * len(COLUMNS)]
        lines += ["| " + " | ".join(row) + " |" for row in rows_of(group)]
        parts.append("\n".join(lines) + "\n")
    parts.append("## Hypothesis 6\n")
    parts += ["\n".join(f"- {line.strip()}" for line in sentences(verdict)) + "\n" for verdict in verdicts]
    return "\n".join(parts)
