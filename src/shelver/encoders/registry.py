"""Encoders by the name used in ``shelver.toml``. Image encoders and models of a hub are to be added here."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import cast

from shelver.encoders.base import Encoder, Vectors, half
from shelver.encoders.cache import CachedEncoder
from shelver.errors import ConfigError, nearest

ENCODERS = {
    "static": "shelver.encoders.static:StaticEncoder",
    "minilm": "shelver.encoders.minilm:MiniLMEncoder",
    "minilm-int8": "shelver.encoders.minilm:MiniLMInt8Encoder",
}
"""Name → where its class is, imported only when used (the syntax is that of entry points)."""


class RoundedEncoder:
    """An encoder whose vectors are rounded to float16, as a cache would: answers do not depend on caching.

    Parameters
    ----------
    encoder : Encoder
        Gives the vectors.
    """

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self.name, self.dims, self.cheap = encoder.name, encoder.dims, encoder.cheap

    def __repr__(self) -> str:
        return f"RoundedEncoder({self.encoder!r})"

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Encode texts; see `Encoder.encode`."""
        return half(self.encoder.encode(texts))


def load_encoder(name: str) -> Encoder:
    """Make an encoder; its weights are read when first used.

    Parameters
    ----------
    name : str
        As in ``shelver.toml`` (``static``), or with its version (``static.v1``), then only that version will do.

    Raises
    ------
    ConfigError
        No encoder of this name or version.
    ShelverError
        Its weights are not installed; the hint is the line that installs them.
    """
    key = name if name in ENCODERS else name.rpartition(".")[0]
    if key not in ENCODERS:
        raise ConfigError(f'no encoder "{name}"', hint=nearest(name, ENCODERS))
    module, _, attribute = ENCODERS[key].partition(":")
    encoder = cast(Encoder, getattr(import_module(module), attribute)())
    if name not in (key, encoder.name):
        raise ConfigError(
            f'this Shelver has the encoder "{encoder.name}", not "{name}"',
            hint="its vectors would differ: encode and train again, or install the Shelver that made them",
        )
    return encoder


def open_encoder(
    name: str, cache_uri: str | None = None, storage_options: dict[str, str] | None = None
) -> RoundedEncoder | CachedEncoder:
    """Make an encoder, with a cache on disk where that pays; the vectors are the same with and without.

    Parameters
    ----------
    name : str
        As for `load_encoder`.
    cache_uri : str, optional
        Folder or object-store URL of the cache; None: no cache. Cheap encoders never use one.
    storage_options : dict, optional
        Settings of the object store, as Lance takes them.

    Raises
    ------
    ConfigError, ShelverError
        As for `load_encoder`.
    """
    encoder = load_encoder(name)
    if cache_uri is None or encoder.cheap:
        return RoundedEncoder(encoder)
    return CachedEncoder(encoder, cache_uri, storage_options)
