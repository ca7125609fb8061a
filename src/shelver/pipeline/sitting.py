"""A person's sitting with a workspace."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from filelock import Timeout

from shelver.catalogue.label_events import EXCLUSIVE
from shelver.catalogue.queue import Queue
from shelver.encoders.pictures import Album, FolderAlbum, open_album, plain_name
from shelver.labelling.cards import Cards, FindPicture
from shelver.labelling.session import Session
from shelver.pipeline.ask import queue_of, refill
from shelver.pipeline.background import Worker, lock_of
from shelver.pipeline.base import Base

PAUSE = 0.3
"""Seconds between two looks whether somebody else has got the first questions."""
WAITING = "somebody else is getting the first questions; waiting"


def sit_down(
    workspace: Base,
    person: str,
    *,
    background: bool = True,
    aside: bool = False,
    tell: Callable[[str], None] = lambda text: None,
) -> Session:
    """Begin to ask a person; fills the queue first if nothing was ever asked.

    Parameters
    ----------
    workspace : Base
        With products.
    person : str
        Who answers.
    background : bool
        Choose anew in a process of its own as labels come in; else only `refill` does.
    aside : bool
        Ask what others passed on, too.
    tell : callable
        Told why it takes a while.

    Raises
    ------
    ShelverError
        Nothing was ingested, or the settings do not fit.
    """
    workspace.tree()
    queue = queue_of(workspace)
    cards = cards_of(workspace)
    _fill_once(workspace, queue, tell)
    worker = Worker(workspace.prefix, workspace.config.labelling.batch) if background else None
    return Session(queue, person, cards, worker, aside=aside)


def _fill_once(workspace: Base, queue: Queue, tell: Callable[[str], None]) -> None:
    """Make the first round; of several who begin at once, one does it, and the others wait for it."""
    lock, told = lock_of(workspace.prefix), False
    while queue.newest_round()[0] is None and not queue.any_free():
        try:
            with lock.acquire(timeout=PAUSE):
                if queue.newest_round()[0] is None:
                    refill(workspace)
        except Timeout:
            if not told:
                tell(WAITING)
            told = True


class Earlier(NamedTuple):
    """What a person said of a product: who, and which category."""

    person: str
    category_id: str


def said_before(workspace: Base, product_id: str) -> Earlier | None:
    """The present label of a product."""
    events = workspace.control.label_history(product_id).to_pylist()
    undone = {event["undoes"] for event in events}
    for event in reversed(events):
        if event["objective"] == EXCLUSIVE and event["kind"] == "assign" and event["event_id"] not in undone:
            return Earlier(event["person"], event["category_id"])
    return None


def cards_of(workspace: Base) -> Cards:
    """Finds products by their ids, to show them."""
    workspace.products()  # raises where there are none
    return Cards(workspace.table("products"), workspace.table("rule_labels"), picture_finder(workspace))


def picture_finder(workspace: Base) -> FindPicture:
    """Says where the pictures lie that feeds bring: a path, with ``!`` before the name in a zip."""
    places = {feed.name: feed.images for feed in workspace.config.feeds if feed.images}

    @lru_cache
    def album(source: str) -> Album:
        return open_album(workspace.files, places[source])

    def find(source: str, merchant_id: str) -> str:
        if source not in places:
            return ""
        found = album(source)
        name = found.members.get(merchant_id) or found.plain.get(plain_name(merchant_id))
        if name is None:
            return ""
        if isinstance(found, FolderAlbum):
            return os.path.join(found.folder, name)
        return f"{workspace.files.path(places[source])}!{name}"

    return find
