"""How `label_peers.py` scores, merges, judges and shows; nothing here runs anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from peers_verdict import fast_f1

OURS = "shelver"
"""Our family, and the contestant with the default settings."""
SAMPLES = 300
"""Samples of the test rows for an interval."""
Ints = npt.NDArray[np.int64]
Row = dict[str, Any]


def budgets_up_to(most: int, pool: int) -> list[int]:
    """Numbers of labels at which all are measured: 100, 200, 400, ..., while the pool has so many products.

    Examples
    --------
    >>> budgets_up_to(800, 5000), budgets_up_to(1600, 900), budgets_up_to(300, 5000)
    ([100, 200, 400, 800], [100, 200, 400, 800], [100, 200, 300])
    """
    doubled = [100 * 2**power for power in range(20) if 100 * 2**power < most]
    return [budget for budget in (*doubled, most) if budget <= pool]


def scored(found: Row, truth: Ints, classes: int) -> Row:
    """Figures of one contestant and seed: what it wrote down, with accuracy and macro-F1 at each budget."""
    at = {}
    for budget, answers in found.get("answers", {}).items():
        said = np.asarray(answers, np.int64)
        at[int(budget)] = {"accuracy": float((said == truth).mean()), "macro_f1": fast_f1(truth, said, classes)}
    rounds = found.get("rounds", [])
    return {
        **{key: value for key, value in found.items() if key not in ("answers", "rounds")},
        "truth": truth,
        "classes": classes,
        "at": at,
        "answers": {int(budget): answers for budget, answers in found.get("answers", {}).items()},
        "seconds": {int(each["labels"]): each["choose"] + each["learn"] for each in rounds},
    }


def merge(rows: Sequence[Row]) -> Row:
    """All seeds of one contestant as one row: means, and the least and most of all seeds."""
    at: dict[int, Row] = {}
    for budget in sorted({budget for row in rows for budget in row["at"]}):
        there = [row["at"][budget] for row in rows if budget in row["at"]]
        at[budget] = {"seeds": len(there)}
        for score in ("accuracy", "macro_f1"):
            values = [each[score] for each in there]
            at[budget][score] = float(np.mean(values))
            at[budget][f"{score}_range"] = [min(values), max(values)]
    seconds = [value for row in rows for value in row["seconds"].values()]
    stopped = list(dict.fromkeys(row["stopped"] for row in rows if row.get("stopped")))
    return {
        "name": rows[0]["name"],
        "seeds": len(rows),
        "at": at,
        "seconds_per_round": float(np.mean(seconds)) if seconds else None,
        "peak_mb": max((row["peak_mb"] for row in rows if "peak_mb" in row), default=None),
        "versions": next((row["versions"] for row in rows if "versions" in row), {}),
        "stopped": stopped,
    }


def judge(ours: Sequence[Row], peer: Sequence[Row], budgets: Iterable[int]) -> Row:
    """Whether we are ahead of a peer: at every budget, and in seconds per round.

    Parameters
    ----------
    ours, peer : sequence of dict
        Rows of `scored`, one for each seed; only seeds that both have at a budget are compared.
    budgets : iterable of int
        Where to compare.

    Returns
    -------
    dict
        ``at``: for each budget that both reached the mean lead in accuracy and macro-F1, each with the 95% interval
        over samples of the test rows. ``ahead``: True if both leads are above 0 at each of these, None if there is
        none. ``surely``: the same for both intervals. ``missing``: budgets that the peer did not reach; one that we
        did not reach while it did counts as behind. ``slower_by``: the peer's seconds per round by ours, over rounds
        with as many labels; None if there are none.
    """
    mine, theirs = ({row["seed"]: row for row in rows} for rows in (ours, peer))
    seeds = sorted(set(mine) & set(theirs))
    at: dict[int, Row] = {}
    missing, lost = [], False
    for budget in budgets:
        there = [seed for seed in seeds if budget in theirs[seed]["at"]]
        both = [seed for seed in there if budget in mine[seed]["at"]]
        if both:
            at[budget] = leads([(mine[seed], theirs[seed]) for seed in both], budget)
        elif there:
            lost = True
        else:
            missing.append(budget)
    times = [
        (mine[seed]["seconds"][labels], theirs[seed]["seconds"][labels])
        for seed in seeds
        for labels in sorted(set(mine[seed]["seconds"]) & set(theirs[seed]["seconds"]))
    ]
    own = sum(ours for ours, _ in times)
    scores = ("accuracy", "macro_f1")
    return {
        "at": at,
        "ahead": (not lost and all(each[score] > 0 for each in at.values() for score in scores))
        if at or lost
        else None,
        "surely": (not lost and all(each[f"{score}_interval"][0] > 0 for each in at.values() for score in scores))
        if at or lost
        else None,
        "missing": missing,
        "slower_by": sum(theirs for _, theirs in times) / own if own else None,
    }


def leads(pairs: Sequence[tuple[Row, Row]], budget: int) -> Row:
    """Our mean lead over a peer at one budget, with its interval: for each seed the same rows are drawn for both."""
    answers = [
        (row["truth"], np.asarray(row["answers"][budget], np.int64), np.asarray(other["answers"][budget], np.int64))
        for row, other in pairs
    ]
    classes = [row["classes"] for row, _ in pairs]

    def lead(drawn: Sequence[Ints]) -> tuple[float, float]:
        found = []
        for (truth, one, two), rows, count in zip(answers, drawn, classes, strict=True):
            right, own, other = truth[rows], one[rows], two[rows]
            accuracy = float((own == right).mean() - (other == right).mean())
            found.append((accuracy, fast_f1(right, own, count) - fast_f1(right, other, count)))
        accuracy, macro_f1 = np.mean(found, axis=0)
        return float(accuracy), float(macro_f1)

    sizes = [len(truth) for truth, _, _ in answers]
    accuracy, macro_f1 = lead([np.arange(size) for size in sizes])
    rng = np.random.default_rng(0)
    drawn = np.asarray([lead([rng.integers(0, size, size) for size in sizes]) for _ in range(SAMPLES)])
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    return {
        "accuracy": accuracy,
        "accuracy_interval": [float(low[0]), float(high[0])],
        "macro_f1": macro_f1,
        "macro_f1_interval": [float(low[1]), float(high[1])],
    }


def table(merged: Sequence[Row], budgets: Sequence[int]) -> str:
    """Markdown: accuracy and macro-F1 in percent at each budget, seconds per round; best macro-F1 at the end first."""
    lines = [
        f"| labels | {' | '.join(map(str, budgets))} | s per round | |",
        f"| --- |{' --- |' * (len(budgets) + 2)}",
    ]

    def last(row: Row) -> tuple[int, float]:
        return (max(row["at"]), row["at"][max(row["at"])]["macro_f1"]) if row["at"] else (0, 0.0)

    for row in sorted(merged, key=last, reverse=True):
        cells = [_cell(row["at"].get(budget)) for budget in budgets]
        took = f"{row['seconds_per_round']:.2f}" if row["seconds_per_round"] is not None else "–"
        lines.append(f"| {row['name']} | {' | '.join(cells)} | {took} | {'; '.join(row['stopped'])} |")
    return "\n".join(lines)


def _cell(scores: Mapping[str, float] | None) -> str:
    return f"{100 * scores['accuracy']:.1f}, {100 * scores['macro_f1']:.1f}" if scores else "–"


def verdict_table(verdicts: Mapping[str, Row], budgets: Sequence[int]) -> str:
    """Markdown: our lead over each peer in points of accuracy and macro-F1; * where an interval holds 0."""
    lines = [
        f"| ahead of | {' | '.join(map(str, budgets))} | at every budget | its round takes |",
        f"| --- |{' --- |' * (len(budgets) + 2)}",
    ]
    for name, verdict in verdicts.items():
        cells = [_lead(verdict["at"].get(budget)) for budget in budgets]
        lines.append(f"| {name} | {' | '.join(cells)} | {said(verdict)} | {_times(verdict['slower_by'])} |")
    return "\n".join(lines)


def said(verdict: Row) -> str:
    """A verdict in words."""
    if verdict["ahead"] is None:
        return "it reached none"
    word = "**no**" if not verdict["ahead"] else "yes" if verdict["surely"] else "yes, not always beyond noise"
    return word + (f" (it did not reach {', '.join(map(str, verdict['missing']))})" if verdict["missing"] else "")


def _lead(each: Mapping[str, Any] | None) -> str:
    if not each:
        return "–"
    marks = ["" if each[f"{score}_interval"][0] * each[f"{score}_interval"][1] > 0 else "*" for score in SCORES]
    return ", ".join(f"{100 * each[score]:+.1f}{mark}" for score, mark in zip(SCORES, marks, strict=True))


SCORES = ("accuracy", "macro_f1")


def _times(factor: float | None) -> str:
    if factor is None:
        return "–"
    return f"{factor:.1f} times ours" if factor >= 1 else f"**{factor:.2f} times ours**"
