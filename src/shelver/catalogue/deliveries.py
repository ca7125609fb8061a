"""What was delivered by feeds: which file, with which content, and what became of its rows."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime

import sqlalchemy as sa

from shelver.catalogue.database import reading, writing
from shelver.catalogue.tables import deliveries


@dataclass(frozen=True, slots=True)
class Delivery:
    """One file of a feed, as it was read.

    Attributes
    ----------
    feed, path : str
        Name of the feed and the file.
    content_hash : str
        Hash of the file's bytes.
    rows, products, rejected : int
        Rows read, rows that became products, rows refused.
    at : datetime
        When, UTC.
    """

    feed: str
    path: str
    content_hash: str
    rows: int
    products: int
    rejected: int
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


_COLUMNS = [deliveries.c[item.name] for item in fields(Delivery)]


def record_delivery(engine: sa.Engine, delivery: Delivery) -> None:
    """Note that a file was read."""
    with writing(engine) as connection:
        connection.execute(sa.insert(deliveries).values(asdict(delivery)))


def last_delivery(engine: sa.Engine, feed: str, path: str) -> Delivery | None:
    """Give the last delivery of a file, or None if it was never read."""
    query = sa.select(*_COLUMNS).where(deliveries.c.feed == feed, deliveries.c.path == path)
    with reading(engine) as connection:
        row = connection.execute(query.order_by(deliveries.c.delivery_id.desc()).limit(1)).one_or_none()
    return Delivery(*row) if row else None


def all_deliveries(engine: sa.Engine, feed: str | None = None) -> list[Delivery]:
    """All deliveries, or those of one feed, oldest first."""
    query = sa.select(*_COLUMNS).order_by(deliveries.c.delivery_id)
    if feed is not None:
        query = query.where(deliveries.c.feed == feed)
    with reading(engine) as connection:
        return [Delivery(*row) for row in connection.execute(query)]
