"""Encoder "static": the mean of fixed token vectors (WordLlama); very fast, no network to run."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load
from tokenizers import Tokenizer

from shelver.encoders.base import Modality, Vectors, unit_rows
from shelver.encoders.weights import checked_bytes, package_folder
from shelver.errors import ShelverError

PACKAGE = "wordllama==0.4.0.post1"
WEIGHTS = ("weights/l2_supercat_256.safetensors", "64b47a2dc493cb8e85944076601189739852d7b64e0e1eedcb1937a251cd9fd5")
TOKENIZER = (
    "tokenizers/l2_supercat_tokenizer_config.json",
    "93248f2a9ec36c7b35f700a033d5f36228aae48db61aee31007fa49062cdeb68",
)
CHUNK = 4096
"""Texts at a time; bounds memory, never changes an answer."""


class StaticEncoder:
    """Mean of token vectors, 256 dims, no special tokens, as the package itself does; then normalised.

    Raises
    ------
    ShelverError
        The weights are not installed, or are others than those pinned.

    Notes
    -----
    Source of the weights: WordLlama (Miller 2024, https://github.com/dleemiller/WordLlama), model ``l2_supercat_256``.
    """

    name = "static.v1"
    dims = 256
    cheap = True
    modality: Modality = "text"

    def __init__(self) -> None:
        self._folder = package_folder("wordllama", PACKAGE, "the encoder static")
        self._lock = threading.Lock()
        self._loaded: tuple[Tokenizer, Vectors] | None = None

    def __reduce__(self) -> tuple[type[StaticEncoder], tuple[()]]:
        return (StaticEncoder, ())

    def __repr__(self) -> str:
        return f"StaticEncoder({self.name}, {self.dims} dims)"

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Encode texts; see `Encoder.encode`."""
        tokenizer, vectors = self._load()
        rows = np.zeros((len(texts), self.dims), np.float32)
        for start in range(0, len(texts), CHUNK):
            chunk = list(texts[start : start + CHUNK])
            encodings = tokenizer.encode_batch_fast(chunk, add_special_tokens=False)
            rows[start : start + len(chunk)] = bag_means([encoding.ids for encoding in encodings], vectors)
        return unit_rows(rows)

    def _load(self) -> tuple[Tokenizer, Vectors]:
        with self._lock:
            if self._loaded is None:
                tokenizer = Tokenizer.from_buffer(checked_bytes(self._folder / TOKENIZER[0], TOKENIZER[1], text=True))
                tokenizer.no_padding()
                tokenizer.no_truncation()
                vectors = load(checked_bytes(self._folder / WEIGHTS[0], WEIGHTS[1]))["embedding.weight"]
                if vectors.shape[1] != self.dims:
                    raise ShelverError(f"token vectors have {vectors.shape[1]} dims", expected=f"{self.dims}")
                self._loaded = (tokenizer, vectors.astype(np.float32))
            return self._loaded


def bag_means(bags: Sequence[Sequence[int]], vectors: Vectors) -> Vectors:
    """Mean vector of each bag of token ids.

    Parameters
    ----------
    bags : sequence of sequence of int
        n bags; an empty one gives zeros.
    vectors : ndarray of float32, shape (vocabulary, dims)

    Returns
    -------
    ndarray of float32, shape (n, dims)

    Notes
    -----
    The k-th tokens of all bags are added in step k, longest bags first, so that those still running are one slice.
    Every row is thus the sum of its tokens from first to last, whatever the other rows are; ``np.add.reduceat`` does
    the same 15 times slower.
    """
    lengths = np.fromiter(map(len, bags), np.int64, len(bags))  # (n,)
    order = np.argsort(-lengths, kind="stable")
    descending = -lengths[order]
    tokens: npt.NDArray[np.int64] = np.fromiter((token for bag in bags for token in bag), np.int64, int(lengths.sum()))
    starts = (np.cumsum(lengths) - lengths)[order]
    sums = np.zeros((len(bags), vectors.shape[1]), np.float32)
    for step in range(int(lengths.max(initial=0))):
        running = int(np.searchsorted(descending, -step))  # bags longer than `step`
        sums[:running] += vectors[tokens[starts[:running] + step]]
    means = np.empty_like(sums)
    means[order] = sums / np.maximum(-descending, 1).astype(np.float32)[:, None]
    return means
