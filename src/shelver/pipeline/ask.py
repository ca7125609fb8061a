"""Choose what people are asked next: learn from the labels, look at the products without one, fill the queue."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shelver.catalogue.label_events import EXCLUSIVE, NODE
from shelver.catalogue.origins import human_only
from shelver.catalogue.queue import Queue
from shelver.catalogue.queue_items import NewQuestion, Refilled, Round
from shelver.engine import identity
from shelver.errors import ShelverError
from shelver.features.transform import Transform
from shelver.labelling.candidates import Ints
from shelver.labelling.choose import Chosen
from shelver.labelling.fitting import Fitted, Fitter
from shelver.labelling.pool import Pool
from shelver.pipeline.base import Base
from shelver.pipeline.choosing import choose_next
from shelver.pipeline.counted import features_id_of, labelled_though_gone
from shelver.pipeline.prepare import Dataset, dataset, find_run, inputs_of, prepare
from shelver.pipeline.quick_model import doubles, make_fitter, model_name, rows_of
from shelver.training.restrict import ANYWHERE, nodes_of, restrict, within

SUGGESTIONS = 5
"""Categories kept with a question as suggestions."""


@dataclass(frozen=True)
class Known:
    """Labels of people, as places in the pool.

    Attributes
    ----------
    places, answers : ndarray of int64, shape (labels,)
        Products, and the exclusive class of each.
    taken : ndarray of int64, shape (any,)
        Products not to be asked about: somebody looked at them, or has begun a question about them.
    taken_over : ndarray of int64, shape (any,)
        Products whose label was taken over from others.
    missing : bool
        Is any labelled product of the run not in the pool?
    below : ndarrays of int64, shapes (m,) and (m, 2)
        Products of which people said no more than below which category they belong, and the classes that are left.
    """

    places: Ints
    answers: Ints
    taken: Ints
    taken_over: Ints
    missing: bool
    below: tuple[Ints, Ints]


class Asker:
    """Fills the queue of the objective ``exclusive``; keeps products in memory from one time to the next.

    Parameters
    ----------
    workspace : Base
        With products; what else is missing is prepared.
    """

    def __init__(self, workspace: Base) -> None:
        self.workspace = workspace
        self._made: tuple[tuple[str, str], Dataset, Pool, Ints, Fitter] | None = None

    @property
    def queue(self) -> Queue:
        """The queue."""
        return queue_of(self.workspace)

    def refill(self) -> Refilled:
        """Learn from the labels there are by now, choose anew, and put the new round in the place of the old.

        Raises
        ------
        ShelverError
            Nothing was ingested, or the settings do not fit; the queue is left as it is then.
        """
        begun = time.monotonic()
        workspace, settings = self.workspace, self.workspace.config.labelling
        last = self.queue.last_event()  # before the labels are read: what comes later counts as new
        data, pool, groups, fitter = self._ready()
        known = self._known(data, pool)
        if known.missing:
            self._made = None
            data, pool, groups, fitter = self._ready()
            known = self._known(data, pool)
        workspace.report("learn from labels", 0, len(known.places))
        fitted = fitter.fit(known.places, known.answers, settings.seed, below=known.below)
        workspace.report("choose questions", 0, len(pool))
        rng = np.random.default_rng([settings.seed, last])
        chosen = choose_next(fitted, groups, known.places, known.taken, settings, rng, known.taken_over)
        questions = self._questions(fitted, chosen, rng)
        made = Round(settings.strategy, model_name(workspace), last, time.monotonic() - begun)
        return self.queue.refill(questions, made)

    def _ready(self) -> tuple[Dataset, Pool, Ints, Fitter]:
        """The run with its products in memory, as it has to be now."""
        workspace = self.workspace
        made_of = identity(workspace.products()), workspace.tree().fingerprint()
        if self._made is None or self._made[0] != made_of:
            data = up_to_date(workspace)
            workspace.report("read products", 0, data.examples.products)
            fitter = make_fitter(workspace, data.examples, self._rows(data))
            self._made = (made_of, data, fitter.pool, doubles(workspace, fitter.pool), fitter)
        return self._made[1:]

    def _rows(self, data: Dataset) -> Ints:
        """All products; of a big catalogue those with a label, and a uniform sample of the others."""
        labels = self.workspace.control.current_labels()
        labelled = _places(labels["product_id"], data.examples.features.read(["product_id"])["product_id"])
        labelled = labelled[labelled >= 0]
        rng = np.random.default_rng([self.workspace.config.labelling.seed, len(labels)])
        return rows_of(self.workspace, data.examples, labelled, rng)

    def _known(self, data: Dataset, pool: Pool) -> Known:
        labels = self.workspace.control.current_labels()
        ids = pa.array(pool.product_ids, pa.string())
        place = _places(labels["product_id"], ids)
        people = human_only(labels)
        places = _places(people["product_id"], ids)
        classes = pa.array(data.examples.classes.of(EXCLUSIVE), pa.string())
        answers = _places(people["category_id"], classes)
        kept = (places >= 0) & (answers >= 0)
        asked = _places(pa.array(sorted(self.queue.asked()), pa.string()), ids)
        said = places[places >= 0]
        taken = np.unique(np.concatenate([said, asked[asked >= 0]]))
        outside = labels["product_id"].take(pa.array(np.flatnonzero(place < 0)))
        missing = False
        if len(outside) and len(pool) < data.examples.products:
            everything = data.examples.features.read(["product_id"])["product_id"]
            missing = bool((_places(outside, everything) >= 0).any())
        over = np.setdiff1d(place[place >= 0], said)
        return Known(places[kept], answers[kept], taken, over, missing, self._below(data, pool, place))

    def _below(self, data: Dataset, pool: Pool, labelled: Ints) -> tuple[Ints, Ints]:
        classes = data.examples.classes
        nodes = nodes_of(self.workspace.control.current_labels(NODE), pool.product_ids, classes.tree)
        nodes[labelled[labelled >= 0]] = ANYWHERE
        places = np.flatnonzero(nodes != ANYWHERE)
        return within(places, nodes[places], classes)

    def _questions(self, fitted: Fitted, chosen: Chosen, rng: np.random.Generator) -> list[NewQuestion]:
        settings, pool = self.workspace.config.labelling, fitted.fitter.pool
        classes = pool.examples.classes.of(EXCLUSIVE)
        probability = fitted.probabilities(chosen.places)  # (questions, classes)
        tree, below = pool.examples.classes.tree, self.workspace.control.current_labels(NODE)
        nodes = nodes_of(below, pool.product_ids[chosen.places], tree)
        probability = restrict(probability, pool.examples.classes.spans, nodes)
        best = np.argsort(-probability, axis=1, kind="stable")[:, :SUGGESTIONS]
        wanted = np.where(rng.random(len(chosen)) < settings.overlap, 2, 1)
        return [
            NewQuestion(
                pool.product_ids[place],
                tuple((classes[i], float(probability[row, i])) for i in best[row]),
                by,
                wanted=int(wanted[row]),
            )
            for row, (place, by) in enumerate(zip(chosen.places, chosen.by, strict=True))
        ]


def refill(workspace: Base) -> Refilled:
    """Fill the queue with a new round; see `Asker.refill`."""
    return Asker(workspace).refill()


def queue_of(workspace: Base) -> Queue:
    """What people are asked about the exclusive category of products, with the lease of the settings."""
    return workspace.control.queue(EXCLUSIVE, workspace.config.labelling.lease)


def up_to_date(workspace: Base) -> Dataset:
    """The run prepared last if its features are those of the present products, tree and settings; else a new one.

    Labels are not looked at: they are read from the control database each time.
    """
    specs, tree = workspace.features, workspace.tree()
    try:
        run = find_run(workspace)
        found = dataset(workspace, run.run_id)
    except ShelverError:  # nothing was prepared yet, or not to its end
        prepare(workspace)
        return dataset(workspace)
    tables = inputs_of(workspace, specs)
    made = [identity(table) if table.exists() else "" for table in tables]
    labelled = labelled_though_gone(workspace, tables[0])
    wanted = features_id_of(Transform(specs, workspace.config.split), made, labelled)
    same_tree = found.examples.classes.tree.fingerprint() == tree.fingerprint()
    if run.notes["features_id"] == wanted and same_tree:
        return found
    prepare(workspace)
    return dataset(workspace)


def _places(values: pa.ChunkedArray | pa.Array, among: pa.ChunkedArray | pa.Array) -> Ints:
    """Place of each value among others, −1 where it is not there: int64, shape (values,)."""
    plain = [each.combine_chunks() if isinstance(each, pa.ChunkedArray) else each for each in (values, among)]
    found = pc.index_in(plain[0].cast(pa.string()), value_set=plain[1].cast(pa.string()))
    return np.asarray(pc.fill_null(found, -1).to_numpy(zero_copy_only=False), np.int64)
