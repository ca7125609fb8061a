"""A feed as a stream of products and rejects: read, clean, drop duplicates, count."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from shelver.config import Feed
from shelver.feeds.columns import map_columns
from shelver.feeds.readers import read_feed
from shelver.feeds.report import CONTINUED, FeedReport
from shelver.feeds.rows import Reader
from shelver.feeds.schema import PRODUCT_SCHEMA, REJECT_SCHEMA, raw_batch
from shelver.feeds.sources import feed_files
from shelver.feeds.stage import CleanStage
from shelver.files import Files

_FILE_STEP = 1 << 40  # a place is file number × this + line


def read_products(
    files: Files, feed: Feed, report: FeedReport | None = None, batch_size: int = 4096
) -> Iterator[tuple[pa.RecordBatch, pa.RecordBatch]]:
    """Read all files of a feed.

    The check against ``max_rejects`` comes after the last batch: keep what was yielded apart until the iterator ends.

    Parameters
    ----------
    files : Files
        The workspace.
    feed : Feed
        Where the feed is and how to read it.
    report : FeedReport, optional
        Filled while reading.
    batch_size : int
        Rows in a batch at most; never changes an answer.

    Yields
    ------
    products : pyarrow.RecordBatch
        `PRODUCT_SCHEMA`, may have no rows.
    rejects : pyarrow.RecordBatch
        `REJECT_SCHEMA`, may have no rows. Every row of the feed is in exactly one of the two.

    Raises
    ------
    FeedError
        A file that cannot be read or has no title; at the end, if too many rows are bad.

    Notes
    -----
    Of products with one id the first counts. Ids are remembered as 64-bit hashes with the line, about 130 bytes for
    each product; two of ten million different ids agree by chance with probability 3e-6.
    """
    report = FeedReport(feed.name) if report is None else report
    paths = feed_files(files, feed)
    seen: dict[int, int] = {}
    for number, path in enumerate(paths):
        reader = read_feed(files, path, feed, batch_size)
        for batch in _cleaned(reader, feed, report):
            products, rejects = split(batch, _with_duplicates(batch, seen, number, paths))
            _count(report, products, rejects)
            yield products, rejects
    report.check(feed.max_rejects)


def _cleaned(reader: Reader, feed: Feed, report: FeedReport) -> Iterator[pa.RecordBatch]:
    columns = map_columns(reader.columns, reader.sample(), feed, reader.file)
    report.files[reader.file] = reader.layout
    report.columns[reader.file] = columns
    stage = CleanStage(feed.name, feed.merchant, columns.has_id)
    for rows in reader.batches:
        yield stage.apply(raw_batch(rows, reader.file, columns.columns))


def split(batch: pa.RecordBatch, reasons: list[str | None]) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """Part cleaned rows into products (reason None) and rejects; n rows in, n rows out in all."""
    why = pa.array(reasons, pa.string())
    good = pc.is_null(why)
    products = batch.filter(good).select(PRODUCT_SCHEMA.names)
    bad = batch.set_column(batch.num_columns - 1, "reason", why).filter(pc.invert(good))
    return products, bad.select(REJECT_SCHEMA.names)


def _with_duplicates(batch: pa.RecordBatch, seen: dict[int, int], number: int, paths: list[str]) -> list[str | None]:
    """Reasons of the batch's rejects, with those of products seen before; adds the new ones to `seen`."""
    reasons: list[str | None] = batch.column("reject").to_pylist()
    ids = batch.column("product_id").to_pylist()
    lines = batch.column("line").to_pylist()
    for row, (reason, product, line) in enumerate(zip(reasons, ids, lines, strict=True)):
        if product is None or (reason and reason != "title: empty"):
            continue
        key = int(product[:16], 16)
        first = seen.get(key)
        if first is not None:
            file, first_line = divmod(first, _FILE_STEP)
            where = f"line {first_line}" + (f" of {paths[file]}" if file != number else "")
            shown = batch.column("merchant_id")[row].as_py()
            if reason:
                reasons[row] = f"{CONTINUED} '{shown}' ({where}): no title, a further variant or picture"
            else:
                reasons[row] = f"duplicate id '{shown}' (first seen on {where})"
        elif not reason:
            seen[key] = number * _FILE_STEP + line
    return reasons


def _count(report: FeedReport, products: pa.RecordBatch, rejects: pa.RecordBatch) -> None:
    report.rows += products.num_rows + rejects.num_rows
    report.products += products.num_rows
    for row in rejects.select(["reason", "file", "line"]).to_pylist():
        report.add_reject(row["reason"], row["file"], row["line"])
    for notes in products.column("notes").to_pylist():
        if notes:
            report.add_notes(notes)
