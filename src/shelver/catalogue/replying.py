"""Answers: a reply and its label are stored in one transaction, once, however often they are sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa

from shelver.catalogue.database import name_of
from shelver.catalogue.label_events import LabelEvent, event_rows, undo_row
from shelver.catalogue.leasing import as_question, room
from shelver.catalogue.origins import HUMAN, REVIEW
from shelver.catalogue.queue_items import Question, Reply, ReplyKind, State, TakenError
from shelver.catalogue.queue_parts import changing_queue, count_of, current, held, live, settle
from shelver.catalogue.tables import label_events, leases, questions, replies
from shelver.errors import CatalogueError


@dataclass(frozen=True, slots=True)
class Said:
    """What a person said to a question.

    Attributes
    ----------
    kind : str
        ``label``, ``skip`` or ``unsure``.
    category_id : str
        The label; empty for the other kinds.
    seconds : float or None
        Time the person took.
    how : str
        See `LabelEvent`; empty: ``review`` for a label that is looked at again, else ``human``.
    """

    kind: ReplyKind
    category_id: str = ""
    seconds: float | None = None
    how: str = ""


def reply(engine: sa.Engine, question_id: int, person: str, said: Said, token: str) -> Reply:
    """Store what a person said; when this returns, it is on the disk.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        The database.
    question_id : int
        Which question.
    person : str
        Who answers.
    said : Said
        The answer.
    token : str
        Made by the caller, new for each answer: an answer that is sent again, because its acknowledgement was lost, is
        known by it and not stored again.

    Raises
    ------
    TakenError
        The lease ran out, and by now others answer or have answered it; or this person has, from elsewhere.
    CatalogueError
        No such question, a category that cannot be assigned, or a token of another answer. Nothing is stored then.
    """
    now = datetime.now(UTC)
    with changing_queue(engine) as connection:
        if before := _stored(connection, token):
            _check_same(before, question_id, person, said.kind, said.category_id)
            return Reply(before.reply_id, question_id, before.event_id, before.state, repeated=True)
        question = _question(connection, question_id)
        _check_free(connection, question, person, now)
        event_id = None
        if said.kind == "label":
            event_id = _add_label(connection, question, said, person, now)
        row = {"question_id": question_id, "person": person, "kind": said.kind, "event_id": event_id}
        reply_id = _insert(connection, replies, row | {"seconds": said.seconds, "at": now, "token": token})
        _drop_lease(connection, question_id, person)
        return Reply(reply_id, question_id, event_id, cast(State, settle(connection, question_id)))


def undo_last(engine: sa.Engine, objective: str, person: str, token: str, seconds: float) -> tuple[Question, str]:
    """Take back the last reply of a person, with its label; the question is theirs again, unless others have it by now.

    Parameters
    ----------
    seconds : float
        How long the question is this person's own, from now.
    token
        As for `reply`: an undo that is sent again undoes nothing more.

    Returns
    -------
    question : Question
        The question, held by this person, unless nobody wants it any more or others hold it.
    kind : str
        What was taken back: ``label``, ``skip`` or ``unsure``.

    Notes
    -----
    What was taken over from the label by other products goes with it.

    Raises
    ------
    CatalogueError
        There is nothing to take back, or the token is that of another answer.
    """
    now = datetime.now(UTC)
    until = now + timedelta(seconds=seconds)
    with changing_queue(engine) as connection:
        if connection.dialect.name == "postgresql":  # nothing may be taken over from the label, or undo it, meanwhile
            connection.execute(sa.text("LOCK TABLE label_events IN SHARE ROW EXCLUSIVE MODE"))
        if before := _stored(connection, token):
            _check_same(before, before.question_id, person, "undo", "")
            undone = connection.execute(sa.select(replies).where(replies.c.reply_id == before.undoes)).one()
            return as_question(_question(connection, before.question_id), until), undone.kind
        last = connection.execute(
            sa.select(replies)
            .join(questions, questions.c.question_id == replies.c.question_id)
            .where(replies.c.person == person, questions.c.objective == objective, live(replies))
            .order_by(replies.c.reply_id.desc())
            .limit(1)
        ).one_or_none()
        if last is None:
            raise CatalogueError(f'"{person}" has no answer to take back', where=name_of(engine.url))
        event_id = _undo_label(connection, last.event_id, person) if last.event_id else None
        row = {"question_id": last.question_id, "person": person, "kind": "undo", "event_id": event_id}
        _insert(connection, replies, row | {"undoes": last.reply_id, "at": now, "token": token})
        connection.execute(
            sa.update(questions).where(questions.c.question_id == last.question_id).values(state="done")
        )  # whatever it was: `settle` finds out what it is now
        _drop_lease(connection, last.question_id, person)
        connection.execute(sa.delete(leases).where(leases.c.question_id == last.question_id, ~held(now)))
        free = questions.c.question_id == last.question_id, room(person)
        if settle(connection, last.question_id) in ("open", "aside") and count_of(connection, questions, *free):
            lease = {"question_id": last.question_id, "person": person, "until": until}
            connection.execute(sa.insert(leases).values(lease))
        return as_question(_question(connection, last.question_id), until), last.kind


def _stored(connection: sa.Connection, token: str) -> sa.Row[Any] | None:
    if not token:
        raise CatalogueError("an answer without a token", expected="a text that no other answer has, such as a UUID")
    return connection.execute(
        sa.select(replies, questions.c.state, label_events.c.category_id)
        .join(questions, questions.c.question_id == replies.c.question_id)
        .outerjoin(label_events, label_events.c.event_id == replies.c.event_id)
        .where(replies.c.token == token)
    ).one_or_none()


def _check_same(before: sa.Row[Any], question_id: int, person: str, kind: str, category_id: str) -> None:
    label = before.category_id if before.kind == "label" else ""
    if (before.question_id, before.person, before.kind, label) != (question_id, person, kind, category_id):
        raise CatalogueError(
            f'the token "{before.token}" is that of another answer ({before.kind} by "{before.person}", question '
            f"{before.question_id}); nothing was stored",
            expected="a new token for each answer",
        )


def _question(connection: sa.Connection, question_id: int) -> sa.Row[Any]:
    found = connection.execute(sa.select(questions).where(questions.c.question_id == question_id)).one_or_none()
    if found is None:
        raise CatalogueError(f"there is no question {question_id}", where=name_of(connection.engine.url))
    return found


def _check_free(connection: sa.Connection, question: sa.Row[Any], person: str, now: datetime) -> None:
    """Refuse a second answer of the same person, and one more answer than wanted."""
    where = f"question {question.question_id}"
    mine = sa.and_(replies.c.question_id == question.question_id, live(replies))
    if count_of(connection, replies, mine, replies.c.person == person):
        raise TakenError(
            f'"{person}" has answered it before; nothing was stored', where=where, hint="to change it, undo it first"
        )
    answered = count_of(connection, replies, mine, replies.c.kind == "label")
    others = sa.and_(leases.c.question_id == question.question_id, leases.c.person != person, held(now))
    if answered + count_of(connection, leases, others) >= question.wanted:
        raise TakenError(
            "others answer it or have answered it by now; nothing was stored",
            where=where,
            hint="go on with the next question; a larger labelling.lease gives more time",
        )


def _add_label(connection: sa.Connection, question: sa.Row[Any], said: Said, person: str, now: datetime) -> int:
    if connection.dialect.name == "postgresql":  # the tree must not be replaced between the check and the commit
        connection.execute(sa.text("LOCK TABLE categories IN SHARE MODE"))
    if not said.category_id:
        raise CatalogueError("a label without a category; nothing was stored", where=f"question {question.question_id}")
    how = said.how or (REVIEW if question.chosen_by == REVIEW else HUMAN)
    event = LabelEvent(question.product_id, said.category_id, question.objective, person, how)
    return _insert(connection, label_events, next(event_rows(connection, [event], now)))


def _undo_label(connection: sa.Connection, event_id: int, person: str) -> int | None:
    """Take a label event back, with all that was taken over from it; None if it was undone before."""
    wanted = (label_events.c.event_id == event_id) | (label_events.c.source_event == event_id)
    found = connection.execute(sa.select(label_events).where(wanted, current(label_events))).all()
    undone = {event.event_id: _insert(connection, label_events, undo_row(event, person, HUMAN)) for event in found}
    return undone.get(event_id)


def _drop_lease(connection: sa.Connection, question_id: int, person: str) -> None:
    connection.execute(sa.delete(leases).where(leases.c.question_id == question_id, leases.c.person == person))


def _insert(connection: sa.Connection, table: sa.Table, row: dict[str, Any]) -> int:
    key = connection.execute(sa.insert(table).values(row)).inserted_primary_key
    assert key is not None  # noqa: S101 (SQLAlchemy gives it for every single row)
    return int(key[0])
