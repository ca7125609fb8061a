"""Product pictures in folders and zips, found by the product's id in the feed, and those that were fetched."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
import threading
from collections.abc import Iterable, Mapping
from functools import cached_property
from lzma import LZMAError
from typing import BinaryIO, Protocol
from zipfile import BadZipFile, ZipFile
from zlib import error as ZlibError  # noqa: N812 (a class)

from shelver.errors import ConfigError
from shelver.files import Files, is_url
from shelver.images.fetched import FetchedPictures
from shelver.stage import digest

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".avif")
"""Endings of file names that are pictures, in any case."""
MAX_BYTES = 64 << 20
"""A longer file is not read: it counts as damaged."""


class PictureSource(Protocol):
    """Where a stage takes pictures from."""

    def read(self, source: str, merchant_id: str, url: str | None = None) -> bytes | None:
        """The picture of a product, by its feed, its id in it and the address of its first picture.

        The file as it is, empty if it cannot be read, None if there is none.
        """
        ...

    def fingerprint(self) -> str:
        """Hash of what decides which pictures there are."""
        ...


class OnePicture:
    """One picture for whatever is asked, for classifying a product that is in no feed.

    Parameters
    ----------
    content : bytes, optional
        The file; None: no picture.
    """

    def __init__(self, content: bytes | None) -> None:
        self.content = content

    def read(self, source: str, merchant_id: str, url: str | None = None) -> bytes | None:
        """The picture."""
        return self.content

    def fingerprint(self) -> str:
        """Hash of the picture."""
        return "" if self.content is None else hashlib.blake2b(self.content, digest_size=10).hexdigest()


class Pictures:
    """The pictures of several feeds.

    Parameters
    ----------
    files : Files
        The workspace, to which relative paths refer.
    places : mapping of str to str
        Name of a feed → its folder or zip: a local path, or the URL of a zip on an object store.
    fetched : FetchedPictures, optional
        Pictures by address, for products that have none in their feed's place.

    Notes
    -----
    A picture is named by the product's id, ``4711.jpg``, in any sub-folder. Characters of the id that file names cannot
    have may be replaced by ``_``. If several pictures have the name, the first in alphabetical order is taken. Folders
    and zips are looked through when first needed; pictures may be read from several threads at once.
    """

    def __init__(self, files: Files, places: Mapping[str, str], fetched: FetchedPictures | None = None) -> None:
        self.files, self.places, self.fetched = files, dict(places), fetched
        self._lock = threading.Lock()
        self._albums: dict[str, Album] = {}

    def __repr__(self) -> str:
        return f"Pictures({self.places}, {self.fetched})"

    def __reduce__(self) -> tuple[object, ...]:
        return (Pictures, (self.files, self.places, self.fetched))

    def __bool__(self) -> bool:
        """Is there any place to look in?"""
        return bool(self.places) or self.fetched is not None

    def read(self, source: str, merchant_id: str, url: str | None = None) -> bytes | None:
        """The picture of a product; see `PictureSource.read`.

        Raises
        ------
        ConfigError
            The feed's place is neither a folder nor a zip.
        """
        found = self._album(source).read(merchant_id) if source in self.places else None
        return self.fetched.read(url) if found is None and self.fetched is not None else found

    def fingerprint(self) -> str:
        """Hash of the names, sizes and checksums of all pictures (in folders: times of change), and of those fetched.

        Raises as `read`.
        """
        places = {source: self._album(source).fingerprint for source in sorted(self.places)}
        fetched = self.fetched.fingerprint() if self.fetched is not None else ""
        return digest(places, fetched) if fetched else digest(places)

    def album(self, source: str) -> Album | None:
        """The pictures of a feed's own place; None if it names none. Raises as `read`."""
        return self._album(source) if source in self.places else None

    def _album(self, source: str) -> Album:
        with self._lock:
            if source not in self._albums:
                try:
                    self._albums[source] = open_album(self.files, self.places[source])
                except ConfigError as error:
                    where = f"{error.where} (images of the feed {source})"
                    raise ConfigError(error.what, where=where, expected=error.expected, hint=error.hint) from None
            return self._albums[source]


