"""How `peers.py` judges and shows: who is both better and faster, the table, the picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.metrics import f1_score

OURS = "shelver-"
Row = dict[str, Any]


def macro_f1(truth: Sequence[str], answers: Sequence[str]) -> float:
    """Mean F1 of the classes that occur in truth or answers, as scikit-learn counts."""
    return float(f1_score(truth, answers, average="macro", zero_division=0))


def judge(rows: list[Row], truth: list[str]) -> Row:
    """Who is both better and faster than each model of Shelver.

    Returns
    -------
    dict
        ``ours``: the model that is best on the validation side. ``better_and_faster``: peers with a higher macro-F1 in
        less time than it, each with the 95% interval of the difference (bootstrap over the test rows); an interval
        that holds 0 means that the rows do not tell. ``of_each``: the same for every model, names only.
    """
    done = [row for row in rows if "error" not in row]
    ours = [row for row in done if row["name"].startswith(OURS)]
    peers = [row for row in done if not row["name"].startswith(OURS)]

    def ahead(of: Row) -> list[Row]:
        return [p for p in peers if p["macro_f1"] > of["macro_f1"] and p["train_seconds"] < of["train_seconds"]]

    if not ours:
        return {"ours": "", "better_and_faster": {}, "of_each": {}}
    best = max(ours, key=lambda row: float(row["valid_macro_f1"]))
    return {
        "ours": best["name"],
        "better_and_faster": {
            peer["name"]: gap(truth, peer["test_answers"], best["test_answers"]) for peer in ahead(best)
        },
        "of_each": {row["name"]: [peer["name"] for peer in ahead(row)] for row in ours},
    }


def gap(truth: list[str], one: list[str], other: list[str], samples: int = 400) -> tuple[float, float]:
    """95% interval of the difference of two macro-F1, over samples of the rows with replacement."""
    names = {name: place for place, name in enumerate(sorted({*truth, *one, *other}))}
    right, first, second = (np.asarray([names[name] for name in side]) for side in (truth, one, other))
    rng = np.random.default_rng(0)
    found = []
    for _ in range(samples):
        rows = rng.integers(0, len(right), len(right))
        found.append(fast_f1(right[rows], first[rows], len(names)) - fast_f1(right[rows], second[rows], len(names)))
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)


def fast_f1(truth: np.ndarray[Any, Any], answers: np.ndarray[Any, Any], classes: int) -> float:
    """`macro_f1` of numbered classes."""
    hits = np.bincount(truth[truth == answers], minlength=classes)
    both = np.bincount(truth, minlength=classes) + np.bincount(answers, minlength=classes)
    return float((2 * hits[both > 0] / both[both > 0]).mean())


def show(name: str, rows: list[Row], verdict: Row) -> None:
    """Print the table of one data set."""
    header = ("accuracy", "macro-F1", "training s", "encoders s", "products/s", "peak MB")
    print(f"\n{name:<28}" + "".join(f"{word:>12}" for word in header))
    for row in sorted(rows, key=lambda row: -row.get("macro_f1", -1.0)):
        if "error" in row:
            print(f"{row['name']:<28}  {row['error']}")
            continue
        encoders = f"{row['encode_seconds']:.1f}" if row.get("encode_seconds") else "-"
        said = row["notes"].get("said", "")
        line = (
            f"{row['name']:<28}{row['accuracy']:>12.3f}{row['macro_f1']:>12.3f}{row['train_seconds']:>12.1f}"
            f"{encoders:>12}{row['predicted_per_second']:>12,.0f}{row['peak_mb']:>12,.0f}  {said}"
        )
        print(line.rstrip())
    print("training s holds the making of features, and for Shelver the encoders, whose share is also shown.")
    ahead = [
        f"{peer} (macro-F1 {low:+.3f} to {high:+.3f}{', within noise' if low <= 0 else ''})"
        for peer, (low, high) in verdict["better_and_faster"].items()
    ]
    print(f"better and faster than {verdict['ours'] or 'Shelver'}: {', '.join(ahead) or 'none'}")
    for model, names in verdict["of_each"].items():
        if model != verdict["ours"]:
            print(f"  than {model}: {', '.join(names) or 'none'}")


def plot(found: list[Row], path: str) -> None:
    """Draw macro-F1 against seconds, a panel for each data set."""
    import matplotlib as mpl  # noqa: PLC0415 - only who wants the picture needs it

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, panels = plt.subplots(1, len(found), figsize=(6.5 * len(found), 5.5), squeeze=False)
    for panel, each in zip(panels[0], found, strict=True):
        for row in each["rows"]:
            if "error" in row:
                continue
            own = row["name"].startswith(OURS)
            x, y = row["train_seconds"], row["macro_f1"]
            panel.scatter(x, y, marker="o" if own else "s", color="tab:orange" if own else "tab:blue")
            panel.annotate(row["name"], (x, y), xytext=(4, 4), textcoords="offset points", fontsize=8)
        panel.set(xscale="log", xlabel="training, s (log)", ylabel="macro-F1, test side", title=each["set"])
        panel.grid(alpha=0.3)
        panel.margins(x=0.25)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
