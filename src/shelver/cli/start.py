"""Where the command begins: Ctrl-C is quiet from here on, also while all that a command needs is being imported."""

from __future__ import annotations

import gc
import os
import signal
from types import FrameType
from typing import NoReturn

STOPPED = 130
"""Exit code after Ctrl-C, as usual: 128 + the number of the signal."""

GARBAGE = (100_000, 10, 10)
"""Objects after which garbage is looked for, and how often among older ones. Imports make half a million that stay:
Python's 700 took a tenth of the time of a command's start."""


def main() -> None:
    """Run the command; see `shelver.cli.main.main`."""
    gc.set_threshold(*GARBAGE)
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # not ignored, as it is by nohup
        signal.signal(signal.SIGINT, _stop)
    from shelver.cli.main import main as run  # noqa: PLC0415  (takes a while)

    try:
        signal.signal(signal.SIGINT, before)
        run()
    except KeyboardInterrupt:  # such as a second one while the first is being told
        _end(b"stopped\n")


def _stop(number: int, frame: FrameType | None) -> None:
    """End at once: nothing was begun yet, and an exception within an import may come out as another."""
    _end(b"stopped before anything was done\n")


def _end(told: bytes) -> NoReturn:
    os.write(2, told)
    os._exit(STOPPED)
