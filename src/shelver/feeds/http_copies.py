"""Copies of feeds from web servers: the file, and beside it what the server said of this very file."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import BinaryIO

from shelver.feeds.http_answers import DEADLINE
from shelver.files import Files, tidy_errors
from shelver.workspace import PATHS

FOLDER = PATHS["feed_copies"]
"""Where the copies lie in the workspace."""

UNFINISHED = ".fetching-"
"""How the names of files begin that are not whole yet."""


@dataclass(frozen=True)
class Copy:
    """What is known of the copy of a feed.

    Attributes
    ----------
    address : str
        Where it is from, without secrets.
    etag, last_modified : str
        What the server said of this version; empty if nothing.
    size : int
        Bytes.
    stamp : str
        Size, time and, on a disk, number of the file that this is about. File and note are written one after the
        other, and another process may write its own between: a note of another file counts for nothing, and the feed
        is asked for in full.
    """

    address: str
    etag: str = ""
    last_modified: str = ""
    size: int = 0
    stamp: str = ""


def copy_name(url: str) -> str:
    """Name of the copy of a feed, relative to the workspace."""
    return f"{FOLDER}/{hashlib.blake2b(url.encode(), digest_size=16).hexdigest()}"


def known_copy(files: Files, name: str) -> Copy | None:
    """What is known of a copy; None if there is none, or if nothing is known of it."""
    if not (files.exists(f"{name}.json") and files.exists(name)):
        return None
    try:
        found = Copy(**files.read_json(f"{name}.json"))
    except (ValueError, TypeError, FileNotFoundError):  # another process is writing it anew
        return None
    return found if found.stamp and found.stamp == _stamp(files, name) else None


def keep_copy(files: Files, name: str, copy: Copy, write: Callable[[BinaryIO], int]) -> Copy:
    """Put a new file in the place of a copy when all of it has arrived.

    Parameters
    ----------
    files : Files
        The workspace.
    name : str
        From `copy_name`.
    copy : Copy
        What is known of it; size and stamp are found here.
    write : callable
        Writes the content; gives its bytes. What it raises is raised, and the copy stays as it was.
    """
    folder = None if files.remote else os.path.dirname(files.path(name))
    with tidy_errors(folder or tempfile.gettempdir()):
        if folder:
            os.makedirs(folder, exist_ok=True)
            _sweep(folder)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=UNFINISHED)
    try:
        with tidy_errors(temporary), os.fdopen(handle, "w+b") as out:
            size = write(out)
        own = _stamp(Files(os.path.dirname(temporary)), os.path.basename(temporary))
        files.adopt(name, temporary)
        copy = replace(copy, size=size, stamp=_stamp(files, name) if files.remote else own)
        files.write_json(f"{name}.json", asdict(copy))
        return copy
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


def _stamp(files: Files, name: str) -> str:
    found = files.stamp(name)
    if not found or files.remote:
        return found
    try:
        return f"{found} {os.stat(files.path(name)).st_ino}"
    except FileNotFoundError:
        return ""


def _sweep(folder: str) -> None:
    """Remove what downloads that were killed left behind."""
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        with suppress(OSError):  # another process may remove it at the same time
            if name.startswith(UNFINISHED) and time.time() - os.path.getmtime(path) > DEADLINE:
                os.remove(path)
