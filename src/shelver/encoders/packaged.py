"""What text encoders share whose weights come in a package: a tokenizer and a network, loaded on first use."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence

from onnx import ModelProto
from tokenizers import Tokenizer

from shelver.encoders.base import Modality, Vectors
from shelver.encoders.blocks import Run, encode_by_length
from shelver.encoders.onnx_session import FASTEST, open_session
from shelver.encoders.weights import checked_bytes, package_folder


class PackagedTextEncoder(ABC):
    """Texts → vectors by ONNX Runtime, with files of an installed package that are checked by their hashes.

    Parameters
    ----------
    threads : int
        Threads of ONNX Runtime; 0: one per processor that this process may use. Never changes an answer.

    Attributes
    ----------
    package, module : str
        The package with its version, and the name of its module.
    weights, vocabulary : tuple of (str, str)
        Path and SHA-256 of the files in it.
    block : int
        Rows in every call of the network; all have the same number of tokens.

    Raises
    ------
    ShelverError
        The weights are not installed, or are others than those pinned.
    """

    name: str
    dims: int
    package: str
    module: str
    weights: tuple[str, str]
    vocabulary: tuple[str, str]
    block: int
    cheap = False
    modality: Modality = "text"
    providers: tuple[str, ...] = FASTEST

    def __init__(self, threads: int = 0) -> None:
        self.threads = threads
        self._folder = package_folder(self.module, self.package, f"the encoder {self.name.partition('.')[0]}")
        self._lock = threading.Lock()
        self._loaded: tuple[Tokenizer, Run] | None = None

    def __reduce__(self) -> tuple[type[PackagedTextEncoder], tuple[int]]:
        return (type(self), (self.threads,))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name}, {self.dims} dims)"

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Encode texts; see `Encoder.encode`."""
        with self._lock:
            if self._loaded is None:
                tokenizer = self.tokenizer(checked_bytes(self._folder / self.vocabulary[0], self.vocabulary[1]))
                model = self.network(checked_bytes(self._folder / self.weights[0], self.weights[1]))
                session = open_session(model.SerializeToString(), self.threads, self.providers)
                self._loaded = (tokenizer, lambda ids: session.run(None, {"ids": ids})[0])
            tokenizer, run = self._loaded
        return encode_by_length(tokenizer, run, texts, self.dims, self.block)

    @abstractmethod
    def tokenizer(self, content: bytes) -> Tokenizer:
        """Make the tokenizer of the content of its file."""

    @abstractmethod
    def network(self, content: bytes) -> ModelProto:
        """Make the network of the content of the file of weights: ``ids`` int64 (rows, tokens) → ``vectors``."""