class Album:
    """Pictures of one place, by the stem of their names.

    Parameters
    ----------
    names : iterable of str
        Paths of the files in it; those that are no pictures are passed over.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.members: dict[str, str] = {}
        self.plain: dict[str, str] = {}
        for name in sorted(filter(_is_picture, names)):
            stem = os.path.splitext(os.path.basename(name))[0]
            self.members.setdefault(stem, name)
            self.plain.setdefault(plain_name(stem), name)

    def __len__(self) -> int:
        return len(self.members)

    @property
    def fingerprint(self) -> str:
        """Hash of what is known of all pictures without reading them."""
        raise NotImplementedError

    def find(self, key: str) -> str | None:
        """Name of the picture with this stem; None if there is none."""
        return self.members.get(key) or self.plain.get(plain_name(key))

    def read(self, key: str) -> bytes | None:
        """The picture with this stem; see `PictureSource.read`."""
        name = self.find(key)
        return None if name is None else self.content(name)

    def content(self, name: str) -> bytes:
        """A file; empty if it is too long or cannot be read."""
        raise NotImplementedError


class ZipAlbum(Album):
    """Pictures in a zip, each read by itself.

    Parameters
    ----------
    stream : file
        The zip; must be able to seek.

    Raises
    ------
    BadZipFile
        It is none.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self.zip = ZipFile(stream)
        super().__init__(self.zip.namelist())

    @cached_property
    def fingerprint(self) -> str:
        """Hash of names, sizes and checksums."""
        infos = (self.zip.getinfo(name) for name in self.members.values())
        return _hash(f"{info.filename}\t{info.file_size}\t{info.CRC}" for info in infos)

    def content(self, name: str) -> bytes:
        """A member; empty if it is too long, damaged, encrypted or packed in a way that Python cannot unpack."""
        try:
            with self.zip.open(name) as stream:
                content = stream.read(MAX_BYTES + 1)  # not what the header says: it may lie
        except (BadZipFile, ZlibError, LZMAError, EOFError, RuntimeError, NotImplementedError, ValueError):
            return b""
        except OSError as error:
            if error.errno == errno.EINVAL or str(error) == "Invalid data stream":  # a place that is none; bz2's words
                return b""
            raise
        return content if len(content) <= MAX_BYTES else b""


class FolderAlbum(Album):
    """Pictures in a local folder and the folders in it.

    Parameters
    ----------
    folder : str
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        super().__init__(
            os.path.relpath(os.path.join(place, name), folder) for place, _, names in os.walk(folder) for name in names
        )

    @cached_property
    def fingerprint(self) -> str:
        """Hash of names, sizes and times of change."""
        stats = ((name, self._stat(name)) for name in self.members.values())
        return _hash(f"{name}\t{found.st_size}\t{found.st_mtime_ns}" for name, found in stats)

    def _stat(self, name: str) -> os.stat_result:
        return os.stat(os.path.join(self.folder, name))

    def content(self, name: str) -> bytes:
        """A file; empty if it is too long, may not be read or is gone."""
        try:
            if not stat.S_ISREG(self._stat(name).st_mode):
                return b""
            with open(os.path.join(self.folder, name), "rb") as stream:
                content = stream.read(MAX_BYTES + 1)
                return content if len(content) <= MAX_BYTES else b""
        except OSError:
            return b""


def open_album(files: Files, path: str) -> Album:
    """Open a folder or a zip of pictures.

    Parameters
    ----------
    files : Files
        To which a relative path refers.
    path : str
        Local folder, or zip; on an object store, a zip.

    Raises
    ------
    ConfigError
        There is no such place, or it is neither.
    """
    place = path if is_url(path) else files.path(path)
    if not is_url(place) and os.path.isdir(place):
        return FolderAlbum(place)
    folder, _, name = place.rstrip("/").rpartition("/")
    expected = "a zip" if is_url(place) else "a folder or a zip"
    try:
        stream = Files(folder or "/").open_input(name)
    except FileNotFoundError:
        raise ConfigError("there is no such place", where=place, expected=expected, hint="check feeds.images") from None
    except OSError as error:
        raise ConfigError(f"cannot be read: {error}", where=place, expected=expected) from None
    try:
        return ZipAlbum(stream)
    except (BadZipFile, ValueError, NotImplementedError):
        stream.close()
        raise ConfigError("is no zip, or a damaged one", where=place, expected=expected) from None


def plain_name(key: str) -> str:
    """An id as file names have it: other characters than letters, digits, ``_``, ``-`` and ``.`` become ``_``."""
    return re.sub(r"[^\w.-]+", "_", key).strip("_")


def _is_picture(name: str) -> bool:
    base = name.replace("\\", "/").rpartition("/")[2]
    return base.lower().endswith(ENDINGS) and not base.startswith(".")


def _hash(lines: Iterable[str]) -> str:
    content = hashlib.blake2b(digest_size=16)
    for line in lines:
        content.update(line.encode("utf-8", "surrogatepass") + b"\n")
    return content.hexdigest()
