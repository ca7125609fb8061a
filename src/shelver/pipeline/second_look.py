"""A workspace's labels and a model to look at them again: what the reviews of labels and of rules share."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shelver.catalogue.label_events import EXCLUSIVE
from shelver.catalogue.origins import human_only
from shelver.features.hits import as_bag
from shelver.features.split import title_key
from shelver.labelling.accuracy import Doubles
from shelver.labelling.candidates import Ints
from shelver.labelling.second_opinion import second_opinion
from shelver.labelling.wrong_rules import calibrated, inside
from shelver.pipeline.base import Base
from shelver.pipeline.quick_model import make_fitter
from shelver.table import Table
from shelver.training.examples import PART, Examples

LEAST = 20
"""Labels from which on a model is asked."""


@dataclass(frozen=True)
class Labelled:
    """Labels that people gave to products of a run, in the order of its rows.

    Attributes
    ----------
    rows, answers : ndarray of int64, shape (n,)
        Rows of the run and exclusive classes.
    table : pyarrow.Table
        Their current labels, in the same order.
    left_out : int
        Labels of products or categories that the run does not have.
    """

    rows: Ints
    answers: Ints
    table: pa.Table
    left_out: int

    def __len__(self) -> int:
        return len(self.rows)


def labelled(workspace: Base, examples: Examples) -> Labelled:
    """Match current labels of people with a run; labels taken over from other products are left out."""
    labels = human_only(workspace.control.current_labels(EXCLUSIVE))
    ids = examples.features.read(["product_id"])["product_id"].combine_chunks()
    classes = pa.array(examples.classes.exclusive, pa.string())
    row = _numbers(pc.index_in(labels["product_id"].combine_chunks().cast(ids.type), value_set=ids))
    answer = _numbers(pc.index_in(labels["category_id"].combine_chunks().cast(pa.string()), value_set=classes))
    known = np.flatnonzero((row >= 0) & (answer >= 0))
    order = known[np.argsort(row[known], kind="stable")]
    return Labelled(row[order], answer[order], labels.take(pa.array(order)), labels.num_rows - len(order))


def without_rules(examples: Examples) -> Examples:
    """The same data as if no rule had fired: a model that is to judge rules must not believe them."""
    blind = copy.copy(examples)
    blind._cache = {}
    none = np.zeros(0, np.int64)
    blind.hits = as_bag(none, none, len(examples.hits), examples.hits.size)
    return blind


def twin_groups(titles: pa.Array) -> Ints:
    """The same number for the same title but for case, accents and punctuation; products without one stand alone."""
    keys = title_key(titles).to_pylist()
    _, groups = np.unique(np.asarray([key or f" {i}" for i, key in enumerate(keys)], object).astype(str),
                          return_inverse=True)  # fmt: skip
    return groups.astype(np.int64)


def titles_of(workspace: Base, given: Labelled) -> pa.Array:
    """Titles of labelled products, empty where a product is gone."""
    products = workspace.products().read(["product_id", "title"])
    ids = products["product_id"].combine_chunks()
    place = pc.index_in(given.table["product_id"].combine_chunks().cast(ids.type), value_set=ids)
    return pc.fill_null(products["title"].combine_chunks().take(place).cast(pa.string()), "")


def believed_firings(
    workspace: Base,
    examples: Examples,
    products: Table,
    assigned: Sequence[str],
    row: Ints,
    rule: Ints,
    right: Doubles,
    sample: Ints,
) -> Doubles | None:
    """Probability that rules are right where nobody said so, by a model that does not see rules.

    Parameters
    ----------
    workspace : Base
        The workspace.
    examples : Examples
        From `without_rules`.
    products : Table
        The products.
    assigned : sequence of str
        Category of each rule.
    row, rule : ndarray of int64, shape (m,)
        Rows of `products` and the rules that fired there.
    right : ndarray of float64, shape (m,)
        What people said: 1, 0 or NaN. The model's word is put right by it (`calibrated`).
    sample : ndarray of int64, shape (k,)
        Which firings to ask the model about.

    Returns
    -------
    ndarray of float64, shape (k,), or None
        NaN for products that came after the run was prepared; None where labels are too few for a model.
    """
    given = labelled(workspace, examples)
    if len(given) < LEAST or len(np.unique(given.answers)) < 2:
        return None
    ids = examples.features.read(["product_id"])["product_id"].combine_chunks()
    here = products.read(["product_id"])["product_id"].combine_chunks().cast(ids.type)
    of_run = _numbers(pc.index_in(here, value_set=ids))[row]  # (m,)
    places = {category.category_id: i for i, category in enumerate(examples.classes.tree)}
    category = np.asarray([places.get(each, -1) for each in assigned], np.int64)[rule]  # (m,)
    able = (of_run >= 0) & (category >= 0)
    rows = np.union1d(given.rows, of_run[sample[able[sample]]])
    fitter = make_fitter(workspace, examples, rows)
    learnt = np.searchsorted(rows, given.rows)
    groups = twin_groups(titles_of(workspace, given))
    opinion = second_opinion(fitter, learnt, given.answers, groups, words=False)
    judged = np.flatnonzero(~np.isnan(right) & able & np.isin(of_run, given.rows))
    seen = opinion.probabilities[np.searchsorted(given.rows, of_run[judged])]
    model = fitter.fit(learnt, given.answers)
    found = np.full(len(sample), np.nan)
    asked = np.flatnonzero(able[sample])
    for start in range(0, len(asked), PART):
        part = asked[start : start + PART]
        probabilities = model.probabilities(np.searchsorted(rows, of_run[sample[part]]))
        found[part] = inside(examples.classes, category[sample[part]], probabilities)
        workspace.report("judge rules", start + len(part), len(asked))
    found[asked] = calibrated(found[asked], inside(examples.classes, category[judged], seen), right[judged])
    return found


def _numbers(found: pa.Array) -> Ints:
    """Places from Arrow, −1 where there is none."""
    numbers: Ints = pc.fill_null(found, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return numbers
