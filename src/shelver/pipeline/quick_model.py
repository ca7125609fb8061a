"""The few-label model that questions are chosen by: which it is, what it learns from, and products it looks at."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shelver.catalogue.label_events import EXCLUSIVE
from shelver.catalogue.on_offer import ON_OFFER
from shelver.config import Bagged, Combined, NetSpec
from shelver.labelling.accuracy import Bools
from shelver.labelling.candidates import Ints
from shelver.labelling.fitting import Fitter
from shelver.labelling.groups import near_duplicates
from shelver.labelling.pool import Pool
from shelver.pipeline.base import Base
from shelver.training.examples import Examples


def model_name(workspace: Base) -> str:
    """Name of the model; of a model made of others, the first."""
    config = workspace.config
    name = config.labelling.model or config.training.model
    while isinstance(spec := config.models[name], Combined | Bagged):
        name = spec.parts[0]
    return name


def net_spec(workspace: Base) -> NetSpec:
    """Settings of that model."""
    spec = workspace.config.models[model_name(workspace)]
    assert not isinstance(spec, Combined | Bagged)  # noqa: S101 (`model_name` gives none)
    return spec


def make_fitter(workspace: Base, examples: Examples, rows: Ints) -> Fitter:
    """What trains that model on labels of some rows of a run."""
    config = workspace.config
    objectives = {EXCLUSIVE: config.objectives[EXCLUSIVE]}
    return Fitter(Pool(examples, rows), net_spec(workspace), objectives, config.training, workspace.text_encoder)


def rows_of(workspace: Base, examples: Examples, labelled: Ints, rng: np.random.Generator) -> Ints:
    """Rows of a run to look at, in order: those with a label, and the others that a feed still delivers.

    Of more than ``candidates`` others, a uniform sample.
    """
    candidates = workspace.config.labelling.candidates
    others = np.setdiff1d(np.flatnonzero(on_offer_now(workspace, examples)), labelled)
    if len(others) > candidates:
        others = rng.choice(others, candidates, replace=False)
    return np.union1d(labelled, others).astype(np.int64)


def on_offer_now(workspace: Base, examples: Examples) -> Bools:
    """Which rows of a run are about products that a feed still delivers: bool, shape (rows,)."""
    products = workspace.products().read(["product_id"], where=ON_OFFER)["product_id"]
    ids = examples.features.read(["product_id"])["product_id"].combine_chunks()
    found: Bools = pc.is_in(ids, value_set=products.combine_chunks().cast(ids.type)).to_numpy(zero_copy_only=False)
    return found


def doubles(workspace: Base, pool: Pool) -> Ints:
    """The same number for products that are nearly the same: int64, shape (products of the pool,)."""
    products = workspace.products().read(["product_id", "title"]).combine_chunks()
    ids = products["product_id"].combine_chunks()
    rows = pc.index_in(pa.array(pool.product_ids, ids.type), value_set=ids)
    titles = pc.fill_null(products["title"].combine_chunks().take(rows), "")
    return near_duplicates(titles, pool.vectors if pool.text else None)
