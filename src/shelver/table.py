"""A table: a Lance data set that is written whole or not at all and knows what it was made from."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta

import lance
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from shelver.errors import ShelverError
from shelver.files import is_url, tidy_errors

FINGERPRINT = b"shelver.fingerprint"
"""Key of the schema metadata that says what made a table."""

ROWS_PER_FILE = 262_144

KEPT = timedelta(days=1)
"""Old versions of a table are removed after this time."""


class Table:
    """One table of the workspace.

    Parameters
    ----------
    uri : str
        Local folder or object-store URL of the Lance data set.
    version : int, optional
        A fixed version; by default the latest.

    Notes
    -----
    The fingerprint of what made a table lies in its schema metadata, so it is committed in the same manifest as the
    rows: after a kill the table has its old rows and old fingerprint or its new rows and new fingerprint.
    """

    def __init__(self, uri: str, version: int | None = None) -> None:
        self.uri, self._version = uri, version

    def __repr__(self) -> str:
        if not self.exists():
            return f"Table({self.uri!r}, not made yet)"
        return f"Table({self.uri!r}, version {self.version}, {self.count():,} rows)"

    def open(self) -> lance.LanceDataset:
        """The Lance data set.

        Raises
        ------
        ShelverError
            The table has not been made yet, or cannot be read.
        """
        if not self.exists():
            raise ShelverError(f"there is no table {self.name} yet", where=self.uri, hint="make it with: shelver run")
        return lance.dataset(self.uri, version=self._version, storage_options=storage_options(self.uri))

    @property
    def name(self) -> str:
        """Name of the table, for messages."""
        return self.uri.rsplit("/", 1)[-1].removesuffix(".lance")

    def exists(self) -> bool:
        """Has the table been made?"""
        if not is_url(self.uri):
            versions = os.path.join(self.uri, "_versions")
            names = os.listdir(versions) if os.path.isdir(versions) else []
            return any(name.endswith(".manifest") and not name.startswith(".") for name in names)
        try:
            lance.dataset(self.uri, storage_options=storage_options(self.uri))
        except ValueError:  # what Lance raises where there is no data set
            return False
        return True

    @property
    def version(self) -> int:
        """Version number of the commit."""
        return int(self.open().version)

    @property
    def schema(self) -> pa.Schema:
        """Columns and types."""
        return self.open().schema

    def at(self, version: int) -> Table:
        """The same table at one version: what is read cannot change underneath."""
        return Table(self.uri, version)

    def pinned(self) -> Table:
        """The table at its present version."""
        return self.at(self.version)

    def count(self, where: str | None = None) -> int:
        """Number of rows, or of those where a condition (SQL) holds."""
        return int(self.open().count_rows(filter=where))

    def fingerprint(self) -> str:
        """What made the table; empty if it does not exist or nothing was recorded."""
        if not self.exists():
            return ""
        metadata = self.schema.metadata or {}
        return bytes(metadata.get(FINGERPRINT, b"")).decode()

    def head(self, rows: int) -> pa.Table:
        """The first rows."""
        return self.open().to_table(limit=rows)

    def batches(
        self, columns: Sequence[str] | None = None, batch_size: int = 4096, where: str | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Rows in order, streamed.

        Parameters
        ----------
        columns : sequence of str, optional
            All by default.
        batch_size : int
            Rows in a batch at most.
        where : str, optional
            SQL condition.
        """
        names = list(columns) if columns is not None else None
        yield from self.open().to_batches(columns=names, batch_size=batch_size, filter=where, scan_in_order=True)

    def rows(self, start: int, stop: int, columns: Sequence[str] | None = None) -> pa.RecordBatch:
        """Rows ``start <= row < stop`` as one batch."""
        names = list(columns) if columns is not None else None
        found = self.open().to_table(columns=names, offset=start, limit=stop - start)
        batches = found.combine_chunks().to_batches()
        return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=found.schema)

    def read(self, columns: Sequence[str] | None = None, where: str | None = None) -> pa.Table:
        """The whole table (or the rows where a condition holds) in memory."""
        return self.open().to_table(columns=list(columns) if columns is not None else None, filter=where)

    def take(self, rows: Sequence[int] | npt.NDArray[np.int64], columns: Sequence[str] | None = None) -> pa.Table:
        """Rows by number, in the order asked for."""
        return self.open().take(list(rows), columns=list(columns) if columns is not None else None)

    def write(self, batches: Iterable[pa.RecordBatch], schema: pa.Schema, fingerprint: str) -> Table:
        """Replace the table, whole or not at all; returns it at its new version."""
        marked = schema.with_metadata({FINGERPRINT: fingerprint.encode()})
        with reader_of(batches, marked) as reader, tidy_errors(self.uri):
            data = lance.write_dataset(
                reader,
                self.uri,
                mode="overwrite" if self.exists() else "create",
                max_rows_per_file=ROWS_PER_FILE,
                storage_options=storage_options(self.uri),
            )
            remove_old_versions(data)
        return self.at(int(data.version))


@contextmanager
def reader_of(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatchReader]:
    """Batches as Lance wants them; what goes wrong while they are made is raised as itself, not as Lance's error."""
    failures: list[BaseException] = []

    def guarded() -> Iterator[pa.RecordBatch]:
        try:
            for batch in batches:
                yield batch.cast(schema)
        except BaseException as error:
            failures.append(error)
            raise

    try:
        yield pa.RecordBatchReader.from_batches(schema, guarded())
    except Exception as error:
        raise (failures[0] if failures else error) from None


def remove_old_versions(data: lance.LanceDataset) -> None:
    """Remove versions older than `KEPT`. If that fails, the commit before it stands, and the next one tries again."""
    with suppress(OSError, RuntimeError, ValueError):
        data.cleanup_old_versions(older_than=KEPT)


def storage_options(uri: str) -> dict[str, str] | None:
    """What Lance needs to reach an object store, from the usual environment variables."""
    if not is_url(uri):
        return None
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    options = {}
    if endpoint:
        options = {"aws_endpoint": endpoint, "allow_http": str(endpoint.startswith("http://")).lower()}
    return options


Progress = Callable[[int], None]
"""Told how many rows are done so far."""


def watched(batches: Iterable[pa.RecordBatch], progress: Progress | None) -> Iterator[pa.RecordBatch]:
    """Pass batches on and report how many rows have gone by."""
    done = 0
    for batch in batches:
        done += batch.num_rows
        if progress is not None:
            progress(done)
        yield batch
