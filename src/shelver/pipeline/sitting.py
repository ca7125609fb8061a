"""A person's sitting with a workspace."""

from __future__ import annotations

import os
from functools import lru_cache

from shelver.encoders.pictures import Album, FolderAlbum, open_album, plain_name
from shelver.labelling.cards import Cards, FindPicture
from shelver.labelling.session import Session
from shelver.pipeline.ask import queue_of, refill
from shelver.pipeline.background import Worker
from shelver.pipeline.base import Base


def sit_down(workspace: Base, person: str, *, background: bool = True, aside: bool = False) -> Session:
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

    Raises
    ------
    ShelverError
        Nothing was ingested, or the settings do not fit.
    """
    workspace.tree()
    queue = queue_of(workspace)
    cards = cards_of(workspace)
    if queue.newest_round()[0] is None and not queue.any_free():
        refill(workspace)
    worker = Worker(workspace.prefix, workspace.config.labelling.batch) if background else None
    return Session(queue, person, cards, worker, aside=aside)


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
