"""fastText, supervised: bags of words and pairs of words, settings of its tutorial, or its own search for them.

Variants: ``plain`` (lr 1.0, 25 epochs, wordNgrams 2, bucket 200,000, dim 50, as in the last part of the tutorial, but
with the softmax loss, which is more exact than its tree), ``chars`` (the same with parts of words, minn 2, maxn 5),
``autotune`` (it searches on the validation side, then trains; all of that counts as time).
Words are lower-cased and parted from punctuation, as the tutorial does. A value of a category column is one more word.
"""

from __future__ import annotations

import os
import re
from typing import Any

import fasttext
from adapter import Predict, Rows, Task, contest

SIGNS = re.compile(r"([.!?,'/()\"|:;&+-])")


def lines(rows: Rows, task: Task) -> list[str]:
    """One line for each product."""
    texts = []
    for place in range(len(rows)):
        said = " ".join(rows.columns[name][place] for name in task.text)
        words = SIGNS.sub(r" \1 ", said.lower()).split()
        words += [
            f"{name}={rows.columns[name][place].lower().replace(' ', '_')}"
            for name in task.category
            if rows.columns[name][place]
        ]
        texts.append(" ".join(words).replace("__label__", ""))
    return texts


def fit(task: Task) -> tuple[Predict, dict[str, Any]]:
    """Train on a file."""
    names = sorted({*task.train.labels, *task.valid.labels})
    number = {label: f"__label__{place}" for place, label in enumerate(names)}
    for side, rows in (("train", task.train), ("valid", task.valid)):
        pairs = zip(lines(rows, task), rows.labels, strict=True)
        text = "\n".join(f"{number[label]} {line}" for line, label in pairs)
        (task.folder / side).write_text(text + "\n", encoding="utf-8")
    settings: dict[str, Any] = {"lr": 1.0, "epoch": 25, "wordNgrams": 2, "bucket": 200_000, "dim": 50, "verbose": 0}
    if task.variant == "chars":
        settings |= {"minn": 2, "maxn": 5}
    if task.variant == "autotune":
        budget = int(task.seconds * 0.6)  # it trains once more after the search
        settings = {"autotuneValidationFile": str(task.folder / "valid"), "autotuneDuration": budget, "verbose": 0}
    if os.environ.get("OMP_NUM_THREADS"):
        settings["thread"] = int(os.environ["OMP_NUM_THREADS"])
    model = fasttext.train_supervised(str(task.folder / "train"), **settings)

    def predict(rows: Rows) -> list[str]:
        labels, _ = model.predict(lines(rows, task))
        return [names[int(found[0].removeprefix("__label__"))] if found else "" for found in labels]

    arguments = model.f.getArgs()
    kept = {key: getattr(arguments, key) for key in ("lr", "epoch", "dim", "wordNgrams", "minn", "maxn", "bucket")}
    return predict, {"settings": kept}


if __name__ == "__main__":
    contest(fit, "fasttext-wheel", "numpy")
