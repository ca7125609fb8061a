"""Rounds of questions: a new choice takes the place of the old one, but for what people have begun."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from math import isfinite
from typing import Any, TypeVar

import sqlalchemy as sa

from shelver.catalogue.origins import is_human
from shelver.catalogue.queue_items import RANDOM, NewQuestion, Refilled, Round
from shelver.catalogue.queue_parts import changing_queue, count_of, counts, current, held, last_event, live
from shelver.catalogue.tables import label_events, leases, questions, replies, rounds
from shelver.errors import CatalogueError

_CHUNK = 500
"""Products in a statement; SQLite before 3.32 takes 999 parameters at most."""

T = TypeVar("T")


def refill(engine: sa.Engine, objective: str, chosen: Iterable[NewQuestion], made: Round) -> Refilled:
    """Put a new round in the place of the old ones, in one transaction.

    Questions of older rounds that nobody holds and nobody has replied to are withdrawn; those asked by hand stay.
    Products that have a label, or a question that is open or put aside, are left out; a label that was taken over does
    not count for random questions.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        The database.
    objective : str
        What is asked.
    chosen : iterable of NewQuestion
        The new questions, best first.
    made : Round
        How they were chosen; its number and time are given here.
    """
    now = datetime.now(UTC)
    with changing_queue(engine) as connection:
        begun = sa.or_(
            sa.exists().where(leases.c.question_id == questions.c.question_id, held(now)),
            sa.exists().where(replies.c.question_id == questions.c.question_id, live(replies)),
        )
        withdrawn = connection.execute(
            sa.update(questions)
            .where(questions.c.objective == objective, questions.c.state == "open", questions.c.round.is_not(None))
            .where(~begun)
            .values(state="withdrawn")
        ).rowcount
        row = {name: getattr(made, name) for name in ("strategy", "model", "last_event", "seconds")}
        key = connection.execute(sa.insert(rounds).values(objective=objective, at=now, **row)).inserted_primary_key
        number = int(key[0]) if key is not None else 0
        added, left_out = _insert(connection, objective, list(chosen), number, now)
    return Refilled(number, added, withdrawn, left_out)


def add(engine: sa.Engine, objective: str, chosen: Iterable[NewQuestion]) -> int:
    """Ask about products by hand, without a round; gives how many questions are new.

    Products may have labels: somebody is to look again. Those with a question that is open or put aside are left out.
    """
    with changing_queue(engine) as connection:
        return _insert(connection, objective, list(chosen), None, datetime.now(UTC))[0]


def withdraw(engine: sa.Engine, question_ids: Iterable[int]) -> int:
    """Ask some open questions no more, for example because their product is gone; gives how many."""
    done = 0
    with changing_queue(engine) as connection:
        for ids in _chunks(question_ids):
            connection.execute(sa.delete(leases).where(leases.c.question_id.in_(ids)))
            wanted = questions.c.question_id.in_(ids), questions.c.state.in_(("open", "aside"))
            done += connection.execute(sa.update(questions).where(*wanted).values(state="withdrawn")).rowcount
    return done


def newest_round(connection: sa.Connection, objective: str) -> Round | None:
    """The last round, or None if there was none yet."""
    query = sa.select(rounds).where(rounds.c.objective == objective).order_by(rounds.c.round.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    return Round(row.strategy, row.model, row.last_event, row.seconds, row.round, row.at)


def labels_since(connection: sa.Connection, objective: str, event_id: int) -> int:
    """Products that got a label after an event."""
    return count_of(
        connection, label_events, label_events.c.objective == objective, label_events.c.event_id > event_id,
        current(label_events),
    )  # fmt: skip


def _insert(
    connection: sa.Connection, objective: str, chosen: Sequence[NewQuestion], number: int | None, now: datetime
) -> tuple[int, int]:
    """Store questions about products that are free; gives how many were stored and how many were left out."""
    first: dict[str, NewQuestion] = {}
    for question in chosen:
        if not question.product_id or question.wanted < 1 or not isfinite(question.priority):
            what = "without a product" if not question.product_id else "that nobody is wanted for"
            what = what if isfinite(question.priority) else "with a priority that is no number"
            raise CatalogueError(f"a question {what}; nothing was changed", where=str(question))
        first.setdefault(question.product_id, question)
    taken = _taken(connection, objective, first, labels=number is not None)
    after = 0 if number is not None else last_event(connection)
    rows: list[dict[str, Any]] = [
        {
            "product_id": question.product_id,
            "objective": objective,
            "round": number,
            "priority": question.priority,
            "chosen_by": question.chosen_by,
            "guess": [[name, round(float(probability), 6)] for name, probability in question.guess],
            "wanted": question.wanted,
            "after_event": after,
            "state": "open",
            "at": now,
        }
        for question in first.values()
        if question.product_id not in taken
    ]
    if rows:
        connection.execute(sa.insert(questions), rows)
    return len(rows), len(chosen) - len(rows)


def _taken(connection: sa.Connection, objective: str, chosen: Mapping[str, NewQuestion], labels: bool) -> set[str]:
    """Products with a question that is open or put aside and, if asked for, those with a label that answers theirs."""
    found: set[str] = set()
    for ids in _chunks(chosen):
        asked = questions.c.objective == objective, questions.c.state.in_(("open", "aside"))
        product = questions.c.product_id
        found.update(connection.scalars(sa.select(product).where(product.in_(ids), *asked)))
        if labels:
            known = sa.select(label_events.c.product_id, label_events.c.how).where(
                label_events.c.product_id.in_(ids), label_events.c.objective == objective, counts()
            )
            found.update(
                name for name, how in connection.execute(known) if is_human(how) or chosen[name].chosen_by != RANDOM
            )
    return found


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk
