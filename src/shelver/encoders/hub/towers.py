"""Load the tower of a model that reads texts, or the one that sees pictures, with ``transformers``."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from shelver.encoders.base import Modality
from shelver.encoders.hub.layout import Layout, longest
from shelver.encoders.hub.pooling import ACTIVATIONS, Network
from shelver.encoders.hub.source import CONVERT, INSTALL, Source
from shelver.errors import ShelverError

PROJECTED = ("CLIPTextModelWithProjection", "CLIPVisionModelWithProjection")
"""Half models whose vectors are those of the joint model."""
FIXED_LENGTH = ("siglip", "siglip2", "siglip_text_model", "siglip2_text_model")
"""Types of model that were trained on texts filled up to one length, without a mask."""
UNREADABLE = (OSError, ValueError, KeyError, RuntimeError, ImportError, AttributeError, TypeError, SafetensorError)
"""What the library raises about files that it does not understand."""
SAFE = {"trust_remote_code": False, "local_files_only": True}


@dataclass(frozen=True)
class Tower:
    """A network and the tokeniser before it.

    Attributes
    ----------
    network : Network
        Ids or pictures → vectors.
    tokenizer : tokenizers.Tokenizer or None
        With truncation, and with padding to `tokens` if `filled`; None for pictures.
    tokens : int
        Longest text; 0 for pictures.
    filled : bool
        Every text has `tokens` tokens.
    """

    network: Network
    tokenizer: Any = None
    tokens: int = 0
    filled: bool = False


def load_tower(source: Source, layout: Layout, modality: Modality) -> Tower:
    """Load a tower in float32, from safetensors, with no code but that of ``transformers``.

    Raises
    ------
    ShelverError
        ``transformers`` is missing or does not know this kind of model; the files do not fit together; or the model
        has no such tower.
    """
    transformers = _transformers(source.name)
    with quiet(), _no_bars(transformers.utils.logging):
        try:
            model, config, untrained = _model(transformers, source, layout)
            if modality == "image":
                return Tower(Network(model, _image_reader(source, model, untrained)))
            return _text_tower(transformers, source, layout, model, config)
        except UNREADABLE as error:
            reason = " ".join(str(error).split())[:300]
            raise ShelverError(
                f"transformers {transformers.__version__} cannot load this model: {reason}",
                where=str(source.folder),
                expected="a model whose code is part of transformers, with weights in safetensors",
            ) from error


def _model(transformers: ModuleType, source: Source, layout: Layout) -> tuple[nn.Module, Any, set[str]]:
    folder = source.folder / layout.transformer
    config = transformers.AutoConfig.from_pretrained(folder, **SAFE)
    kind: Any = transformers.AutoModel
    first = (config.architectures or [""])[0]
    if first in PROJECTED:
        kind = getattr(transformers, first)
    elif config.model_type in ("t5", "mt5", "umt5"):
        kind = transformers.AutoModelForTextEncoding
    model, info = kind.from_pretrained(
        folder,
        config=config,
        dtype=torch.float32,
        use_safetensors=True,
        attn_implementation="eager",  # plain operators, which every exporter knows; a name in the file could be code
        output_loading_info=True,
        **SAFE,
    )
    lacking = {str(key) for key in [*info["missing_keys"], *info["mismatched_keys"]]}
    wrong = sorted(key for key in lacking if "pooler" not in key and "position_ids" not in key)
    if wrong:
        raise ShelverError(f"the weights lack {wrong[0]!r} and {len(wrong) - 1} more", where=str(folder))
    if getattr(config, "is_encoder_decoder", False) and hasattr(model, "get_encoder"):
        model = model.get_encoder()
    return model.eval().requires_grad_(False), config, lacking


def _text_tower(transformers: ModuleType, source: Source, layout: Layout, model: Any, config: Any) -> Tower:
    text = getattr(config, "text_config", config)
    first = (config.architectures or [""])[0]
    if hasattr(model, "get_text_features"):
        network = Network(model, _joint_text, dense=_dense(source, layout))
    elif model.main_input_name != "input_ids":
        raise ShelverError(
            "the model reads no text", where=str(source.folder), hint='for pictures: columns = ["image"]'
        )
    elif first in PROJECTED:
        network = Network(model, _text_embeds, dense=_dense(source, layout))
    elif config.model_type.endswith("_text_model"):
        network = Network(model, _pooler, dense=_dense(source, layout))
    else:
        network = Network(model, _last_hidden, layout.pooling, _dense(source, layout))
    folder = source.folder / layout.transformer
    wrapped = transformers.AutoTokenizer.from_pretrained(folder, **SAFE)
    tokenizer = getattr(wrapped, "backend_tokenizer", None)
    if tokenizer is None:
        raise ShelverError("the model's tokeniser is none of the library tokenizers", where=str(folder))
    words = model.get_input_embeddings().num_embeddings if not hasattr(config, "text_config") else text.vocab_size
    if tokenizer.get_vocab_size() > words:
        what = f"the tokeniser has {tokenizer.get_vocab_size():,} tokens, the network {words:,}"
        raise ShelverError(what, where=str(folder))
    tokens = longest(layout, text, int(min(wrapped.model_max_length, 1_000_000)))
    filled = config.model_type in FIXED_LENGTH
    tokenizer.enable_truncation(tokens)
    tokenizer.no_padding()
    if filled:
        pad = wrapped.pad_token_id or 0
        tokenizer.enable_padding(length=tokens, pad_id=pad, pad_token=wrapped.convert_ids_to_tokens(pad))
    return Tower(network, tokenizer, tokens, filled)


def _joint_text(model: Any, ids: Tensor) -> Tensor:
    return _tensor(model.get_text_features(input_ids=ids))


def _joint_image(model: Any, pixels: Tensor) -> Tensor:
    return _tensor(model.get_image_features(pixel_values=pixels))


def _tensor(found: Any) -> Tensor:
    return found if isinstance(found, Tensor) else found.pooler_output  # plain tensors before transformers 5


def _text_embeds(model: Any, ids: Tensor) -> Tensor:
    return model(input_ids=ids).text_embeds  # type: ignore[no-any-return]


def _pooler(model: Any, ids: Tensor) -> Tensor:
    return model(input_ids=ids).pooler_output  # type: ignore[no-any-return]


def _last_hidden(model: Any, ids: Tensor) -> Tensor:
    return model(input_ids=ids).last_hidden_state  # type: ignore[no-any-return]


def _image_embeds(model: Any, pixels: Tensor) -> Tensor:
    return model(pixel_values=pixels).image_embeds  # type: ignore[no-any-return]


def _image_pooler(model: Any, pixels: Tensor) -> Tensor:
    return model(pixel_values=pixels).pooler_output.flatten(1)  # type: ignore[no-any-return]


def _image_hidden(model: Any, pixels: Tensor) -> Tensor:
    hidden: Tensor = model(pixel_values=pixels).last_hidden_state
    return hidden[:, 0] if hidden.dim() == 3 else hidden.mean(dim=(2, 3))  # the class token; or a map of channels


def _image_reader(source: Source, model: Any, untrained: set[str]) -> Any:
    if hasattr(model, "get_image_features"):
        return _joint_image
    if model.main_input_name != "pixel_values":
        raise ShelverError(
            "the model sees no pictures", where=str(source.folder), hint='for texts: columns = ["title"]'
        )
    if type(model).__name__ in PROJECTED:
        return _image_embeds
    pooled = not any("pooler" in key for key in untrained) and _has_pooler(model)
    return _image_pooler if pooled else _image_hidden


def _has_pooler(model: Any) -> bool:
    side = model.config.image_size if hasattr(model.config, "image_size") else 224
    height, width = (side, side) if isinstance(side, int) else side
    with torch.no_grad():
        found = model(pixel_values=torch.zeros(1, 3, height, width))
    return getattr(found, "pooler_output", None) is not None


def _dense(source: Source, layout: Layout) -> list[nn.Module]:
    made: list[nn.Module] = []
    for name in layout.dense:
        folder = source.folder / name
        settings = source.read_json(f"{name}/config.json") or {}
        path = folder / "model.safetensors"
        if not path.is_file():
            what = "the weights of a dense layer are not in safetensors"
            raise ShelverError(what, where=str(folder), expected="model.safetensors", hint=CONVERT)
        weights = load_file(path)
        layer = nn.Linear(weights["linear.weight"].shape[1], len(weights["linear.weight"]), "linear.bias" in weights)
        layer.load_state_dict({key.removeprefix("linear."): value.float() for key, value in weights.items()})
        activation = str(settings.get("activation_function", "Tanh")).rpartition(".")[2]
        if activation not in ACTIVATIONS:
            raise ShelverError(
                f'no such activation: "{activation}"', where=str(folder), expected=", ".join(ACTIVATIONS)
            )
        made += [layer.requires_grad_(False), ACTIVATIONS[activation]()]
    return made


def _transformers(name: str) -> ModuleType:
    try:
        import_module("onnxscript")  # torch's exporter needs it
        return import_module("transformers")
    except ImportError as error:
        what = f"{name} needs the package {error.name} to be made ready, once"
        raise ShelverError(what, hint=f"install it: {INSTALL}") from None


@contextmanager
def quiet() -> Iterator[None]:
    """Keep ``transformers`` and the exporter from writing to the terminal."""
    loggers = [logging.getLogger(name) for name in ("transformers", "torch.onnx", "torch.export", "onnxscript")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def _no_bars(progress: Any) -> Iterator[None]:
    shown = progress.is_progress_bar_enabled()
    progress.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            progress.enable_progress_bar()
