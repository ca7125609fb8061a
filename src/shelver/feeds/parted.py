"""A table in parts, one for each feed: a part can be replaced without touching the others."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field

import lance
import numpy as np
import pyarrow as pa
from lance.fragment import FragmentMetadata, write_fragments

from shelver.errors import ShelverError
from shelver.files import Files, tidy_errors
from shelver.table import FINGERPRINT, ROWS_PER_FILE, Table, reader_of, remove_old_versions, storage_options

PARTS = b"shelver.feeds"
"""Key of the schema metadata that says what the parts are."""

READ = 16_384
"""Rows read at once where rows are copied."""


@dataclass(frozen=True)
class Part:
    """One feed's rows in a table.

    Attributes
    ----------
    read : str
        Digest of what was read to make them; empty if that is not known.
    rows : str
        Digest of the rows: equal rows in equal order have the same, whatever they were made from.
    count, active : int
        Rows, and how many of them are active.
    files : int
        Data files that hold them.
    columns : dict of str to list of str
        Product field → columns of the feed that it was read from.
    """

    read: str = ""
    rows: str = ""
    count: int = 0
    active: int = 0
    files: int = 0
    columns: dict[str, list[str]] = field(default_factory=dict)


class RowsDigest:
    """Hash of some columns of rows that come in batches; the size of the batches does not matter.

    Parameters
    ----------
    columns : sequence of str
        Columns of text or truth values.
    """

    def __init__(self, columns: Iterable[str]) -> None:
        self._hashes = {name: (hashlib.sha256(), hashlib.sha256()) for name in columns}

    def update(self, batch: pa.RecordBatch) -> None:
        """Add rows."""
        for name, (sizes, content) in self._hashes.items():
            column = batch.column(name)
            if pa.types.is_boolean(column.type):
                content.update(column.fill_null(True).to_numpy(zero_copy_only=False).tobytes())
                continue
            column = column.fill_null("")
            _, offsets, data = column.buffers()
            if not len(column):
                continue
            starts = np.frombuffer(offsets, np.int32)[column.offset : column.offset + len(column) + 1]
            sizes.update(np.diff(starts).tobytes())
            if starts[-1] > starts[0]:
                content.update(memoryview(data)[starts[0] : starts[-1]])

    def hexdigest(self) -> str:
        """The hash of all rows so far, 20 hex digits."""
        whole = hashlib.blake2b(digest_size=10)
        for name, hashes in self._hashes.items():
            whole.update(name.encode() + b"".join(each.digest() for each in hashes))
        return whole.hexdigest()


class PartedTable:
    """A table whose rows lie in the order of their feeds' names, read at one version.

    Parameters
    ----------
    table : Table
        Where it is; need not exist yet.
    schema : pyarrow.Schema
        Columns that it is to have, among them ``source``. A table that has others (of an older Shelver) is rewritten
        when it is written next.
    """

    def __init__(self, table: Table, schema: pa.Schema) -> None:
        self.table, self.schema = table, schema
        self.base = table.pinned() if table.exists() else None
        self._parts = _parts_of(self.base) if self.base is not None else {}

    @property
    def feeds(self) -> list[str]:
        """Feeds that have rows or had some, by name."""
        if self._parts or self.base is None:
            return sorted(self._parts)
        return sorted({name for batch in self.base.batches(["source"], READ) for name in batch[0].unique().to_pylist()})

    def part(self, feed: str) -> Part:
        """What is known of a feed's rows; an empty part if nothing is."""
        return self._parts.get(feed, Part())

    def rows(self, feed: str, columns: list[str]) -> Iterator[pa.RecordBatch]:
        """A feed's rows in order; columns that the table lacks are null, but for ``active``, which is then true."""
        if self.base is None:
            return
        data = self.base.open()
        start, stop = self.span(feed)
        there = [name for name in columns if name in data.schema.names]
        wanted = pa.schema([self.schema.field(name) for name in columns])
        for batch in (
            data.to_batches(columns=there, batch_size=READ, offset=start, limit=stop - start, scan_in_order=True)
            if stop > start
            else ()
        ):
            yield completed(batch, wanted)

    def take(self, feed: str, rows: np.ndarray, columns: list[str]) -> Iterator[pa.RecordBatch]:
        """Some of a feed's rows, by their numbers among these, in the order asked for."""
        if self.base is None or not len(rows):
            return
        data, (start, _) = self.base.open(), self.span(feed)
        there = [name for name in columns if name in data.schema.names]
        wanted = pa.schema([self.schema.field(name) for name in columns])
        for first in range(0, len(rows), READ):
            found = data.take((rows[first : first + READ] + start).tolist(), columns=there)
            for batch in found.combine_chunks().to_batches():
                yield completed(batch, wanted)

    def span(self, feed: str) -> tuple[int, int]:
        """First row of a feed, and the one after its last."""
        if self._parts or self.base is None:
            start = sum(part.count for name, part in self._parts.items() if name < feed)
            return start, start + self.part(feed).count
        data = self.base.open()
        start = int(data.count_rows(filter=f"source < '{feed}'"))
        return start, start + int(data.count_rows(filter=f"source = '{feed}'"))

    def fragments(self, feed: str) -> list[FragmentMetadata] | None:
        """Data files of a feed; None if its rows have to be written anew."""
        if self.base is None or feed not in self._parts:
            return None
        data = self.base.open()
        if not data.schema.equals(self.schema):
            return None
        first = sum(part.files for name, part in self._parts.items() if name < feed)
        return [each.metadata for each in data.get_fragments()[first : first + self.part(feed).files]]


