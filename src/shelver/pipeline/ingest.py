"""Feeds in, products out: one commit per feed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from shelver.catalogue.deliveries import Delivery
from shelver.config import Feed
from shelver.errors import ConfigError
from shelver.feeds.ingest import read_products
from shelver.feeds.report import FeedReport
from shelver.feeds.schema import PRODUCT_SCHEMA, REJECT_SCHEMA
from shelver.feeds.sources import feed_digest
from shelver.pipeline.base import Base
from shelver.pipeline.step import Step
from shelver.table import Table


def ingest(workspace: Base, only: str = "") -> list[Step]:
    """Read all feeds of the settings (or one); an unchanged feed is left alone.

    Raises
    ------
    ConfigError
        The settings name no feed, or not this one.
    FeedError
        A feed as a whole cannot be read; nothing of it is written, feeds before it are.
    """
    feeds = [feed for feed in workspace.config.feeds if only in ("", feed.name)]
    if not feeds:
        what = f'no feed is called "{only}"' if only else "no feeds"
        hint = 'add to shelver.toml: [[feeds]] with name = "..." and path = "..."'
        raise ConfigError(what, where=workspace.files.path("shelver.toml"), hint=hint)
    _ = workspace.control  # if there is anything wrong with it, say so before something is written
    return [_ingest_feed(workspace, feed) for feed in feeds]


def _ingest_feed(workspace: Base, feed: Feed) -> Step:
    begun = time.perf_counter()
    digest = feed_digest(workspace.files, feed)
    products, rejects = workspace.table("products"), workspace.table("rejects")
    known = _known(products.fingerprint())
    if known.get(feed.name) == digest == _known(rejects.fingerprint()).get(feed.name):
        rows = products.open().count_rows(filter=_is(feed.name))
        return Step(f"ingest {feed.name}", rows, True, time.perf_counter() - begun)
    refused: list[pa.RecordBatch] = []
    report = FeedReport(feed.name)

    def accepted() -> Iterator[pa.RecordBatch]:
        yield from _others(products, "<", feed.name)
        done = 0
        for good, bad in read_products(workspace.files, feed, report):
            if bad.num_rows:
                refused.append(bad)
            done += good.num_rows + bad.num_rows
            workspace.report(f"ingest {feed.name}", done, 0)
            yield good
        yield from _others(products, ">", feed.name)

    made = json.dumps({**known, feed.name: digest}, sort_keys=True)
    products.write(accepted(), PRODUCT_SCHEMA, made)
    kept = rejects.batches(where=f"NOT ({_is(feed.name)})") if rejects.exists() else iter(())
    rejects.write([*kept, *refused], REJECT_SCHEMA, made)  # if a kill comes before it, the feed is not up to date
    workspace.control.record_delivery(
        Delivery(feed.name, feed.path, digest, report.rows, report.products, report.rejected)
    )
    return Step(f"ingest {feed.name}", report.products, False, time.perf_counter() - begun, _details(report))


def _others(products: Table, side: str, source: str) -> Iterator[pa.RecordBatch]:
    """Products of the feeds whose names come before (or after) one.

    Feeds lie in the order of their names, so the digests of the feeds decide every row's place: tables made of equal
    products fit together, whatever was delivered in between.
    """
    if products.exists():
        yield from products.batches(where=f"source {side} '{source}'")


def _known(fingerprint: str) -> dict[str, Any]:
    """Feeds in the products table, with the digest of what was read."""
    return dict(json.loads(fingerprint)) if fingerprint.startswith("{") else {}


def _is(source: str) -> str:
    return f"source = '{source}'"


def _details(report: FeedReport) -> dict[str, Any]:
    return {
        "rows_read": report.rows,
        "rejected": report.rejected,
        "reasons": {kind: found.count for kind, found in report.rejects.items()},
        "columns": {file: found.columns for file, found in report.columns.items()},
    }
