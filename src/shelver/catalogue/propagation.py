"""Labels taken over from other labels: confirmed together, traced to their source, taken back with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from shelver.catalogue.database import reading, writing
from shelver.catalogue.label_events import (
    EXCLUSIVE,
    LabelEvent,
    assignment,
    current_events,
    current_select,
    event_rows,
    undo_row,
)
from shelver.catalogue.origins import CLUSTER, HUMAN, LOOK_ALIKE, is_human
from shelver.catalogue.tables import label_events
from shelver.errors import CatalogueError

PROPAGATED_SCHEMA = pa.schema(
    [
        ("event_id", pa.int64()),
        ("product_id", pa.string()),
        ("objective", pa.string()),
        ("category_id", pa.string()),
        ("how", pa.string()),
        ("source_event", pa.int64()),
        ("source_product", pa.string()),
        ("source_how", pa.string()),
    ]
)
_CHUNK = 500
"""Products in a statement; SQLite before 3.32 takes 999 parameters at most."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What became of products that were to be labelled together.

    Attributes
    ----------
    events : tuple of int
        New events, one a product, in the order of the products.
    skipped : tuple of str
        Products that have a label of their own by now; they keep it.
    """

    events: tuple[int, ...]
    skipped: tuple[str, ...]


def confirm(engine: sa.Engine, event_id: int, product_ids: Iterable[str], person: str) -> Confirmed:
    """Give products the label of another, in one transaction.

    A product that has a label keeps it, so two people who confirm at once store each product once. Only where its label
    was taken over from an earlier one of the same product, it follows the correction.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        The database.
    event_id : int
        The label that is taken over: one that a person gave, and the current one of its product.
    product_ids : iterable of str
        Products that look the same.
    person : str
        Who confirmed.

    Raises
    ------
    CatalogueError
        There is no such label, it is not current any more, or it was itself taken over. Nothing is stored then.
    """
    with _alone(engine) as connection:
        source = assignment(connection, event_id)
        where = f"label event {event_id}"
        current = _labelled(connection, source.objective, [source.product_id]).get(source.product_id)
        if not is_human(source.how):
            hint = "look at this very product and label it, then take that label over"
            raise CatalogueError("it was itself taken over from another product", where=where, hint=hint)
        if current != event_id:
            what = "it was undone" if current is None else f"the product has a newer label: event {current}"
            raise CatalogueError(what, where=where, hint="take the current label of the product over")
        wanted = [product for product in dict.fromkeys(product_ids) if product != source.product_id]
        taken = _labelled(connection, source.objective, wanted)
        follows = _followers(connection, source)
        skipped = tuple(product for product in wanted if product in taken and taken[product] not in follows)
        chosen = set(wanted) - set(skipped)
        events = [
            LabelEvent(product, source.category_id, source.objective, person, LOOK_ALIKE, source=event_id)
            for product in wanted
            if product in chosen
        ]
        return Confirmed(tuple(_stored(connection, events)), skipped)


def label_cluster(
    engine: sa.Engine, product_ids: Sequence[str], category_id: str, person: str, objective: str = EXCLUSIVE
) -> Confirmed:
    """Give all products of a cluster one label, in one transaction; those that have a label keep it.

    The first of them, the most typical, carries the label that all others name as their source.

    Raises
    ------
    CatalogueError
        As `add_labels`. Nothing is stored then.
    """
    with _alone(engine) as connection:
        taken = _labelled(connection, objective, product_ids)
        skipped = tuple(product for product in dict.fromkeys(product_ids) if product in taken)
        free = [product for product in dict.fromkeys(product_ids) if product not in taken]
        if not free:
            return Confirmed((), skipped)
        (anchor,) = _stored(connection, [LabelEvent(free[0], category_id, objective, person, CLUSTER)])
        rest = [LabelEvent(product, category_id, objective, person, CLUSTER, source=anchor) for product in free[1:]]
        return Confirmed((anchor, *_stored(connection, rest)), skipped)


def undo_with_propagated(engine: sa.Engine, event_id: int, person: str, how: str = HUMAN) -> list[int]:
    """Take an assignment back with all that was taken over from it, each by an event of its own.

    If it was undone before, what was taken over from it is undone all the same.

    Returns
    -------
    list of int
        Ids of the new events, that of the assignment itself first.

    Raises
    ------
    CatalogueError
        No such event, not an assignment, or nothing of it is left to undo.
    """
    either = (label_events.c.event_id == event_id) | (label_events.c.source_event == event_id)
    return _undo_all(engine, event_id, either, "it was undone before", person, how)


def undo_propagated(engine: sa.Engine, event_id: int, person: str, how: str = HUMAN) -> list[int]:
    """Take back all that was taken over from an assignment, each by an event of its own; the assignment itself stays.

    Returns
    -------
    list of int
        Ids of the new events.

    Raises
    ------
    CatalogueError
        No such event, not an assignment, or nothing that was taken over from it is left.
    """
    copies = label_events.c.source_event == event_id
    return _undo_all(engine, event_id, copies, "no label that was taken over from it is left", person, how)


def _undo_all(
    engine: sa.Engine, event_id: int, which: sa.ColumnElement[bool], none: str, person: str, how: str
) -> list[int]:
    with _alone(engine) as connection:
        assignment(connection, event_id)  # raises
        undone = label_events.alias("undone")
        live = ~sa.exists().where(undone.c.undoes == label_events.c.event_id)
        found = connection.execute(
            sa.select(label_events)
            .where(live, label_events.c.kind == "assign", which)
            .order_by(label_events.c.event_id)
        ).all()
        if not found:
            raise CatalogueError(none, where=f"label event {event_id}")
        return _inserted(connection, (undo_row(event, person, how) for event in found))


def propagated_labels(engine: sa.Engine, objective: str = EXCLUSIVE, event_id: int | None = None) -> pa.Table:
    """Current labels that were taken over, with the product they come from; those of one source event if one is given.

    Returns
    -------
    pyarrow.Table
        `PROPAGATED_SCHEMA`, in the order of event ids.
    """
    own, source = label_events.alias("own"), label_events.alias("source")
    query = (
        sa.select(
            own.c.event_id, own.c.product_id, own.c.objective, own.c.category_id, own.c.how, own.c.source_event,
            source.c.product_id, source.c.how,
        )
        .join(source, source.c.event_id == own.c.source_event)
        .where(own.c.event_id.in_(current_events(objective)))
        .order_by(own.c.event_id)
    )  # fmt: skip
    if event_id is not None:
        query = query.where(own.c.source_event == event_id)
    with reading(engine) as connection:
        rows = connection.execute(query).all()
    columns = list(zip(*rows, strict=True)) or [()] * len(PROPAGATED_SCHEMA)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, PROPAGATED_SCHEMA, strict=True)]
    return pa.Table.from_arrays(arrays, schema=PROPAGATED_SCHEMA)


def refused_look_alikes(engine: sa.Engine, event_id: int) -> set[str]:
    """Products that got the same label from the same product, from which alone it was then taken back."""
    own, source, undone, both = (label_events.alias(name) for name in ("own", "source", "undone", "both"))
    query = (
        sa.select(own.c.product_id)
        .join(source, source.c.event_id == own.c.source_event)
        .join(undone, undone.c.undoes == own.c.event_id)
        .where(~sa.exists().where(both.c.undoes == source.c.event_id))
    )
    with reading(engine) as connection:
        event = assignment(connection, event_id)
        same = (own.c[name] == event._mapping[name] for name in ("objective", "category_id"))
        return set(connection.scalars(query.where(source.c.product_id == event.product_id, *same)))


@contextmanager
def _alone(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction in which no other adds labels between a look and a write."""
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":  # SQLite has one writer anyway
            connection.execute(sa.text("LOCK TABLE categories IN SHARE MODE"))
            connection.execute(sa.text("LOCK TABLE label_events IN SHARE ROW EXCLUSIVE MODE"))
        yield connection


