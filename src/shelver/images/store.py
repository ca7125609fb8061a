"""One stored copy of every picture, by the hash of its bytes."""

from __future__ import annotations

import hashlib

from shelver.files import Files

PREFIX = 2
"""Characters of the hash that name the folder: 256 of them."""


class PictureStore:
    """A folder of pictures, ``ab/ab12...``, each named by its content.

    Parameters
    ----------
    files : Files
        The folder, local or on an object store.

    Notes
    -----
    A file never changes, so readers need no lock, and what two processes store at the same time is the same. The names
    have no ending: the format is in the bytes.
    """

    def __init__(self, files: Files) -> None:
        self.files = files

    def __repr__(self) -> str:
        return f"PictureStore({self.files.prefix!r})"

    def put(self, content: bytes) -> str:
        """Store a picture if it is not there yet; gives its hash (BLAKE2b, 16 bytes, in hex)."""
        name = hashlib.blake2b(content, digest_size=16).hexdigest()
        if not self.files.exists(_place(name)):
            self.files.write(_place(name), content)
        return name

    def names(self) -> list[str]:
        """Hashes of all pictures that are stored."""
        folders = [name for name in self.files.names() if len(name) == PREFIX]
        return [name for folder in folders for name in self.files.sub(folder).names() if name.startswith(folder)]

    def get(self, name: str) -> bytes | None:
        """A picture by its hash; None if it is not there."""
        try:
            return self.files.read(_place(name))
        except FileNotFoundError:
            return None


def _place(name: str) -> str:
    return f"{name[:PREFIX]}/{name}"
