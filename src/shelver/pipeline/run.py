"""All of the main job, in order; each step does only what is stale."""

from __future__ import annotations

from shelver.pipeline.base import Base
from shelver.pipeline.ingest import ingest
from shelver.pipeline.learn import Comparison, evaluate_model, train
from shelver.pipeline.prepare import prepare
from shelver.pipeline.shelve import predict
from shelver.pipeline.step import Step


def run(workspace: Base) -> tuple[list[Step], Comparison]:
    """Feeds in, every product on a shelf out."""
    steps = [*ingest(workspace), *prepare(workspace), train(workspace)]
    found = evaluate_model(workspace)
    return [*steps, predict(workspace)], found
