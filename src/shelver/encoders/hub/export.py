"""Export a model of a hub to ONNX, once; what is left needs neither ``transformers`` nor the model's folder."""

from __future__ import annotations

import hashlib
import threading
from typing import Any, cast

import numpy as np
import torch
from onnx import ModelProto
from torch import Tensor

from shelver.encoders.base import Modality, unit_rows
from shelver.encoders.hub.layout import read_layout
from shelver.encoders.hub.pictures import Preparation, read_preparation
from shelver.encoders.hub.recipe import GRAPH, PICTURES, RECIPE, TEXTS, TOKENIZER, Recipe
from shelver.encoders.hub.source import Source
from shelver.encoders.hub.towers import Tower, load_tower, quiet
from shelver.encoders.onnx_session import CPU, open_session
from shelver.errors import ShelverError
from shelver.files import Files

LIMIT = 2**31 - 1
"""Bytes of an ONNX file."""
TOLERANCE = 1e-3
"""Largest difference between a unit vector by ONNX Runtime and by PyTorch."""
_exporting = threading.Lock()


def export_model(source: Source, modality: Modality, name: str, target: Files) -> Recipe:
    """Export a tower; ``encoder.json`` is written last, so that a folder that has it is whole.

    Parameters
    ----------
    source : Source
        The model.
    modality : "text" or "image"
        Which tower.
    name : str
        The encoder's name.
    target : Files
        Where to.

    Raises
    ------
    ShelverError
        See `load_tower`; or the model cannot be exported, is too large, or is not the same after it.
    """
    with _exporting:
        layout = read_layout(source)
        preparation = read_preparation(source) if modality == "image" else None
        tower = load_tower(source, layout, modality)
        examples = [_pictures(preparation)] if preparation else _texts(tower)
        content = _graph(source, tower, examples[0]).SerializeToString()
        if len(content) > LIMIT:
            raise ShelverError(
                f"the model is too large ({len(content):,} bytes)", where=str(source.folder), expected="2 GB"
            )
        dims = _compare(source, tower, content, examples)
        files = {GRAPH: content}
        if tower.tokenizer is not None:
            files[TOKENIZER] = tower.tokenizer.to_str().encode()
        for file, data in files.items():
            target.write(file, data)
        recipe = Recipe(
            name=name,
            source=source.name,
            modality=modality,
            dims=dims,
            sha256={file: hashlib.sha256(data).hexdigest() for file, data in files.items()},
            lower=layout.lower,
            prompt=layout.prompt,
            preparation=preparation,
        )
        target.write_json(RECIPE, recipe.model_dump(mode="json"))
        return recipe


def _graph(source: Source, tower: Tower, example: Tensor) -> ModelProto:
    varies = tower.tokenizer is not None and not tower.filled
    shapes = ({1: torch.export.Dim.DYNAMIC},) if varies else None
    try:
        with quiet(), torch.no_grad():
            program = torch.onnx.export(
                tower.network,
                (example,),
                input_names=["x"],
                output_names=["vectors"],
                dynamic_shapes=shapes,
                dynamo=True,
                verbose=False,
            )
    # The exporter's errors have many types, and all mean the same to the user.
    except Exception as error:
        reason = " ".join(str(error.__cause__ or error).split())[:300]
        raise ShelverError(
            f"the model cannot be exported to ONNX: {reason}",
            where=str(source.folder),
            hint="try another version of transformers and torch, or another model",
        ) from error
    return cast(ModelProto, cast(Any, program).model_proto)


def _compare(source: Source, tower: Tower, content: bytes, examples: list[Tensor]) -> int:
    session = open_session(content, 0, CPU)
    dims = 0
    for example in examples:
        with torch.no_grad():
            expected = unit_rows(tower.network(example).numpy())
        found = unit_rows(session.run(None, {"x": example.numpy()})[0])
        dims = expected.shape[1]
        if found.shape != expected.shape or not np.abs(found - expected).max() <= TOLERANCE:
            what = f"exported to ONNX, the model gives other vectors for an input of shape {tuple(example.shape)}"
            raise ShelverError(what, where=str(source.folder), hint="try another version of transformers and torch")
    return dims


def _texts(tower: Tower) -> list[Tensor]:
    """Ids of made-up texts, a block of each length; the first, of middling length, is the one to trace with."""
    rng = np.random.default_rng(0)
    ids = []
    for length in {6, 2, 3, tower.tokens // 2, tower.tokens} if not tower.filled else {tower.tokens}:
        words = ["".join(rng.choice(list("aeioumnrst"), 4)) for _ in range(2 * length)]
        row = tower.tokenizer.encode(" ".join(words)).ids[: max(length, 1)]
        ids.append(torch.tensor([row] * TEXTS))
    return sorted(ids, key=lambda block: abs(block.shape[1] - 6))


def _pictures(preparation: Preparation) -> Tensor:
    return torch.from_numpy(np.random.default_rng(0).normal(size=(PICTURES, *preparation.shape)).astype(np.float32))
