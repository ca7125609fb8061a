"""All of the main job, in order; each step does only what is stale."""

from __future__ import annotations

from shelver.pipeline.base import Base
from shelver.pipeline.ingest import IngestError, ingest
from shelver.pipeline.learn import Comparison, evaluate_model, train
from shelver.pipeline.prepare import prepare
from shelver.pipeline.shelve import predict
from shelver.pipeline.step import Step


def run(workspace: Base) -> tuple[list[Step], Comparison]:
    """Feeds in, every product on a shelf out.

    A feed that is held back or refused stops nothing, if there are products already: its step says so
    (see `shelver.pipeline.ingest.not_taken`).
    """
    try:
        read = ingest(workspace)
    except IngestError as error:
        if not workspace.table("products").exists():
            raise
        read = list(error.steps)
    steps = [*read, *prepare(workspace), train(workspace)]
    found = evaluate_model(workspace)
    return [*steps, predict(workspace)], found
