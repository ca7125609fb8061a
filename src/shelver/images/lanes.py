"""Many addresses at a time, side by side by host, so that a slow or dead host keeps no other waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from shelver.config import Images
from shelver.images.fetcher import LONGEST_PAUSE
from shelver.images.outcome import Outcome, Status, Wanted

GIVE_UP = 5
"""A host that was silent so often in a row is not asked again in this run."""
SILENT = f"the host did not answer {GIVE_UP} times in a row"
Rows = npt.NDArray[np.int64]


@dataclass
class _Lane:
    """How a host behaves."""

    silent: int = 0
    closed: Outcome | None = None

    def note(self, outcome: Outcome) -> None:
        self.silent = self.silent + 1 if outcome.silent else 0
        if outcome.wait > LONGEST_PAUSE:
            self.closed = Outcome("", Status.FAILED, "the host wants to be left alone", wait=outcome.wait, tried=False)
        elif self.silent >= GIVE_UP:
            self.closed = Outcome("", Status.FAILED, SILENT, tried=False)


def hosts_of(urls: pa.ChunkedArray) -> pa.ChunkedArray:
    """Name of the host of each address, in lower case; empty where there is none."""
    found = pc.extract_regex(urls, r"^\s*(?i:https?:)?//(?:[^/?#]*@)?(?P<host>\[[^\]/]*\]|[^:/?#\s]*)")
    return pc.utf8_lower(pc.fill_null(pc.struct_field(found, "host"), ""))


def by_host(urls: pa.ChunkedArray) -> Iterator[Rows]:
    """Row numbers of each host's addresses, the host with most first."""
    if not len(urls):
        return
    codes = hosts_of(urls).combine_chunks().dictionary_encode().indices.to_numpy()
    order = np.argsort(codes, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
    yield from sorted(groups, key=len, reverse=True)


async def fetch_all(
    urls: pa.ChunkedArray,
    wanted: Callable[[int], Wanted],
    fetch: Callable[[Wanted], Awaitable[Outcome]],
    note: Callable[[int, Outcome], Awaitable[None]],
    settings: Images,
) -> None:
    """Fetch all addresses.

    Parameters
    ----------
    urls : pa.ChunkedArray of string
        The addresses.
    wanted : callable
        Gives what is wanted by row number.
    fetch : callable
        Fetches one.
    note : callable
        Told row number and outcome of each, in any order.
    settings : Images
        Hosts worked on at a time are `connections`, tasks for each `per_host`.
    """

    async def work(lane: _Lane, rest: Iterator[int]) -> None:
        for row in rest:
            asked = wanted(row)
            if lane.closed is not None:
                await note(row, replace(lane.closed, url=asked.url))
                continue
            outcome = await fetch(asked)
            lane.note(outcome)
            await note(row, outcome)

    async def host(rows: Rows) -> None:
        lane, rest = _Lane(), iter(rows.tolist())
        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(min(settings.per_host, len(rows))):
                    tasks.create_task(work(lane, rest))
        finally:
            gate.release()

    gate = asyncio.Semaphore(settings.connections)
    async with asyncio.TaskGroup() as tasks:
        for rows in by_host(urls):
            await gate.acquire()
            tasks.create_task(host(rows))
