"""How a person gets on: labels today, labels a minute, and how often the first guess was right."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from datetime import datetime

import numpy as np
import pyarrow as pa

from shelver.catalogue.queue_items import RANDOM
from shelver.labelling.accuracy import Estimate, share

WINDOW = 20
"""Answers that the speed is measured on."""
PLAUSIBLE = 120
"""Labels a minute that a person can give; a higher speed is that of a program, and not shown."""
LAST = 200
"""Answers to random questions that the share of right guesses is measured on; older guesses are of older models."""


class Tally:
    """Counts for one person's sitting; the share of right guesses is that of all people.

    Parameters
    ----------
    answers : pyarrow.Table
        What was answered before: `shelver.catalogue.queue_look.ANSWERS_SCHEMA`.
    person : str
        Who.
    clock : callable
        Gives seconds.
    """

    def __init__(self, answers: pa.Table, person: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._times: deque[float] = deque(maxlen=WINDOW)
        self._right: deque[bool] = deque(maxlen=LAST)
        midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
        rows = answers.select(["person", "kind", "category_id", "chosen_by", "guess", "at"]).to_pylist()
        labels = [row for row in rows if row["kind"] == "label"]
        self.today = sum(row["person"] == person and row["at"] >= midnight for row in labels)
        for row in labels:
            if row["chosen_by"] == RANDOM and row["guess"]:
                self._right.append(row["guess"][0]["category_id"] == row["category_id"])

    def add(self, chosen_by: str, guess: str, category_id: str) -> None:
        """Count a label: what chose the product, the first guess (empty: there was none), and the answer."""
        self.today += 1
        self._times.append(self._clock())
        if chosen_by == RANDOM and guess:
            self._right.append(guess == category_id)

    def take_back(self, guessed: bool) -> None:
        """A label was taken back; `guessed` if it was one of a random question with a guess."""
        self.today = max(0, self.today - 1)  # it may be of yesterday
        if self._times:
            self._times.pop()
        if guessed and self._right:
            self._right.pop()

    @property
    def per_minute(self) -> float:
        """Labels a minute lately; 0 with fewer than three."""
        if len(self._times) < 3:
            return 0.0
        return 60 * (len(self._times) - 1) / max(1e-9, self._times[-1] - self._times[0])

    @property
    def right(self) -> Estimate:
        """Share of the first guesses that were right, on products drawn at random."""
        return share(np.asarray(self._right, bool))

    def __str__(self) -> str:
        parts = [f"{self.today:,} today"]
        if 0 < self.per_minute <= PLAUSIBLE:
            parts.append(f"{self.per_minute:.0f}/min")
        if self.right.enough:
            right = self.right
            parts.append(f"first suggestion right: {right.value:.0%} (last {right.answers} random questions)")
        return ", ".join(parts)
