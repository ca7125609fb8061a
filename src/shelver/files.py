"""Small files under a prefix, the same on a local folder and on an object store."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

import pyarrow.fs as pafs

from shelver.errors import ShelverError


def is_url(prefix: str) -> bool:
    """True for ``s3://bucket/path`` and the like, False for a local path."""
    return "://" in prefix


class Files:
    """A folder of small files: settings, vocabularies, weights, reports.

    Parameters
    ----------
    prefix : str
        Local folder, or object-store URL (``s3://bucket/path``, ``gs://bucket/path``). Credentials and a custom
        endpoint of object stores come from the usual environment variables (``AWS_ACCESS_KEY_ID``,
        ``AWS_ENDPOINT_URL``, ...).

    Notes
    -----
    `write` is atomic: a reader (or the next run after a kill) sees the old content or the new, never half of it.
    """

    def __init__(self, prefix: str | os.PathLike[str]) -> None:
        text = os.fspath(prefix)
        self.remote = is_url(text)
        self.prefix = text.rstrip("/") if self.remote else os.path.abspath(text)
        self._fs: pafs.FileSystem | None = None
        self._root = self.prefix
        if self.remote:
            self._fs, self._root = _filesystem(self.prefix)

    def __repr__(self) -> str:
        return f"Files({self.prefix!r})"

    def __reduce__(self) -> tuple[object, ...]:
        return (Files, (self.prefix,))

    def sub(self, name: str) -> Files:
        """The folder `name` below this one."""
        return Files(f"{self.prefix}/{name}")

    def path(self, name: str) -> str:
        """Full path or URL of a file below this folder; an absolute path stays as it is."""
        return name if self._fs is None and os.path.isabs(name) else f"{self.prefix}/{name}"

    def exists(self, name: str) -> bool:
        """Is there a file (or folder) of this name?"""
        if self._fs is None:
            return os.path.exists(self.path(name))
        with _store_errors(self.path(name)):
            return bool(self._fs.get_file_info(f"{self._root}/{name}").type != pafs.FileType.NotFound)

    def is_file(self, name: str) -> bool:
        """Is there a file of this name, and no folder?"""
        if self._fs is None:
            return os.path.isfile(self.path(name))
        with _store_errors(self.path(name)):
            return bool(self._fs.get_file_info(f"{self._root}/{name}").type == pafs.FileType.File)

    def stamp(self, name: str) -> str:
        """Size and time of the last change of a file: another stamp, another content. Empty where there is none."""
        if self._fs is None:
            try:
                found = os.stat(self.path(name))
            except (FileNotFoundError, NotADirectoryError):
                return ""
            return f"{found.st_size} {found.st_mtime_ns}"
        with _store_errors(self.path(name)):
            info = self._fs.get_file_info(f"{self._root}/{name}")
        return f"{info.size} {info.mtime_ns}" if info.type == pafs.FileType.File else ""

    def read(self, name: str) -> bytes:
        """Content of a file.

        Raises
        ------
        FileNotFoundError
            No such file.
        ShelverError
            A folder, or no permission.
        """
        if self._fs is None:
            return _read_local(self.path(name))
        with (
            _store_errors(self.path(name)),
            self._fs.open_input_stream(f"{self._root}/{name}", compression=None) as stream,
        ):
            return bytes(stream.read())

    def open_input(self, name: str) -> BinaryIO:
        """A file to read from and seek in, without holding it in memory.

        Raises
        ------
        FileNotFoundError
            No such file.
        """
        if self._fs is None:
            return open(self.path(name), "rb")
        return cast(BinaryIO, self._fs.open_input_file(f"{self._root}/{name}"))

    def write(self, name: str, content: bytes | str) -> None:
        """Write a file whole or not at all; folders are made as needed."""
        data = content.encode() if isinstance(content, str) else content
        if self._fs is None:
            with tidy_errors(self.path(name)):
                _write_local(self.path(name), data)
            return
        with (
            _store_errors(self.path(name)),
            self._fs.open_output_stream(f"{self._root}/{name}", compression=None) as stream,
        ):
            stream.write(data)

    def adopt(self, name: str, path: str) -> None:
        """Put a local file in the place of a file, whole or not at all; it may be moved away from where it was."""
        if self._fs is None:
            with tidy_errors(self.path(name)):
                os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
                os.chmod(path, 0o666 & ~_umask())
                shutil.move(path, self.path(name))
            return
        with (
            _store_errors(self.path(name)),
            open(path, "rb") as source,
            self._fs.open_output_stream(f"{self._root}/{name}", compression=None) as stream,
        ):
            shutil.copyfileobj(source, stream, 1 << 20)

    def read_json(self, name: str) -> Any:
        """Content of a JSON file."""
        return json.loads(self.read(name))

    def write_json(self, name: str, value: object) -> None:
        """Write a value as JSON, readable by people, keys in the order given."""
        self.write(name, json.dumps(value, indent=1, ensure_ascii=False, default=str) + "\n")

    def names(self) -> list[str]:
        """Names of what lies directly in this folder, sorted; empty where the folder does not exist."""
        if self._fs is None:
            return sorted(os.listdir(self.prefix)) if os.path.isdir(self.prefix) else []
        selector = pafs.FileSelector(self._root, allow_not_found=True)
        with _store_errors(self.prefix):
            return sorted(info.base_name for info in self._fs.get_file_info(selector))

    def delete(self, name: str) -> None:
        """Remove a file; no error where there is none."""
        if self._fs is None:
            if os.path.exists(self.path(name)):
                os.remove(self.path(name))
        elif self.exists(name):
            with _store_errors(self.path(name)):
                self._fs.delete_file(f"{self._root}/{name}")


