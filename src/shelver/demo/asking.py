"""Which products people would be asked about, one after the other, as the queue chooses them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from shelver.catalogue.label_events import EXCLUSIVE
from shelver.pipeline.ask import up_to_date
from shelver.pipeline.base import Base
from shelver.pipeline.choosing import choose_next
from shelver.pipeline.quick_model import doubles, make_fitter


def asked_for(workspace: Base, truth: Mapping[str, str], most: int) -> list[str]:
    """Play the queue without people: choose a batch, learn the right answers to it, choose the next.

    Model, strategy, share of random questions and size of a batch are those of the settings. Nothing is written.

    Parameters
    ----------
    workspace : Base
        With products; what else is missing is prepared.
    truth : mapping of str to str
        The right category of every product that may be asked about, by its id.
    most : int
        How many products.

    Returns
    -------
    list of str
        Ids of products, in the order in which to ask. As every batch is chosen by the answers to those before it alone,
        the first n are what would be asked for with n questions. Fewer than `most` only if the queue runs dry.
    """
    settings, examples = workspace.config.labelling, up_to_date(workspace).examples
    ids = examples.features.read(["product_id"])["product_id"].to_numpy()
    rows = np.flatnonzero([product_id in truth for product_id in ids]).astype(np.int64)
    if len(rows) > settings.candidates:
        rows = np.sort(np.random.default_rng(settings.seed).choice(rows, settings.candidates, replace=False))
    fitter = make_fitter(workspace, examples, rows)
    pool, groups = fitter.pool, doubles(workspace, fitter.pool)
    number = {category: i for i, category in enumerate(examples.classes.of(EXCLUSIVE))}
    answers = np.asarray([number[truth[product_id]] for product_id in pool.product_ids], np.int64)
    asked = np.zeros(0, np.int64)
    while len(asked) < min(most, len(pool)):
        workspace.report("ask", len(asked), most)
        fitted = fitter.fit(asked, answers[asked], settings.seed)
        rng = np.random.default_rng([settings.seed, len(asked)])
        chosen = choose_next(fitted, groups, asked, asked, settings, rng).places[: settings.batch]
        if not len(chosen):
            break
        asked = np.concatenate([asked, chosen])
    return [str(product_id) for product_id in pool.product_ids[asked[:most]]]


def at_random(truth: Mapping[str, str], most: int, seed: int = 0) -> list[str]:
    """Ids of products drawn from all that may be labelled; more is always a superset of less."""
    ids = sorted(truth)
    return [ids[place] for place in np.random.default_rng(seed).permutation(len(ids))[:most]]
