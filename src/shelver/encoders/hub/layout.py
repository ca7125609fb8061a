"""What a model's folder says about its use: tokens, pooling and the layers after it (sentence-transformers' layout)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

from shelver.encoders.hub.source import Source
from shelver.errors import ShelverError

MAX_TOKENS = 512
"""Longest text for any model: bounds memory."""
AFTER_PADDING = (
    "roberta",
    "xlm-roberta",
    "xlm-roberta-xl",
    "camembert",
    "mpnet",
    "longformer",
    "xmod",
    "data2vec-text",
)
"""Types of model whose positions begin after the padding's number: they take two tokens fewer than they say."""
POOLING = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
"""Key of a pooling's settings → its name, in the order in which their vectors are joined."""
SCALE_FREE = ("Normalize", "Dropout")
"""Modules that change no direction: every encoder's vectors have norm 1."""

Pooling = Literal["cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"]


class Layout(BaseModel):
    """How a folder is to be read.

    Attributes
    ----------
    transformer : str
        Folder of the network, below the model's.
    pooling : tuple of str
        How token vectors become one; several are joined. Unused by joint models of text and pictures.
    dense : tuple of str
        Folders of dense layers after it.
    max_tokens : int
        Longest text; 0: not said.
    lower : bool
        Texts are put in small letters.
    prompt : str
        Put before each text.
    """

    transformer: str = ""
    pooling: tuple[Pooling, ...] = ("mean",)
    dense: tuple[str, ...] = ()
    max_tokens: int = 0
    lower: bool = False
    prompt: str = ""


def read_layout(source: Source) -> Layout:
    """Read ``modules.json`` and what it names; a folder without one is a plain transformer, pooled by the mean.

    Raises
    ------
    ShelverError
        A module that Shelver does not know.
    """
    modules = source.read_json("modules.json")
    if modules is None:
        return Layout()
    transformer, pooling, dense = "", Layout().pooling, []
    for module in modules:
        kind, path = str(module["type"]).rpartition(".")[2], str(module.get("path", ""))
        if ".." in path or path.startswith("/"):
            raise ShelverError(f'the path "{path}" leads out of the model', where=str(source.folder / "modules.json"))
        if kind in ("Transformer", "CLIPModel"):
            transformer = path
        elif kind == "Pooling":
            pooling = _pooling(source.read_json(f"{path}/config.json") or {}, str(source.folder / path))
        elif kind == "Dense":
            dense.append(path)
        elif kind not in SCALE_FREE:
            raise ShelverError(
                f'the model has a module "{kind}", which Shelver cannot run',
                where=str(source.folder / "modules.json"),
                expected="Transformer or CLIPModel, Pooling, Dense, Normalize",
            )
    below = f"{transformer}/" if transformer else ""
    settings = source.read_json(f"{below}sentence_bert_config.json") or {}
    whole = source.read_json("config_sentence_transformers.json") or {}
    return Layout(
        transformer=transformer,
        pooling=pooling,
        dense=tuple(dense),
        max_tokens=settings.get("max_seq_length") or 0,
        lower=bool(settings.get("do_lower_case")),
        prompt=(whole.get("prompts") or {}).get(whole.get("default_prompt_name") or "", ""),
    )


def _pooling(settings: dict[str, Any], where: str) -> tuple[Any, ...]:
    mode = settings.get("pooling_mode")
    modes = (mode,) if isinstance(mode, str) else tuple(mode or ())
    modes = modes or tuple(name for key, name in POOLING.items() if settings.get(key))
    wrong = [name for name in modes if name not in POOLING.values()]
    if wrong or not modes:
        raise ShelverError(
            f"no such pooling: {wrong[0] if wrong else 'none'}", where=where, expected=", ".join(POOLING.values())
        )
    return modes


def longest(layout: Layout, config: Any, tokenizer_limit: int) -> int:
    """Most tokens of a text: the least of what the folder, its network and its tokeniser say, and `MAX_TOKENS`.

    Parameters
    ----------
    layout : Layout
    config : transformers.PretrainedConfig
        Of the network that reads text.
    tokenizer_limit : int
        ``model_max_length``.
    """
    positions = getattr(config, "max_position_embeddings", 0) or 0
    if config.model_type in AFTER_PADDING:
        positions -= 2
    return min(limit for limit in (layout.max_tokens, positions, tokenizer_limit, MAX_TOKENS) if limit > 0)
