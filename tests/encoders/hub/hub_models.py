"""Tiny models with random weights, written as a hub has them; and pictures."""

from __future__ import annotations

import io
import json

import numpy as np
from PIL import Image
from tokenizers import Tokenizer, models, pre_tokenizers, processors

WORDS = ["red", "green", "shoe", "hat", "running", "s", "the", "for", "bag", "leather", "a", "kids", "12"]
SIZES = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 37}
TEXTS = ["red shoe", "the leather bag for kids", "hat", "a red red hat " * 8, "green running shoe s"]
CLIP_PICTURES = {
    "image_processor_type": "CLIPImageProcessor",
    "do_resize": True,
    "size": {"shortest_edge": 36},
    "resample": 3,
    "do_center_crop": True,
    "crop_size": {"height": 32, "width": 32},
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "image_mean": [0.48, 0.45, 0.4],
    "image_std": [0.26, 0.25, 0.27],
    "do_convert_rgb": True,
}


def write_tokenizer(transformers, folder, begin="[CLS]", end="[SEP]", length=48):
    pieces = ["[PAD]", "[UNK]", *WORDS, *"abcdefghijklmnopqrstuvwxyz0123456789", begin, end]
    vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    ends = [(begin, vocabulary[begin]), (end, vocabulary[end])]
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{begin} $A {end}", special_tokens=ends)
    wrapped = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",  # noqa: S106 (no secret)
        unk_token="[UNK]",  # noqa: S106
        model_max_length=length,
    )
    wrapped.save_pretrained(folder)
    return wrapped, len(vocabulary)


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def picture_file(width, height, seed=0, kind="PNG"):
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (9, 7, 3), np.uint8), "RGB")
    file = io.BytesIO()
    small.resize((width, height), Image.Resampling.BICUBIC).save(file, kind)
    return file.getvalue()
