"""The table of addresses: how each stands, which picture it gave, and when it is asked again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import lance
import pyarrow as pa
import pyarrow.compute as pc

from shelver.config import Images
from shelver.files import tidy_errors
from shelver.images.outcome import Outcome, Status, Wanted
from shelver.table import KEPT, Table, storage_options

WHEN = pa.timestamp("us", tz="UTC")
IMAGES_SCHEMA = pa.schema(
    [
        ("url", pa.string()),
        ("status", pa.string()),
        ("reason", pa.string()),
        ("hash", pa.string()),
        ("format", pa.string()),
        ("bytes", pa.int64()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("etag", pa.string()),
        ("last_modified", pa.string()),
        ("fetched_at", WHEN),
        ("tries", pa.int32()),
        ("next_try", WHEN),
    ]
)
"""One row for each address; `hash` is null where no picture is stored, `next_try` where it is not asked again."""
PICTURE = ("hash", "format", "bytes", "width", "height")
MAX_FRAGMENTS = 100
"""More data files than this are merged."""
Row = dict[str, Any]


class Records:
    """The table ``images``.

    Parameters
    ----------
    table : Table
        Where it is or will be.
    settings : Images
        When addresses are asked again.

    Notes
    -----
    `write` is one commit: new addresses are appended, known ones replaced. So the table has one row for each address at
    any moment, and a kill loses what was fetched since the last `write`, no more.
    """

    def __init__(self, table: Table, settings: Images) -> None:
        self.table, self.settings = table, settings
        self._written = 0

    def read(self) -> pa.Table:
        """All rows; none if there is no table yet."""
        return self.table.read() if self.table.exists() else IMAGES_SCHEMA.empty_table()

    def due(self, urls: pa.Array, stored: pa.Array, now: datetime, *, retry: bool = False) -> pa.Table:
        """Which addresses are to be asked now.

        Parameters
        ----------
        urls : pa.StringArray
            Addresses that are wanted, each once.
        stored : pa.StringArray
            Hashes of the pictures that are stored.
        now : datetime
            With time zone.
        retry : bool
            Also all that could not be fetched before, however long ago.

        Returns
        -------
        pa.Table
            Rows of `IMAGES_SCHEMA` in the order of `urls`; all but ``url`` is null in new ones, and the picture and its
            tags are null where it is no longer stored.
        """
        known = self.read()
        rows = known.take(pc.index_in(urls, value_set=known["url"].combine_chunks()))
        there = pc.is_in(rows["hash"], value_set=stored)
        lost = pc.and_(pc.is_valid(rows["hash"]), pc.invert(there))
        waits = pc.fill_null(pc.greater(rows["next_try"], pa.scalar(now, WHEN)), pc.is_valid(rows["status"]))
        asked = pc.or_(pc.invert(waits), lost)
        if retry:
            asked = pc.or_(asked, pc.fill_null(pc.not_equal(rows["status"], Status.OK.value), False))
        for name in (*PICTURE, "etag", "last_modified"):
            place = rows.schema.get_field_index(name)
            kept = pc.if_else(there, rows[name], pa.scalar(None, rows.schema.field(name).type))
            rows = rows.set_column(place, rows.schema.field(name), kept)
        return rows.set_column(0, "url", pa.chunked_array([urls])).filter(asked)

    def row(self, before: Row, outcome: Outcome, now: datetime) -> Row:
        """The new row of an address; a picture that was fetched before is kept when the address fails."""
        done = outcome.status is Status.OK
        fresh = done and bool(outcome.size)
        size = (outcome.hash, outcome.kind, outcome.size, outcome.width, outcome.height)
        picture = dict(zip(PICTURE, size, strict=True)) if fresh else {name: before[name] for name in PICTURE}
        tries = 0 if done else (before["tries"] or 0) + outcome.tried
        tags = {"etag": outcome.etag, "last_modified": outcome.last_modified} if done else before
        return {
            "url": outcome.url,
            "status": outcome.status.value,
            "reason": outcome.reason or None,
            **picture,
            **{name: tags[name] or None for name in ("etag", "last_modified")},
            "fetched_at": now,
            "tries": tries,
            "next_try": self._next(outcome, tries, now),
        }

    def _next(self, outcome: Outcome, tries: int, now: datetime) -> datetime | None:
        if outcome.status in (Status.GONE, Status.REFUSED):
            return None
        hours = self.settings.refresh_after
        if outcome.status is not Status.OK:
            first = self.settings.retry_after
            hours = min(first * 2.0 ** min(max(tries - 1, 0), 30), max(first, hours))
        return now + max(timedelta(hours=hours), timedelta(seconds=outcome.wait))

    def write(self, rows: Sequence[Row], known: bool) -> None:
        """Store rows in one commit.

        Parameters
        ----------
        rows : sequence of dict
            As `row` makes them, each address once.
        known : bool
            Some of these addresses are in the table already.
        """
        made = pa.Table.from_pylist(list(rows), schema=IMAGES_SCHEMA)
        uri = self.table.uri
        with tidy_errors(uri):
            if known and self.table.exists():
                merge = self.table.open().merge_insert("url").when_matched_update_all().when_not_matched_insert_all()
                merge.execute(made)
            else:
                mode = "append" if self.table.exists() else "create"
                lance.write_dataset(made, uri, mode=mode, storage_options=storage_options(uri))
            self._written += 1
            if self._written % MAX_FRAGMENTS == 0:
                self.tidy()

    def tidy(self) -> None:
        """Merge small data files, and remove versions that were replaced long ago."""
        if not self.table.exists():
            return
        data = self.table.open()
        with tidy_errors(self.table.uri):
            if len(data.get_fragments()) > 1:
                data.optimize.compact_files()
            data.cleanup_old_versions(older_than=KEPT)


def wanted(row: Row) -> Wanted:
    """An address to ask for, of a row of `Records.due`."""
    hash_, etag, modified = (row[name] or "" for name in ("hash", "etag", "last_modified"))
    return Wanted(row["url"], hash_, etag, modified, row["tries"] or 0)
