"""What goes into the queue and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from shelver.errors import CatalogueError

RANDOM: Final = "random"
"""What chose a question about a product that was drawn whatever a model says: such products are measured with."""
Guess = tuple[tuple[str, float], ...]
"""Ids of classes and their probabilities, best first."""
ReplyKind = Literal["label", "skip", "unsure"]
State = Literal["open", "done", "aside", "withdrawn"]
"""``aside``: two people passed on it, an expert is to look at it; ``withdrawn``: a later round chose better ones."""


class TakenError(CatalogueError):
    """The question needs no answer of this person: others have it, or it has all its answers; go on with the next."""


@dataclass(frozen=True, slots=True)
class NewQuestion:
    """A product to ask about.

    Attributes
    ----------
    product_id : str
        Which.
    guess : tuple of (str, float)
        What was thought likely when it was chosen, best first: shown as suggestions, and compared with the answer.
    chosen_by : str
        Name of the strategy, ``random``, or who wants to know.
    priority : float
        Larger is asked first; equals in the order given.
    wanted : int
        How many people are to answer it.
    """

    product_id: str
    guess: Guess = ()
    chosen_by: str = "hand"
    priority: float = 0.0
    wanted: int = 1


@dataclass(frozen=True, slots=True)
class Question:
    """A question as one person gets it.

    Attributes
    ----------
    question_id : int
        Its number.
    product_id, objective, guess, chosen_by, priority, wanted
        See `NewQuestion`.
    round : int or None
        Round that it was chosen in; None: asked by hand.
    until : datetime
        Until then it is this person's own.
    """

    question_id: int
    product_id: str
    objective: str
    guess: Guess
    chosen_by: str
    priority: float
    wanted: int
    round: int | None
    until: datetime


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of an answer.

    Attributes
    ----------
    reply_id, question_id : int
        Its number, and that of its question.
    event_id : int or None
        The label event it made; None if the person passed.
    state : str
        Of the question now.
    repeated : bool
        True if an answer with this token was stored before: nothing was changed.
    """

    reply_id: int
    question_id: int
    event_id: int | None
    state: State
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Round:
    """A choice of questions.

    Attributes
    ----------
    strategy, model : str
        How, and by which model.
    last_event : int
        Newest label event that the model had learnt from; 0: none.
    seconds : float
        Time that it took to choose.
    round : int
        Its number, given when it is stored.
    at : datetime or None
        When it was stored.
    """

    strategy: str
    model: str
    last_event: int
    seconds: float = 0.0
    round: int = 0
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refilled:
    """What a new round changed.

    Attributes
    ----------
    round : int
        Its number.
    added : int
        Questions that are new.
    withdrawn : int
        Questions of older rounds that nobody had begun; they are not asked any more.
    left_out : int
        Products that have a label or an unanswered question by now.
    """

    round: int
    added: int
    withdrawn: int
    left_out: int


@dataclass(frozen=True, slots=True)
class PersonCount:
    """What one person did and has: live replies by kind, and questions held at the moment."""

    person: str
    labels: int = 0
    skips: int = 0
    unsure: int = 0
    leased: int = 0


@dataclass(frozen=True, slots=True)
class QueueCount:
    """How full the queue is.

    Attributes
    ----------
    states : mapping of str to int
        Questions in each state.
    open_by : mapping of str to int
        Open questions by what chose them.
    leased : int
        Open questions that somebody holds.
    people : tuple of PersonCount
        Everybody who replied or holds a question.
    round : Round or None
        The newest round.
    new_labels : int
        Labels given in the queue or otherwise since that round was computed.
    """

    states: Mapping[str, int]
    open_by: Mapping[str, int]
    leased: int
    people: tuple[PersonCount, ...]
    round: Round | None
    new_labels: int


@dataclass(frozen=True, slots=True)
class Passed:
    """A question without an answer yet that people passed on: for somebody who knows more."""

    question_id: int
    product_id: str
    state: State
    skipped_by: tuple[str, ...]
    unsure_by: tuple[str, ...]
