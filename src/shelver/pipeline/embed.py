"""Vectors of products and categories as tables, for whatever comes after."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from shelver.errors import CatalogueError
from shelver.pipeline.base import Base
from shelver.pipeline.learn import saved_model
from shelver.pipeline.prepare import apply_rules, encode, inputs_of, map_over
from shelver.pipeline.step import Step
from shelver.stage import digest
from shelver.training.embed import EmbedStage, category_embeddings, nearest


def embed(workspace: Base, run_id: str = "", model_id: str = "") -> list[Step]:
    """Make the tables ``product_embeddings`` and ``category_embeddings`` with a trained model.

    Raises
    ------
    ModelError
        The model has no vectors of its own (kind ``linear``), or there is no model.
    """
    run, model_id, model = saved_model(workspace, run_id, model_id)
    stage = EmbedStage(model)
    categories = category_embeddings(model).astype(np.float16) if "exclusive" in model.net.objectives else None
    features = model.transform.features
    apply_rules(workspace)
    encode(workspace, features)
    inputs = [*inputs_of(workspace, features), workspace.table("rule_labels")]
    step = map_over(workspace, "embed", stage, inputs, workspace.table("product_embeddings"), offered=True)
    made = {"run_id": run.run_id, "model_id": model_id}
    steps = [Step("embed products", step.rows, step.fresh, step.seconds, made)]
    if categories is not None:
        rows = len(model.classes.exclusive)
        table = workspace.table("category_embeddings")
        fingerprint = digest("category_embeddings.v1", model.fingerprint)
        fresh = table.exists() and table.fingerprint() == fingerprint
        if not fresh:
            column = pa.FixedSizeListArray.from_arrays(pa.array(categories.ravel()), categories.shape[1])
            paths = pa.array([str(category) for category in model.classes.tree.exclusive], pa.string())
            ids = pa.array(model.classes.exclusive, pa.string())
            batch = pa.RecordBatch.from_arrays([ids, paths, column], names=["category_id", "path", "embedding"])
            table.write([batch], batch.schema, fingerprint)
        steps.append(Step("embed categories", rows, fresh, 0.0, made))
    return steps


def similar_categories(
    workspace: Base, reference: str, k: int = 10, run_id: str = "", model_id: str = ""
) -> list[tuple[str, str, float]]:
    """Categories that a model sees as near to one: (category_id, path, cosine), nearest first.

    Parameters
    ----------
    workspace : Base
        The workspace.
    reference : str
        Id, path or unique name of an exclusive category.
    k : int
        How many.
    run_id, model_id : str
        Which model; the configured one of the newest run if not named.
    """
    _, _, model = saved_model(workspace, run_id, model_id)
    wanted = model.classes.tree.resolve(reference).category_id
    tree = model.classes.tree
    if wanted not in model.classes.exclusive:
        what = f'"{tree.by_id(wanted)}" cannot be assigned, so no model knows it'
        raise CatalogueError(what, hint="name a category below it")
    found = nearest(category_embeddings(model), model.classes.exclusive.index(wanted), k)
    return [(model.classes.exclusive[i], str(tree.by_id(model.classes.exclusive[i])), cosine) for i, cosine in found]
