"""Encoders by the name used in ``shelver.toml``, of texts and of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any, cast

from shelver.encoders.base import Encoder, Vectors, half
from shelver.encoders.cache import CachedEncoder
from shelver.encoders.hub import HubEncoder, is_exported
from shelver.errors import ConfigError, nearest

ENCODERS = {
    "static": "shelver.encoders.static:StaticEncoder",
    "minilm": "shelver.encoders.minilm:MiniLMEncoder",
    "minilm-int8": "shelver.encoders.minilm:MiniLMInt8Encoder",
    "use-multilingual": "shelver.encoders.use_multilingual:UseMultilingualEncoder",
    "efficientnet-lite2": "shelver.encoders.lite:Lite2Encoder",
    "efficientnet-lite2-int8": "shelver.encoders.lite:Lite2Int8Encoder",
    "efficientnet-lite0": "shelver.encoders.lite:Lite0Encoder",
    "efficientnet-lite0-int8": "shelver.encoders.lite:Lite0Int8Encoder",
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
        self.modality = encoder.modality

    def __repr__(self) -> str:
        return f"RoundedEncoder({self.encoder!r})"

    def encode(self, contents: Sequence[Any], /) -> Vectors:
        """Encode texts or pictures; see `Encoder.encode`."""
        return half(self.encoder.encode(contents))


def load_encoder(name: str, exports: str = "") -> Encoder:
    """Make an encoder; its weights are read when first used.

    Parameters
    ----------
    name : str
        As in ``shelver.toml`` (``static``), or with its version (``static.v1``), then only that version will do; or the
        name of an exported model, see `shelver.encoders.hub.open_model`.
    exports : str
        Folder or URL in which exported models are.

    Raises
    ------
    ConfigError
        No encoder of this name or version.
    ShelverError
        Its weights are not installed; the hint is the line that installs them.
    """
    if exports and is_exported(name):
        return HubEncoder(exports, name)
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
    name: str, cache_uri: str | None = None, storage_options: dict[str, str] | None = None, exports: str = ""
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
    exports : str
        As for `load_encoder`.

    Raises
    ------
    ConfigError, ShelverError
        As for `load_encoder`.
    """
    encoder = load_encoder(name, exports)
    if cache_uri is None or encoder.cheap:
        return RoundedEncoder(encoder)
    return CachedEncoder(encoder, cache_uri, storage_options)
