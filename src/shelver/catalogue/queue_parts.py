"""Conditions that the statements of the queue share, and its transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import sqlalchemy as sa

from shelver.catalogue.database import writing
from shelver.catalogue.label_events import EXCLUSIVE, NODE
from shelver.catalogue.origins import PROPAGATED
from shelver.catalogue.queue_items import RANDOM
from shelver.catalogue.tables import categories, label_events, leases, questions, replies

PASSES = 2
"""People who skip a question or are not sure, after whom it is put aside."""

_LOCK_KEY = 0x5E17E6  # PostgreSQL advisory lock, any constant but that of migrate.py


@contextmanager
def changing_queue(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open a transaction that alone changes the queue; others wait for it (a few milliseconds).

    SQLite lets one writer in at a time. PostgreSQL does not, and rows locked with ``SKIP LOCKED`` would not tell of
    leases that another transaction has just inserted; so there, too, one writer of the queue goes after the other.
    """
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
        yield connection


def live(reply: sa.FromClause) -> sa.ColumnElement[bool]:
    """The reply says something, and was not taken back."""
    undone = replies.alias()
    return sa.and_(reply.c.kind != "undo", ~sa.exists().where(undone.c.undoes == reply.c.reply_id))


def undone_elsewhere(reply: sa.FromClause) -> sa.Exists:
    """The label of the reply was taken back as a label event, not in the queue."""
    undone = label_events.alias()
    return sa.exists().where(undone.c.undoes == reply.c.event_id)


def current(event: sa.FromClause) -> sa.ColumnElement[bool]:
    """The label event assigns something, and was not taken back."""
    undone = label_events.alias()
    return sa.and_(event.c.kind == "assign", ~sa.exists().where(undone.c.undoes == event.c.event_id))


def counts() -> sa.ColumnElement[bool]:
    """The label event is current, and its category was not dropped from the tree by force."""
    there = sa.exists().where(
        categories.c.category_id == label_events.c.category_id,
        sa.or_(categories.c.exclusive, label_events.c.objective == NODE),
    )
    return sa.and_(current(label_events), sa.or_(label_events.c.objective.not_in((EXCLUSIVE, NODE)), there))


def labelled() -> sa.Exists:
    """The product of the question has a label that may answer it, whoever gave it; add conditions with ``where``.

    A label that was taken over answers no random question: what is measured with is what people looked at.
    """
    return sa.exists().where(
        label_events.c.product_id == questions.c.product_id,
        label_events.c.objective == questions.c.objective,
        label_events.c.event_id > questions.c.after_event,
        sa.or_(questions.c.chosen_by != RANDOM, label_events.c.how.not_in(PROPAGATED)),
        counts(),
    )


def last_event(connection: sa.Connection) -> int:
    """Number of the newest label event; 0 before the first."""
    return connection.execute(sa.select(sa.func.max(label_events.c.event_id))).scalar_one() or 0


def held(now: datetime) -> sa.ColumnElement[bool]:
    """The lease has not run out."""
    return leases.c.until > now


def count_of(connection: sa.Connection, source: sa.FromClause, *conditions: sa.ColumnElement[bool]) -> int:
    """Number of rows that meet all conditions."""
    return int(connection.execute(sa.select(sa.func.count()).select_from(source).where(*conditions)).scalar_one())


def settle(connection: sa.Connection, question_id: int) -> str:
    """Bring the state of a question up to date with its replies; gives the state.

    A question that was withdrawn stays so unless it has its answers; one whose product is asked about by another open
    question is withdrawn rather than opened again.
    """
    question = connection.execute(sa.select(questions).where(questions.c.question_id == question_id)).one()
    mine = sa.and_(replies.c.question_id == question_id, live(replies))
    labels = count_of(connection, replies, mine, replies.c.kind == "label")
    passes = count_of(connection, replies, mine, replies.c.kind != "label")
    other = questions.alias()
    twin = sa.and_(
        other.c.product_id == question.product_id,
        other.c.objective == question.objective,
        other.c.state == "open",
        other.c.question_id != question_id,
    )
    if labels >= question.wanted:
        state = "done"
    elif question.state == "withdrawn" or count_of(connection, other, twin):
        state = "withdrawn"
    else:
        state = "aside" if passes >= PASSES else "open"
    if state != question.state:
        connection.execute(sa.update(questions).where(questions.c.question_id == question_id).values(state=state))
    return state
