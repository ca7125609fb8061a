"""Are the labels right? Likely wrong ones to look at again, and how far people agree."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from shelver.catalogue.label_events import EXCLUSIVE
from shelver.catalogue.origins import REVIEW
from shelver.catalogue.queue_items import NewQuestion
from shelver.catalogue.tree import Tree
from shelver.errors import ShelverError
from shelver.labelling.agreement import Agreement, agreement
from shelver.labelling.candidates import Ints
from shelver.labelling.opinions import Opinions, opinions, settled
from shelver.labelling.second_opinion import SecondOpinion, second_opinion
from shelver.labelling.wrong_labels import ENOUGH, REASONS, Doubts, Votes, doubts
from shelver.pipeline.base import Base
from shelver.pipeline.prepare import dataset
from shelver.pipeline.quick_model import make_fitter
from shelver.pipeline.second_look import LEAST, Labelled, labelled, titles_of, twin_groups

PRIORITY = 10.0
"""Priority of questions about labels in doubt, above that of new products (0); the likelier wrong, the more."""


@dataclass(frozen=True)
class Suspect:
    """A label that somebody should look at again.

    Attributes
    ----------
    product_id, title : str
        The product.
    category_id, category : str
        The label given, and its path.
    person : str
        Who gave it.
    event_id : int
        The label event.
    suggested_id, suggested : str
        What it may be instead; empty where nobody knows.
    wrong : float
        How likely the label is wrong; good for an order.
    given_probability, suggested_probability : float or None
        What a model that has not seen the label says of both; None without a model.
    flagged : bool
        Is it worth asking about?
    reason : str
        ``model``, ``words`` or ``twins`` (`shelver.labelling.wrong_labels.Reason`); empty if it is not flagged.
    """

    product_id: str
    title: str
    category_id: str
    category: str
    person: str
    event_id: int
    suggested_id: str
    suggested: str
    wrong: float
    given_probability: float | None
    suggested_probability: float | None
    flagged: bool
    reason: str


@dataclass(frozen=True)
class LabelReview:
    """What a look at all labels found.

    Attributes
    ----------
    labels : int
        Labels looked at.
    left_out : int
        Labels of products or categories that the prepared run does not have.
    settled : int
        Labels that were looked at twice; they are not asked about again.
    rare : int
        Labels of categories with too few others for the model to judge.
    model : bool
        Was a model asked?
    flagged : int
        Labels in doubt.
    asked : int
        Of the shown ones, those that were put into the queue just now.
    suspects : tuple of Suspect
        The likeliest wrong first.
    """

    labels: int
    left_out: int
    settled: int
    rare: int
    model: bool
    flagged: int
    asked: int
    suspects: tuple[Suspect, ...]

    def as_dict(self) -> dict[str, Any]:
        """As JSON-like values."""
        return asdict(self)


def review_labels(workspace: Base, limit: int = 50, *, ask: bool = False, everything: bool = False) -> LabelReview:
    """Look for labels that are likely wrong.

    Parameters
    ----------
    workspace : Base
        Prepared.
    limit : int
        Labels listed (and asked about) at most.
    ask : bool
        Put the flagged ones among them into the queue.
    everything : bool
        List labels that are not flagged, too.

    Raises
    ------
    ShelverError
        Nothing was prepared, or there are no labels.
    """
    examples = dataset(workspace).examples
    given = labelled(workspace, examples)
    _check_some(workspace, given)
    history = workspace.control.label_history()
    tree = examples.classes.tree
    looked_at = settled(history)
    known = np.asarray([product in looked_at for product in given.table["product_id"].to_pylist()], bool)
    titles = titles_of(workspace, given)
    groups = twin_groups(titles)
    said = _second_opinion(workspace, given, groups)
    votes = _votes(given, opinions(history, tree), tree, examples.classes.exclusive)
    if said is None:
        found = doubts(given.answers, groups, settled=known, votes=votes)
    else:
        found = doubts(given.answers, groups, said.probabilities, said.learnt, said.words, known, votes)
    order = found.order if everything else found.order[found.flagged[found.order]]
    suspects = _suspects(order[:limit], given, titles, tree, examples.classes.exclusive, found, said)
    return LabelReview(
        labels=len(given),
        left_out=given.left_out,
        settled=int(known.sum()),
        rare=0 if said is None else int((said.learnt < ENOUGH).sum()),
        model=said is not None,
        flagged=int(found.flagged.sum()),
        asked=_ask(workspace, suspects) if ask else 0,
        suspects=suspects,
    )


def label_agreement(workspace: Base, *, model: bool = True) -> Agreement:
    """How far people agree with each other and, where enough is labelled, with a model that has not seen their labels.

    Parameters
    ----------
    workspace : Base
        With labels.
    model : bool
        Ask a model, too; for that the workspace must be prepared.
    """
    tree = workspace.tree()
    said = opinions(workspace.control.label_history(), tree)
    predicted = _predicted(workspace, said, tree) if model else None
    return agreement(said, tree, predicted)


def _check_some(workspace: Base, given: Labelled) -> None:
    if not len(given):
        raise ShelverError(
            "there are no labels of products in the prepared run", where=workspace.prefix,
            hint="import some (shelver label import FILE), then run: shelver prepare",
        )  # fmt: skip


def _second_opinion(workspace: Base, given: Labelled, groups: Ints) -> SecondOpinion | None:
    if len(given) < LEAST or len(np.unique(given.answers)) < 2:
        return None
    fitter = make_fitter(workspace, dataset(workspace).examples, given.rows)
    words = bool(fitter.pool.batch.vectors)
    workspace.report("second opinion", 0, 1)
    found = second_opinion(fitter, np.arange(len(given)), given.answers, groups, words=words)
    workspace.report("second opinion", 1, 1)
    return found


def _votes(given: Labelled, said: Opinions, tree: Tree, exclusive: tuple[str, ...]) -> Votes:
    """What others than the author of the current label said about the same products."""
    row = {product: i for i, product in enumerate(given.table["product_id"].to_pylist())}
    author = given.table["person"].to_pylist()
    number = {category: i for i, category in enumerate(exclusive)}
    pairs = []
    for product, person, category in zip(
        said.product.tolist(), said.person.tolist(), said.category.tolist(), strict=True
    ):
        i = row.get(said.products[product], -1)
        answer = number.get(tree.categories[category].category_id, -1)
        if i >= 0 and answer >= 0 and author[i] != said.people[person]:
            pairs.append((i, answer))
    table = np.asarray(pairs, np.int64).reshape(-1, 2)
    return Votes(table[:, 0], table[:, 1])


def _suspects(
    order: Ints, given: Labelled, titles: pa.Array, tree: Tree, exclusive: tuple[str, ...], found: Doubts,
    said: SecondOpinion | None,
) -> tuple[Suspect, ...]:  # fmt: skip
    shown = []
    for i, label in zip(order.tolist(), given.table.take(pa.array(order)).to_pylist(), strict=True):
        other = exclusive[found.suggested[i]] if found.suggested[i] >= 0 else ""
        own = None if said is None else float(said.probabilities[i, given.answers[i]])
        believed = None if said is None or not other else float(said.probabilities[i, found.suggested[i]])
        shown.append(
            Suspect(
                product_id=label["product_id"],
                title=titles[i].as_py(),
                category_id=label["category_id"],
                category=str(tree.by_id(label["category_id"])),
                person=label["person"],
                event_id=label["event_id"],
                suggested_id=other,
                suggested=str(tree.by_id(other)) if other else "",
                wrong=float(found.wrong[i]),
                given_probability=own,
                suggested_probability=believed,
                flagged=bool(found.flagged[i]),
                reason=REASONS[found.reason[i]] if found.flagged[i] else "",
            )
        )
    return tuple(shown)


def _ask(workspace: Base, suspects: tuple[Suspect, ...]) -> int:
    """Put flagged labels into the queue, with both categories as suggestions; gives how many are new there."""
    questions = []
    for suspect in suspects:
        if suspect.flagged:
            both = [
                (suspect.suggested_id, suspect.suggested_probability),
                (suspect.category_id, suspect.given_probability),
            ]
            guess = tuple((category, probability or 0.0) for category, probability in both if category)
            questions.append(NewQuestion(suspect.product_id, guess, REVIEW, PRIORITY + suspect.wrong))
    return workspace.control.queue(EXCLUSIVE).add(questions)


def _predicted(workspace: Base, said: Opinions, tree: Tree) -> Ints | None:
    """Place in the tree of what a model that has not seen the label says about each product; −1: unknown."""
    try:
        examples = dataset(workspace).examples
    except ShelverError:  # nothing was prepared yet: people can be compared with each other all the same
        return None
    given = labelled(workspace, examples)
    if not len(given):
        return None
    opinion = _second_opinion(workspace, given, twin_groups(titles_of(workspace, given)))
    if opinion is None:
        return None
    place = {product: i for i, product in enumerate(said.products)}
    predicted = np.full(len(said.products), -1, np.int64)
    best = opinion.probabilities.argmax(axis=1)
    for product, answer in zip(given.table["product_id"].to_pylist(), best.tolist(), strict=True):
        category = examples.classes.exclusive[answer]
        if product in place and category in tree:
            predicted[place[product]] = tree.position(category)
    return predicted
