"""Who said what about which product: the last word of every person, taken from the label events."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from shelver.catalogue.label_events import EXCLUSIVE
from shelver.catalogue.origins import PROPAGATED, REVIEW
from shelver.catalogue.tree import Tree
from shelver.labelling.candidates import Ints

NOT_INDEPENDENT = PROPAGATED | {REVIEW}
"""Ways in which a person was shown an answer before giving one: they say nothing about agreement."""


@dataclass(frozen=True)
class Opinions:
    """One answer for each product and each person who labelled it.

    Attributes
    ----------
    product, person, category : ndarray of int64, shape (n,)
        Numbers of `products` and `people`, and places in the tree; ordered by product, then by person.
    products, people : tuple of str
        Ids and names; a person without a name is the empty string.
    """

    product: Ints
    person: Ints
    category: Ints
    products: tuple[str, ...]
    people: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.product)

    def __repr__(self) -> str:
        return f"Opinions({len(self)} of {len(self.people)} people on {len(self.products)} products)"


def live_events(history: pa.Table, objective: str = EXCLUSIVE) -> list[dict[str, object]]:
    """Assignments of one objective that are not undone, oldest first."""
    events = history.to_pylist()
    undone = {event["undoes"] for event in events if event["kind"] == "undo"}
    return [e for e in events if e["kind"] == "assign" and e["objective"] == objective and e["event_id"] not in undone]


def opinions(
    history: pa.Table, tree: Tree, objective: str = EXCLUSIVE, without: Collection[str] = NOT_INDEPENDENT
) -> Opinions:
    """What each person thinks of each product: their latest assignment that is not undone.

    Parameters
    ----------
    history : pyarrow.Table
        Label events (`Control.label_history`).
    tree : Tree
        Categories that are not in it are left out.
    objective : str
        Which question.
    without : collection of str
        Ways (``how``) in which an event came about that do not count.
    """
    last: dict[tuple[str, str], int] = {}
    for event in live_events(history, objective):
        if event["how"] not in without and event["category_id"] in tree:
            key = (str(event["product_id"]), str(event["person"]))
            last[key] = tree.position(str(event["category_id"]))
    products = tuple(sorted({product for product, _ in last}))
    people = tuple(sorted({person for _, person in last}))
    place = {product: i for i, product in enumerate(products)}
    number = {person: i for i, person in enumerate(people)}
    rows = sorted((place[product], number[person], category) for (product, person), category in last.items())
    table = np.asarray(rows, np.int64).reshape(-1, 3)
    return Opinions(table[:, 0], table[:, 1], table[:, 2], products, people)


def settled(history: pa.Table, objective: str = EXCLUSIVE) -> set[str]:
    """Products whose label was looked at once more: it need not be asked about again.

    That is where the latest word answered a review, or where the current category was said twice: by two people, or by
    one person who did not merely import it again.
    """
    said: dict[str, list[dict[str, object]]] = {}
    for event in live_events(history, objective):
        if event["how"] in PROPAGATED:
            continue
        said.setdefault(str(event["product_id"]), []).append(event)
    found = set()
    for product, events in said.items():
        *before, last = events
        same = [event for event in before if event["category_id"] == last["category_id"]]
        twice = any(event["person"] != last["person"] or not last["batch"] for event in same)
        if last["how"] == REVIEW or twice:
            found.add(product)
    return found
