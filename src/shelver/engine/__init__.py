"""The engine: map a stage over row-aligned tables, in order, streamed.

``local`` is Daft's native runner on this machine, ``ray`` is Daft on a Ray cluster; tables are the same to the bit.
"""

import os

os.environ.setdefault("DAFT_ANALYTICS_ENABLED", "0")  # nothing is sent anywhere
os.environ.setdefault("DAFT_PROGRESS_BAR", "0")  # the command line has its own

import daft

from shelver.engine.aligned import KEY, Aligned, read_aligned
from shelver.engine.mapping import Outcome, identity, map_stage, run_stage

__all__ = ["KEY", "Aligned", "Outcome", "daft", "identity", "map_stage", "read_aligned", "run_stage"]
