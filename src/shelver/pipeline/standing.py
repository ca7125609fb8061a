"""How good are we, what do more labels bring, where are they missed, and when is it enough?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shelver.catalogue.label_events import EXCLUSIVE
from shelver.catalogue.origins import IMPORT
from shelver.catalogue.queue_items import RANDOM
from shelver.errors import ShelverError
from shelver.labelling.accuracy import ENOUGH, Accuracy, Bools, Doubles, Estimate, accuracy, macro_f1_interval, share
from shelver.labelling.advice import answers_of, categories, confused, unsure
from shelver.labelling.candidates import Floats, Ints
from shelver.labelling.checkup import Checkup, check_up
from shelver.labelling.crossfit import Model
from shelver.labelling.fitting import Fitter
from shelver.labelling.gain import gain
from shelver.labelling.splits import two_kinds
from shelver.labelling.stopping import LEAST_GAIN, agreements, stopping
from shelver.models.classes import Classes
from shelver.pipeline.base import Base
from shelver.pipeline.prepare import dataset
from shelver.pipeline.quick_model import make_fitter, model_name, rows_of
from shelver.pipeline.second_look import Labelled, labelled
from shelver.pipeline.standing_items import (
    CategoryStanding,
    NodeStanding,
    Pair,
    Prospect,
    ShelfStanding,
    Split,
    Standing,
    UnsureCategory,
)
from shelver.training.exact import FEW
from shelver.training.treewise import back_off, node_probabilities

LEAST = 10
"""Labels from which on there is something to say."""
MOST = FEW
"""Labels up to which a model is made in a moment; with more, the test side has enough of them to measure with."""
RECENT = 100
"""Random questions whose guesses, shown before the answer, are counted."""
PART = 4096
PER_CATEGORY = 5
"""Answers for each category that occurs, on average, from which on the mean F1 of categories is told."""
AHEAD = 100
"""Labels looked ahead."""


def standing(
    workspace: Base,
    run_id: str = "",
    *,
    imports_are_random: bool = False,
    target: float | None = None,
    least_gain: float = LEAST_GAIN,
) -> Standing:
    """Say where labelling stands; the model is the quick one that questions are chosen by, with all labels of people.

    Parameters
    ----------
    workspace : Base
        With a prepared run.
    run_id : str
        The run; that prepared last if none is named.
    imports_are_random : bool
        Imported labels are about products that were drawn at random, too: accuracy may be estimated from them.
    target : float, optional
        Share of right products to reach: how many labels will that take?
    least_gain : float
        Share of the products that 100 more labels should put right for labelling to be worth while.

    Raises
    ------
    ShelverError
        Nothing was prepared, or there are fewer than ten labels, or more than `MOST`.
    """
    data = dataset(workspace, run_id)
    given = _in_order(labelled(workspace, data.examples))
    if len(given) < LEAST:
        raise ShelverError(
            f"{len(given)} labels are too few to say anything",
            where=workspace.prefix,
            expected=f"{LEAST} at least",
            hint="label some products: shelver label next",
        )
    if len(given) > MOST:
        raise ShelverError(
            f"{len(given):,} labels are more than this check is for: it trains some 40 models",
            where=workspace.prefix,
            expected=f"{MOST:,} at most",
            hint="measure the trained model instead: shelver run",
        )
    config = workspace.config
    rows = rows_of(workspace, data.examples, given.rows, np.random.default_rng(config.labelling.seed))
    fitter = make_fitter(workspace, data.examples, rows)
    pool = fitter.pool
    places = np.searchsorted(pool.rows, given.rows)
    asked = workspace.control.queue(EXCLUSIVE).answers()
    drawn = _drawn(given, asked, imports_are_random)
    left = np.setdiff1d(np.arange(len(pool)), places)
    found = check_up(
        _Telling(workspace, fitter), places, given.answers, drawn, left, config.labelling.batch, config.labelling.seed
    )
    view = _View(data.examples.classes, given, drawn, found, fitter, left, data.examples.products)
    rng = np.random.default_rng(config.labelling.seed)
    curve = gain(found.sizes, found.right, rng, AHEAD) if drawn.any() else None
    kappas = agreements(found.settled, len(view.classes.exclusive)) if len(left) else []
    return Standing(
        run_id=data.run_id,
        model=model_name(workspace),
        products=view.products,
        labels=len(given),
        drawn=int(drawn.sum()),
        accuracy=view.accuracy() if drawn.sum() >= ENOUGH else None,
        believed=view.believed(),
        guessed_before=_guessed_before(given, asked),
        macro_f1=view.macro_f1(rng),
        shelves=view.shelves(config.predict.threshold),
        nodes=view.nodes(),
        prospect=Prospect.of(curve, target) if curve else None,
        stopping=stopping(curve.points if curve else None, AHEAD, kappas, least_gain),
        categories=view.categories(),
        confused=view.confused(),
        splits=_splits(workspace, view, places, rng),
        unsure=_unsure(view.classes, asked),
        random_share=config.labelling.random_share,
    )


class _View:
    """Figures of one checkup, in the words of the tree."""

    def __init__(
        self,
        classes: Classes,
        given: Labelled,
        drawn: Bools,
        found: Checkup,
        fitter: Fitter,
        left: Ints,
        products: int,
    ) -> None:
        self.classes, self.given, self.found, self.products = classes, given, found, products
        self.pool, self.left = fitter.pool, left
        self.truth = given.answers[drawn]
        self.guess, self.confidence = found.judged()
        told = [answers_of(part, found.temperature) for _, part in self._parts()]
        self.left_guess = np.concatenate([guess for guess, _ in told] or [np.empty(0, np.int64)])
        self.left_confidence = np.concatenate([sure for _, sure in told] or [np.empty(0)])

    def _parts(self) -> Iterator[tuple[slice, Floats]]:
        for start in range(0, len(self.left), PART):
            part = slice(start, start + PART)
            yield part, self.found.model.probabilities(self.left[part])

    def accuracy(self) -> Accuracy:
        right = self.guess == self.truth
        return accuracy(right, self.confidence, self.left_confidence, len(self.given), self.products)

    def believed(self) -> float:
        return float(self.left_confidence.mean()) if len(self.left) else 1.0

    def macro_f1(self, rng: np.random.Generator) -> Estimate | None:
        classes = len(self.classes.exclusive)
        seen = len(np.union1d(self.truth, self.guess))
        if len(self.truth) < max(ENOUGH, PER_CATEGORY * seen):
            return None
        return macro_f1_interval(self.truth, self.guess, classes, rng)

    def shelves(self, threshold: float) -> ShelfStanding:
        shelved = 0
        for _, part in self._parts():
            nodes = node_probabilities(scaled(part, self.found.temperature), self.classes)
            shelved += int((back_off(nodes, self.classes, threshold)[0] >= 0).sum())
        drawn = node_probabilities(scaled(self.found.drawn, self.found.temperature), self.classes)
        positions = back_off(drawn, self.classes, threshold)[0]
        there = positions >= 0
        spans = self.classes.spans[positions[there]]
        right = (spans[:, 0] <= self.truth[there]) & (self.truth[there] < spans[:, 1])
        estimate = share(right)
        return ShelfStanding(threshold, shelved / max(1, len(self.left)), estimate if estimate.enough else None)

    def nodes(self) -> tuple[NodeStanding, ...]:
        """Nodes, above the categories that people assign, for which there are enough draws."""
        wanted = []
        for position, category in enumerate(self.classes.tree.categories):
            start, stop = self.classes.spans[position]
            put = (start <= self.guess) & (self.guess < stop)
            if stop - start > 1 and put.sum() >= ENOUGH:
                wanted.append((str(category), category.category_id, start, stop, put))
        if not wanted:
            return ()
        sure: list[list[Doubles]] = [[] for _ in wanted]
        for where, part in self._parts():
            values, guess = scaled(part, self.found.temperature), self.left_guess[where]
            for k, (_, _, start, stop, _) in enumerate(wanted):
                there = (start <= guess) & (guess < stop)
                sure[k].append(values[there, start:stop].sum(1).astype(np.float64))
        drawn = scaled(self.found.drawn, self.found.temperature)
        answer = []
        for (path, category_id, start, stop, put), parts in zip(wanted, sure, strict=True):
            left = np.concatenate([np.empty(0), *parts])
            right = (start <= self.truth[put]) & (self.truth[put] < stop)
            believed = drawn[put, start:stop].sum(1).astype(np.float64)
            rest = round(len(left) * self._scale())
            found = accuracy(right, believed, left, 0, max(1, rest)).remaining if rest else share(right)
            answer.append(NodeStanding(category_id, path, rest, found))
        return tuple(sorted(answer, key=lambda each: -each.products))

    def _scale(self) -> float:
        return (self.products - len(self.given)) / max(1, len(self.left))

    def categories(self) -> tuple[CategoryStanding, ...]:
        found = categories(
            self.left_guess, self.left_confidence, self.given.answers, len(self.classes.exclusive), self._scale()
        )
        return tuple(
            CategoryStanding(
                self.classes.exclusive[each.place],
                self.classes.label(EXCLUSIVE, each.place),
                each.labels,
                round(each.products),
                each.right if each.products else None,
                each.wrong,
            )
            for each in found
        )

    def confused(self) -> tuple[Pair, ...]:
        found = confused(self.given.answers, self.found.every.argmax(1).astype(np.int64), len(self.classes.exclusive))
        name = self.classes.label
        return tuple(
            Pair(
                (self.classes.exclusive[each.one], self.classes.exclusive[each.other]),
                (name(EXCLUSIVE, each.one), name(EXCLUSIVE, each.other)),
                (each.one_as_other, each.other_as_one),
                each.wrong,
                each.p,
            )
            for each in found
        )


def scaled(probabilities: Floats, temperature: float) -> Floats:
    """Probabilities of one class of several after temperature scaling: float32, shape (n, classes)."""
    logs = np.log(np.maximum(probabilities, 1e-30)) / np.float32(temperature)
    odds = np.exp(logs - logs.max(axis=1, keepdims=True))
    found: Floats = (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)
    return found


class _Telling:
    """A fitter that tells how many models it has trained."""

    def __init__(self, workspace: Base, fitter: Fitter) -> None:
        self.workspace, self.fitter, self.done = workspace, fitter, 0

    def fit(self, places: Ints, answers: Ints, seed: int = 0) -> Model:
        """Train a model."""
        found = self.fitter.fit(places, answers, seed)
        self.done += 1
        self.workspace.report("train models to judge by", self.done, 0)
        return found


def _in_order(given: Labelled) -> Labelled:
    """The same labels in the order in which they came."""
    order = np.argsort(given.table["event_id"].to_numpy(), kind="stable")
    return Labelled(given.rows[order], given.answers[order], given.table.take(pa.array(order)), given.left_out)


def _drawn(given: Labelled, asked: pa.Table, imports: bool) -> Bools:
    """Which labels are about products drawn at random."""
    said = asked.filter(pc.and_(pc.equal(asked["kind"], "label"), pc.equal(asked["chosen_by"], RANDOM)))
    found = pc.is_in(given.table["product_id"], value_set=said["product_id"].combine_chunks())
    if imports:
        found = pc.or_(found, pc.equal(given.table["how"], IMPORT))
    drawn: Bools = found.to_numpy().astype(np.bool_)
    return drawn


def _guessed_before(given: Labelled, asked: pa.Table) -> Estimate | None:
    """How often the guess that was made before a random question was asked was right, of late."""
    truth = dict(zip(given.table["product_id"].to_pylist(), given.table["category_id"].to_pylist(), strict=True))
    said = asked.filter(pc.and_(pc.equal(asked["kind"], "label"), pc.equal(asked["chosen_by"], RANDOM)))
    guesses = {row["product_id"]: row["guess"][0]["category_id"] for row in said.to_pylist() if row["guess"]}
    right = [truth[product] == guess for product, guess in guesses.items() if product in truth][-RECENT:]
    found = share(np.asarray(right, np.bool_))
    return found if found.enough else None


def _unsure(classes: Classes, asked: pa.Table) -> tuple[UnsureCategory, ...]:
    place = {category_id: i for i, category_id in enumerate(classes.exclusive)}
    rows = [
        (place[row["guess"][0]["category_id"]], row["kind"] == "label")
        for row in asked.filter(pc.is_in(asked["kind"], value_set=pa.array(["label", "unsure"]))).to_pylist()
        if row["guess"] and row["guess"][0]["category_id"] in place
    ]
    guess, answered = np.asarray([row[0] for row in rows], np.int64), np.asarray([row[1] for row in rows], np.bool_)
    return tuple(
        UnsureCategory(classes.exclusive[each.place], classes.label(EXCLUSIVE, each.place), each.questions, each.unsure)
        for each in unsure(guess, answered, len(classes.exclusive))
    )


def _splits(workspace: Base, view: _View, places: Ints, rng: np.random.Generator) -> tuple[Split, ...]:
    found = two_kinds(view.pool.vectors[places], view.given.answers, len(view.classes.exclusive), rng)
    if not found:
        return ()
    products = workspace.products().read(["product_id", "title"])
    ids = view.given.table["product_id"].combine_chunks()
    rows = pc.index_in(ids.cast(pa.string()), value_set=products["product_id"].combine_chunks().cast(pa.string()))
    titles = products["title"].combine_chunks().take(rows).to_pylist()
    return tuple(
        Split(
            view.classes.exclusive[each.place],
            view.classes.label(EXCLUSIVE, each.place),
            each.sizes,
            each.apart,
            each.p,
            (
                tuple(titles[i] or "" for i in each.examples[0].tolist()),
                tuple(titles[i] or "" for i in each.examples[1].tolist()),
            ),
        )
        for each in found
    )
