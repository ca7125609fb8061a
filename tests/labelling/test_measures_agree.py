"""Beside scikit-activeml, where both define the same measure: `benchmarks/measures_agree.py` on a few problems."""

from pathlib import Path

import pytest

pytest.importorskip("skactiveml", reason="scikit-activeml is not installed: pip install scikit-activeml")
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_scores_and_questions_are_those_of_scikit_activeml(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import measures_agree

    rows = {row["measure"]: row for row in measures_agree.table(3)}
    assert len(rows) == 10
    for name, row in rows.items():
        assert row["apart"] is None or row["apart"] < 1e-4, name
        assert row["same"] is None or row["same"] > 0.97, name
        # k-means begins at random on both sides, and may miss one cloud in twenty.
        assert row["worth"] is None or row["worth"] > (0.9 if name == "TypiClust: clouds found" else 0.97), name
    for name in ("margin", "entropy", "entropy × density", "BADGE: distances, first question"):
        assert rows[name]["same"] == 1, name
