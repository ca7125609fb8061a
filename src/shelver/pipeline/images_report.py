"""How the pictures of a catalogue stand."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shelver.addresses_shown import masked
from shelver.encoders.pictures import Pictures
from shelver.images.lanes import hosts_of
from shelver.images.outcome import Status

NEW = "not asked yet"
SHOWN = 20
"""Reasons and hosts told at most."""


@dataclass(frozen=True)
class Reason:
    """Addresses that failed in one way: how many, and one of them."""

    status: str
    reason: str
    count: int
    example: str


@dataclass(frozen=True)
class HostLine:
    """One host: its addresses, how many gave a picture, and how many failed in whatever way."""

    host: str
    addresses: int
    ok: int
    failed: int


@dataclass(frozen=True)
class ImagesReport:
    """How the pictures stand.

    Attributes
    ----------
    asked : int
        Addresses asked for just now.
    seconds : float
        Wall time of that.
    products : int
        Active products.
    with_picture : dict
        Products that have one: ``feed`` (in the feed's folder or zip), ``fetched``.
    places : dict
        Feed → pictures in its folder or zip.
    addresses : dict
        Status → addresses of active products.
    stored : dict
        Different ``pictures`` behind these addresses and their ``bytes``.
    reasons : list of Reason
        Why there is no picture, most frequent first.
    hosts : list of HostLine
        Those with most failures first.
    """

    asked: int
    seconds: float
    products: int
    with_picture: dict[str, int]
    places: dict[str, int]
    addresses: dict[str, int]
    stored: dict[str, int]
    reasons: list[Reason]
    hosts: list[HostLine]

    def as_dict(self) -> dict[str, Any]:
        """As JSON-like values."""
        return asdict(self)


def make_report(
    products: pa.Table, urls: pa.Array, records: pa.Table, pictures: Pictures, asked: int, seconds: float
) -> ImagesReport:
    """Count.

    Parameters
    ----------
    products : pa.Table
        Active products: ``source``, ``merchant_id``, ``image_url``.
    urls : pa.Array of string
        Addresses wanted, each once.
    records : pa.Table
        What is known of addresses.
    pictures : Pictures
        Those of the feeds' own places.
    asked, seconds : int, float
        See `ImagesReport`.
    """
    rows = records.take(pc.index_in(urls, value_set=records["url"].combine_chunks()))
    rows = rows.set_column(0, "url", pa.chunked_array([urls]))
    rows = rows.append_column("host", hosts_of(rows["url"]))
    counts = {line["values"]: line["counts"] for line in pc.value_counts(pc.fill_null(rows["status"], NEW)).to_pylist()}
    different = rows.filter(pc.is_valid(rows["hash"])).group_by("hash").aggregate([("bytes", "min")])
    own = _in_places(products, pictures)
    known = records.filter(pc.is_valid(records["hash"]))["url"].combine_chunks()
    fetched = pc.is_in(products["image_url"], value_set=known, skip_nulls=True).to_numpy()
    return ImagesReport(
        asked,
        seconds,
        products.num_rows,
        {"feed": int(own.sum()), "fetched": int((fetched & ~own).sum())},
        {source: len(album) for source in pictures.places if (album := pictures.album(source)) is not None},
        {status: counts[status] for status in (*map(str, Status), NEW) if status in counts},
        {"pictures": different.num_rows, "bytes": int(pc.sum(different["bytes_min"]).as_py() or 0)},
        _reasons(rows),
        _hosts(rows),
    )


def _in_places(products: pa.Table, pictures: Pictures) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which products have a picture in their feed's folder or zip."""
    found = np.zeros(products.num_rows, np.bool_)
    for source in pictures.places:
        album = pictures.album(source)
        rows = np.flatnonzero(pc.equal(products["source"], source).to_numpy())
        keys = products["merchant_id"].take(pa.array(rows)).to_pylist()
        found[rows] = [album is not None and album.find(key) is not None for key in keys]
    return found


def _reasons(rows: pa.Table) -> list[Reason]:
    failed = rows.filter(pc.fill_null(pc.not_equal(rows["status"], Status.OK.value), False))
    groups = failed.group_by(["status", "reason"], use_threads=False)
    found = groups.aggregate([("url", "count"), ("url", "first")]).to_pylist()
    made = [
        Reason(line["status"], line["reason"] or "", line["url_count"], masked(line["url_first"])) for line in found
    ]
    return sorted(made, key=lambda reason: (-reason.count, reason.status, reason.reason))[:SHOWN]


def _hosts(rows: pa.Table) -> list[HostLine]:
    ok = pc.fill_null(pc.equal(rows["status"], Status.OK.value), False)
    failed = pc.fill_null(pc.not_equal(rows["status"], Status.OK.value), False)
    table = pa.table({"host": rows["host"], "ok": ok.cast(pa.int64()), "failed": failed.cast(pa.int64())})
    found = table.group_by("host").aggregate([("host", "count"), ("ok", "sum"), ("failed", "sum")]).to_pylist()
    made = [HostLine(line["host"], line["host_count"], line["ok_sum"], line["failed_sum"]) for line in found]
    return sorted(made, key=lambda host: (-host.failed, -host.addresses, host.host))[:SHOWN]