class Draft:
    """New rows for one feed of a table: written bit by bit, seen by nobody before `commit`.

    Parameters
    ----------
    parted : PartedTable
        The table as it is.
    feed : str
        Whose rows are replaced.
    hashed : sequence of str
        Columns by which rows are compared.
    """

    def __init__(self, parted: PartedTable, feed: str, hashed: Iterable[str]) -> None:
        self.parted, self.feed = parted, feed
        self._hashed = tuple(hashed)
        self._digest = RowsDigest(self._hashed)
        self._written: list[FragmentMetadata] = []
        self.count = 0

    def add(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Write rows to disk; what goes wrong while they are made is raised as it is."""
        self._written += self._write(batches, self._digest)

    def _write(self, batches: Iterable[pa.RecordBatch], digest: RowsDigest) -> list[FragmentMetadata]:
        uri, schema = self.parted.table.uri, self.parted.schema
        source = (batch for batch in batches if batch.num_rows)
        first = next(source, None)
        if first is None:
            return []

        def watched() -> Iterator[pa.RecordBatch]:
            for batch in (each for part in ((first,), source) for each in part):
                digest.update(batch)
                self.count += batch.num_rows
                yield batch

        with reader_of(watched(), schema) as reader, tidy_errors(uri):
            return list(
                write_fragments(
                    reader,
                    uri,
                    schema=schema,
                    mode="create" if self.parted.base is None else "overwrite",
                    max_rows_per_file=2 * ROWS_PER_FILE,
                    storage_options=storage_options(uri),
                )
            )

    def commit(self, read: str, active: int, columns: dict[str, list[str]]) -> Table:
        """Put the new rows in the place of the feed's old ones, at once.

        Parameters
        ----------
        read : str
            Digest of what the rows were made from.
        active : int
            How many of them are active.
        columns : dict of str to list of str
            See `Part`.

        Raises
        ------
        ShelverError
            Another process changed the table meanwhile, or the disk refuses; nothing is changed then.
        """
        mine = Part(read, self._digest.hexdigest(), self.count, active, len(self._written), columns)
        parts, fragments = {}, []
        for feed in sorted({*self.parted.feeds, self.feed}):
            parts[feed], files = (mine, self._written) if feed == self.feed else self._kept(feed)
            fragments += files
        made = {
            FINGERPRINT: json.dumps({feed: part.rows for feed, part in parts.items()}).encode(),
            PARTS: json.dumps({feed: asdict(part) for feed, part in parts.items()}).encode(),
        }
        table, base = self.parted.table, self.parted.base
        self._written = []  # from here on they may be the table's: an error does not say that nothing was committed
        with tidy_errors(table.uri):
            try:
                data = lance.LanceDataset.commit(
                    table.uri,
                    lance.LanceOperation.Overwrite(self.parted.schema.with_metadata(made), fragments),
                    read_version=base.version if base is not None else None,
                    storage_options=storage_options(table.uri),
                    max_retries=0,
                )
            except lance.commit.CommitConflictError as error:
                raise ShelverError(
                    "another process changed the table meanwhile", where=table.uri, hint="run: shelver ingest"
                ) from error
            remove_old_versions(data)
        return table.at(int(data.version))

    def _kept(self, feed: str) -> tuple[Part, list[FragmentMetadata]]:
        """Another feed's rows, as they are; written anew if the table is of an older Shelver."""
        part, files = self.parted.part(feed), self.parted.fragments(feed)
        if files is not None:
            return part, files
        draft = Draft(self.parted, feed, self._hashed)
        draft.add(self.parted.rows(feed, self.parted.schema.names))
        active = part.active if part.count else draft.count
        files = draft._written
        return Part(part.read, draft._digest.hexdigest(), draft.count, active, len(files), part.columns), files

    def discard(self) -> None:
        """Remove what was written; for a draft that is not committed."""
        uri = self.parted.table.uri
        folder = Files(f"{uri}/data")
        for fragment in self._written:
            for file in fragment.files:
                with suppress(OSError, ShelverError):
                    folder.delete(file.path)
        if not folder.remote and self.parted.base is None:
            for empty in (folder.prefix, uri, os.path.dirname(uri)):
                with suppress(OSError):
                    os.rmdir(empty)
        self._written = []


def completed(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Rows with all columns of a schema: those that lack are null, but for ``active``, which is true."""
    arrays = []
    for each in schema:
        place = batch.schema.get_field_index(each.name)
        if place >= 0:
            arrays.append(batch.column(place).cast(each.type))
        else:
            fill = pa.scalar(True if each.name == "active" else None, each.type)
            arrays.append(pa.repeat(fill, batch.num_rows))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _parts_of(table: Table) -> dict[str, Part]:
    found = json.loads((table.schema.metadata or {}).get(PARTS, b"{}"))
    return {name: Part(**part) for name, part in sorted(found.items())}
