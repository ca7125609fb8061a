"""What category paths look like: which delimiters they use and how deep they are."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shelver.catalogue.delimiters import MARKS
from shelver.features.batch import Ints
from shelver.profiling.profile import Paths

DELIMITERS = (*MARKS[:1], "»", "\\", ";", *MARKS[1:])
"""The least likely to be part of a name first; a path is cut at the first of these that it has."""
ADDRESS = r"^\s*[A-Za-z][A-Za-z0-9+.-]*://"
"""Addresses of the web are no paths of categories."""
DEEPEST = 32
"""Deeper paths count as so deep."""


class PathShapes:
    """Counts of delimiters and depths."""

    def __init__(self) -> None:
        self._marks, self._depths = np.zeros(len(DELIMITERS), np.int64), np.zeros(DEEPEST + 1, np.int64)

    def add(self, paths: pa.Array, counts: Ints) -> None:
        """Count n different paths, `counts` times each."""
        depths = np.ones(len(paths), np.int64)
        open_ = ~np.asarray(pc.match_substring_regex(paths, ADDRESS).to_numpy(zero_copy_only=False), bool)
        for place, mark in enumerate(DELIMITERS):
            found = np.asarray(pc.count_substring(paths, mark).to_numpy(zero_copy_only=False), np.int64)
            here = open_ & (found > 0)
            if here.any():
                trimmed = _at_ends(paths.filter(pa.array(here)), mark)
                depths[here] = np.maximum(1, found[here] + 1 - trimmed)
                self._marks[place] += int(counts[here].sum())
                open_ &= ~here
        self._depths += np.bincount(np.minimum(depths, DEEPEST), weights=counts, minlength=DEEPEST + 1).astype(np.int64)

    def merge(self, other: PathShapes) -> None:
        """Count also what another has counted."""
        self._marks = self._marks + other._marks
        self._depths = self._depths + other._depths

    def summary(self) -> Paths | None:
        """Delimiters, most frequent first, and depths; None of nothing."""
        used = np.flatnonzero(self._depths)
        if len(used) == 0:
            return None
        order = sorted(np.flatnonzero(self._marks), key=lambda place: (-self._marks[place], place))
        return Paths(
            delimiters=tuple((DELIMITERS[place], int(self._marks[place])) for place in order),
            depths=tuple(self._depths[1 : used[-1] + 1].tolist()),
        )


def _at_ends(paths: pa.Array, mark: str) -> Ints:
    """Delimiters at the beginning and the end of each path, which part nothing: ``/Shoes/Boots/`` has two names."""
    bare = pc.utf8_trim_whitespace(paths)
    ends = [pc.starts_with(bare, mark), pc.ends_with(bare, mark)]
    first, last = (np.asarray(end.to_numpy(zero_copy_only=False), np.int64) for end in ends)
    return first + last
