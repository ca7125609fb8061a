"""A model on disk: a plain folder that carries everything needed to predict, and proves that it is whole.

``model.toml`` is written last and names the hash of every other file: without it there is no model, and with it every
file must be as it was written. Nothing in the folder is ever executed: TOML, JSON and safetensors only.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import tomli_w
import torch
from pydantic import Field, TypeAdapter, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from shelver.config import AnyObjective, Bagged, Combined, Model, NetSpec, Vector
from shelver.errors import ModelError
from shelver.features.transform import FILE as TRANSFORM
from shelver.features.transform import Transform
from shelver.files import Files
from shelver.models.base import BaseNet
from shelver.models.classes import Classes
from shelver.models.combined import CombinedNet
from shelver.models.inputs import Inputs
from shelver.models.lexicon import Lexicon
from shelver.models.nets import Net

FORMAT = "shelver.model.v3"
Scale = Annotated[float, Field(gt=0, allow_inf_nan=False)]
FAULTS = (
    AttributeError, IndexError, KeyError, MemoryError, OverflowError, RecursionError, RuntimeError, SafetensorError,
    TypeError, ValidationError, ValueError,
)  # fmt: skip
"""What reading a model of somebody else's making can raise."""
MANIFEST, WEIGHTS, TREE = "model.toml", "weights.safetensors", "tree.json"


@dataclass(frozen=True)
class SavedModel:
    """A model in memory with all that it needs.

    Attributes
    ----------
    net : BaseNet
        The net, turned to evaluation in float64 (see `shelver.training.predict`).
    transform : Transform
        Turns products into its inputs.
    classes : Classes
        Its classes and their tree.
    notes : dict
        What was written beside it: run, settings, history.
    temperatures : mapping of str to float
        Scores of an objective are divided by this before they become probabilities; 1 if not given.
    fingerprint : str
        Hash of its files.
    """

    net: BaseNet
    transform: Transform
    classes: Classes
    notes: dict[str, Any]
    temperatures: Mapping[str, float] = field(default_factory=dict)
    fingerprint: str = ""

    def __post_init__(self) -> None:
        self.net.double().eval()


def build_net(
    spec: NetSpec, transform: Transform, classes: Classes, objectives: Mapping[str, AnyObjective], seed: int = 0
) -> Net:
    """A new net for a fitted transform; the same seed gives the same first weights.

    Raises
    ------
    ModelError
        The transform has no feature that the net can take, or one that it is told to take is missing or of no use.
    """
    inputs = Inputs.for_net(spec, transform)
    others = [name for name, f in transform.features.items() if isinstance(f, Vector) and f.modality == "text"]
    words = next(iter([*inputs.text_vectors, *others]), None)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        lexicon = Lexicon.of(transform, classes) if spec.prior and words else None
        return Net(spec, inputs, classes, objectives, (words, transform.size(words)) if words else None, lexicon)


def save_model(files: Files, model: SavedModel) -> None:
    """Write a model folder; it exists once ``model.toml`` does."""
    files.delete(MANIFEST)
    model.transform.save(files)
    weights = {name: v.float() if v.is_floating_point() else v for name, v in model.net.state_dict().items()}
    weights = {name: v.clone() for name, v in weights.items()}  # members of a combination may share what never changes
    files.write(WEIGHTS, save_tensors(weights))
    files.write(TREE, json.dumps(model.classes.as_rows(), ensure_ascii=False))
    manifest = {
        "format": FORMAT,
        "objectives": {name: settings.model_dump(mode="json") for name, settings in model.net.settings.items()},
        "spec": model.net.spec.model_dump(mode="json"),
        "members": [spec.model_dump(mode="json") for spec in members_of(model.net)],
        "temperatures": dict(model.temperatures),
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
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
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
        members = TypeAdapter(list[Annotated[NetSpec, Field(discriminator="kind")]]).validate_python(
            manifest["members"]
        )
        objectives = TypeAdapter(dict[str, AnyObjective]).validate_python(manifest["objectives"])
        classes = Classes.of_rows(json.loads(content[TREE]))
        transform = Transform.load(files)
        temperatures = TypeAdapter(dict[str, Scale]).validate_python(manifest["temperatures"])
        notes = TypeAdapter(dict[str, Any]).validate_python(manifest.get("notes", {}))
        if set(temperatures) - set(objectives):
            raise ValueError("it has temperatures of objectives that it does not learn")
        if len(members) != _wanted(spec):
            raise ValueError(f"it has {len(members)} members, its settings say {_wanted(spec)}")
        tensors = load_tensors(content[WEIGHTS])
        with torch.device("meta"):  # sizes alone: settings from elsewhere may ask for any amount of memory
            sizes = {
                n: value.shape
                for n, value in _build(spec, members, transform, classes, objectives).state_dict().items()
            }
        if sizes != {name: value.shape for name, value in tensors.items()}:
            raise ValueError("its weights have other names or sizes than its settings say")
        net = _build(spec, members, transform, classes, objectives)
        _check_values(tensors, net.state_dict())
        net.load_state_dict(tensors)
    except FAULTS as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelError(f"its parts do not fit together ({reason})", where=files.prefix) from error
    return SavedModel(net, transform, classes, notes, temperatures, _hash(text))


def members_of(net: BaseNet) -> tuple[NetSpec, ...]:
    """Settings of the nets that a net is made of; none if it is one."""
    return net.specs if isinstance(net, CombinedNet) else ()


def _wanted(spec: Model) -> int:
    """How many members a model has."""
    return len(spec.members) if isinstance(spec, Combined) else spec.bags if isinstance(spec, Bagged) else 0


def _build(
    spec: Model,
    members: Sequence[NetSpec],
    transform: Transform,
    classes: Classes,
    objectives: Mapping[str, AnyObjective],
) -> BaseNet:
    if not isinstance(spec, Combined | Bagged):
        return build_net(spec, transform, classes, objectives)
    nets = [build_net(member, transform, classes, objectives) for member in members]
    return CombinedNet(spec, nets, classes, [{} for _ in nets])  # temperatures come with the weights


def _check_values(tensors: Mapping[str, torch.Tensor], new: Mapping[str, torch.Tensor]) -> None:
    """Refuse weights that are no numbers, and whole numbers (places in the tree) other than those of a new net."""
    for name, value in tensors.items():
        own = new[name]
        if value.is_floating_point() != own.is_floating_point():
            raise ValueError(f"{name} holds {value.dtype}, expected {own.dtype}")
        if not (bool(torch.isfinite(value).all()) if own.is_floating_point() else torch.equal(value, own)):
            raise ValueError(f"{name} has values that cannot be")


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
