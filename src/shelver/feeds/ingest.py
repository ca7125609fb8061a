"""A feed as a stream of products and rejects: read, clean, drop duplicates, count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shelver.config import Feed
from shelver.engine.ahead import ahead
from shelver.feeds.columns import find_columns, further_columns, given_columns, map_columns
from shelver.feeds.duplicates import FirstSeen, Places, keys_of
from shelver.feeds.no_rows import with_rows
from shelver.feeds.readers import read_feed
from shelver.feeds.report import CONTINUED, FeedReport
from shelver.feeds.rows import MAX_COLUMNS, Block, Reader
from shelver.feeds.schema import PRODUCT_SCHEMA, REJECT_SCHEMA, raw_batch
from shelver.feeds.sources import feed_files
from shelver.feeds.stage import CleanStage
from shelver.feeds.value_signs import ROWS
from shelver.files import Files

BATCH = 32_768
"""Rows in a batch."""

_FILE_STEP = 1 << 40  # a place is file number × this + line
_NO_TITLE = "title: empty"


def read_products(
    files: Files, feed: Feed, report: FeedReport | None = None, batch_size: int = BATCH
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
    Of products with one id the first counts; see `FirstSeen`.
    """
    report = FeedReport(feed.name) if report is None else report
    paths = feed_files(files, feed)
    seen = FirstSeen()
    for number, reader in with_rows(paths, lambda path: read_feed(files, path, feed, batch_size), report.empty):
        for batch in ahead(_cleaned(reader, feed, report)):
            products, rejects = split(batch, _with_duplicates(batch, seen, number, paths))
            report.add_rows(products, rejects)
            yield products, rejects
    report.check(feed.max_rejects)


def _cleaned(reader: Reader, feed: Feed, report: FeedReport) -> Iterator[pa.RecordBatch]:
    columns, wanted = report.columns_of(reader.columns), given_columns(feed) if reader.open_ended else ()
    if columns is None:
        columns = map_columns((*reader.columns, *wanted), _sample(reader), feed, reader.file)
    seen = dict.fromkeys(reader.columns)
    report.files[reader.file] = reader.layout
    report.headers[reader.file] = tuple(reader.columns)
    report.columns[reader.file] = columns
    stage = CleanStage(feed.name, feed.merchant, columns.has_id, feed.decimal, feed.language)
    for block in ahead(reader.batches):
        further = [name for name in block.cells.schema.names if name not in seen]
        further = [name for place, name in enumerate(further, len(seen)) if place < MAX_COLUMNS or name in wanted]
        if further:
            seen.update(dict.fromkeys(further))
            columns = report.columns[reader.file] = further_columns(columns, further, feed)
        batch = stage.apply(raw_batch(block, reader.file, columns.columns))
        if batch.num_rows != len(block):
            raise AssertionError(f"{reader.file}: {len(block)} rows became {batch.num_rows}")
        yield batch
    if not seen.keys() >= set(wanted):
        find_columns(tuple(seen), Block.of([], list(seen)), feed, reader.file)  # says which one is nowhere
    report.files[reader.file] = reader.layout  # with what only the last lines told


def _sample(reader: Reader) -> Block:
    """First rows with the columns of the header alone: how rows are cut into blocks makes no difference."""
    first = reader.first_rows(ROWS)
    header = set(reader.columns)
    return replace(first, cells=first.cells.select([name for name in first.cells.schema.names if name in header]))


def split(batch: pa.RecordBatch, why: pa.StringArray) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """Part cleaned rows into products (reason null) and rejects; n rows in, n rows out in all."""
    products = batch.select(PRODUCT_SCHEMA.names)
    if why.null_count == len(why):
        return products, pa.RecordBatch.from_arrays([[] for _ in REJECT_SCHEMA], schema=REJECT_SCHEMA)
    good = pc.is_null(why)
    bad = batch.set_column(batch.num_columns - 1, "reason", why).select(REJECT_SCHEMA.names)
    return products.filter(good), bad.filter(pc.invert(good))


def _with_duplicates(batch: pa.RecordBatch, seen: FirstSeen, number: int, paths: Sequence[str]) -> pa.StringArray:
    """Reasons of the batch's rejects, with those of products seen before; adds the new ones to `seen`."""
    reasons, ids = batch.column("reject"), batch.column("product_id")
    no_title = pc.equal(reasons, _NO_TITLE).fill_null(False)
    asked = pc.and_(pc.is_valid(ids), pc.or_(pc.is_null(reasons), no_title)).to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(asked)
    taken = pa.array(rows)
    counts = ~no_title.to_numpy(zero_copy_only=False)[rows]
    lines = batch.column("line").to_numpy(zero_copy_only=False)[rows]
    first = seen.look(keys_of(ids.take(taken)), counts, lines + number * _FILE_STEP)
    again = np.flatnonzero(first >= 0)
    if not len(again):
        return reasons
    texts = _reasons(batch.column("merchant_id").take(taken.take(again)), counts[again], first[again], number, paths)
    mask = np.zeros(len(reasons), bool)
    mask[rows[again]] = True
    return pc.replace_with_mask(reasons, pa.array(mask), texts)


def _reasons(
    shown: pa.StringArray, product: np.ndarray, first: Places, number: int, paths: Sequence[str]
) -> pa.StringArray:
    """Why rows are no products of their own: m ids, whether each would be one, and where it was seen first."""
    file, line = np.divmod(first, _FILE_STEP)
    names = pa.array([f" of {path}" if place != number else "" for place, path in enumerate(paths)])
    where = pc.binary_join_element_wise(pa.array(line).cast(pa.string()), names.take(pa.array(file)), "")
    again = pc.binary_join_element_wise("duplicate id '", shown, "' (first seen on line ", where, ")", "")
    further = pc.binary_join_element_wise(
        f"{CONTINUED} '", shown, "' (line ", where, "): no title, a further variant or picture", ""
    )
    return pc.if_else(pa.array(product), again, further)
