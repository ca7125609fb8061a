"""One delivery of a feed: read it, compare it with what is there, hold it back or commit it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from shelver.addresses_shown import masked
from shelver.catalogue.deliveries import ACCEPTED, FORGOTTEN, HELD, INTERRUPTED, REFUSED, WRITING, Delivery
from shelver.config import Feed
from shelver.errors import FeedError, quoted
from shelver.feeds.comparison import COMPARED, Changes, Contents, compare
from shelver.feeds.holding import EXAMPLES, blank_reasons, column_reasons, gone_reason, too_many_gone
from shelver.feeds.ingest import read_products
from shelver.feeds.parted import Draft, PartedTable
from shelver.feeds.report import FeedReport
from shelver.feeds.schema import PRODUCT_SCHEMA, REJECT_SCHEMA
from shelver.feeds.standstill import Standstill
from shelver.files import is_url
from shelver.pipeline.base import Base
from shelver.pipeline.forgetting import Forgetting
from shelver.table import ROWS_PER_FILE

HASHED = ("product_id", "content_hash", "language", "active", "raw")
"""Columns that say whether rows of products are equal: all other fields are in the hash of the content."""

UP_TO_DATE, UNLISTED = "up to date", "not in shelver.toml"
"""What became of a feed of which nothing was read."""

REFUSED_BYTES = 1 << 26
"""Rejects that are held in memory before they are written."""


class HeldError(FeedError):
    """A delivery that waits for a person; its reasons are `quoted` one by one."""

    gathers = True


@dataclass
class Delivering:
    """The tables of a workspace while feeds are delivered into them.

    Parameters
    ----------
    workspace : Base
        The workspace.
    feed : str
        Whose products change.
    """

    workspace: Base
    feed: str
    report: FeedReport = field(init=False)

    def __post_init__(self) -> None:
        self.report = FeedReport(self.feed)
        self.products = PartedTable(self.workspace.table("products"), PRODUCT_SCHEMA)
        self.rejects = PartedTable(self.workspace.table("rejects"), REJECT_SCHEMA)
        self._started = datetime.now(UTC)
        self._forgetting = Forgetting(self.workspace, self.feed, 0)

    def up_to_date(self, digest: str) -> bool:
        """Were products and rejects made of exactly this?"""
        return self.products.part(self.feed).read == digest == self.rejects.part(self.feed).read

    def settle(self) -> None:
        """Say how deliveries ended that were killed while they were written."""
        control, part = self.workspace.control, self.products.part(self.feed)
        for each in control.deliveries(self.feed):
            if each.status == WRITING:
                status = ACCEPTED if each.digest else FORGOTTEN
                taken = each.digest == part.read and (status == ACCEPTED or self._all_resting())
                control.settle_delivery(each.delivery_id, status if taken else INTERRUPTED)

    def _all_resting(self) -> bool:
        """Has the feed no active product?"""
        return not self._known().active.any()

    def _known(self) -> Contents:
        return Contents.of(self.products.rows(self.feed, list(COMPARED)))

    def deliver(self, feed: Feed, digest: str, files: list[str], *, accept: bool, still: Standstill) -> Delivery:
        """Take a delivery.

        Parameters
        ----------
        feed : Feed
            Its settings.
        digest : str
            Of its files and settings.
        files : list of str
            Its files.
        accept : bool
            Take it even if it would be held back, provided that it was held back as it is now.
        still : Standstill
            Says whether the files stay as they are while they are read.

        Raises
        ------
        FeedError
            It cannot be read, or too much of it is bad.
        HeldError
            It is held back.
        """
        noted = Delivery(
            feed.name,
            masked(feed.path) if is_url(feed.path) else feed.path,
            digest,
            files=tuple(files),
            started=self._started,
        )
        aside = ThreadPoolExecutor(1, "known products")
        old = aside.submit(self._known)
        aside.shutdown(wait=False)
        drafts = self._drafts()
        try:
            try:
                with still:
                    new = self._read(feed, *drafts)
            except FeedError as error:
                self._note(noted, REFUSED, f"{error.where}: {error.what}" if error.where else error.what)
                raise
            changes = compare(old.result(), new)
            noted = replace(noted, **counted(changes))
            self._count_gone(changes)
            held = self._why_held(feed, changes)
            if held and not (accept and self._was_held(digest)):
                self._note(noted, HELD, "; ".join(held))
                raise self._held_error(feed, held, accept)
            self._forgetting = Forgetting(self.workspace, self.feed, feed.forget_after, self._started)
            return self._commit(noted, changes, *drafts)
        except BaseException:
            for draft in drafts:
                draft.discard()
            raise

    def forget(self) -> Delivery:
        """Make all products of a feed inactive that the settings no longer name; it has no rejects then."""
        drafts = self._drafts()
        none = Contents.of([])
        changes = compare(self._known(), none)
        noted = Delivery(self.feed, "", "", started=self._started, **counted(changes))
        return self._commit(noted, changes, *drafts, status=FORGOTTEN)

    def _drafts(self) -> tuple[Draft, Draft]:
        return Draft(self.products, self.feed, HASHED), Draft(self.rejects, self.feed, ("file", "reason", "raw"))

    def _read(self, feed: Feed, products: Draft, rejects: Draft) -> Contents:
        """Write what is delivered to disk; gives what it holds."""
        found: list[Contents] = []
        refused: list[pa.RecordBatch] = []
        pairs = read_products(self.workspace.files, feed, self.report)

        def some() -> Iterator[pa.RecordBatch]:
            rows = size = 0
            for good, bad in pairs:
                rows += good.num_rows + bad.num_rows
                size += bad.nbytes
                self.workspace.report(f"ingest {feed.name}", self.report.rows, 0)
                if good.num_rows:
                    found.append(Contents.one(good))
                if bad.num_rows:
                    refused.append(bad)
                yield good
                if rows >= ROWS_PER_FILE or size >= REFUSED_BYTES:
                    return

        read = -1
        while self.report.rows > read:
            read = self.report.rows
            products.add(some())
            rejects.add(refused)
            refused.clear()
        new = Contents.of([]).joined(found)
        if len(new) != self.report.products:
            raise AssertionError(f"{self.report.products} products, but {len(new)} were written")
        return new

    def _commit(
        self, noted: Delivery, changes: Changes, products: Draft, rejects: Draft, status: str = ACCEPTED
    ) -> Delivery:
        """Make it visible: the rejects, then the products, which decide; the note says how far it came."""
        active = products.count
        gone = self.products.take(self.feed, changes.inactive, PRODUCT_SCHEMA.names)
        products.add(_resting(self._forgetting.kept(gone)))
        control = self.workspace.control
        number = control.record_delivery(self._filled(noted, WRITING))
        rejects.commit(noted.digest, rejects.count, {})
        products.commit(noted.digest, active, self.report.usual)
        self._forgetting.note()
        control.settle_delivery(number, status)
        return replace(self._filled(noted, status), delivery_id=number)

    def _count_gone(self, changes: Changes) -> None:
        """Say of files without rows how many products that came from them are gone."""
        empty = self.report.empty
        if not empty:
            return
        for batch in self.products.take(self.feed, changes.gone, ["file"]):
            for each in batch["file"].value_counts().to_pylist():
                if found := empty.get(each["values"]):
                    empty[each["values"]] = found._replace(gone=found.gone + each["counts"])

    def _why_held(self, feed: Feed, changes: Changes) -> list[str]:
        reasons = []
        if too_many_gone(feed, changes):
            names = ["merchant_id", "title"]
            rows = self.products.take(self.feed, changes.gone[:EXAMPLES], names)
            examples = [f"{row['merchant_id']} {row['title']}"[:80] for batch in rows for row in batch.to_pylist()]
            reasons.append(gone_reason(feed, changes, examples))
        reasons += blank_reasons(feed, self.report.empty)
        header = [name for columns in self.report.headers.values() for name in columns]
        reasons += column_reasons(feed, self.products.part(self.feed).columns, self.report.used, header)
        return [quoted(reason) for reason in reasons]

    def _was_held(self, digest: str) -> bool:
        ended = [each for each in self.workspace.control.deliveries(self.feed) if each.status != INTERRUPTED]
        return bool(ended) and (ended[-1].status, ended[-1].digest) == (HELD, digest)

    def _held_error(self, feed: Feed, reasons: list[str], accept: bool) -> HeldError:
        changed = "this is another delivery than the one that was held back; " if accept else ""
        return HeldError(
            f"{changed}held back, nothing was changed:" + "".join(f"\n  - {reason}" for reason in reasons),
            where=f"feed {feed.name}",
            hint=f"if that is right: shelver ingest --accept {feed.name}",
        )

    def _note(self, noted: Delivery, status: str, reason: str) -> None:
        noted = replace(self._filled(noted, status), reason=reason)
        if not noted.same_end(self.workspace.control.delivery(self.feed)):
            self.workspace.control.record_delivery(noted)

    def _filled(self, noted: Delivery, status: str) -> Delivery:
        report = self.report
        return replace(
            noted,
            status=status,
            reason="; ".join(filter(None, [report.warning, self._forgetting.told])),
            rows=report.rows,
            products=report.products,
            rejected=report.rejected,
            reasons={kind: found.count for kind, found in report.rejects.items()},
            columns=report.used,
            filled=dict(report.filled),
            finished=datetime.now(UTC),
        )


def counted(changes: Changes) -> dict[str, Any]:
    """Figures of a comparison, as a `Delivery` has them."""
    named = {name: getattr(changes, name) for name in ("new", "changed", "unchanged", "back")}
    return named | {"gone": len(changes.gone)}


def _resting(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same rows as inactive ones."""
    for batch in batches:
        place = batch.schema.get_field_index("active")
        yield batch.set_column(place, batch.schema.field(place), pa.array(np.zeros(batch.num_rows, bool)))
