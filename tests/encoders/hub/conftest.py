"""Tiny models, made once."""

from __future__ import annotations

import importlib.util

import pytest
from hub_models import CLIP_PICTURES, SIZES, write_json, write_tokenizer

MISSING = [name for name in ("transformers", "onnxscript") if importlib.util.find_spec(name) is None]


@pytest.fixture(scope="session")
def transformers():
    """The library, or skip."""
    if MISSING:
        pytest.skip(f'pip install "shelver[hub]" ({", ".join(MISSING)})')
    import torch
    import transformers

    torch.manual_seed(0)
    return transformers


@pytest.fixture(scope="session")
def bert(transformers, tmp_path_factory):
    """A plain BERT: (folder, model, tokeniser)."""
    folder = tmp_path_factory.mktemp("models") / "Tiny_BERT"
    tokenizer, words = write_tokenizer(transformers, folder)
    config = transformers.BertConfig(vocab_size=words, max_position_embeddings=40, **SIZES)
    model = transformers.BertModel(config).eval()
    model.save_pretrained(folder)
    return folder, model, tokenizer


@pytest.fixture(scope="session")
def clip(transformers, tmp_path_factory):
    """A CLIP of texts and pictures: (folder, model, tokeniser)."""
    folder = tmp_path_factory.mktemp("models") / "tiny-clip"
    tokenizer, words = write_tokenizer(transformers, folder, length=16)
    config = transformers.CLIPConfig(
        text_config={
            "vocab_size": words,
            "max_position_embeddings": 16,
            "eos_token_id": words - 1,
            "bos_token_id": words - 2,
            "pad_token_id": 0,
            **SIZES,
        },
        vision_config={"image_size": 32, "patch_size": 8, **SIZES},
        projection_dim=24,
    )
    model = transformers.CLIPModel(config).eval()
    model.save_pretrained(folder)
    write_json(folder / "preprocessor_config.json", CLIP_PICTURES)
    return folder, model, tokenizer


@pytest.fixture(scope="session")
def exports(tmp_path_factory):
    """Where exported models are."""
    return str(tmp_path_factory.mktemp("exports"))
