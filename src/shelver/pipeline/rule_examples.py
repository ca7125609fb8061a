"""Products that show what is wrong with a rule, and the words that tell them from the others."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from shelver.catalogue.tree import Tree
from shelver.labelling.candidates import Ints
from shelver.labelling.wrong_rules import Firings, TellingWord, telling_words
from shelver.rules.fold import fold
from shelver.table import Table

SHOWN = 3
"""Examples of each rule."""
COMPARED = 2000
"""Products whose words are compared for each rule at most."""
_WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True)
class RuleExample:
    """A product on which a rule fired, likely by mistake.

    Attributes
    ----------
    product_id, title : str
        The product.
    field, matched : str
        Field that the rule recognised it by, and the words there; empty for the price.
    label : str
        Path of the category a person gave it; empty if nobody did, and the model doubts the rule.
    probability : float or None
        That the rule is right, by the model; None where a person decided.
    """

    product_id: str
    title: str
    field: str
    matched: str
    label: str
    probability: float | None


def examples_of(
    firings: Firings, rule_id: str, tree: Tree, products: Table, fired: Table, labels: Ints
) -> tuple[RuleExample, ...]:
    """Likely mistakes of a rule, each title once.

    Parameters
    ----------
    firings : Firings
        Of this rule; ``product`` are rows of `products` and `fired`.
    rule_id : str
        The rule.
    tree : Tree
        Categories.
    products, fired : Table
        The tables ``products`` and ``rule_labels``.
    labels : ndarray of int64, shape (products,)
        Place in the tree of what people said; −1: nothing.
    """
    doubtful = np.flatnonzero(firings.right < 0.5)
    order = doubtful[np.lexsort((firings.right[doubtful], ~firings.human[doubtful]))][: 4 * SHOWN]
    found: dict[str, RuleExample] = {}
    for i, product in zip(order.tolist(), _matched(firings.product[order], rule_id, products, fired), strict=True):
        place, human = int(labels[firings.product[i]]), bool(firings.human[i])
        example = RuleExample(
            **product,
            label=str(tree.categories[place]) if human else "",
            probability=None if human else float(firings.right[i]),
        )
        found.setdefault(example.title, example)
    return tuple(found.values())[:SHOWN]


def excluding(firings: Firings, rule_id: str, products: Table, fired: Table) -> tuple[TellingWord, ...]:
    """Words of titles that a rule had better exclude; none where it is not clear."""
    known = np.flatnonzero(~np.isnan(firings.right))[:COMPARED]
    if not (firings.right[known] < 0.5).any():
        return ()
    texts = _matched(firings.product[known], rule_id, products, fired)
    looked_for = frozenset[str]().union(*(_words(text["matched"]) for text in texts))
    words = [_words(text["title"]) for text in texts]
    return tuple(telling_words(words, firings.right[known], looked_for))


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(fold(text)))


def _matched(rows: Ints, rule_id: str, products: Table, fired: Table) -> list[dict[str, Any]]:
    """Id and title of some products, and the field and the words in it that a rule recognised them by."""
    if not len(rows):
        return []
    hits = [
        next(hit for hit in labels if hit["rule_id"] == rule_id)
        for labels in fired.take(rows, ["labels"])["labels"].to_pylist()
    ]
    fields = {hit["field"] for hit in hits if hit["start"] >= 0}
    texts = products.take(rows, sorted({"product_id", "title"} | fields)).to_pylist()
    return [
        {
            "product_id": text["product_id"],
            "title": text["title"] or "",
            "field": hit["field"],
            "matched": str(text[hit["field"]] or "")[hit["start"] : hit["end"]] if hit["start"] >= 0 else "",
        }
        for hit, text in zip(hits, texts, strict=True)
    ]
