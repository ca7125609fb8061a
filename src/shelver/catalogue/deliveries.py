"""What was delivered by feeds, and what became of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime

import sqlalchemy as sa

from shelver.catalogue.database import reading, writing
from shelver.catalogue.tables import deliveries

ACCEPTED, HELD, REFUSED, FORGOTTEN = "accepted", "held", "refused", "forgotten"
"""How a delivery ended: taken; held back until a person confirms it; too bad to be taken; the feed was given up."""

WRITING, INTERRUPTED = "writing", "interrupted"
"""It is being written (or a kill hid how it ended, until the next ingest); a kill came before it was taken."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery of a feed: all its files, as they were read together.

    Attributes
    ----------
    feed, path : str
        Name of the feed; its file or pattern, as in the settings.
    digest : str
        Hash of its files and settings: two deliveries with the same one are the same.
    rows, products, rejected : int
        Rows read, rows that became products, rows that did not.
    status : str
        `ACCEPTED`, `HELD`, `REFUSED`, `FORGOTTEN`, `WRITING` or `INTERRUPTED`.
    reason : str
        Why it was held back or refused; of one that was taken, what a person should look at, such as an empty file.
    new, changed, unchanged, gone, back : int, optional
        Products that were not known, that have other content, that are as they were, that were active and are no
        longer delivered, and that were inactive and are delivered again. `products` is the sum of all but those gone.
        None where it is not known.
    files : tuple of str
        Its files.
    reasons : dict of str to int
        Kind of reason → rows rejected for it.
    columns : dict of str to list of str
        Product field → columns that it was read from.
    filled : dict of str to int
        Product field → products that have a value.
    started, finished : datetime
        When, UTC.
    delivery_id : int
        Its number; 0 if it is not stored yet.
    """

    feed: str
    path: str
    digest: str
    rows: int = 0
    products: int = 0
    rejected: int = 0
    status: str = ACCEPTED
    reason: str = ""
    new: int | None = None
    changed: int | None = None
    unchanged: int | None = None
    gone: int | None = None
    back: int | None = None
    files: tuple[str, ...] = ()
    reasons: dict[str, int] = field(default_factory=dict)
    columns: dict[str, list[str]] = field(default_factory=dict)
    filled: dict[str, int] = field(default_factory=dict)
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    finished: datetime = field(default_factory=lambda: datetime.now(UTC))
    delivery_id: int = 0

    def same_end(self, other: Delivery | None) -> bool:
        """Did another delivery of the same files end alike? Then it need not be noted again."""
        return other is not None and (self.feed, self.digest, self.status, self.reason) == (
            other.feed, other.digest, other.status, other.reason,
        )  # fmt: skip


_COLUMNS = [deliveries.c[item.name] for item in fields(Delivery)]


def record_delivery(engine: sa.Engine, delivery: Delivery) -> int:
    """Note a delivery; gives its number."""
    values = asdict(delivery) | {"files": list(delivery.files)}
    del values["delivery_id"]
    with writing(engine) as connection:
        found = connection.execute(sa.insert(deliveries).values(values)).inserted_primary_key
    return int(found[0]) if found else 0


def settle_delivery(engine: sa.Engine, delivery_id: int, status: str) -> None:
    """Say how a delivery that was being written ended."""
    change = sa.update(deliveries).where(deliveries.c.delivery_id == delivery_id)
    with writing(engine) as connection:
        connection.execute(change.values(status=status))


def last_delivery(engine: sa.Engine, feed: str) -> Delivery | None:
    """Give the last delivery of a feed, or None if there was none."""
    query = sa.select(*_COLUMNS).where(deliveries.c.feed == feed)
    with reading(engine) as connection:
        row = connection.execute(query.order_by(deliveries.c.delivery_id.desc()).limit(1)).one_or_none()
    return _delivery(row) if row else None


def all_deliveries(engine: sa.Engine, feed: str | None = None) -> list[Delivery]:
    """All deliveries, or those of one feed, oldest first."""
    query = sa.select(*_COLUMNS).order_by(deliveries.c.delivery_id)
    if feed is not None:
        query = query.where(deliveries.c.feed == feed)
    with reading(engine) as connection:
        return [_delivery(row) for row in connection.execute(query)]


def _delivery(row: sa.Row[tuple[object, ...]]) -> Delivery:
    """A row as a delivery; of one before version 0003 much is not known."""
    values = dict(row._mapping)
    values["files"] = tuple(values["files"] or ())
    for name in ("reasons", "columns", "filled"):
        values[name] = values[name] or {}
    values["started"] = values["started"] or values["finished"]
    return Delivery(**values)
