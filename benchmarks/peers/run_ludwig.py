"""Ludwig: a parallel CNN over every text, embeddings of categories, a stacked CNN over pictures; its own defaults.

Variants: ``text`` (text, categories and numbers), ``images`` (these and the pictures). Training ends as Ludwig ends it
(five evaluations without a gain on the validation side) or when the time is used up, and the best state is taken.
"""

from __future__ import annotations

import logging
import time
from typing import Any

import pandas as pd
from adapter import LABEL, Predict, Rows, Task, contest
from ludwig.api import LudwigModel
from ludwig.callbacks import Callback


class Clock(Callback):
    """Ends training in time.

    Parameters
    ----------
    seconds : float
        From now on.
    """

    def __init__(self, seconds: float) -> None:
        self.end = time.perf_counter() + seconds
        self.epochs = 0.0
        self.rang = False

    def on_epoch_end(self, trainer: Any, progress_tracker: Any, save_path: str) -> None:
        """Count."""
        self.epochs = float(progress_tracker.epoch)

    def should_early_stop(self, trainer: Any, progress_tracker: Any, is_coordinator: bool) -> bool:
        """Time is up."""
        self.rang = time.perf_counter() > self.end
        return self.rang


def frame(rows: Rows, names: list[str], task: Task) -> pd.DataFrame:
    """Columns as Ludwig takes them."""
    table = pd.DataFrame({name: rows.columns[name] for name in names})
    for name in task.category:
        table[name] = table[name].replace("", None)
    for name in task.number:
        table[name] = pd.to_numeric(table[name], errors="coerce")
    return table


def fit(task: Task) -> tuple[Predict, dict[str, Any]]:
    """Train within the time."""
    images = [task.image] if task.variant == "images" else []
    names = [*task.text, *task.category, *task.number, *images]
    inputs: list[dict[str, Any]] = [{"name": name, "type": "text"} for name in task.text]
    inputs += [{"name": name, "type": "category"} for name in task.category]
    inputs += [{"name": name, "type": "number"} for name in task.number]
    inputs += [
        {"name": name, "type": "image", "preprocessing": {"height": 80, "width": 60, "num_channels": 3}}
        for name in images
    ]
    config = {
        "input_features": inputs,
        "output_features": [{"name": LABEL, "type": "category"}],
        "trainer": {"epochs": 100, "batch_size": 128},
    }
    clock = Clock(task.seconds)
    model = LudwigModel(config, logging_level=logging.WARNING, callbacks=[clock], gpus=-1)
    model.train(
        training_set=frame(task.train, names, task).assign(**{LABEL: task.train.labels}),
        validation_set=frame(task.valid, names, task).assign(**{LABEL: task.valid.labels}),
        output_directory=str(task.folder),
        skip_save_processed_input=True,
        skip_save_log=True,
    )

    def predict(rows: Rows) -> list[str]:
        found, _ = model.predict(frame(rows, names, task), skip_save_predictions=True, batch_size=1024)
        return [str(label) for label in found[f"{LABEL}_predictions"]]

    return predict, {"said": f"{clock.epochs:.0f} epoch(s){', then time was up' if clock.rang else ''}"}


if __name__ == "__main__":
    contest(fit, "ludwig", "torch")
