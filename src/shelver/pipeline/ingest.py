"""Feeds in, products out: one commit for each feed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from filelock import Timeout

from shelver.catalogue.deliveries import HELD, REFUSED, Delivery
from shelver.config import Feed
from shelver.errors import ConfigError, FeedError, ShelverError, nearest
from shelver.feeds import language
from shelver.feeds.leftovers import remove_leftovers
from shelver.feeds.report import FeedReport
from shelver.feeds.sources import feed_digest, feed_files
from shelver.feeds.standstill import Standstill
from shelver.files import tidy_errors
from shelver.pipeline.background import lock_of
from shelver.pipeline.base import Base
from shelver.pipeline.delivering import UNLISTED, UP_TO_DATE, Delivering, HeldError
from shelver.pipeline.step import Step

PATIENCE = 600.0
"""Seconds to wait for another ingest into the same workspace."""


class IngestError(FeedError):
    """Feeds that were not taken; the others were.

    Attributes
    ----------
    steps : list of Step
        What became of all feeds.
    """

    gathers = True
    steps: Sequence[Step] = ()


def ingest(workspace: Base, only: str = "", accept: str = "", forget: str = "") -> list[Step]:
    """Read all feeds of the settings; an unchanged feed is left alone.

    Parameters
    ----------
    workspace : Base
        The workspace.
    only : str
        Read this feed only.
    accept : str
        Read this feed only, and take what of it was held back.
    forget : str
        Read nothing, but make all products of this feed inactive, which the settings no longer name.

    Raises
    ------
    ConfigError
        The settings name no feed, or not this one.
    IngestError
        Feeds that were held back or cannot be read as a whole: nothing of them is written, but all others are.
    """
    feeds = workspace.config.feeds if forget else _chosen(workspace, accept or only)
    _ = workspace.control  # if there is anything wrong with it, say so before something is written
    with _alone(workspace):
        alone = time.time()
        if forget:
            return [_forget(workspace, forget)]
        steps: list[Step] = []
        for feed in feeds:
            begun = time.perf_counter()
            try:
                steps.append(_ingest_feed(workspace, feed, accept == feed.name))
            except FeedError as trouble:
                status = HELD if isinstance(trouble, HeldError) else REFUSED
                took = time.perf_counter() - begun
                steps.append(Step(f"ingest {feed.name}", 0, False, took, {"status": status, "why": str(trouble)}))
        if not (only or accept):
            steps += _unlisted(workspace)
        if not all(step.fresh for step in steps):
            _tidy_up(workspace, alone)
    if error := not_taken(steps):
        raise error
    return steps


def _tidy_up(workspace: Base, alone: float) -> None:
    """Remove leftovers as far as they can be: they are in nobody's way, and the next ingest tries again."""
    for name in ("products", "rejects"):
        with suppress(ShelverError, OSError, ValueError, RuntimeError):  # the last: Lance, of a damaged version
            remove_leftovers(workspace.table(name), alone)


def _chosen(workspace: Base, only: str) -> list[Feed]:
    feeds = [feed for feed in workspace.config.feeds if only in ("", feed.name)]
    if not feeds:
        what = f'no feed is called "{only}"' if only else "no feeds"
        hint = 'add to shelver.toml: [[feeds]] with name = "..." and path = "..."'
        if workspace.config.feeds:
            hint = nearest(only, [feed.name for feed in workspace.config.feeds])
        raise ConfigError(what, where=workspace.files.path("shelver.toml"), hint=hint)
    return feeds


def _ingest_feed(workspace: Base, feed: Feed, accept: bool) -> Step:
    begun = time.perf_counter()
    still = Standstill(workspace.files, feed)
    with still:
        digest = feed_digest(workspace.files, feed, ask=False)
    work = Delivering(workspace, feed.name)
    work.settle()
    if work.up_to_date(digest):
        rows = work.products.part(feed.name).active
        return Step(f"ingest {feed.name}", rows, True, time.perf_counter() - begun, {"status": UP_TO_DATE})
    if feed.language:
        language.get_ready()
    made = work.deliver(feed, digest, feed_files(workspace.files, feed), accept=accept, still=still)
    took = time.perf_counter() - begun
    return Step(f"ingest {feed.name}", made.products, False, took, details_of(made, work.report))


def _forget(workspace: Base, name: str) -> Step:
    begun = time.perf_counter()
    if any(feed.name == name for feed in workspace.config.feeds):
        where = workspace.files.path("shelver.toml")
        raise ConfigError(f'the feed "{name}" is still in the settings', where=where, hint="take it out first")
    work = Delivering(workspace, name)
    if name not in work.products.feeds:
        raise FeedError(f'there are no products of a feed "{name}"', hint=nearest(name, work.products.feeds))
    work.settle()
    made = work.forget()
    return Step(f"ingest {name}", 0, False, time.perf_counter() - begun, details_of(made))


def _unlisted(workspace: Base) -> list[Step]:
    """Feeds that have active products, but are not in the settings."""
    known = {feed.name for feed in workspace.config.feeds}
    products = Delivering(workspace, "").products
    parts = {name: products.part(name) for name in products.feeds if name not in known}
    return [
        Step(f"ingest {name}", part.active, True, 0.0, {"status": UNLISTED})
        for name, part in parts.items()
        if part.active
    ]


def details_of(made: Delivery, report: FeedReport | None = None) -> dict[str, Any]:
    """Figures of a delivery for its step."""
    counts = {name: getattr(made, name) for name in ("new", "changed", "unchanged", "gone", "back", "rejected")}
    found = {"status": made.status, "rows_read": made.rows, **counts, "reasons": made.reasons, "warning": made.reason}
    columns = {file: each.columns for file, each in report.columns.items()} if report else {}
    return found | {"columns": columns, "filled": made.filled}


def not_taken(steps: Sequence[Step]) -> IngestError | None:
    """The error that says which feeds were held back or refused; None if there are none."""
    told = [step.details["why"] for step in steps if step.details.get("status") in (HELD, REFUSED)]
    if not told:
        return None
    feeds = sum("status" in step.details and step.details["status"] != UNLISTED for step in steps)
    error = IngestError(
        told[0] if len(told) == 1 else "\n".join([f"{len(told)} of {feeds} feeds were not taken", *told])
    )
    error.steps = list(steps)
    return error


@contextmanager
def _alone(workspace: Base) -> Iterator[None]:
    """Wait until nobody else ingests into the workspace; for one on an object store, on this machine."""
    lock = lock_of(workspace.prefix, "ingesting")
    with tidy_errors(os.fspath(lock.lock_file)):
        try:
            lock.acquire(timeout=0)
        except Timeout:
            workspace.report("waiting for another ingest", 0, 0)
            try:
                lock.acquire(timeout=PATIENCE)
            except Timeout:
                raise ShelverError(
                    "another process is ingesting into this workspace", where=lock.lock_file, hint="wait for its end"
                ) from None
    try:
        yield
    finally:
        lock.release()
