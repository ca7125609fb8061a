"""How good are we, what do more labels bring, where are they missed, and when is it enough?"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shelver.catalogue.label_events import EXCLUSIVE
from shelver.catalogue.origins import IMPORT
from shelver.catalogue.queue_items import RANDOM
from shelver.errors import ShelverError
from shelver.labelling.accuracy import ENOUGH, Bools, Estimate, share
from shelver.labelling.advice import unsure
from shelver.labelling.candidates import Ints
from shelver.labelling.checkup import check_up
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
    Prospect,
    Split,
    Standing,
    UnsureCategory,
)
from shelver.pipeline.standing_view import View
from shelver.training.exact import FEW

LEAST = 10
"""Labels from which on there is something to say."""
MOST = FEW
"""Labels up to which a model is made in a moment; with more, the test side has enough of them to measure with."""
RECENT = 100
"""Random questions whose guesses, shown before the answer, are counted."""
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
    view = View(data.examples.classes, given, drawn, found, fitter, left, data.examples.counted)
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


def _splits(workspace: Base, view: View, places: Ints, rng: np.random.Generator) -> tuple[Split, ...]:
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
