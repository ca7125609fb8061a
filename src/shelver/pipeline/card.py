"""Write the model card beside a model: at training, and again at every evaluation."""

from __future__ import annotations

from shelver.features.split import Side
from shelver.models.folder import SavedModel
from shelver.pipeline.base import Base
from shelver.pipeline.prepare import Dataset, find_run
from shelver.reporting.card import Facts, write_card
from shelver.reporting.data import flat
from shelver.reporting.events import can_write_events, write_events

EVENTS = "events"
"""Folder of the TensorBoard events in a model folder."""


def write_model_card(workspace: Base, data: Dataset, model_id: str, model: SavedModel, evaluated: bool = True) -> None:
    """Write the card of a model.

    Parameters
    ----------
    workspace : Base
        The workspace.
    data : Dataset
        What it was trained on.
    model_id : str
        Its name.
    model : SavedModel
        The model.
    evaluated : bool
        With the scores that lie beside it; False where these are of the model that was there before.
    """
    folder = workspace.folder("model", run_id=data.run_id, model_id=model_id)
    examples = data.examples
    scores: dict[str, dict[str, dict[str, object]]] = {}
    for side in reversed(Side) if evaluated else ():
        split = side.name.lower()
        names = {"run_id": data.run_id, "model_id": model_id, "split": split}
        for objective in model.net.objectives:
            path = workspace.path("metrics", objective=objective, **names)
            if workspace.files.exists(path):
                found = workspace.files.read_json(path)
                scores.setdefault(split, {})[objective] = flat({k: v for k, v in found.items() if k != "classes"})
    facts = Facts(
        data.run_id,
        model_id,
        find_run(workspace, data.run_id).created.isoformat(),
        [feed.name for feed in workspace.config.feeds],
        {side.name.lower(): int((examples.side == side).sum()) for side in Side},
        {name: {side.name.lower(): len(examples.rows(name, side)) for side in Side} for name in model.net.objectives},
        scores,
        {name: examples.taken_over(name, Side.TRAIN) for name in model.net.objectives},
    )
    write_card(folder, model, facts)


def write_model_events(workspace: Base, run_id: str, model_id: str, losses: list[dict[str, float]]) -> bool:
    """Write the losses of a training for TensorBoard, if what writes them is installed; tells whether it did."""
    if not can_write_events() or not losses:
        return False
    write_events(workspace.folder("model", run_id=run_id, model_id=model_id).sub(EVENTS), losses)
    return True
