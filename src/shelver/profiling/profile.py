"""What a profile says, as plain values: terminal, page, drift and the saved file are made of the same."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

VERSION = 1
"""Of the saved file and of how its figures are made; a profile of another version is made anew."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Bin(_Part):
    """One bar of a histogram: ``low <= value < high``; None: no bound."""

    low: float | None
    high: float | None
    count: int


class Spread(_Part):
    """How numbers are spread: 5%, 25%, 50%, 75% and 95% quantiles, and a histogram."""

    low: float
    high: float
    mean: float
    quantiles: tuple[float, ...]
    bins: tuple[Bin, ...]
    count: int

    @property
    def median(self) -> float:
        """Half are below."""
        return self.quantiles[2]


class Vocabulary(_Part):
    """Words of a column, as a feature of kind ``text`` cuts them.

    Attributes
    ----------
    words : int
        All words.
    distinct : int
        Different words; `error` is its relative standard error, 0 if exact.
    single : int
        Words that occur once.
    covered : tuple of (int, float)
        Share of all words that the n most frequent ones make up (at least).
    top : tuple of (str, int)
        The most frequent words.
    """

    words: int
    distinct: int
    error: float
    single: int
    covered: tuple[tuple[int, float], ...]
    top: tuple[tuple[str, int], ...]


class Paths(_Part):
    """Shapes of category paths: delimiters and depths, each with the number of products."""

    delimiters: tuple[tuple[str, int], ...]
    depths: tuple[int, ...]
    """Products with a path of 1, 2, ... names."""


class Codes(_Part):
    """Numbers that look like a GTIN: how many have a right check digit, and how many not."""

    valid: int
    wrong: int


class Column(_Part):
    """One column.

    Attributes
    ----------
    kind : str
        ``text``, ``number``, ``list`` or ``flag``.
    rows, filled : int
        Rows, and those with a value that is not blank.
    distinct : int
        Different values; of lists, different entries. `error` is its relative standard error, 0 if exact.
    single : int
        Values that occur once.
    top : tuple of (str, int)
        The most frequent values, shortened; no count is too small by more than `short`.
    floor : int
        How often a value that is not in `top` can occur at most.
    covered : tuple of (int, float)
        Share of filled rows that the n most frequent values make up (at least).
    refused : int
        Values that a cleaner refused.
    """

    name: str
    kind: Literal["text", "number", "list", "flag"]
    rows: int
    filled: int
    distinct: int
    error: float
    single: int
    top: tuple[tuple[str, int], ...]
    floor: int
    short: int
    covered: tuple[tuple[int, float], ...]
    examples: tuple[str, ...]
    characters: Spread | None = None
    words: Spread | None = None
    numbers: Spread | None = None
    items: Spread | None = None
    vocabulary: Vocabulary | None = None
    paths: Paths | None = None
    codes: Codes | None = None
    refused: int = 0

    @property
    def fill(self) -> float:
        """Share of rows with a value."""
        return self.filled / self.rows if self.rows else 0.0

    @property
    def entries(self) -> int:
        """Values in all: filled rows, or entries of lists."""
        return round(self.items.mean * self.items.count) if self.items else self.filled

    @property
    def unique(self) -> float:
        """Different values for each value; 1: no value occurs twice."""
        return min(1.0, self.distinct / self.entries) if self.entries else 0.0

    @property
    def repeated(self) -> int:
        """Values that occur elsewhere too, each time counted."""
        return max(0, self.entries - self.single)


class Merchant(_Part):
    """Rows of one merchant of one feed, and how many of them have each field, in the order of the columns."""

    name: str
    rows: int
    filled: tuple[int, ...]


class Part(_Part):
    """One feed, or all of them: `name` is empty for all."""

    name: str
    rows: int
    columns: tuple[Column, ...]
    merchants: tuple[Merchant, ...] = ()

    def column(self, name: str) -> Column | None:
        """A column by its name."""
        return next((column for column in self.columns if column.name == name), None)


class Profile(_Part):
    """A profile of a catalogue, or of one feed as it stands in its files.

    Attributes
    ----------
    profile_id : str
        Sorts by the time it was made.
    created : str
        When, ISO 8601, UTC.
    data : str
        Fingerprint of what was read.
    subject : str
        ``products``, or ``feed NAME`` for raw columns.
    gone : int
        Products that are no longer in their feed; they are left out.
    whole : Part
        All feeds together.
    feeds : tuple of Part
        Each feed; empty if there is one only, then `whole` is it.
    """

    version: int = VERSION
    profile_id: str
    created: str
    data: str
    subject: str
    gone: int = 0
    seconds: float = 0.0
    whole: Part
    feeds: tuple[Part, ...] = ()

    def parts(self) -> tuple[Part, ...]:
        """The feeds, one or more."""
        return self.feeds or (self.whole,)