def _read_local(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except NotADirectoryError as error:
        raise FileNotFoundError(path) from error
    except IsADirectoryError as error:
        raise ShelverError("a folder", where=path, expected="a file") from error
    except PermissionError as error:
        raise ShelverError("no permission to read", where=path, hint="change its permissions") from error


def _write_local(path: str, data: bytes) -> None:
    folder = os.path.dirname(path)
    os.makedirs(folder, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".writing-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.remove(temporary)
        raise


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


_REFUSALS = {
    ("Permission denied", "os error 13", "Read-only", "os error 30"): (
        "no permission to write",
        "choose another workspace with -w, or change its permissions",
    ),
    ("No space left", "os error 28", "quota exceeded", "os error 122"): (
        "the disk is full; nothing was changed",
        "free some space and run the command again",
    ),
    ("File too large", "os error 27"): (
        "a file may not grow that large here; nothing was changed",
        "raise the limit (ulimit -f), or choose another disk, and run the command again",
    ),
    ("Not a directory", "os error 20", "File exists", "os error 17"): (
        "a file lies where a folder must be",
        "move it away, or choose another workspace with -w",
    ),
}
"""Signs of a refusal in what the operating system or Lance says (os error: Rust's words); what is wrong; what to do."""


@contextmanager
def tidy_errors(where: str) -> Iterator[None]:
    """Turn the operating system's refusals (full disk, no permission) into errors that say what to do."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        text = str(error)
        for signs, (what, hint) in _REFUSALS.items():
            if any(re.search(rf"{sign}(?!\d)", text) for sign in signs):
                raise ShelverError(what, where=where, hint=hint) from error
        raise


@contextmanager
def _store_errors(url: str) -> Iterator[None]:
    """Turn what an object store refuses (no connection, no access) into errors that say what to do."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ShelverError(
            f"the object store does not answer or refuses: {str(error).partition('AWS Error ')[2] or error}",
            where=url,
            hint="check the connection, the credentials (AWS_ACCESS_KEY_ID, ...), the region and AWS_ENDPOINT_URL",
        ) from error


def _filesystem(url: str) -> tuple[pafs.FileSystem, str]:
    parts = urlsplit(url)
    root = f"{parts.netloc}{parts.path}".rstrip("/")
    if parts.scheme == "s3":
        endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
        options = {"region": os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION", "us-east-1")}
        if endpoint:
            options |= {"endpoint_override": endpoint.split("://")[-1], "scheme": endpoint.split("://")[0]}
        return pafs.S3FileSystem(**options), root
    if parts.scheme in ("gs", "gcs"):
        return pafs.GcsFileSystem(), root
    raise ShelverError(
        f'cannot store anything at "{parts.scheme}://"', where=url, expected="a local folder, s3:// or gs://"
    )
