"""The files of a feed: found by name, pattern, folder or address, opened as bytes, hashed."""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Iterator
from fnmatch import fnmatch
from typing import BinaryIO

from shelver.addresses_shown import is_http, masked
from shelver.config import Feed
from shelver.errors import FeedError, nearest
from shelver.feeds.http_copies import copy_name
from shelver.feeds.http_files import fetch
from shelver.feeds.stage import CleanStage
from shelver.feeds.unpack import archive_kind, unpack
from shelver.feeds.zips import feed_members, is_spreadsheet, open_member, open_zip, shown
from shelver.files import Files, is_url
from shelver.stage import digest

DECIDING = ("max_rejects", "max_gone", "hold_columns", "forget_after")
"""Settings that say what becomes of a delivery, not what is in it."""

READ = "read.v3"
"""Version of the readers: products made by another one are stale."""


def feed_files(files: Files, feed: Feed, *, ask: bool = False) -> list[str]:
    """Files of a feed, sorted; those below the workspace are named relative to it.

    A member of a zip archive is named ``archive.zip/member.csv``; an address is named without its secrets.

    Parameters
    ----------
    files : Files
        The workspace, to which a relative ``feed.path`` refers.
    feed : Feed
        ``path`` is a name, a pattern (``*``, ``?``, ``[ab]``; in object stores in the last part only), a folder, all
        of whose files are meant, or an address (``https://``).
    ask : bool
        Ask the web server whether the feed changed; if not, the copy of the last time is taken, if there is one.

    Raises
    ------
    FeedError
        No such file, nothing that matches, a feed that cannot be fetched, or a zip archive that cannot be read.
    """
    return [name for path in _archives(files, feed, ask) for name in _members(files, path, feed)]


def open_file(files: Files, path: str, feed: Feed | None = None) -> BinaryIO:
    """Open a feed file for reading, unpacked; it can be read forward, and from the start again.

    Parameters
    ----------
    files : Files
        The workspace.
    path : str
        One of `feed_files`.
    feed : Feed, optional
        The feed; needed for those that come from a web server.

    Raises
    ------
    FeedError
        The file is gone, may not be read, or is an archive that cannot be unpacked.
    """
    start, member = _archive_of(files, path, feed)
    stream = _open(files, start, feed)
    if member:
        archive = open_zip(stream, start)
        names = {shown(name): name for name in feed_members(archive, start)}
        return open_member(archive, start, names.get(member, member))
    return unpack(stream, path)


def feed_stamps(files: Files, feed: Feed, *, ask: bool = False) -> dict[str, str]:
    """Files of a feed as they lie there → `Files.stamp`; parameters and errors as of `feed_files`."""
    found = {}
    for path in _archives(files, feed, ask):
        folder, name = (files, copy_name(feed.path)) if is_http(feed.path) else _place(files, path)
        found[path] = folder.stamp(name)
    return found


def feed_digest(files: Files, feed: Feed, *, ask: bool = True) -> str:
    """Hash of everything that decides what a feed gives: its files, byte for byte, their names, and its settings.

    A web server is asked whether the feed changed, unless `ask` is false. Limits at which a delivery is refused or held
    back do not count: they decide whether products are written, not which.

    Raises
    ------
    FeedError
        As `feed_files` and `open_file`.
    """
    found: list[tuple[str, str]] = []
    for path in _archives(files, feed, ask):
        with _open(files, path, feed) as stream:
            content = hashlib.sha256()  # faster than BLAKE2 where the processor knows it
            while chunk := stream.read(1 << 20):
                content.update(chunk)
        found.append((path, content.hexdigest()))
    settings = feed.model_dump(mode="json", exclude=set(DECIDING))
    return digest(READ, CleanStage(feed.name).name, settings, found)


def _archives(files: Files, feed: Feed, ask: bool) -> list[str]:
    """Files as they lie there, archives not opened."""
    if is_http(feed.path):
        if ask or not files.exists(copy_name(feed.path)):
            fetch(files, feed.path)
        return [masked(feed.path)]
    folder, name = _place(files, feed.path)
    if folder.is_file(name):
        return [feed.path]
    found = sorted(_matches(files, folder, name, feed.path))
    if found:
        return found
    there = folder.path(name)
    if not folder.remote and os.path.isdir(there):
        raise FeedError("the folder has no files", where=feed.path, expected="files of products in it")
    if any(sign in name for sign in "*?["):
        raise FeedError("no file matches", where=feed.path, expected=f"files like {there}", hint="check feed.path")
    parent, last = _split(folder, name)
    names = parent.names()
    hint = f"beside it lie: {nearest(last, names)}" if names else f"there is no folder {parent.prefix}"
    raise FeedError("no such file", where=feed.path, expected=f"a feed at {there}", hint=hint)


def _matches(files: Files, folder: Files, name: str, path: str) -> Iterator[str]:
    """Files of a folder or pattern; hidden ones are none of a feed."""
    if folder.remote:
        if any(sign in name for sign in "*?["):
            parent, pattern = _split(folder, name)
            start = path[: len(path) - len(pattern)]
        else:
            parent, pattern, start = folder.sub(name.rstrip("/")), "*", path.rstrip("/") + "/"
        yield from (start + each for each in parent.names() if fnmatch(each, pattern) and not each.startswith("."))
        return
    whole = folder.path(name)
    pattern = (
        glob.escape(whole.rstrip("/")) + "/*"
        if os.path.isdir(whole)
        else f"{glob.escape(folder.prefix.rstrip('/'))}/{name}"
    )
    for match in glob.glob(pattern, recursive=True):
        if os.path.isfile(match):
            yield os.path.relpath(match, folder.prefix) if folder is files else match


def _members(files: Files, path: str, feed: Feed) -> Iterator[str]:
    """The file itself, or the members of a zip archive that is no spreadsheet."""
    with _open(files, path, feed) as stream:
        if archive_kind(stream.read(512)) != "zip":
            yield path
            return
        stream.seek(0)
        with open_zip(stream, path) as archive:
            if is_spreadsheet(archive):
                yield path
            else:
                yield from (f"{path}/{shown(name)}" for name in feed_members(archive, path))


def _archive_of(files: Files, path: str, feed: Feed | None) -> tuple[str, str]:
    """Part ``archive.zip/member.csv``; the member is empty where the path is a file."""
    if feed is not None and is_http(feed.path):
        start = masked(feed.path)
        return (start, path[len(start) + 1 :]) if path.startswith(start + "/") else (path, "")
    folder, name = _place(files, path)
    if ("/" not in name and not is_url(path)) or folder.is_file(name):
        return path, ""
    for place in (place for place, sign in enumerate(path) if sign == "/" and place and path[place - 1] not in "/:"):
        folder, name = _place(files, path[:place])
        if name and folder.is_file(name):
            return path[:place], path[place + 1 :]
    return path, ""


def _open(files: Files, path: str, feed: Feed | None) -> BinaryIO:
    folder, name = (files, copy_name(feed.path)) if feed is not None and is_http(feed.path) else _place(files, path)
    try:
        return folder.open_input(name)
    except (FileNotFoundError, NotADirectoryError):
        raise FeedError("no such file", where=path, expected=f"a feed at {folder.path(name)}") from None
    except IsADirectoryError:
        raise FeedError("is a folder", where=path, expected="a file", hint=f'path = "{path}/*.csv"') from None
    except PermissionError:
        raise FeedError("may not be read", where=path, hint="change its permissions") from None


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
