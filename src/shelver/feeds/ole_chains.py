"""Sectors of old Office files that follow each other in a circle, which readers would follow without end.

Of such a file ([MS-CFB], Compound File Binary) each stream is a chain of sectors: the table says which follows which.
"""

from __future__ import annotations

import mmap
import struct

import numpy as np

HEADER = 512
FIRST_PLACES = slice(76, 512)
"""Bytes of the header with the first places of the table."""

END, MOST = 0xFFFFFFFE, 0xFFFFFFFA
"""End of a chain; numbers of sectors are at most the other, and greater ones mean none."""

ENTRY = 128
"""Bytes of an entry of the directory."""


def in_circle(content: bytes | mmap.mmap) -> bool:
    """Does any stream of the file go round in a circle?

    Parameters
    ----------
    content : bytes-like
        The file, which begins as old Office files do. What is damaged in another way is not looked at.

    Returns
    -------
    bool
        Whether a chain of sectors comes back to one that it had.
    """
    data = memoryview(content)
    if len(data) < HEADER:
        return False
    size = {9: 512, 12: 4096}.get(struct.unpack_from("<H", data, 30)[0])
    if size is None:
        return False
    first_directory, _, cutoff, first_mini, _, more_places, _ = struct.unpack_from("<7I", data, 48)
    places = _numbers(data[FIRST_PLACES])
    table, circle = _table(data, size, places, more_places)
    if circle:
        return True
    ended = np.zeros(len(table), bool)
    directory, circle = _chain(first_directory, table, ended)
    minis, mini_circle = _chain(first_mini, table, ended)
    if circle or mini_circle:
        return True
    mini_table = _numbers(_bytes(data, size, minis))
    mini_ended = np.zeros(len(mini_table), bool)
    entries = _bytes(data, size, directory)
    for number, at in enumerate(range(0, len(entries) - ENTRY + 1, ENTRY)):
        start, length = struct.unpack_from("<II", entries, at + 116)
        if not length and number:
            continue
        small = number and length < cutoff
        _, circle = _chain(start, mini_table, mini_ended) if small else _chain(start, table, ended)
        if circle:
            return True
    return False


def _numbers(data: bytes | memoryview) -> np.ndarray:
    view = memoryview(data)
    return np.frombuffer(view[: len(view) // 4 * 4], "<u4")


def _sector(data: memoryview, size: int, number: int) -> memoryview:
    """Bytes of a sector; fewer where the file ends before."""
    return data[(number + 1) * size : (number + 2) * size]


def _bytes(data: memoryview, size: int, numbers: list[int]) -> bytes:
    return b"".join(_sector(data, size, number) for number in numbers)


def _table(data: memoryview, size: int, places: np.ndarray, more: int) -> tuple[np.ndarray, bool]:
    """Which sector follows each; and whether the list of the table's own places goes round in a circle."""
    parts = [places]
    seen: set[int] = set()
    while more <= MOST and len(sector := _sector(data, size, more)) == size:
        if more in seen:
            return places, True
        seen.add(more)
        parts.append(_numbers(sector)[:-1])
        more = int(_numbers(sector)[-1])
    every = [int(place) for place in np.concatenate(parts) if place <= MOST]
    return _numbers(_bytes(data, size, every[: len(data) // size + 1])), False


def _chain(start: int, table: np.ndarray, ended: np.ndarray) -> tuple[list[int], bool]:
    """Sectors from one on, to the end or to one that is known to come to an end; and whether they are in a circle.

    ``ended``, of the table's length, is true for sectors from which the end is reached; it is filled.
    """
    found: list[int] = []
    here: set[int] = set()
    while start < len(table) and not ended[start]:
        if start in here:
            return found, True
        found.append(start)
        here.add(start)
        start = int(table[start])
    ended[found] = True
    return found, False
