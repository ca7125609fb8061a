"""Looking at the queue: how full it is, who does what, what people passed on, how good the guesses were."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from shelver.catalogue.database import reading
from shelver.catalogue.label_events import EXCLUSIVE
from shelver.catalogue.queue_items import Passed, PersonCount, QueueCount
from shelver.catalogue.queue_parts import held, labelled, live
from shelver.catalogue.rounds import labels_since, newest_round
from shelver.catalogue.tables import label_events, leases, questions, replies

ANSWERS_SCHEMA = pa.schema(
    [
        ("reply_id", pa.int64()),
        ("question_id", pa.int64()),
        ("product_id", pa.string()),
        ("person", pa.string()),
        ("kind", pa.string()),
        ("category_id", pa.string()),
        ("event_id", pa.int64()),
        ("chosen_by", pa.string()),
        ("round", pa.int64()),
        ("guess", pa.list_(pa.struct([("category_id", pa.string()), ("probability", pa.float64())]))),
        ("wanted", pa.int64()),
        ("seconds", pa.float64()),
        ("at", pa.timestamp("us", "UTC")),
    ]
)


def count(engine: sa.Engine, objective: str = EXCLUSIVE) -> QueueCount:
    """How full the queue is, and who does what."""
    now = datetime.now(UTC)
    ours = questions.c.objective == objective
    is_open = questions.c.state == "open"
    number = sa.func.count()
    with reading(engine) as connection:
        states = connection.execute(sa.select(questions.c.state, number).where(ours).group_by(questions.c.state)).all()
        by = sa.select(questions.c.chosen_by, number).where(ours, is_open).group_by(questions.c.chosen_by)
        open_by = connection.execute(by.order_by(questions.c.chosen_by)).all()
        joined = leases.join(questions, questions.c.question_id == leases.c.question_id)
        holds = connection.execute(
            sa.select(leases.c.person, number).select_from(joined).where(ours, held(now)).group_by(leases.c.person)
        ).all()
        leased = sa.select(sa.func.count(leases.c.question_id.distinct())).select_from(joined).where(ours, held(now))
        said = connection.execute(
            sa.select(replies.c.person, replies.c.kind, number)
            .join(questions, questions.c.question_id == replies.c.question_id)
            .where(ours, live(replies))
            .group_by(replies.c.person, replies.c.kind)
        ).all()
        newest = newest_round(connection, objective)
        new = labels_since(connection, objective, newest.last_event if newest else 0)
        held_now = int(connection.execute(leased.where(is_open)).scalar_one())
    people: dict[str, dict[str, int]] = defaultdict(dict)
    for person, kind, times in said:
        people[person][{"label": "labels", "skip": "skips"}.get(kind, kind)] = times
    for person, times in holds:
        people[person]["leased"] = times
    counts = tuple(PersonCount(person, **people[person]) for person in sorted(people))
    return QueueCount(_counts(states), _counts(open_by), held_now, counts, newest, new)


def passed(engine: sa.Engine, objective: str = EXCLUSIVE) -> list[Passed]:
    """Questions that people skipped or were not sure about and that have no answer yet, those put aside first."""
    waiting = questions.c.state.in_(("open", "aside", "withdrawn"))
    query = (
        sa.select(questions, replies.c.person, replies.c.kind)
        .join(replies, replies.c.question_id == questions.c.question_id)
        .where(questions.c.objective == objective, waiting, replies.c.kind.in_(("skip", "unsure")), live(replies))
        .where(~labelled())
        .order_by(sa.case((questions.c.state == "aside", 0), else_=1), questions.c.question_id, replies.c.reply_id)
    )
    with reading(engine) as connection:
        rows = connection.execute(query).all()
    found: dict[int, tuple[sa.Row[tuple[object, ...]], dict[str, list[str]]]] = {}
    for row in rows:
        found.setdefault(row.question_id, (row, {"skip": [], "unsure": []}))[1][row.kind].append(row.person)
    return [
        Passed(number, row.product_id, row.state, tuple(who["skip"]), tuple(who["unsure"]))
        for number, (row, who) in found.items()
    ]


def answers(engine: sa.Engine, objective: str = EXCLUSIVE) -> pa.Table:
    """Replies that were not taken back, oldest first, each with what was guessed when it was asked.

    Returns
    -------
    pyarrow.Table
        `ANSWERS_SCHEMA`; category_id and event_id are null where a person passed.
    """
    query = (
        sa.select(
            replies.c.reply_id, questions.c.question_id, questions.c.product_id, replies.c.person, replies.c.kind,
            label_events.c.category_id, replies.c.event_id, questions.c.chosen_by, questions.c.round,
            questions.c.guess, questions.c.wanted, replies.c.seconds, replies.c.at,
        )
        .join(questions, questions.c.question_id == replies.c.question_id)
        .outerjoin(label_events, label_events.c.event_id == replies.c.event_id)
        .where(questions.c.objective == objective, live(replies))
        .order_by(replies.c.reply_id)
    )  # fmt: skip
    with reading(engine) as connection:
        rows = connection.execute(query).all()
    columns = {name: [row._mapping[name] for row in rows] for name in ANSWERS_SCHEMA.names}
    columns["guess"] = [
        [{"category_id": name, "probability": value} for name, value in guess] for guess in columns["guess"]
    ]
    return pa.table(columns, schema=ANSWERS_SCHEMA)


def any_free(engine: sa.Engine, objective: str = EXCLUSIVE) -> bool:
    """Is there an open question that nobody holds or has replied to, about a product without a label?"""
    number = questions.c.question_id
    leased = sa.exists().where(leases.c.question_id == number, held(datetime.now(UTC)))
    begun = sa.exists().where(replies.c.question_id == number, live(replies))
    free = questions.c.objective == objective, questions.c.state == "open", ~leased, ~begun, ~labelled()
    with reading(engine) as connection:
        return connection.execute(sa.select(questions.c.question_id).where(*free).limit(1)).first() is not None


def asked(engine: sa.Engine, objective: str = EXCLUSIVE) -> set[str]:
    """Products that a new round has to leave out: their question is put aside, by hand, held or replied to."""
    now = datetime.now(UTC)
    number = questions.c.question_id
    begun = sa.or_(
        questions.c.state == "aside",
        questions.c.round.is_(None),
        sa.exists().where(leases.c.question_id == number, held(now)),
        sa.exists().where(replies.c.question_id == number, live(replies)),
    )
    query = sa.select(questions.c.product_id).where(
        questions.c.objective == objective, questions.c.state.in_(("open", "aside")), begun
    )
    with reading(engine) as connection:
        return set(connection.scalars(query))


def _counts(rows: Iterable[Any]) -> dict[str, int]:
    return {name: number for name, number in rows}  # noqa: C416 (rows are no tuples to mypy)
