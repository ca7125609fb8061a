"""The queue of one objective: who is asked what, what they said, and what is asked next."""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Iterable

import pyarrow as pa
import sqlalchemy as sa

from shelver.catalogue import leasing, queue_look, replying, rounds
from shelver.catalogue.database import name_of, reading
from shelver.catalogue.label_events import EXCLUSIVE
from shelver.catalogue.queue_items import NewQuestion, Passed, Question, QueueCount, Refilled, Reply, Round
from shelver.catalogue.queue_parts import last_event
from shelver.errors import CatalogueError


class Queue:
    """Questions about products, for any number of people and processes at once.

    A question is leased to one person (or to several, where several are wanted), answered, and done. An answer and its
    label are stored in one transaction: an answer that was acknowledged is there exactly once, whatever happens next.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        The control database.
    objective : str
        What is asked.
    lease : float
        Seconds for which a question is one person's own.

    Examples
    --------
    >>> queue = control.queue()  # doctest: +SKIP
    >>> (question,) = queue.next("ann")  # doctest: +SKIP
    >>> queue.answer(question.question_id, "ann", "a41f")  # doctest: +SKIP
    Reply(reply_id=1, question_id=1, event_id=1, state='done', repeated=False)
    """

    def __init__(self, engine: sa.Engine, objective: str = EXCLUSIVE, lease: float = 600.0) -> None:
        self._engine, self.objective, self.lease = engine, objective, lease

    def __repr__(self) -> str:
        return f"Queue({name_of(self._engine.url)!r}, {self.objective})"

    def next(self, person: str, n: int = 1, *, aside: bool = False) -> list[Question]:
        """Up to `n` questions for a person, theirs for `lease` seconds: those held already first; see `leasing.lease`.

        With `aside`, what others passed on is asked, too.
        """
        _check_person(person)
        return leasing.lease(self._engine, self.objective, person, n, self.lease, aside=aside)

    def answer(
        self,
        question_id: int,
        person: str,
        category_id: str,
        *,
        token: str = "",
        seconds: float | None = None,
        how: str = "",
    ) -> Reply:
        """Store a label; when this returns, it is on the disk, and stored once however often it is sent.

        Parameters
        ----------
        question_id : int
            Which question.
        person : str
            Who answers.
        category_id : str
            The category (or the class of another objective).
        token : str
            A text that no other answer has, to send the same answer again with; made here if none is given.
        seconds : float, optional
            Time the person took.
        how : str
            See `LabelEvent`; not given: ``review`` for a label that is looked at again, else ``human``.

        Raises
        ------
        TakenError, CatalogueError
            See `replying.reply`. Nothing is stored then.
        """
        _check_person(person)
        said = replying.Said("label", category_id, seconds, how)
        return replying.reply(self._engine, question_id, person, said, token or new_token())

    def skip(self, question_id: int, person: str, *, token: str = "", seconds: float | None = None) -> Reply:
        """Leave a question to others; raises as `answer`."""
        _check_person(person)
        said = replying.Said("skip", "", seconds)
        return replying.reply(self._engine, question_id, person, said, token or new_token())

    def unsure(self, question_id: int, person: str, *, token: str = "", seconds: float | None = None) -> Reply:
        """Say that one is not sure, so that others are asked, and an expert sees it; raises as `answer`."""
        _check_person(person)
        said = replying.Said("unsure", "", seconds)
        return replying.reply(self._engine, question_id, person, said, token or new_token())

    def undo(self, person: str, *, token: str = "") -> tuple[Question, str]:
        """Take back the person's last answer; gives its question, theirs again, and what the answer was.

        Raises
        ------
        CatalogueError
            There is nothing to take back.
        """
        _check_person(person)
        return replying.undo_last(self._engine, self.objective, person, token or new_token(), self.lease)

    def release(self, person: str) -> int:
        """Give back what a person holds, at the end of a sitting, so that others get it at once."""
        _check_person(person)
        return leasing.release(self._engine, self.objective, person)

    def refill(self, chosen: Iterable[NewQuestion], made: Round) -> Refilled:
        """Put a new round in the place of the old ones; what people have begun stays. See `rounds.refill`."""
        return rounds.refill(self._engine, self.objective, chosen, made)

    def add(self, chosen: Iterable[NewQuestion]) -> int:
        """Ask about some products by hand, labelled ones too; no round withdraws these. Gives how many are new."""
        return rounds.add(self._engine, self.objective, chosen)

    def withdraw(self, question_ids: Iterable[int]) -> int:
        """Ask some questions no more; gives how many."""
        return rounds.withdraw(self._engine, question_ids)

    def count(self) -> QueueCount:
        """How full the queue is, and who does what."""
        return queue_look.count(self._engine, self.objective)

    def passed(self) -> list[Passed]:
        """Questions that people passed on, for somebody who knows more."""
        return queue_look.passed(self._engine, self.objective)

    def answers(self) -> pa.Table:
        """Replies that were not taken back, with what was guessed when they were asked: `queue_look.ANSWERS_SCHEMA`."""
        return queue_look.answers(self._engine, self.objective)

    def asked(self) -> set[str]:
        """Products with a question that is open and begun, asked by hand, or put aside: a new round leaves them out."""
        return queue_look.asked(self._engine, self.objective)

    def any_free(self) -> bool:
        """Is there an open question that nobody holds or has replied to?"""
        return queue_look.any_free(self._engine, self.objective)

    def last_event(self) -> int:
        """Number of the newest label event; 0 before the first."""
        with reading(self._engine) as connection:
            return last_event(connection)

    def newest_round(self) -> tuple[Round | None, int]:
        """The last round (None: there was none yet), and how many labels are newer than what its model had seen."""
        with reading(self._engine) as connection:
            newest = rounds.newest_round(connection, self.objective)
            return newest, rounds.labels_since(connection, self.objective, newest.last_event if newest else 0)


def new_token() -> str:
    """A text that no other answer has."""
    return uuid.uuid4().hex


def _check_person(person: str) -> None:
    if not person.strip():
        raise CatalogueError("who is asked?", expected="the name of a person")
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in person):
        raise CatalogueError(f"{person!a} is no name", expected="the name of a person, without control characters")
