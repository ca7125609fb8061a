"""Who is asked what: questions leased to one person for a while."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from shelver.catalogue.queue_items import Question
from shelver.catalogue.queue_parts import changing_queue, held, labelled, live, undone_elsewhere
from shelver.catalogue.tables import label_events, leases, questions, replies


def lease(
    engine: sa.Engine, objective: str, person: str, n: int, seconds: float, *, aside: bool = False
) -> list[Question]:
    """Give a person up to `n` questions: those they hold already, then the next open ones.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        The database.
    objective : str
        What is asked.
    person : str
        Who is asked.
    n : int
        How many at most.
    seconds : float
        How long they are this person's own, from now.
    aside : bool
        Ask what others passed on, as well and before all else.

    Returns
    -------
    list of Question
        Questions held come first, and among these what the person has just taken back; then those that others passed
        on, if wanted; then by priority and age. None about a product that the person has replied to or that has a label
        (if several people are wanted: a label of this person); for a question asked by hand, since it was asked.
    """
    now = datetime.now(UTC)
    until = now + timedelta(seconds=seconds)
    with changing_queue(engine) as connection:
        connection.execute(sa.delete(leases).where(~held(now)))
        own = sa.exists().where(leases.c.question_id == questions.c.question_id, leases.c.person == person)
        passed_on = sa.case((questions.c.state == "aside", 1), else_=0)
        rows = connection.execute(
            sa.select(questions)
            .where(
                questions.c.objective == objective,
                questions.c.state.in_(("open", "aside")),
                sa.or_(own, sa.and_(sa.true() if aside else questions.c.state == "open", room(person))),
                ~_replied(person),
                ~_labelled(person),
            )
            .order_by(
                sa.case((own, 1), else_=0).desc(),
                sa.case((_taken_back(person), 1), else_=0).desc(),
                passed_on.desc(),
                questions.c.priority.desc(),
                questions.c.question_id,
            )
            .limit(n)
        ).all()
        ids = [row.question_id for row in rows]
        if ids:
            connection.execute(sa.delete(leases).where(leases.c.person == person, leases.c.question_id.in_(ids)))
            connection.execute(
                sa.insert(leases), [{"question_id": each, "person": person, "until": until} for each in ids]
            )
    return [as_question(row, until) for row in rows]


def release(engine: sa.Engine, objective: str, person: str) -> int:
    """Give back all that a person holds; gives how many questions that were."""
    asked = sa.select(questions.c.question_id).where(questions.c.objective == objective)
    statement = sa.delete(leases).where(leases.c.person == person, leases.c.question_id.in_(asked))
    with changing_queue(engine) as connection:
        return connection.execute(statement).rowcount


def as_question(row: sa.Row[tuple[object, ...]], until: datetime) -> Question:
    """A row of the table ``questions`` as a question that somebody holds."""
    found = row._asdict()
    guess = tuple((str(name), float(probability)) for name, probability in found["guess"])
    names = ("question_id", "product_id", "objective", "chosen_by", "priority", "wanted", "round")
    return Question(guess=guess, until=until, **{name: found[name] for name in names})


def room(person: str) -> sa.ColumnElement[bool]:
    """Fewer people than wanted have answered the question or hold it, this person's lease apart."""
    answered = (
        sa.select(sa.func.count())
        .where(replies.c.question_id == questions.c.question_id, replies.c.kind == "label", live(replies))
        .correlate(questions)
        .scalar_subquery()
    )
    taken = (
        sa.select(sa.func.count())
        .where(leases.c.question_id == questions.c.question_id, leases.c.person != person)
        .correlate(questions)
        .scalar_subquery()
    )
    return answered + taken < questions.c.wanted


def _replied(person: str) -> sa.Exists:
    """The person has replied to the question, or, unless it was asked by hand, to another about the product.

    A reply to another question whose label was taken back elsewhere says nothing any more.
    """
    asked = questions.alias()
    return sa.exists().where(
        asked.c.product_id == questions.c.product_id,
        asked.c.objective == questions.c.objective,
        sa.or_(
            asked.c.question_id == questions.c.question_id,
            sa.and_(questions.c.round.is_not(None), ~undone_elsewhere(replies)),
        ),
        replies.c.question_id == asked.c.question_id,
        replies.c.person == person,
        live(replies),
    )


def _taken_back(person: str) -> sa.Exists:
    return sa.exists().where(
        replies.c.question_id == questions.c.question_id, replies.c.person == person, replies.c.kind == "undo"
    )


def _labelled(person: str) -> sa.ColumnElement[bool]:
    anybody = labelled()
    return sa.or_(sa.and_(questions.c.wanted == 1, anybody), anybody.where(label_events.c.person == person))
