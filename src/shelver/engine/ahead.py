"""Read ahead: make the next items in a thread while the last ones are worked on."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import suppress
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TypeVar

Item = TypeVar("Item")

WAIT = 0.1
"""Seconds after which a thread looks whether anybody still wants its items."""


class _End:
    """What stands at the end of the items: how they ended."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def ahead(items: Iterable[Item], most: int = 2) -> Generator[Item]:
    """The same items in the same order, made in a thread of their own.

    It pays where making an item is work that lets go of Python's lock, as that of Arrow does.

    Parameters
    ----------
    items : iterable
        Gone through in that thread alone, and closed there.
    most : int
        Items that may wait at most, beside the one being made: memory stays bounded.

    Raises
    ------
    Exception
        What making an item raised, after the items before it.

    Examples
    --------
    >>> list(ahead(range(3)))
    [0, 1, 2]
    """
    waiting: Queue[Item | _End] = Queue(most)
    stopped = Event()

    def put(item: Item | _End) -> bool:
        while not stopped.is_set():
            with suppress(Full):
                waiting.put(item, timeout=WAIT)
                return True
        return False

    def make() -> None:
        source = iter(items)
        end = _End()
        try:
            for item in source:
                if not put(item):
                    break
        except BaseException as error:  # raised again where the items are wanted
            end = _End(error)
        finally:
            close = getattr(source, "close", None)
            if close is not None:
                close()
        put(end)

    thread = Thread(target=make, name="ahead", daemon=True)
    thread.start()
    try:
        while True:
            try:
                item = waiting.get(timeout=10 * WAIT)
            except Empty:
                if not thread.is_alive() and waiting.empty():
                    raise RuntimeError("the thread that reads ahead is gone") from None
                continue
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        stopped.set()
        thread.join()
