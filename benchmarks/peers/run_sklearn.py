"""scikit-learn: TF-IDF of every text column, one-hot categories, a linear model.

Settings are those of its own example "Classification of text documents using sparse features" (sublinear TF-IDF;
logistic regression with C=5; SGD; LinearSVC without the dual), with runs of two words, which helps here. Strengths of
the penalty that decide much are chosen on the validation side; only the fit that is kept counts as time. Variants:
``logistic``, ``sgd``, ``svc``, ``sgd-chars`` (also runs of 2 to 5 characters).
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from adapter import Predict, Rows, Task, contest
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.metrics import f1_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, RobustScaler
from sklearn.svm import LinearSVC


class Columns:
    """Every column as numbers, side by side."""

    def __init__(self, task: Task) -> None:
        self.parts: list[tuple[str, str, Any]] = []
        chars = task.variant.endswith("chars")
        for name in task.text:
            words = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2)
            self.parts.append((name, "text", words))
            if chars:
                runs = TfidfVectorizer(sublinear_tf=True, analyzer="char_wb", ngram_range=(2, 5), min_df=3)
                self.parts.append((name, "text", runs))
        self.parts += [(name, "category", OneHotEncoder(handle_unknown="ignore")) for name in task.category]
        scale = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), RobustScaler())
        self.parts += [(name, "number", scale) for name in task.number]

    def fit(self, rows: Rows) -> csr_matrix:
        """Learn vocabularies and scales; gives the rows."""
        kept, blocks = [], []
        for name, kind, part in self.parts:
            try:
                blocks.append(part.fit_transform(values(rows, name, kind)))
            except ValueError as error:  # a column without any word that occurs twice
                if "no terms" not in str(error) and "empty vocabulary" not in str(error):
                    raise
                continue
            kept.append((name, kind, part))
        self.parts = kept
        return hstack([csr_matrix(block) for block in blocks]).tocsr()

    def apply(self, rows: Rows) -> csr_matrix:
        """Rows as numbers."""
        blocks = [csr_matrix(part.transform(values(rows, name, kind))) for name, kind, part in self.parts]
        return hstack(blocks).tocsr()


def values(rows: Rows, name: str, kind: str) -> Any:
    """A column as its part takes it."""
    column = rows.columns[name]
    if kind == "text":
        return column
    if kind == "category":
        return np.asarray(column, object)[:, None]
    return np.asarray([float(text) if text else np.nan for text in column])[:, None].clip(-1e6, 1e6)


def models(variant: str) -> list[Any]:
    """What to choose from."""
    kind = variant.split("-", maxsplit=1)[0]
    if kind == "sgd":
        return [SGDClassifier(loss="log_loss", alpha=alpha, random_state=0) for alpha in (1e-4, 1e-5, 3e-6)]
    if kind == "svc":
        return [LinearSVC(C=c, dual="auto", max_iter=1000, random_state=0) for c in (0.1, 1.0)]
    return [LogisticRegression(C=5, max_iter=1000)]


def fit(task: Task) -> tuple[Predict, dict[str, Any]]:
    """Vectorise, choose, train."""
    begun = time.perf_counter()
    columns = Columns(task)
    inputs = columns.fit(task.train)
    vectorised = time.perf_counter() - begun
    valid = columns.apply(task.valid)
    found = []
    for model in models(task.variant):
        begun = time.perf_counter()
        model.fit(inputs, task.train.labels)
        took = time.perf_counter() - begun
        found.append((f1_score(task.valid.labels, model.predict(valid), average="macro"), took, model))
    _, took, best = max(found, key=lambda each: each[0])
    notes = {"seconds": vectorised + took, "model": str(best), "inputs": inputs.shape[1]}
    return lambda rows: best.predict(columns.apply(rows)).tolist(), notes


if __name__ == "__main__":
    contest(fit, "scikit-learn")
