"""Find a model's files: a folder, or a download of a hub; only what is data, and known by its content."""

from __future__ import annotations

import hashlib
import json
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from shelver.errors import ConfigError, ShelverError
from shelver.files import is_url

PREFIX = "hub:"
INSTALL = 'pip install "shelver[hub]"'
DATA = (".json", ".safetensors", ".txt", ".model")
"""Ends of the names of files that are read: settings, weights, tokenisers."""
CODE = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".h5", ".msgpack")
"""Ends of the names of weights in other forms; reading a pickle can run any code."""
ELSEWHERE = ("onnx", "openvino", "coreml", "tensorflow", "flax")
"""Folders with the same model in other forms."""
CONVERT = (
    "ask its author for model.safetensors, or convert it where you trust it: "
    "AutoModel.from_pretrained(...).save_pretrained(folder)"
)


@dataclass(frozen=True)
class Source:
    """A model's folder.

    Attributes
    ----------
    name : str
        As in ``shelver.toml``: ``hub:owner/model``, ``./models/mine``.
    folder : Path
        Where its files are.
    """

    name: str
    folder: Path

    def digest(self) -> str:
        """SHA-256 of names and content of all files that are read, 64 hex digits."""
        total = hashlib.sha256()
        for path in self.files():
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            total.update(f"{path.relative_to(self.folder).as_posix()}\0{content}\n".encode())
        return total.hexdigest()

    def files(self) -> list[Path]:
        """Files that are read, in a fixed order."""
        found = [path for path in self.folder.rglob("*") if path.suffix in DATA and path.is_file()]
        return sorted(path for path in found if not self._elsewhere(path))

    def _elsewhere(self, path: Path) -> bool:
        folders = path.relative_to(self.folder).parts[:-1]
        return any(part in ELSEWHERE or part.startswith(".") for part in folders)

    def short(self) -> str:
        """Last part of the name in small letters, digits and hyphens."""
        last = self.name.removeprefix(PREFIX).partition("@")[0].rstrip("/").rpartition("/")[2]
        return re.sub(r"[^a-z0-9]+", "-", last.lower()).strip("-")[:40] or "model"

    def read_json(self, path: str) -> Any:
        """A JSON file of the folder; None if it is not there."""
        try:
            return json.loads((self.folder / path).read_bytes())
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise ShelverError(f"not JSON: {error}", where=str(self.folder / path)) from None


def is_model_name(encoder: str) -> bool:
    """True for ``hub:owner/model`` and for a path: anything with a slash, or that begins with a dot."""
    return encoder.startswith((PREFIX, ".")) or "/" in encoder or os.sep in encoder


def find_model(name: str, base: str) -> Source:
    """Find a model, and refuse one that cannot be read safely.

    Parameters
    ----------
    name : str
        ``hub:owner/model``, ``hub:owner/model@revision``, or a path.
    base : str
        What a relative path is relative to: the workspace's prefix.

    Raises
    ------
    ConfigError
        No such folder, or no such model at the hub.
    ShelverError
        Its weights are a pickle, or the package that downloads is missing.
    """
    if name.startswith(PREFIX):
        folder = _download(name)
    elif is_url(name) or (is_url(base) and not os.path.isabs(name)):
        hint = f"copy the model to this machine and give its absolute path, or use {PREFIX}owner/model"
        raise ConfigError(f'the model "{name}" is not a folder on this machine', hint=hint)
    else:
        folder = Path(base, os.path.expanduser(name))
        if not folder.is_dir():
            hint = f"give the path of a model's folder, relative to the workspace, or {PREFIX}owner/model"
            raise ConfigError(f'no folder "{name}" in {base}', hint=hint)
    source = Source(name, folder)
    _check(source)
    return source


def _check(source: Source) -> None:
    where = str(source.folder)
    if not any(path.suffix == ".safetensors" for path in source.files()):
        others = sorted(p.name for p in source.folder.rglob("*") if p.suffix in CODE and p.is_file())
        if others:
            what = f"its weights ({others[0]}) are in a form that can carry code"
            raise ShelverError(what, where=where, expected="model.safetensors", hint=CONVERT)
        raise ShelverError("the model's folder has no weights", where=where, expected="model.safetensors")
    if (source.folder / "adapter_config.json").is_file():
        hint = "merge it into its model and save the whole: merge_and_unload().save_pretrained(folder)"
        raise ShelverError("an adapter, not a whole model", where=where, hint=hint)


def _download(name: str) -> Path:
    wanted, _, revision = name.removeprefix(PREFIX).partition("@")
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", wanted):
        raise ConfigError(f'"{name}" cannot be a model of a hub', expected=f"{PREFIX}owner/model, or with @revision")
    try:
        hub: Any = import_module("huggingface_hub")
        errors: Any = import_module("huggingface_hub.errors")
    except ImportError:
        raise ShelverError(f"{name} needs the package huggingface_hub", hint=f"install it: {INSTALL}") from None
    choose = {
        "revision": revision or None,
        "allow_patterns": [f"*{end}" for end in DATA],
        "ignore_patterns": [f"{folder}/*" for folder in ELSEWHERE],
    }
    # What was downloaded once is taken as it is: a branch that moved would change the vectors of old runs.
    with suppress(errors.LocalEntryNotFoundError):
        return Path(hub.snapshot_download(wanted, local_files_only=True, **choose))
    try:
        return Path(hub.snapshot_download(wanted, **choose))
    except (errors.HfHubHTTPError, errors.HFValidationError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        hint = f"check its name and the network, or copy the model's folder here and give its path: {reason}"
        raise ConfigError(f"{name} cannot be downloaded", hint=hint) from None
