"""Inputs that several contestants make of the texts: TF-IDF, alone or beside the sentence vectors. Needs scikit-learn.

TF-IDF as in scikit-learn's own example "Classification of text documents using sparse features" (sublinear counts),
with pairs of words; fitted on the pool, whose texts are known without any label. Rows have unit length, as do vectors.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from label_adapter import Products, Task
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

NEAR = 1.0
"""How much the cosines to the categories count beside the other inputs."""


def inputs(task: Task, kind: str) -> tuple[Any, Any]:
    """Pool and test side as numbers, float32.

    ``words`` (TF-IDF) or ``both`` (beside the sentence vectors; sparse), ``vectors`` (dense), or ``tree`` (both, and
    how near each product is to the words of each category; sparse).
    """
    if kind == "vectors":
        return vectors(task.pool), vectors(task.test)
    words = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2, dtype=np.float32)
    pool, test = words.fit_transform(task.pool.words()), words.transform(task.test.words())
    if kind == "words":
        return csr_matrix(pool), csr_matrix(test)
    both = beside(pool, task.pool), beside(test, task.test)
    if kind == "both":
        return both
    centre = vectors(task.pool).mean(axis=0)
    names = normalize(task.class_vectors).T
    near = [(vectors(side) - centre) @ names for side in (task.pool, task.test)]
    return tuple(hstack([part, csr_matrix(NEAR * each)]).tocsr() for part, each in zip(both, near, strict=True))


def vectors(products: Products) -> Any:
    """Sentence vectors of unit length."""
    return normalize(products.vectors).astype(np.float32)


def beside(words: Any, products: Products) -> Any:
    """TF-IDF and sentence vectors side by side."""
    return hstack([words, csr_matrix(vectors(products))], dtype=np.float32).tocsr()
