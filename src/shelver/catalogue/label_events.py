"""What people said about products: events that are only ever added; undo is an event too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from shelver.catalogue.database import name_of, reading, writing
from shelver.catalogue.origins import HUMAN, LOOK_ALIKE, WAYS
from shelver.catalogue.tables import categories, label_events
from shelver.errors import CatalogueError, nearest
from shelver.stage import digest

EXCLUSIVE = "exclusive"
"""The objective whose labels are exclusive categories of the tree."""
NODE = "node"
"""The objective whose labels are any categories: "this product belongs at or below it"."""

CURRENT_SCHEMA = pa.schema(
    [
        ("product_id", pa.string()),
        ("category_id", pa.string()),
        ("person", pa.string()),
        ("how", pa.string()),
        ("event_id", pa.int64()),
        ("source_event", pa.int64()),
    ]
)
HISTORY_SCHEMA = pa.schema(
    [
        ("event_id", pa.int64()),
        ("product_id", pa.string()),
        ("objective", pa.string()),
        ("category_id", pa.string()),
        ("kind", pa.string()),
        ("undoes", pa.int64()),
        ("person", pa.string()),
        ("how", pa.string()),
        ("at", pa.timestamp("us", "UTC")),
        ("batch", pa.string()),
        ("source_event", pa.int64()),
    ]
)
_CHUNK = 10_000  # rows in a statement


@dataclass(frozen=True, slots=True)
class LabelEvent:
    """One assignment of a category to a product.

    Attributes
    ----------
    product_id, category_id : str
        What is said about which product.
    objective : str
        Kind of answer: ``exclusive``, ``node``, or one of the user's own.
    person : str
        Who said it; empty if unknown.
    how : str
        One of `shelver.catalogue.origins.WAYS`.
    at : datetime or None
        When, with a time zone; None: when it is stored.
    batch : str
        Import it belongs to. A batch holds a product at most once per objective: what is there already is not stored
        again, so a repeated import adds nothing. Empty: not part of an import.
    source : int or None
        Event that this one was taken over from; None: said of this very product, or of a cluster.
    """

    product_id: str
    category_id: str
    objective: str = EXCLUSIVE
    person: str = ""
    how: str = HUMAN
    at: datetime | None = None
    batch: str = ""
    source: int | None = None


def add_labels(engine: sa.Engine, events: Iterable[LabelEvent]) -> int:
    """Store assignments in one transaction.

    Returns
    -------
    int
        How many were stored; fewer than given if their batch was stored before.

    Raises
    ------
    CatalogueError
        An event without product; in a way that is not known, or taken over from nothing; with a category that is not an
        exclusive one of the stored tree (for the objective ``exclusive``), or not in it (for ``node``; others are not
        checked). Nothing is stored then.
    """
    insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert
    statement = insert(label_events).on_conflict_do_nothing(index_elements=["batch", "product_id", "objective"])
    now = datetime.now(UTC)
    counted = {"preserve_rowcount": True}
    stored = 0
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":  # the tree must not be replaced between the check and the commit
            connection.execute(sa.text("LOCK TABLE categories IN SHARE MODE"))
        rows = event_rows(connection, events, now)
        while chunk := list(islice(rows, _CHUNK)):
            stored += connection.execute(statement, chunk, execution_options=counted).rowcount
    return stored


def event_rows(connection: sa.Connection, events: Iterable[LabelEvent], now: datetime) -> Iterator[dict[str, Any]]:
    """Rows of the table ``label_events`` for assignments, each checked as `add_labels` says."""
    where = name_of(connection.engine.url)
    tree = connection.execute(sa.select(categories.c.category_id, categories.c.exclusive)).all()
    allowed = {EXCLUSIVE: {row.category_id for row in tree if row.exclusive}, NODE: {row.category_id for row in tree}}
    wanted = {EXCLUSIVE: "the id of an exclusive category of the stored tree", NODE: "the id of one of the stored tree"}
    for event in events:
        if not event.product_id:
            raise CatalogueError("a label without product_id; nothing was stored", where=where)
        if event.how not in WAYS:
            raise CatalogueError(
                f'no label comes about by "{event.how}"; nothing was stored',
                where=where,
                expected=", ".join(sorted(WAYS)),
            )
        if event.how == LOOK_ALIKE and event.source is None:
            what = "a label taken over from a look-alike does not say from which event; nothing was stored"
            raise CatalogueError(what, where=where)
        known = allowed.get(event.objective)
        if known is not None and event.category_id not in known:
            fault = "no category that people can assign" if event.objective == EXCLUSIVE else "no category"
            raise CatalogueError(
                f'"{event.category_id}" is {fault}; nothing was stored',
                where=where,
                expected=wanted[event.objective],
                hint=nearest(event.category_id, known) if known else "no tree is stored yet: save one first",
            )
        yield {
            "product_id": event.product_id,
            "objective": event.objective,
            "category_id": event.category_id,
            "kind": "assign",
            "person": event.person,
            "how": event.how,
            "at": event.at or now,
            "batch": event.batch or None,
            "source_event": event.source,
        }


def undo(engine: sa.Engine, event_id: int, person: str, how: str = HUMAN) -> int:
    """Take an assignment back; the one before it, if any, is current again.

    What was taken over from it stays; see `shelver.catalogue.propagation.undo_with_propagated`.

    Returns
    -------
    int
        Id of the new event.

    Raises
    ------
    CatalogueError
        No such event, not an assignment, or undone before.
    """
    with writing(engine) as connection:
        event = assignment(connection, event_id)
        try:
            with connection.begin_nested():
                key = connection.execute(sa.insert(label_events).values(undo_row(event, person, how)))
        except IntegrityError:  # the index on "undoes" lets only one through
            raise CatalogueError("it was undone before", where=f"label event {event_id}") from None
    return int(key.inserted_primary_key[0]) if key.inserted_primary_key is not None else 0


def assignment(connection: sa.Connection, event_id: int) -> sa.Row[Any]:
    """An event that assigns, undone or not; a `CatalogueError` if there is none."""
    event = connection.execute(sa.select(label_events).where(label_events.c.event_id == event_id)).one_or_none()
    if event is None:
        raise CatalogueError("no such event", where=f"label event {event_id}")
    if event.kind != "assign":
        what = f"it is an {event.kind}, not an assignment"
        raise CatalogueError(what, where=f"label event {event_id}", hint="assign it again")
    return event


def undo_row(event: sa.Row[Any], person: str, how: str) -> dict[str, Any]:
    """Row that takes an assignment back."""
    return {
        "product_id": event.product_id,
        "objective": event.objective,
        "category_id": event.category_id,
        "kind": "undo",
        "undoes": event.event_id,
        "person": person,
        "how": how,
        "at": datetime.now(UTC),
    }


def current_events(objective: str, products: Sequence[str] | None = None) -> sa.Select[tuple[int]]:
    """Query for the ids of the latest assignment of each product (of some, if given) that is not undone."""
    event, undone = label_events.alias("event"), label_events.alias("undone")
    query = (
        sa.select(sa.func.max(event.c.event_id))
        .where(event.c.objective == objective, event.c.kind == "assign")
        .where(~sa.exists().where(undone.c.undoes == event.c.event_id))
        .group_by(event.c.product_id)
    )
    return query if products is None else query.where(event.c.product_id.in_(products))


def current_select(objective: str, products: Sequence[str] | None = None) -> sa.Select[Any]:
    """Query for the latest assignment of each product that is not undone; see `current_labels`."""
    columns = [label_events.c[name] for name in CURRENT_SCHEMA.names]
    latest = current_events(objective, products)
    query = sa.select(*columns).where(label_events.c.event_id.in_(latest)).order_by(label_events.c.event_id)
    if objective in (EXCLUSIVE, NODE):
        there = sa.select(categories.c.category_id)
        query = query.where(
            label_events.c.category_id.in_(there.where(categories.c.exclusive) if objective == EXCLUSIVE else there)
        )
    return query


def current_labels(engine: sa.Engine, objective: str = EXCLUSIVE) -> pa.Table:
    """Latest assignment of each product that is not undone.

    For the objectives ``exclusive`` and ``node``, products whose latest label names a category that was dropped from
    the tree by force are left out.

    Returns
    -------
    pyarrow.Table
        `CURRENT_SCHEMA`, one row per product, in the order of event ids.
    """
    with reading(engine) as connection:
        return _table(connection.execute(current_select(objective)), CURRENT_SCHEMA)


def label_history(engine: sa.Engine, product_id: str | None = None) -> pa.Table:
    """All events, or those of one product, oldest first (`HISTORY_SCHEMA`)."""
    query = sa.select(*(label_events.c[name] for name in HISTORY_SCHEMA.names)).order_by(label_events.c.event_id)
    if product_id is not None:
        query = query.where(label_events.c.product_id == product_id)
    with reading(engine) as connection:
        return _table(connection.execute(query), HISTORY_SCHEMA)


def _table(result: sa.Result[Any], schema: pa.Schema) -> pa.Table:
    batches = []
    for rows in result.partitions(_CHUNK):
        columns = list(zip(*rows, strict=True))
        arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
        batches.append(pa.record_batch(arrays, schema=schema))
    return pa.Table.from_batches(batches, schema)


def label_revision(engine: sa.Engine) -> str:
    """Short text that changes whenever events are added: largest id, number of events, hash of the last one.

    The number matters on PostgreSQL, where a transaction with smaller ids may be committed later.
    """
    columns = [label_events.c[name] for name in ("product_id", "objective", "category_id", "kind", "person")]
    with reading(engine) as connection:
        largest, count = connection.execute(sa.select(sa.func.max(label_events.c.event_id), sa.func.count())).one()
        last = connection.execute(sa.select(*columns).where(label_events.c.event_id == largest)).one_or_none()
    return f"{largest or 0}-{count}-{digest(list(last) if last else [])[:8]}"
