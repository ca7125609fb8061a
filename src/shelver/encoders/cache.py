"""Vectors kept on disk by what was encoded, so that nothing is encoded twice and a killed job resumes."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import lance
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from shelver.encoders.base import Encoder, Vectors, half
from shelver.files import is_url

CHUNK = 2048
"""Texts or pictures encoded between two appends: at most this much work is lost when a job is killed."""
MAX_FRAGMENTS = 128
"""More data files than this are merged when the cache is opened."""

Keys = npt.NDArray[np.uint64]
"""Shape (n, 2): the two halves of a 16-byte hash."""


@dataclass(frozen=True)
class Index:
    """Where each key is, for one version of the data set; 24 bytes of memory per text or picture.

    Attributes
    ----------
    data : lance.LanceDataset or None
        The version; None where there is none yet.
    keys : ndarray of uint64, shape (n, 2)
        Sorted by the first half.
    rows : ndarray of int64, shape (n,)
        Row of each key in `data`.
    """

    data: Any
    keys: Keys
    rows: npt.NDArray[np.int64]

    def find(self, keys: Keys) -> npt.NDArray[np.int64]:
        """Row of each key, shape (len(keys),); -1 where it is not there."""
        if not len(self.rows):
            return np.full(len(keys), -1, np.int64)
        spots = np.minimum(np.searchsorted(self.keys[:, 0], keys[:, 0]), len(self.rows) - 1)
        return np.where((self.keys[spots] == keys).all(axis=1), self.rows[spots], -1)


class CachedEncoder:
    """An encoder that looks up what it has encoded before.

    Parameters
    ----------
    encoder : Encoder
        Makes the vectors that are missing.
    uri : str
        Folder or object-store URL; the data set is ``<uri>/<encoder name>.lance``.
    storage_options : dict, optional
        Settings of the object store, as Lance takes them.

    Notes
    -----
    Vectors are rounded to float16 whether they come from disk or not. Threads and processes may share a cache: an
    append is one atomic commit, and what two of them encode at the same time is stored twice, which harms no one. What
    other processes add is seen at the next append of this one.
    """

    def __init__(self, encoder: Encoder, uri: str, storage_options: dict[str, str] | None = None) -> None:
        self.encoder, self.uri, self.storage_options = encoder, uri, storage_options
        self.name, self.dims, self.cheap = encoder.name, encoder.dims, encoder.cheap
        self.modality = encoder.modality
        self.path = f"{uri.rstrip('/')}/{encoder.name}.lance"
        self.schema = pa.schema([("key", pa.binary(16)), ("vector", pa.list_(pa.float16(), self.dims))])
        self._lock = threading.Lock()
        self._index: Index | None = None

    def __reduce__(self) -> tuple[type[CachedEncoder], tuple[Encoder, str, dict[str, str] | None]]:
        return (CachedEncoder, (self.encoder, self.uri, self.storage_options))

    def __repr__(self) -> str:
        return f"CachedEncoder({self.encoder!r}, {self.path!r})"

    def encode(self, contents: Sequence[Any], /) -> Vectors:
        """Encode texts or pictures, or read what was encoded before; see `Encoder.encode`."""
        unique = [content for content in dict.fromkeys(contents) if content is not None]
        vectors = self._look_up(unique)
        if len(unique) == len(contents):
            return vectors
        place = {content: i for i, content in enumerate(unique)}
        rows = np.array([place.get(content, -1) for content in contents], np.int64)
        return np.concatenate([vectors, np.zeros((1, self.dims), np.float32)])[rows]  # no picture: the last row

    def _look_up(self, unique: list[Any]) -> Vectors:
        keys = content_keys(unique)
        with self._lock:
            if self._index is None:
                self._index = self._open(merge=True)
            index = self._index
        rows = index.find(keys)
        vectors = np.zeros((len(unique), self.dims), np.float32)
        known = np.flatnonzero(rows >= 0)
        stale = np.zeros(0, np.int64)
        if len(known):
            vectors[known], right = self._read(index, rows[known], keys[known])
            stale = known[~right]
        missing = np.sort(np.concatenate([np.flatnonzero(rows < 0), stale]))
        for start in range(0, len(missing), CHUNK):
            chunk = missing[start : start + CHUNK]
            vectors[chunk] = half(self.encoder.encode([unique[i] for i in chunk]))
            self._append(keys[chunk], vectors[chunk])
        return vectors

    def _read(self, index: Index, rows: npt.NDArray[np.int64], keys: Keys) -> tuple[Vectors, npt.NDArray[np.bool_]]:
        """Vectors of rows, and whether each row is still that of its key (another process may have merged files)."""
        order = np.argsort(rows)
        table = index.data.take(pa.array(rows[order]), columns=["key", "vector"])
        vectors = np.empty((len(rows), self.dims), np.float32)
        right = np.empty(len(rows), np.bool_)
        vectors[order] = _flat(table["vector"]).reshape(-1, self.dims).astype(np.float32)
        right[order] = (_key_array(table["key"]) == keys[order]).all(axis=1)
        return vectors, right

    def _append(self, keys: Keys, vectors: Vectors) -> None:
        vector = pa.FixedSizeListArray.from_arrays(pa.array(vectors.astype(np.float16).ravel()), self.dims)
        key = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(keys), [None, pa.py_buffer(keys.tobytes())])
        table = pa.table([key, vector], schema=self.schema)
        with self._lock:
            if self._index is None or self._index.data is None:
                self._create()
            lance.write_dataset(table, self.path, mode="append", storage_options=self.storage_options)
            self._index = self._open()

    def _create(self) -> None:
        if not is_url(self.path):
            os.makedirs(os.path.dirname(self.path), exist_ok=True)
        try:
            lance.write_dataset(
                self.schema.empty_table(),
                self.path,
                mode="create",
                storage_options=self.storage_options,
                auto_cleanup_options={"interval": 32, "older_than_seconds": 3600},
            )
        except OSError as error:  # another process made it at the same time, and may have appended to it already
            if "already exists" not in str(error) and "conflict" not in str(error).lower():
                raise

    def _open(self, *, merge: bool = False) -> Index:
        """Open the newest version; only keys that are new since `self._index` are read."""
        old = self._index
        if old is None or old.data is None:
            try:
                data: Any = lance.dataset(self.path, storage_options=self.storage_options)
            except (ValueError, FileNotFoundError) as error:
                if "not found" not in str(error).lower():
                    raise
                return Index(None, np.zeros((0, 2), np.uint64), np.zeros(0, np.int64))
            if merge and len(data.get_fragments()) > MAX_FRAGMENTS:
                _merge(data)
                data = lance.dataset(self.path, storage_options=self.storage_options)
            old = Index(data, np.zeros((0, 2), np.uint64), np.zeros(0, np.int64))
        else:
            data = lance.dataset(self.path, storage_options=self.storage_options)
        start = len(old.rows)
        added = _key_array(data.to_table(columns=["key"], offset=start)["key"])
        keys = np.concatenate([old.keys, added])
        rows = np.concatenate([old.rows, np.arange(start, start + len(added))])
        order = np.argsort(keys[:, 0], kind="stable")
        return Index(data, keys[order], rows[order])


def content_keys(contents: Sequence[str | bytes]) -> Keys:
    """Hash each text (a lone surrogate too) or picture (BLAKE2b, 16 bytes).

    Returns
    -------
    ndarray of uint64, shape (len(contents), 2)
    """
    raw = (c if isinstance(c, bytes) else c.encode("utf-8", "surrogatepass") for c in contents)
    hashes = b"".join(hashlib.blake2b(each, digest_size=16).digest() for each in raw)
    return np.frombuffer(hashes, "<u8").reshape(-1, 2)


def _merge(data: Any) -> None:
    try:
        data.optimize.compact_files()
        data.cleanup_old_versions(timedelta(hours=1))
    except (OSError, RuntimeError) as error:
        # Another process merges at the same time: then it is done.
        if "conflict" not in str(error).lower():
            raise


def _flat(column: pa.ChunkedArray) -> npt.NDArray[np.float16]:
    array = column.combine_chunks()
    return np.asarray(array.flatten().to_numpy(zero_copy_only=False), np.float16)


def _key_array(column: pa.ChunkedArray) -> Keys:
    array = column.combine_chunks()
    if not len(array):
        return np.zeros((0, 2), np.uint64)
    content = np.frombuffer(array.buffers()[1], "<u8")[2 * array.offset :]
    return content[: 2 * len(array)].reshape(-1, 2)
