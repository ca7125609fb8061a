"""The files of a feed: found by name or pattern, opened as bytes, hashed."""

from __future__ import annotations

import glob
import hashlib
import os
from fnmatch import fnmatch
from typing import BinaryIO

from shelver.config import Feed
from shelver.errors import FeedError, nearest
from shelver.feeds.stage import CleanStage
from shelver.files import Files, is_url
from shelver.stage import digest

READ = "read.v1"
"""Version of the readers: products made by another one are stale."""


def feed_files(files: Files, feed: Feed) -> list[str]:
    """Files of a feed, sorted; those below the workspace are named relative to it.

    Parameters
    ----------
    files : Files
        The workspace, to which a relative ``feed.path`` refers.
    feed : Feed
        ``path`` is a name or a pattern (``*``, ``?``, ``[ab]``; in object stores in the last part only).

    Raises
    ------
    FeedError
        No such file, nothing that matches, or a folder.
    """
    folder, name = _place(files, feed.path)
    shown = folder.path(name)
    if not folder.remote and os.path.isdir(shown):
        raise FeedError("is a folder", where=feed.path, expected="a file", hint=f'path = "{feed.path}/*.csv"')
    if _is_file(folder, name):
        return [feed.path]
    if not any(sign in name for sign in "*?["):
        parent, last = _split(folder, name)
        there = parent.names()
        hint = f"beside it lie: {nearest(last, there)}" if there else f"there is no folder {parent.prefix}"
        raise FeedError("no such file", where=feed.path, expected=f"a feed at {shown}", hint=hint)
    if folder.remote:
        parent, last = _split(folder, name)
        start = feed.path[: len(feed.path) - len(last)]
        found = [start + each for each in parent.names() if fnmatch(each, last)]
    else:
        root = glob.escape(folder.prefix.rstrip("/"))
        matches = [match for match in glob.glob(f"{root}/{name}", recursive=True) if os.path.isfile(match)]
        found = [os.path.relpath(match, folder.prefix) if folder is files else match for match in matches]
    if not found:
        raise FeedError("no file matches", where=feed.path, expected=f"files like {shown}", hint="check feed.path")
    return sorted(found)


def open_file(files: Files, path: str) -> BinaryIO:
    """Open a feed file for reading, with `seek`.

    Raises
    ------
    FeedError
        The file is gone, or may not be read.
    """
    folder, name = _place(files, path)
    try:
        return folder.open_input(name)
    except FileNotFoundError:
        raise FeedError("no such file", where=path, expected=f"a feed at {folder.path(name)}") from None
    except IsADirectoryError:
        raise FeedError("is a folder", where=path, expected="a file", hint=f'path = "{path}/*.csv"') from None
    except PermissionError:
        raise FeedError("may not be read", where=path, hint="change its permissions") from None


def feed_digest(files: Files, feed: Feed) -> str:
    """Hash of everything that decides what a feed gives: its files, byte for byte, their names, and its settings.

    ``max_rejects`` does not count: it decides whether products are written, not which.

    Raises
    ------
    FeedError
        As `feed_files` and `open_file`.
    """
    found: list[tuple[str, str]] = []
    for path in feed_files(files, feed):
        content = hashlib.blake2b(digest_size=16)
        with open_file(files, path) as stream:
            while chunk := stream.read(1 << 20):
                content.update(chunk)
        found.append((path, content.hexdigest()))
    return digest(READ, CleanStage(feed.name).name, feed.model_dump(mode="json", exclude={"max_rejects"}), found)


def _place(files: Files, path: str) -> tuple[Files, str]:
    """Find the folder a path is in, and its name there."""
    if is_url(path):
        start, _, name = path.rpartition("/")
        return Files(start), name
    if os.path.isabs(path):
        return Files("/"), path.lstrip("/")
    return files, path


def _split(folder: Files, name: str) -> tuple[Files, str]:
    start, _, last = name.rpartition("/")
    return (folder.sub(start) if start else folder), last


def _is_file(folder: Files, name: str) -> bool:
    return folder.exists(name) if folder.remote else os.path.isfile(folder.path(name))
