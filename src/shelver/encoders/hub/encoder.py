"""Any text, picture or joint model of sentence-transformers or Hugging Face, run by ONNX Runtime."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError
from tokenizers import Tokenizer

from shelver.encoders.base import Modality, Vectors, unit_rows
from shelver.encoders.blocks import Run, encode_by_length, in_blocks
from shelver.encoders.hub.pictures import Preparation, prepare_picture
from shelver.encoders.hub.recipe import GRAPH, PICTURES, RECIPE, TEXTS, TOKENIZER, Recipe
from shelver.encoders.hub.source import find_model
from shelver.encoders.onnx_session import FASTEST, open_session
from shelver.errors import ConfigError, ShelverError
from shelver.files import Files

VERSION = "v1"
"""Of what `export_model` makes of a model."""
NAME = re.compile(r"model-[a-z0-9-]+-[0-9a-f]{12}-(text|image)\.v\d+")
"""Names of exported encoders: what the model is called, the beginning of its hash, its tower."""


def is_exported(name: str) -> bool:
    """True for a name that `open_model` gives to an exported model."""
    return bool(NAME.fullmatch(name))


class HubEncoder:
    """An exported model.

    Parameters
    ----------
    exports : str
        Folder or URL in which exported models are.
    name : str
        Its name, as `open_model` gives it.
    threads : int
        Threads of ONNX Runtime; 0: one per processor that this process may use.

    Raises
    ------
    ConfigError
        There is none of this name.
    """

    cheap = False
    providers: tuple[str, ...] = FASTEST

    def __init__(self, exports: str, name: str, threads: int = 0) -> None:
        self.exports, self.name, self.threads = exports, name, threads
        self._files = Files(exports).sub(name)
        self.recipe = _read_recipe(self._files, name)
        self.dims, self.modality = self.recipe.dims, self.recipe.modality
        self._lock = threading.Lock()
        self._encode: Callable[[Sequence[Any]], Vectors] | None = None

    def __reduce__(self) -> tuple[type[HubEncoder], tuple[str, str, int]]:
        return (HubEncoder, (self.exports, self.name, self.threads))

    def __repr__(self) -> str:
        return f"HubEncoder({self.name}, {self.dims} dims)"

    def encode(self, contents: Sequence[Any], /) -> Vectors:
        """Encode texts or pictures; see `Encoder.encode`."""
        return self._load()(contents)

    def _load(self) -> Callable[[Sequence[Any]], Vectors]:
        with self._lock:
            if self._encode is None:
                session = open_session(self._read(GRAPH), self.threads, self.providers)

                def run(x: npt.NDArray[Any]) -> Vectors:
                    return cast(Vectors, session.run(None, {"x": x})[0])

                if self.recipe.preparation is not None:
                    self._encode = partial(_encode_pictures, run, self.recipe.preparation, self.dims)
                else:
                    tokenizer = Tokenizer.from_buffer(self._read(TOKENIZER))
                    self._encode = partial(_encode_texts, run, tokenizer, self.recipe)
            return self._encode

    def _read(self, file: str) -> bytes:
        try:
            content = self._files.read(file)
        except FileNotFoundError:
            content = b""
        if hashlib.sha256(content).hexdigest() != self.recipe.sha256.get(file):
            raise ShelverError(
                f"{file} is missing or not the one that was exported",
                where=self._files.prefix,
                hint="delete this folder, then run the command again: the model is exported anew",
            )
        return content


def _encode_texts(run: Run, tokenizer: Tokenizer, recipe: Recipe, texts: Sequence[str]) -> Vectors:
    prepared = [recipe.prompt + (text.lower() if recipe.lower else text) if text else "" for text in texts]
    return encode_by_length(tokenizer, run, prepared, recipe.dims, TEXTS)


def _encode_pictures(run: Run, preparation: Preparation, dims: int, contents: Sequence[bytes | None]) -> Vectors:
    rows = np.zeros((len(contents), dims), np.float32)
    for i, content in enumerate(contents):
        pixels = prepare_picture(content, preparation)
        if pixels is not None:
            rows[i] = in_blocks(run, pixels[None], PICTURES)[0]
    return unit_rows(rows)


def open_model(name: str, modality: Modality, *, base: str, exports: str) -> HubEncoder:
    """Open a model by its name in the settings; it is exported if that was not done yet.

    Parameters
    ----------
    name : str
        ``hub:owner/model``, ``hub:owner/model@revision``, or the path of a folder.
    modality : "text" or "image"
        Which tower of a joint model.
    base : str
        What a relative path is relative to: the workspace's prefix.
    exports : str
        Folder or URL in which exported models are.

    Raises
    ------
    ConfigError, ShelverError
        See `find_model` and `export_model`.
    """
    source = find_model(name, base)
    full = f"model-{source.short()}-{source.digest()[:12]}-{modality}.{VERSION}"
    files = Files(exports).sub(full)
    if not files.exists(RECIPE):
        # Slow to import, as torch is, and needed only now.
        import_module("shelver.encoders.hub.export").export_model(source, modality, full, files)
    return HubEncoder(exports, full)


def _read_recipe(files: Files, name: str) -> Recipe:
    try:
        recipe = Recipe.model_validate(files.read_json(RECIPE))
    except FileNotFoundError:
        hint = "name the model it was made from in shelver.toml, then run: shelver prepare"
        raise ConfigError(f'no exported model "{name}"', where=files.prefix, hint=hint) from None
    except (ValidationError, ValueError) as error:
        raise ShelverError("not the settings of an exported model", where=files.path(RECIPE)) from error
    if recipe.name != name:
        raise ShelverError(f'this is the exported model "{recipe.name}"', where=files.prefix, expected=name)
    return recipe
