"""One person's sitting: the next question is there at once, while a model learns from the answers elsewhere."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from shelver.catalogue.queue import Queue, new_token
from shelver.catalogue.queue_items import RANDOM, Question, Reply, TakenError
from shelver.labelling.cards import Card, Cards
from shelver.labelling.tally import Tally

AHEAD = 3
"""Questions fetched at once."""


class Background(Protocol):
    """What makes new rounds of questions while people answer."""

    def answered(self) -> None:
        """Be told of a new label."""

    def trouble(self) -> str:
        """What went wrong since the last time one asked; empty: nothing."""

    def alive(self) -> bool:
        """Is a new round to be expected when it is due?"""

    def close(self) -> None:
        """Stop; nothing is lost."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and the product that it is about."""

    question: Question
    card: Card


class Session:
    """Asks one person; used from Python, by ``shelver label next`` and (later) by the web.

    Parameters
    ----------
    queue : Queue
        Where questions come from, and answers go to.
    person : str
        Who answers.
    cards : Cards
        Finds the products.
    background : Background, optional
        What makes new rounds.
    ahead : int
        Questions fetched at once.
    aside : bool
        Ask what others passed on, too.
    clock : callable
        Gives seconds.

    Examples
    --------
    >>> with workspace.label("ann") as session:  # doctest: +SKIP
    ...     while asked := session.next():
    ...         session.answer(asked, right_category(asked.card))
    """

    def __init__(
        self,
        queue: Queue,
        person: str,
        cards: Cards,
        background: Background | None = None,
        *,
        ahead: int = AHEAD,
        aside: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.queue, self.person, self.cards, self.background = queue, person, cards, background
        self._size, self._aside, self._clock = ahead, aside, clock
        self._ahead: deque[Asked] = deque()
        self._fetched = self._shown = clock()
        self._tokens: dict[tuple[int, str, str], str] = {}
        self.tally = Tally(queue.answers(), person, clock)

    def __repr__(self) -> str:
        return f"Session({self.person!r}, {self.tally})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def next(self) -> Asked | None:
        """The question to answer now: the same until it is answered; None if there is none at the moment.

        Raises
        ------
        CatalogueError
            The database cannot be used.
        """
        if self._ahead and self._clock() - self._fetched > self.queue.lease / 2:
            self._ahead.clear()  # leases may run out: ask for them again, the person's own come first
        if not self._ahead:
            self._fetch()
            self._shown = self._clock()
        return self._ahead[0] if self._ahead else None

    def _fetch(self) -> None:
        while not self._ahead:
            held = self.queue.next(self.person, self._size, aside=self._aside)
            if not held:
                return
            self._fetched = self._clock()
            asked = self._with_cards(held)
            if len(asked) < len(held):  # new products, or some that are gone
                self.cards.reload()
                asked = self._with_cards(held)
            self._ahead.extend(asked)
            kept = {each.question.question_id for each in asked}
            self.queue.withdraw(question.question_id for question in held if question.question_id not in kept)

    def _with_cards(self, held: Sequence[Question]) -> list[Asked]:
        """Questions whose product is there; those that were chosen by a round only if a feed still delivers it."""
        cards = self.cards.find(question.product_id for question in held)
        found = ((question, cards.get(question.product_id)) for question in held)
        return [Asked(question, card) for question, card in found if card and (card.active or question.round is None)]

    def answer(self, asked: Asked, category_id: str) -> Reply:
        """Store a label. When this returns it is on the disk; after an error, the same answer may be given again.

        Raises
        ------
        TakenError
            Others have answered it meanwhile; `next` gives another.
        CatalogueError
            The category cannot be assigned, or the database cannot be used. The question stays.
        """
        number, token, seconds = self._sent(asked, "label", category_id)
        reply = self._told(asked, lambda: self.queue.answer(
            number, self.person, category_id, token=token, seconds=seconds))  # fmt: skip
        question = asked.question
        self.tally.add(question.chosen_by, question.guess[0][0] if question.guess else "", category_id)
        if self.background is not None:
            self.background.answered()
        return reply

    def skip(self, asked: Asked) -> Reply:
        """Leave the question to others; raises as `answer`."""
        number, token, seconds = self._sent(asked, "skip", "")
        return self._told(asked, lambda: self.queue.skip(number, self.person, token=token, seconds=seconds))

    def unsure(self, asked: Asked) -> Reply:
        """Not sure: others are asked, and an expert sees it; raises as `answer`."""
        number, token, seconds = self._sent(asked, "unsure", "")
        return self._told(asked, lambda: self.queue.unsure(number, self.person, token=token, seconds=seconds))

    def undo(self) -> Asked | None:
        """Take back the last answer; its question is the next one. None if its product is gone, or others have it now.

        Raises
        ------
        CatalogueError
            There is nothing to take back.
        """
        question, kind = self.queue.undo(self.person)
        if kind == "label":
            self.tally.take_back(question.chosen_by == RANDOM and bool(question.guess))
        self._ahead.clear()
        found = self.next()
        return found if found and found.question.question_id == question.question_id else None

    def more_to_come(self) -> bool:
        """With no question left: is a new round on its way?"""
        if self.background is None or not self.background.alive():
            return False
        newest, new = self.queue.newest_round()
        return newest is None or new > 0

    def trouble(self) -> str:
        """What went wrong in the background since the last time one asked; answers are not touched by it."""
        return self.background.trouble() if self.background else ""

    def close(self) -> None:
        """Give back what is held, so that others get it at once."""
        if self.background is not None:
            self.background.close()
        self._ahead.clear()
        self.queue.release(self.person)

    def _sent(self, asked: Asked, kind: str, category_id: str) -> tuple[int, str, float]:
        """Number of the question, token of this very answer (the same if it is given again), seconds it took."""
        number = asked.question.question_id
        token = self._tokens.setdefault((number, kind, category_id), new_token())
        return number, token, round(self._clock() - self._shown, 3)

    def _told(self, asked: Asked, send: Callable[[], Reply]) -> Reply:
        """Send an answer; the question is done with once it is stored, or once nobody wants it any more."""
        try:
            reply = send()
        except TakenError:
            self._drop(asked)
            raise
        self._drop(asked)
        return reply

    def _drop(self, asked: Asked) -> None:
        number = asked.question.question_id
        self._ahead = deque(other for other in self._ahead if other.question.question_id != number)
        self._tokens = {key: token for key, token in self._tokens.items() if key[0] != number}
        self._shown = self._clock()
