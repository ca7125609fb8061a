"""A process that does trials: ``python -m shelver.pipeline.tune_worker PREFIX STUDY TRIALS DEADLINE WORKER``."""

from __future__ import annotations

import sys

from shelver.errors import ShelverError
from shelver.files import Files
from shelver.pipeline.study import Study
from shelver.pipeline.tune_work import work


def main(arguments: list[str]) -> int:
    """Do trials of a study; the exit code is 2 where a person can mend what is wrong."""
    prefix, name, trials, deadline, worker = arguments
    try:
        work(Study(Files(prefix), name), int(trials), float(deadline), int(worker))
    except ShelverError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        return 0  # the process that leads marks the trial and goes on from there
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
