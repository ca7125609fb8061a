"""A model on disk: a plain folder that carries everything needed to predict, and proves that it is whole.

``model.toml`` is written last and names the hash of every other file: without it there is no model, and with it every
file must be as it was written. Nothing in the folder is ever executed: TOML, JSON and safetensors only.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import dataclass
from typing import Any

import tomli_w
import torch
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from shelver.config import Categorical, Model
from shelver.errors import ModelError
from shelver.features.transform import FILE as TRANSFORM
from shelver.features.transform import Transform
from shelver.files import Files
from shelver.models.classes import Classes
from shelver.models.inputs import Inputs
from shelver.models.nets import Net

FORMAT = "shelver.model.v1"
MANIFEST, WEIGHTS, TREE = "model.toml", "weights.safetensors", "tree.json"


@dataclass(frozen=True)
class SavedModel:
    """A model in memory with all that it needs.

    Attributes
    ----------
    net : Net
        The net, turned to evaluation in float64 (see `shelver.training.predict`).
    transform : Transform
        Turns products into its inputs.
    classes : Classes
        Its classes and their tree.
    notes : dict
        What was written beside it: run, settings, history.
    fingerprint : str
        Hash of its files.
    """

    net: Net
    transform: Transform
    classes: Classes
    notes: dict[str, Any]
    fingerprint: str = ""

    def __post_init__(self) -> None:
        self.net.double().eval()


def build_net(spec: Model, transform: Transform, classes: Classes, objectives: tuple[str, ...], seed: int = 0) -> Net:
    """A new net for a fitted transform; the same seed gives the same first weights."""
    dims = {name: f.dims for name, f in transform.features.items() if isinstance(f, Categorical)}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Net(spec, Inputs.of(transform, spec.inputs), classes, objectives, dims)


def save_model(files: Files, model: SavedModel) -> None:
    """Write a model folder; it exists once ``model.toml`` does."""
    files.delete(MANIFEST)
    model.transform.save(files)
    weights = {name: v.float() if v.is_floating_point() else v for name, v in model.net.state_dict().items()}
    files.write(WEIGHTS, save_tensors(weights))
    files.write(TREE, json.dumps(model.classes.as_rows(), ensure_ascii=False))
    manifest = {
        "format": FORMAT,
        "objectives": list(model.net.objectives),
        "spec": model.net.spec.model_dump(mode="json"),
        "files": {name: _hash(files.read(name)) for name in (TRANSFORM, TREE, WEIGHTS)},
        "notes": model.notes,
    }
    files.write(MANIFEST, tomli_w.dumps(_without_none(manifest)))


def load_model(files: Files) -> SavedModel:
    """Read a model folder.

    Raises
    ------
    ModelError
        There is no model, it is of a foreign format, or a file is missing or not as it was written. Nothing of it has
        been run then.
    """
    try:
        text = files.read(MANIFEST)
    except FileNotFoundError:
        raise ModelError("no model here", where=files.prefix, hint="make one with: shelver train") from None
    where = files.path(MANIFEST)
    try:
        manifest = tomllib.loads(text.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelError("not a model manifest", where=where, hint="train again: shelver train") from error
    if manifest.get("format") != FORMAT:
        raise ModelError(f"format {manifest.get('format')!r}", where=where, expected=FORMAT)
    hashes = manifest.get("files")
    if not isinstance(hashes, dict) or sorted(hashes) != sorted((TRANSFORM, TREE, WEIGHTS)):
        raise ModelError(
            f"does not name the files {TRANSFORM}, {TREE} and {WEIGHTS}", where=where, hint="train again: shelver train"
        )
    content = {name: _checked(files, name, str(digest)) for name, digest in hashes.items()}
    try:
        spec: Model = TypeAdapter(Model).validate_python(manifest["spec"])
        classes = Classes.of_rows(json.loads(content[TREE]))
        transform = Transform.load(files)
        net = build_net(spec, transform, classes, tuple(manifest["objectives"]))
        net.load_state_dict(load_tensors(content[WEIGHTS]))
    except (KeyError, TypeError, ValueError, RuntimeError, ValidationError, SafetensorError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(f"its parts do not fit together ({reason})", where=files.prefix) from error
    return SavedModel(net, transform, classes, manifest.get("notes", {}), _hash(text))


def _checked(files: Files, name: str, digest: str) -> bytes:
    try:
        content = files.read(name)
    except FileNotFoundError:
        raise ModelError("missing", where=files.path(name), hint="train again: shelver train") from None
    if _hash(content) != digest:
        raise ModelError(
            "not as it was written: damaged or tampered with",
            where=files.path(name),
            expected=f"hash {digest[:12]}...",
            hint="copy the folder again from where it came, or train again: shelver train",
        )
    return content


def _hash(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=20).hexdigest()


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return [_without_none(item) for item in value] if isinstance(value, list | tuple) else value
