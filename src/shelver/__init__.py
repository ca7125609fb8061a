"""Shelver: every product of a messy catalogue on the right shelf, with few labels."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

# Threads of a parallel loop sleep while they wait instead of spinning. On a busy machine spinning made training of a
# small model ten times slower (34 s against 3.5 s); it must be said before torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# Arrow's allocator keeps freed memory for ten seconds instead of a hundredth of one: batch after batch needs the same
# again, and asking the system for it took half of the time of reading a feed (2.1 s against 1.1 s). It must be said
# before pyarrow is imported.
os.environ.setdefault("MIMALLOC_PURGE_DELAY", "10000")

if TYPE_CHECKING:
    from shelver.pipeline.workspace import Workspace

__version__ = "0.1.0"
__all__ = ["Workspace", "__version__"]


def __getattr__(name: str) -> Any:
    """Import `Workspace` on first use, so that ``import shelver`` is quick."""
    if name == "Workspace":
        from shelver.pipeline.workspace import Workspace  # noqa: PLC0415

        return Workspace
    raise AttributeError(f"module 'shelver' has no attribute {name!r}")
