"""Forget products that have been gone for long, where a feed's settings ask for it; never what people labelled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from shelver.pipeline.base import Base
from shelver.stage import digest

SCHEMA = pa.schema([("product_id", pa.string()), ("source", pa.string()), ("since", pa.timestamp("us", "UTC"))])
"""Columns of the table ``gone``: since when a product is known to be gone from its feed."""


class Forgetting:
    """Which products of a feed that are gone are kept.

    Since when they are gone is noted in the table ``gone``, from the first delivery on that finds ``forget_after`` in
    the settings, to the first that does not. The note is written after the products: if a kill comes between, they are
    kept the longer.

    Parameters
    ----------
    workspace : Base
        The workspace.
    feed : str
        Whose products.
    days : float
        Days after which products that are gone are forgotten; 0: never.
    now : datetime, optional
        When this delivery came, UTC.

    Attributes
    ----------
    forgotten : int
        Products that `kept` left out so far.
    """

    def __init__(self, workspace: Base, feed: str, days: float, now: datetime | None = None) -> None:
        self.forgotten = 0
        self._workspace, self._feed, self._days, self._now = workspace, feed, days, now or datetime.now(UTC)
        self._table = workspace.table("gone")
        self._kept: list[pa.RecordBatch] = []
        if days:
            known = self._known().filter(pc.field("source") == feed).combine_chunks()
            self._ids, self._since = (known[name].combine_chunks() for name in ("product_id", "since"))
            history = workspace.control.label_history()["product_id"].combine_chunks()
            self._labelled = pc.unique(history.cast(pa.string()))

    def _known(self) -> pa.Table:
        return self._table.read(SCHEMA.names) if self._table.exists() else SCHEMA.empty_table()

    def kept(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Products that are gone, without those to be forgotten; one that was active until now is gone since now."""
        for batch in batches:
            if not self._days:
                yield batch
                continue
            ids = batch["product_id"].cast(pa.string())
            now = pa.scalar(self._now, SCHEMA.field("since").type)
            noted = pc.fill_null(self._since.take(pc.index_in(ids, value_set=self._ids)), now)
            since = pc.if_else(pc.fill_null(batch["active"], True), now, noted)
            recent = pc.greater(since, pa.scalar(self._now - timedelta(days=self._days), since.type))
            stay = pc.or_(recent, pc.is_in(ids, value_set=self._labelled))
            source = pa.repeat(pa.scalar(self._feed), len(ids))
            self._kept.append(pa.RecordBatch.from_arrays([ids, source, since], schema=SCHEMA).filter(stay))
            self.forgotten += len(ids) - self._kept[-1].num_rows
            yield batch.filter(stay)

    def note(self) -> None:
        """Write down since when the products that were kept are gone; nothing of a feed that forgets none."""
        own = pa.Table.from_batches(self._kept, SCHEMA)
        others = self._known().filter(pc.field("source") != self._feed)
        rows = pa.concat_tables([others, own]).sort_by([("source", "ascending"), ("product_id", "ascending")])
        if self._table.exists() or rows.num_rows:
            made_of = digest(rows["product_id"].to_pylist(), [str(each) for each in rows["since"].to_pylist()])
            if made_of != self._table.fingerprint():
                self._table.write(rows.to_batches(), SCHEMA, made_of)

    @property
    def told(self) -> str:
        """What was forgotten, for the report; empty if nothing was."""
        if not self.forgotten:
            return ""
        products = "product was" if self.forgotten == 1 else "products were"
        return f"{self.forgotten:,} {products} forgotten: gone for {self._days:g} days or more (forget_after)"
