"""Shelver in a process of its own, on a copy of the workspace that the others' files were written from.

What counts as training is all that follows the cleaned products: rules, vectors, vocabularies, features, targets and
the training itself, with its start-up. Answers count reading and writing tables. Only known categories are learnt
(the objective ``exclusive``), as the others do.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from adapter import peak_mb

from shelver import Workspace, __version__
from shelver.config import Joint, Vector, default_models
from shelver.experiments.data import configure

VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "linear": ("linear", {}),
    "linear-vectors": ("linear", {"text_vector": Vector(encoder="static", columns=("title",))}),
    "linear-minilm": ("linear", {"text_vector": Vector(encoder="minilm-int8", columns=("title",))}),
    "mlp": ("mlp", {}),
    "wide_deep": ("wide_deep", {}),
    "wide_deep-vectors": ("wide_deep", {"text_vector": Vector(encoder="static", columns=("title",))}),
    "joint-images": (
        "joint",
        {
            "text_vector": Vector(encoder="static", columns=("title",)),
            "image_vector": Vector(encoder="efficientnet-lite0-int8", columns=("image",)),
        },
    ),
}
"""Model, and features besides those of the data set."""


def run(workspace: Workspace, variant: str, ids: list[str]) -> dict[str, Any]:
    """Prepare, train and answer, timed."""
    model, features = VARIANTS[variant]
    workspace = configure(
        workspace,
        {
            "features": {**workspace.config.features, **features},
            "models": default_models() | ({"joint": Joint()} if model == "joint" else {}),
            "training": {"model": model, "objectives": ["exclusive"]},
        },
    )
    begun = time.perf_counter()
    steps = [*workspace.prepare(), workspace.train()]
    trained = time.perf_counter()
    answered = workspace.predict()
    done = time.perf_counter()
    paths = {category.category_id: str(category) for category in workspace.tree().categories}
    table = workspace.table("predictions").read(["product_id", "exclusive"])
    best = {
        product: paths[ranked[0]["category_id"]]
        for product, ranked in zip(table["product_id"].to_pylist(), table["exclusive"].to_pylist(), strict=True)
    }
    return {
        "train_seconds": trained - begun,
        "encode_seconds": sum(step.seconds for step in steps if step.name.startswith("encode")),
        "predict_seconds": done - trained,
        "rows": answered.rows,
        "peak_mb": peak_mb(),
        "versions": {"shelver": __version__},
        "notes": {"steps": {step.name: round(step.seconds, 2) for step in steps}},
        "answers": [best[product] for product in ids],
    }


def main() -> None:
    """Parse, run, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("workspace")
    parser.add_argument("ids", type=Path, help="JSON list of products, in the order of the answers")
    parser.add_argument("out", type=Path)
    parser.add_argument("--variant", choices=sorted(VARIANTS), required=True)
    options = parser.parse_args()
    found = run(Workspace(options.workspace), options.variant, json.loads(options.ids.read_text()))
    options.out.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
