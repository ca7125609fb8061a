"""The pictures that were fetched, by the addresses of products."""

from __future__ import annotations

import hashlib
import threading

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from shelver.files import Files
from shelver.images.store import PictureStore
from shelver.table import Table

WITH_PICTURE = "hash IS NOT NULL"
Halves = npt.NDArray[np.uint64]
"""Shape (n, 2): the two halves of a 16-byte hash."""


class FetchedPictures:
    """Pictures by address, at one state of the tables.

    Parameters
    ----------
    files : Files
        Folder of the stored pictures.
    images : Table
        Table of addresses, pinned: what is fetched later is not seen.
    products : Table
        Products, pinned: only the first pictures of these count for the fingerprint.

    Notes
    -----
    About 32 bytes of memory for each picture; may be read from several threads at once.
    """

    def __init__(self, files: Files, images: Table, products: Table) -> None:
        self.files, self.images, self.products = files, images, products
        self.store = PictureStore(files)
        self._lock = threading.Lock()
        self._index: tuple[Halves, Halves] | None = None

    def __repr__(self) -> str:
        return f"FetchedPictures({self.files.prefix!r}, {self.images!r})"

    def __reduce__(self) -> tuple[object, ...]:
        return (FetchedPictures, (self.files, self.images, self.products))

    def read(self, url: str | None) -> bytes | None:
        """The picture at an address; None if none was fetched from it."""
        if not url:
            return None
        addresses, hashes = self._opened()
        key = np.frombuffer(_key(url), np.uint64)
        place = int(np.searchsorted(addresses[:, 0], key[0]))
        if place == len(addresses) or not (addresses[place] == key).all():
            return None
        return self.store.get(hashes[place].tobytes().hex())

    def fingerprint(self) -> str:
        """Hash of which first pictures of products there are, and of their content."""
        rows = self.images.read(["url", "hash"], WITH_PICTURE)
        urls = pc.unique(self.products.read(["image_url"])["image_url"])
        rows = rows.filter(pc.is_in(rows["url"], value_set=urls)).sort_by("url")
        made = hashlib.blake2b(digest_size=10)
        for batch in rows.to_batches(max_chunksize=65_536):
            lines = zip(batch["url"].to_pylist(), batch["hash"].to_pylist(), strict=True)
            made.update("\n".join(f"{url}\t{name}" for url, name in lines).encode("utf-8", "surrogatepass") + b"\n")
        return made.hexdigest() if rows.num_rows else ""

    def _opened(self) -> tuple[Halves, Halves]:
        """Hash of each address, sorted, and the hash of its picture."""
        with self._lock:
            if self._index is None:
                addresses, hashes = [], []
                for batch in self.images.batches(["url", "hash"], 65_536, WITH_PICTURE):
                    addresses += [_key(url) for url in batch["url"].to_pylist()]
                    hashes += [bytes.fromhex(name) for name in batch["hash"].to_pylist()]
                keys, names = (np.frombuffer(b"".join(rows), np.uint64).reshape(-1, 2) for rows in (addresses, hashes))
                order = np.argsort(keys[:, 0], kind="stable")
                self._index = keys[order], names[order]
            return self._index


def _key(url: str) -> bytes:
    return hashlib.blake2b(url.encode("utf-8", "surrogatepass"), digest_size=16).digest()