def _labelled(connection: sa.Connection, objective: str, products: Sequence[str]) -> dict[str, int]:
    """Current event of those products that have a label."""
    found: dict[str, int] = {}
    for start in range(0, len(products), _CHUNK):
        rows = connection.execute(current_select(objective, products[start : start + _CHUNK]))
        found.update({row.product_id: row.event_id for row in rows})
    return found


def _followers(connection: sa.Connection, source: sa.Row[Any]) -> set[int]:
    """Events that were taken over from earlier labels of the same product."""
    earlier = sa.select(label_events.c.event_id).where(
        label_events.c.product_id == source.product_id, label_events.c.objective == source.objective,
        label_events.c.kind == "assign", label_events.c.event_id != source.event_id,
    )  # fmt: skip
    return set(connection.scalars(sa.select(label_events.c.event_id).where(label_events.c.source_event.in_(earlier))))


def _stored(connection: sa.Connection, events: Iterable[LabelEvent]) -> list[int]:
    return _inserted(connection, event_rows(connection, events, datetime.now(UTC)))


def _inserted(connection: sa.Connection, rows: Iterator[dict[str, Any]]) -> list[int]:
    """Ids of new events, in the order of the rows."""
    statement = sa.insert(label_events).returning(label_events.c.event_id, sort_by_parameter_order=True)
    found: list[int] = []
    while chunk := list(islice(rows, _CHUNK)):
        found += connection.execute(statement, chunk).scalars()
    return found
