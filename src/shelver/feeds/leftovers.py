"""Data files that no version of a table has: what writers left that were killed, or whose commit failed."""

from __future__ import annotations

from contextlib import suppress

import lance

from shelver.errors import ShelverError
from shelver.files import Files
from shelver.table import KEPT, Table, storage_options


def remove_leftovers(table: Table, alone: float) -> int:
    """Remove data files that belong to no version of a table; gives how many.

    Lance itself keeps such files for seven days, as it cannot know whether somebody is still writing them.

    Parameters
    ----------
    table : Table
        One that only those write who hold the lock of the workspace's deliveries.
    alone : float
        Since when the caller holds that lock, in seconds since 1970: whatever is older and in no version is nobody's.
        On an object store, where the lock holds for one machine only, files must also be older than a day (`KEPT`).
    """
    folder = Files(f"{table.uri}/data")
    names = set(folder.names())
    if not names:
        return 0
    before = alone - KEPT.total_seconds() if folder.remote else alone
    unknown = {name for name in names if _changed(folder, name) < before}
    if table.exists():
        versions = [int(each["version"]) for each in table.open().versions()]
        for version in sorted(versions, reverse=True):
            if not unknown:
                return 0
            unknown -= _files(table, version)
    removed = 0
    for name in sorted(unknown):
        with suppress(OSError, ShelverError):  # it is in nobody's way, and the next ingest tries again
            folder.delete(name)
            removed += 1
    return removed


def _changed(folder: Files, name: str) -> float:
    """When a file was written, in seconds since 1970; in the future where that is not known."""
    stamp = folder.stamp(name)
    return int(stamp.split()[1]) / 1e9 if stamp else float("inf")


def _files(table: Table, version: int) -> set[str]:
    data = lance.dataset(table.uri, version=version, storage_options=storage_options(table.uri))
    return {file.path for fragment in data.get_fragments() for file in fragment.metadata.files}
