"""Look at what is in the products, or in a feed as it stands in its files; keep it, and compare with before."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pyarrow.compute as pc
from pydantic import ValidationError

from shelver.catalogue.on_offer import on_offer
from shelver.engine import identity
from shelver.errors import ConfigError, ShelverError, nearest
from shelver.feeds.no_rows import with_rows
from shelver.feeds.readers import read_feed
from shelver.feeds.sources import feed_files
from shelver.pipeline.base import Base
from shelver.profiling.part import PartStats
from shelver.profiling.profile import VERSION, Part, Profile
from shelver.profiling.roles import product_roles
from shelver.stage import digest
from shelver.table import Table

BATCH = 8_192
"""Rows looked at together; never changes an answer."""
SHORT = 8
"""Characters of the data's fingerprint that are part of an id."""
UNREAD = ("raw", "file", "line", "content_hash", "product_id")
"""Columns of the products table that are not even read."""


def profile(workspace: Base, feed: str = "") -> Profile:
    """What is in the products that are in their feeds today; a profile of the same data is read, not made again.

    Parameters
    ----------
    workspace : Base
        The workspace.
    feed : str
        Only this feed.

    Raises
    ------
    ShelverError
        There are no products, or no such feed among them.
    """
    table = workspace.products()
    data = digest(identity(table), table.count(), VERSION)
    last = next(saved_profiles(workspace), None)
    known = next((found for found in saved_profiles(workspace, data) if found.data == data), None)
    if known is None:
        known = _products_profile(workspace, table, data)
    elif last is not None and last.data != data:  # the products are again what they were before the last profile
        known = known.model_copy(update=_stamp(data))
    if last is None or last.profile_id < known.profile_id:
        workspace.files.write(workspace.path("profile", profile_id=known.profile_id), known.model_dump_json())
    return only(known, feed) if feed else known


def profile_raw(workspace: Base, feed: str) -> Profile:
    """What is in the columns of a feed, as they stand in its files; not kept.

    Raises
    ------
    ConfigError
        The settings name no such feed.
    FeedError
        It cannot be read.
    """
    found = next((known for known in workspace.config.feeds if known.name == feed), None)
    if found is None:
        hint = nearest(feed, [known.name for known in workspace.config.feeds])
        raise ConfigError(f'no feed is called "{feed}"', where=workspace.files.path("shelver.toml"), hint=hint)
    begun = time.perf_counter()
    stats = PartStats(feed, {}, open_=True)
    for _, reader in with_rows(
        feed_files(workspace.files, found), lambda path: read_feed(workspace.files, path, found, BATCH), {}
    ):
        for block in reader.batches:
            stats.add(block.cells)
            workspace.report(f"profile {feed}", stats.rows, 0)
    return _stamped(f"feed {feed}", "", stats.summary(), (), 0, time.perf_counter() - begun)


def only(found: Profile, feed: str) -> Profile:
    """A profile of one feed alone.

    Raises
    ------
    ShelverError
        No product comes from it.
    """
    part = next((part for part in found.parts() if part.name == feed), None)
    if part is None:
        names = [part.name for part in found.parts()]
        raise ShelverError(f'no product comes from a feed "{feed}"', where="--feed", hint=nearest(feed, names))
    return found.model_copy(update={"whole": part, "feeds": (), "gone": 0})


def saved_profiles(workspace: Base, data: str = "") -> Iterator[Profile]:
    """Profiles kept in the workspace, newest first (of this data); those that another version wrote are passed over."""
    folder, _, pattern = workspace.path("profile", profile_id="x").rpartition("/")
    ending = pattern.removeprefix("x")
    for name in sorted(workspace.files.sub(folder).names(), reverse=True):
        if name.endswith(f"{data[:SHORT]}{ending}"):
            try:
                yield Profile.model_validate_json(workspace.files.read(f"{folder}/{name}"))
            except ValidationError:
                continue


def profile_before(workspace: Base, found: Profile) -> Profile | None:
    """The last profile that was made of other data; None if there is none."""
    for known in saved_profiles(workspace):
        if known.data != found.data and known.profile_id < found.profile_id:
            return known
    return None


def _products_profile(workspace: Base, table: Table, data: str) -> Profile:
    begun = time.perf_counter()
    schema = table.schema
    roles = product_roles(schema)
    columns = [name for name in schema.names if name not in UNREAD]
    sources = _sources(table)
    total, done, gone = PartStats("", roles), 0, 0
    parts: list[Part] = []
    for source, rows in sources.items():
        stats = PartStats(source, roles)
        for batch in table.batches(columns, BATCH, f"source = '{source}'" if len(sources) > 1 else None):
            stats.add(on_offer(batch))
            done += batch.num_rows
            workspace.report("profile", done, sum(sources.values()))
        gone += rows - stats.rows
        parts.append(stats.summary())
        if len(sources) > 1:
            total.merge(stats)
    whole, feeds = (total.summary(), tuple(parts)) if len(parts) > 1 else (parts[0], ())
    return _stamped("products", data, whole, feeds, gone, time.perf_counter() - begun)


def _sources(table: Table) -> dict[str, int]:
    """Feeds by name, and how many rows each has.

    Raises
    ------
    ShelverError
        The table is empty.
    """
    counts: dict[str, int] = {}
    for batch in table.batches(["source"], 1 << 18):
        for name, rows in zip(*(part.to_pylist() for part in pc.value_counts(batch["source"]).flatten()), strict=True):
            counts[name] = counts.get(name, 0) + rows
    if not counts:
        raise ShelverError("there are no products", where=table.uri, hint="see: shelver rejects")
    return dict(sorted(counts.items()))


def _stamped(subject: str, data: str, whole: Part, feeds: tuple[Part, ...], gone: int, seconds: float) -> Profile:
    stamp = _stamp(data)
    return Profile(
        profile_id=stamp["profile_id"],
        created=stamp["created"],
        data=data,
        subject=subject,
        gone=gone,
        seconds=round(seconds, 2),
        whole=whole,
        feeds=feeds,
    )


def _stamp(data: str) -> dict[str, str]:
    """Id and time of a profile made now; ids sort by time."""
    now = datetime.now(UTC)
    profile_id = f"{now:%Y%m%dT%H%M%S}{now.microsecond:06d}-{data[:SHORT] or 'raw'}"
    return {"profile_id": profile_id, "created": now.isoformat(timespec="seconds")}
