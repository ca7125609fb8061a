"""A process that makes a new round of questions whenever it is time: ``python -m shelver.pipeline.ask_worker PREFIX``.

It ends when its standard input does, hence with the process that started it. Of several for one workspace only one
works, the others wait for their turn.
"""

from __future__ import annotations

import os
import select
import sys

from filelock import Timeout

from shelver.catalogue.control import Control
from shelver.catalogue.label_events import EXCLUSIVE
from shelver.errors import ShelverError
from shelver.pipeline.background import due, lock_of
from shelver.workspace import Store

PAUSE = 0.3
"""Seconds between two looks at the labels."""
KINDNESS = 10
"""How far people's answers go before this work (`os.nice`)."""


def watch(prefix: str) -> None:
    """Make rounds until standard input ends."""
    store, lock = Store(prefix), lock_of(prefix)
    batch = store.config.labelling.batch
    while not _ended():
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        with Control(store.control_url) as control:
            queue = control.queue(EXCLUSIVE, store.config.labelling.lease)
            asker = None
            while not _ended():
                if not due(queue, batch):
                    continue
                if asker is None:
                    from shelver.pipeline.ask import Asker  # noqa: PLC0415 (one that waits for its turn needs no nets)
                    from shelver.pipeline.base import Base  # noqa: PLC0415 (as above)

                    asker = Asker(Base(prefix))
                asker.refill()
        return


def _ended() -> bool:
    """Wait for a moment; True as soon as standard input has ended."""
    ready, _, _ = select.select([sys.stdin], [], [], PAUSE)
    return bool(ready) and not os.read(sys.stdin.fileno(), 1024)


def main(arguments: list[str]) -> int:
    """Work until the starting process ends; the exit code is 2 where a person can mend what is wrong."""
    os.nice(KINDNESS)
    try:
        watch(arguments[0])
    except ShelverError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
