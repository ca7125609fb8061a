"""What all contestants share: read the split, time training and answers, write them down. Standard library only.

Every contestant is a script that runs in an environment of its own and calls `contest` with one function.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

csv.field_size_limit(2**31 - 1)
LABEL = "label"


@dataclass
class Rows:
    """Products of one side.

    Attributes
    ----------
    columns : dict of str to list of str
        Text of every cell; missing is empty.
    labels : list of str
        Right category of each; empty on the test side.
    """

    columns: dict[str, list[str]]
    labels: list[str]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __add__(self, other: Rows) -> Rows:
        joined = {name: values + other.columns[name] for name, values in self.columns.items()}
        return Rows(joined, self.labels + other.labels)


@dataclass
class Task:
    """What a contestant is given.

    Attributes
    ----------
    train, valid, test : Rows
        The split; labels of the test side are not in these files.
    text, category, number : list of str
        Columns of each kind.
    image : str
        Column with paths of pictures; empty: none.
    variant : str
        Which of its settings to use.
    seconds : float
        Time to keep within, where it can be told.
    folder : Path
        For its own files.
    """

    train: Rows
    valid: Rows
    test: Rows
    text: list[str]
    category: list[str]
    number: list[str]
    image: str
    variant: str
    seconds: float
    folder: Path


Predict = Callable[[Rows], list[str]]
Fit = Callable[[Task], tuple[Predict, dict[str, Any]]]
"""Trains; gives what answers, and notes for the table, of which ``seconds`` takes the place of the measured time."""


def read_rows(path: Path) -> Rows:
    """Read one side."""
    with path.open(newline="", encoding="utf-8") as stream:
        reader = csv.reader(stream)
        header = next(reader)
        cells = list(reader)
    columns = {name: [row[place] for row in cells] for place, name in enumerate(header)}
    return Rows(columns, columns.pop(LABEL, []))


def peak_mb() -> float:
    """Most memory that this process held, or one of its children, in MB."""
    status = Path("/proc/self/status")
    own = 0
    if status.exists():  # not ru_maxrss: that begins with the size of the process that started this one
        own = next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    else:
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024


def contest(fit: Fit, *packages: str) -> None:
    """Read the command line and the files, train, answer all rows, and write what was measured."""
    parser = argparse.ArgumentParser()
    parser.add_argument("task", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--variant", default="")
    parser.add_argument("--seconds", type=float, default=300.0)
    options = parser.parse_args()
    kinds = json.loads((options.task / "columns.json").read_text())
    sides = {name: read_rows(options.task / f"{name}.csv") for name in ("train", "valid", "test")}
    folder = options.out.with_suffix(".files")
    folder.mkdir(parents=True, exist_ok=True)
    task = Task(**sides, **kinds, variant=options.variant, seconds=options.seconds, folder=folder)
    everything = task.train + task.valid + task.test
    begun = time.perf_counter()
    predict, notes = fit(task)
    trained = time.perf_counter()
    answers = predict(everything)
    done = time.perf_counter()
    if len(answers) != len(everything):
        raise SystemExit(f"{len(answers)} answers to {len(everything)} rows")
    found = {
        "train_seconds": notes.pop("seconds", trained - begun),
        "predict_seconds": done - trained,
        "rows": len(everything),
        "peak_mb": peak_mb(),
        "versions": {name: version(name) for name in packages},
        "notes": notes,
        "answers": answers,
    }
    options.out.write_text(json.dumps(found))
