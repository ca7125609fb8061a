"""Fetch what is due, and note it as it comes: killed at any moment, the next run goes on where this one was."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pyarrow as pa

from shelver.images.fetcher import Fetcher
from shelver.images.lanes import fetch_all
from shelver.images.outcome import Outcome, Wanted
from shelver.images.records import Records, Row, wanted

FLUSH_ROWS, FLUSH_SECONDS = 256, 5.0
"""After so many pictures, or so long, what is known of them is stored: at most this much is fetched twice."""


class Fetching:
    """One run over the addresses that are due.

    Parameters
    ----------
    records : Records
        The table.
    due : pa.Table
        What `Records.due` gave.
    report : callable
        Told how many are done.
    """

    def __init__(self, records: Records, due: pa.Table, report: Callable[[int], None]) -> None:
        self.records, self.due, self.report = records, due.combine_chunks(), report
        self.done = 0
        self._rows: list[Row] = []
        self._known = False
        self._writing = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="shelver-images")

    async def run(self, fetcher: Fetcher) -> None:
        """Fetch everything that is due.

        Raises
        ------
        ShelverError
            A picture or the table cannot be written; what was noted before stays.
        """
        ticking = asyncio.create_task(self._tick())
        try:
            async with fetcher:
                await fetch_all(self.due["url"], self._wanted, fetcher.fetch, self._note, self.records.settings)
        except BaseExceptionGroup as group:
            raise _first(group) from None
        finally:
            ticking.cancel()
            self._thread.shutdown(wait=True)
            self._write(*self._taken())

    def _wanted(self, row: int) -> Wanted:
        return wanted(self._before(row))

    def _before(self, row: int) -> Row:
        return dict(self.due.slice(row, 1).to_pylist()[0])

    async def _note(self, row: int, outcome: Outcome) -> None:
        before = self._before(row)
        self._known |= before["status"] is not None
        self._rows.append(self.records.row(before, outcome, datetime.now(UTC)))
        self.done += 1
        self.report(self.done)
        if len(self._rows) >= FLUSH_ROWS:
            await self._flush()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            await self._flush()

    async def _flush(self) -> None:
        async with self._writing:
            rows, known = self._taken()
            try:
                await asyncio.get_running_loop().run_in_executor(self._thread, self._write, rows, known)
            except Exception:
                self._rows, self._known = rows + self._rows, known or self._known
                raise

    def _taken(self) -> tuple[list[Row], bool]:
        taken = self._rows, self._known
        self._rows, self._known = [], False
        return taken

    def _write(self, rows: list[Row], known: bool) -> None:
        if rows:
            self.records.write(rows, known)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first
