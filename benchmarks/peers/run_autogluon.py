"""AutoGluon's TabularPredictor: it finds out by itself that titles are text, and makes n-grams of them.

Its preset ``medium_quality`` (its own "fast training" choice) and the time it may take; scored by macro-F1, which is
what this benchmark ranks by. Classes of any size are kept, where it would drop those with fewer than ten rows.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from adapter import LABEL, Predict, Rows, Task, contest
from autogluon.tabular import TabularPredictor


def frame(rows: Rows, task: Task) -> pd.DataFrame:
    """Columns with their kinds."""
    table = pd.DataFrame({name: rows.columns[name] for name in (*task.text, *task.category, *task.number)})
    for name in task.category:
        table[name] = table[name].replace("", None).astype("category")
    for name in task.number:
        table[name] = pd.to_numeric(table[name], errors="coerce")
    return table


def fit(task: Task) -> tuple[Predict, dict[str, Any]]:
    """Let it try what it knows, within its time."""
    predictor = TabularPredictor(
        label=LABEL,
        problem_type="multiclass",
        eval_metric="f1_macro",
        path=str(task.folder / "models"),
        verbosity=2,
        learner_kwargs={"label_count_threshold": 1},
    )
    predictor.fit(
        frame(task.train, task).assign(**{LABEL: task.train.labels}),
        tuning_data=frame(task.valid, task).assign(**{LABEL: task.valid.labels}),
        presets="medium_quality",
        time_limit=task.seconds,
        num_gpus=0,
    )
    board = predictor.leaderboard(silent=True)
    models = board["model"].tolist()
    notes = {"said": f"{predictor.model_best} of {len(models)} models", "models": models}
    return lambda rows: predictor.predict(frame(rows, task)).tolist(), notes


if __name__ == "__main__":
    contest(fit, "autogluon.tabular", "torch")
