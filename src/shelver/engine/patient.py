"""Wait for an iterator that may never say another word."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator
from contextlib import closing
from typing import TypeVar

T = TypeVar("T")

WAIT = 2.0
"""Seconds of silence after which it is asked whether anybody is still there."""


class GoneError(Exception):
    """Nobody is."""


def patiently(
    make: Callable[[], Generator[T]], alive: Callable[[], bool], wait: float = WAIT, ahead: int = 4
) -> Generator[T]:
    """Pass on what a generator gives, which runs in a thread of its own; whenever it is silent, ask for signs of life.

    Parameters
    ----------
    make : callable
        Makes the generator.
    alive : callable
        Asked after `wait` seconds of silence, again and again; False: give up.
    wait : float
        Seconds.
    ahead : int
        Items that are taken before they are asked for.

    Raises
    ------
    GoneError
        `alive` said no. The thread is left behind.
    """
    items: queue.Queue[tuple[str, object]] = queue.Queue(ahead)
    stop = threading.Event()

    def put(kind: str, item: object) -> bool:
        while not stop.is_set():
            try:
                items.put((kind, item), timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def pull() -> None:
        try:
            with closing(make()) as source:
                if all(put("item", item) for item in source):
                    put("end", None)
        except BaseException as error:  # passed on, to be raised where it is waited for
            put("error", error)

    threading.Thread(target=pull, name="shelver-engine", daemon=True).start()
    try:
        while True:
            try:
                kind, item = items.get(timeout=wait)
            except queue.Empty:
                if not alive():
                    raise GoneError from None
                continue
            if kind == "end":
                return
            if kind == "error":
                raise item  # type: ignore[misc]
            yield item  # type: ignore[misc]
    finally:
        stop.set()
